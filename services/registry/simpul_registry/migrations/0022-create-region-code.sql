-- Codes of other schemes than Kemendagri's, as somebody assigned them. None is ever derived from another.
create table region_code (
    region_id uuid not null,
    scheme text not null,
    code text not null,
    valid_from date not null,
    valid_to date not null,
    source text not null,
    recorded_at timestamptz not null,
    superseded_at timestamptz not null default 'infinity',
    event_id uuid not null,
    aggregate_version bigint not null,
    constraint region_code_pkey primary key (region_id, aggregate_version),
    constraint region_code_scheme_known check (scheme in ('BPS')),
    constraint region_code_interval check (valid_from < valid_to),
    constraint region_code_overlap exclude using gist
        (scheme with =, code with =, daterange(valid_from, valid_to) with &&) where (superseded_at = 'infinity')
        deferrable initially deferred,
    constraint region_code_region_overlap exclude using gist
        (scheme with =, region_id with =, daterange(valid_from, valid_to) with &&) where (superseded_at = 'infinity')
        deferrable initially deferred
);
comment on table region_code is 'Which code of another scheme a region has over an interval, and who says so';
comment on column region_code.valid_from is 'Inclusive; -infinity = before records';
comment on column region_code.valid_to is 'Exclusive; infinity = still valid';
grant select, insert, update on region_code to simpul_app;
