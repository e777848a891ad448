-- What the registry says, as its events tell it. Nothing refers to these tables by foreign key: they can be emptied and
-- rebuilt, and events of different topics come in any order.
create table library (
    library_id uuid constraint library_pkey primary key,
    name text not null,
    region_id uuid not null,
    timezone text not null,
    status text not null,
    designated_on date,
    activated_on date,
    dormant_since date,
    closed_on date,
    aggregate_version bigint not null,
    recorded_at timestamptz not null,
    constraint library_closed_has_a_date check (status <> 'DITUTUP' or closed_on is not null)
);
create index library_region_idx on library (region_id);
comment on table library is 'Copy of the registry''s libraries, kept by consumers.py';
comment on column library.designated_on is 'Date of the latest decree (SK)';
comment on column library.aggregate_version is 'Version of the last event applied to this row';

create table person (
    person_id uuid constraint person_pkey primary key,
    region_id uuid not null,
    recorded_at timestamptz not null
);
comment on table person is 'Which people the registry knows; their names never leave it';

create view region_place as
select here.region_id, here.code, here.path
from region_version as here
where here.superseded_at = 'infinity' and here.valid_from <= (now() at time zone 'Asia/Jakarta')::date and not exists (
    select from region_version as later
    where later.region_id = here.region_id and later.superseded_at = 'infinity'
        and later.valid_from > here.valid_from and later.valid_from <= (now() at time zone 'Asia/Jakarta')::date
);
comment on view region_place is 'Where each region lies now, or lay last: what a caller''s scope is compared with';

grant select, insert, update on library, person to simpul_app;
grant select on region_place to simpul_app;
