-- Libraries and their life, from the registry's events. Rows are added, never overwritten; a correction closes the row before.
create table library (
    library_id uuid constraint library_pkey primary key,
    library_type text not null,
    region_id uuid not null,
    timezone text not null
);
create index library_region_idx on library (region_id);
comment on table library is 'What of a library does not change over time';

create table library_name (
    library_id uuid not null,
    aggregate_version bigint not null,
    name text not null,
    effective_on date not null,
    recorded_at timestamptz not null,
    event_id uuid not null,
    log_topic text not null,
    log_partition integer not null,
    log_offset bigint not null,
    constraint library_name_pkey primary key (library_id, aggregate_version)
);
comment on table library_name is 'Names of a library and since when; of those in effect the last stated holds';

create table library_status (
    library_id uuid not null,
    aggregate_version bigint not null,
    status text not null,
    effective_on date not null,
    recorded_at timestamptz not null,
    event_id uuid not null,
    log_topic text not null,
    log_partition integer not null,
    log_offset bigint not null,
    constraint library_status_pkey primary key (library_id, aggregate_version)
);
comment on table library_status is 'States of a library and since when; of those in effect the last stated holds';

create table designation_fact (
    library_id uuid not null,
    programme_year integer not null,
    scheme text not null,
    sk_no text not null,
    sk_date date not null,
    region_id uuid not null,
    basis text not null,
    event_id uuid not null,
    aggregate_version bigint not null,
    recorded_at timestamptz not null,
    superseded_at timestamptz not null default 'infinity',
    superseded_by uuid,
    log_topic text not null,
    log_partition integer not null,
    log_offset bigint not null,
    constraint designation_fact_pkey primary key (library_id, programme_year, aggregate_version)
);
create unique index designation_fact_current_key on designation_fact (programme_year, library_id) where superseded_at = 'infinity';
create index designation_fact_year_idx on designation_fact (programme_year);
comment on table designation_fact is 'A library is designated for a programme year: what realisation counts';
comment on column designation_fact.recorded_at is 'When the registry recorded it: known from here';
comment on column designation_fact.superseded_at is 'When the event superseded_by corrected it: known until here; infinity = current belief';

grant select, insert, update on library to simpul_app;
grant select, insert on library_name, library_status, designation_fact to simpul_app;
grant update (superseded_at, superseded_by) on designation_fact to simpul_app;
