-- The whole person: more sealed fields, terms to look people up by, erasure, and who read what of whom.
alter table person
    alter column sealed_name drop not null,
    add column sealed_phone bytea,
    add column sealed_email bytea,
    add column sealed_gender bytea,
    add column sealed_birth_year bytea,
    add column erased_at timestamptz,
    add constraint person_named_until_erased check ((erased_at is null) = (sealed_name is not null)),
    add constraint person_erased_whole check (erased_at is null
        or (sealed_phone is null and sealed_email is null and sealed_gender is null and sealed_birth_year is null));
comment on column person.erased_at is 'When the key was destroyed; the row stays as a tombstone';

create table person_term (
    person_id uuid not null,
    kind text not null,
    digest bytea not null,
    constraint person_term_pkey primary key (person_id, kind),
    constraint person_term_person foreign key (person_id) references person (person_id),
    constraint person_term_kind_known check (kind in ('name', 'phone', 'nik'))
);
create index person_term_digest_idx on person_term (kind, digest);
comment on table person_term is 'Blind index: HMAC-SHA-256 of what people are looked up by, under a key outside the database';
comment on column person_term.kind is 'name: of the normal form of the name within its village; phone; nik: nothing else is kept of it';

create table personal_data_access (
    access_id bigint generated always as identity constraint personal_data_access_pkey primary key,
    at timestamptz not null default clock_timestamp(),
    person_id uuid not null,
    kind text not null,
    fields text[] not null,
    purpose text,
    actor text not null,
    client_id text not null,
    correlation_id text not null,
    constraint personal_data_access_person foreign key (person_id) references person (person_id),
    constraint personal_data_access_kind_known check (kind in ('READ', 'LOOK_UP', 'EXPORT'))
);
create index personal_data_access_person_idx on personal_data_access (person_id, access_id);
comment on table personal_data_access is 'Append-only: every read of personal fields, in the transaction of the read itself';
comment on column personal_data_access.correlation_id is 'The request_id of the reading request';

create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'rows of % are only ever added', tg_table_name;
end
$$;
comment on function refuse_change is 'For triggers of append-only tables: not even their owner changes a row';
create trigger personal_data_access_append_only before update or delete or truncate on personal_data_access
    for each statement execute function refuse_change();

grant update on person to simpul_app;
grant delete on person_key to simpul_app;
grant select, insert, update, delete on person_term to simpul_app;
grant select, insert on personal_data_access to simpul_app;
