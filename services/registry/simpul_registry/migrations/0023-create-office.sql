-- Who is in charge of libraries where: the national library, library offices of provinces, regencies and cities.
create table office (
    office_id uuid not null,
    kind text not null,
    name text not null,
    jurisdiction uuid[] not null,
    opened_on date not null,
    changed_on date not null,
    closed_on date,
    version bigint not null,
    constraint office_pkey primary key (office_id),
    constraint office_kind_known check (kind in ('PERPUSNAS', 'DINAS_PROVINSI', 'DINAS_KABKOTA')),
    constraint office_name_filled check (name <> ''),
    constraint office_has_a_jurisdiction check (cardinality(jurisdiction) > 0),
    constraint office_closed_after_it_opened check (closed_on is null or closed_on >= opened_on)
);
create index office_jurisdiction_idx on office using gin (jurisdiction);
comment on table office is 'One row per office as it is now; its history is the ledger';
comment on column office.jurisdiction is 'Region ids, each with all below it; at most one open office of a kind is in charge of a region';
grant select, insert, update on office to simpul_app;
