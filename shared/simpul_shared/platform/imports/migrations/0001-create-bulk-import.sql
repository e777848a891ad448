-- Bulk imports: a file of many rows, what became of each row, and how far the work is. A killed worker goes on from here.
create table bulk_import (
    import_id uuid not null,
    form text not null,
    region_code text not null,
    client_id text not null,
    actor text not null,
    permissions text[] not null,
    scope text[] not null,
    file_sha256 bytea not null,
    file_bytes bigint not null,
    state text not null,
    head jsonb,
    problem jsonb,
    rows_read integer not null default 0,
    rows_accepted integer not null default 0,
    rows_refused integer not null default 0,
    rows_applied integer not null default 0,
    rows_known integer not null default 0,
    done_through integer not null default 0,
    version integer not null default 1,
    created_at timestamptz not null default now(),
    changed_at timestamptz not null default now(),
    constraint bulk_import_pkey primary key (import_id),
    constraint bulk_import_same_file unique (client_id, actor, form, region_code, file_sha256),
    constraint bulk_import_state_known check (state in ('RECEIVED', 'CHECKED', 'REFUSED', 'COMMITTING', 'COMPLETED', 'HALTED'))
);
create index bulk_import_waiting_idx on bulk_import (created_at) where state in ('RECEIVED', 'COMMITTING');
comment on table bulk_import is 'One row per file and caller; the same file sent again is the same import';
comment on column bulk_import.permissions is 'What the caller''s token granted, at the upload and then at the commit; each row is judged by it';
comment on column bulk_import.scope is 'The region codes of that token';
comment on column bulk_import.head is 'What was found out about the file: kind, sheet, encoding, columns that no one asked for';
comment on column bulk_import.problem is 'Why the file is refused or the work halted';
comment on column bulk_import.done_through is 'Number of the last row whose fate is settled by the commit';
comment on column bulk_import.version is 'Counts the changes of state; the ETag';

create table bulk_import_file (
    import_id uuid not null,
    part_no integer not null,
    content bytea not null,
    constraint bulk_import_file_pkey primary key (import_id, part_no),
    constraint bulk_import_file_import foreign key (import_id) references bulk_import (import_id) on delete cascade
);
comment on table bulk_import_file is 'The file in parts of 1 MiB, until it has been read; then it is deleted';

create table bulk_import_row (
    import_id uuid not null,
    row_no integer not null,
    row_hash bytea not null,
    verdict text not null,
    cells bytea,
    record bytea,
    problems bytea not null default '[]',
    remarks bytea not null default '[]',
    statement bytea,
    subject_id uuid,
    event_ids uuid[] not null default '{}',
    constraint bulk_import_row_pkey primary key (import_id, row_no),
    constraint bulk_import_row_import foreign key (import_id) references bulk_import (import_id) on delete cascade,
    constraint bulk_import_row_verdict_known check (verdict in ('ACCEPTED', 'REFUSED', 'APPLIED', 'KNOWN'))
);
create unique index bulk_import_row_applied_key on bulk_import_row (statement) where verdict = 'APPLIED';
create index bulk_import_row_refused_idx on bulk_import_row (import_id, row_no) where verdict = 'REFUSED';
comment on table bulk_import_row is 'One row per row of a file: first the verdict of the dry run, then the receipt';
comment on column bulk_import_row.row_no is 'The row''s number in the file, as a spreadsheet shows it';
comment on column bulk_import_row.row_hash is 'SHA-256 of the row''s cells by column';
comment on column bulk_import_row.cells is 'The cells as texts (JSON), for the errors file; gone once the row is applied';
comment on column bulk_import_row.record is 'The row as read (JSON), None where it cannot be; gone once it is applied';
comment on column bulk_import_row.problems is 'Why it is refused (JSON): code, column, hint, choices; remarks alike, of what refuses nothing';
comment on column bulk_import_row.statement is 'Hash of what the row says once its places are resolved: the same is not applied twice, from whatever file';
comment on column bulk_import_row.subject_id is 'What the row made or changed, such as a library';

grant select, insert, update, delete on bulk_import, bulk_import_row to simpul_app;
grant select, insert, delete on bulk_import_file to simpul_app;
