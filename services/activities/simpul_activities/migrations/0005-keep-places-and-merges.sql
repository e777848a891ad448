-- Where libraries lay when, which one goes on for which, and who took over the follow-up plans of a closed one.
alter table library
    add column merged_into uuid,
    add column merged_on date,
    add column plans_to uuid,
    add column moved boolean not null default false;
create index library_merged_into_idx on library (merged_into) where merged_into is not null;
create index library_plans_to_idx on library (plans_to) where plans_to is not null;
comment on column library.region_id is 'Where it lies now; library_region has where it lay, for those that moved';
comment on column library.merged_into is 'The library that goes on for it; it records nothing more';
comment on column library.plans_to is 'Of a closed library: who took over its open follow-up plans';

create table library_region (
    library_id uuid not null,
    valid_from date not null,
    region_id uuid not null,
    timezone text not null,
    constraint library_region_pkey primary key (library_id, valid_from)
);
comment on table library_region is 'Of libraries that moved: in which region from which day; the first from -infinity';
grant select, insert, update on library_region to simpul_app;
