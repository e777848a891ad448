-- Where a library lay when, what it was merged into, whom it mentors, what others number it by, and its follow-up plans.
alter table library
    add column placed_since date,
    add column merged_into uuid,
    add column merged_on date,
    add column plans_to uuid,
    add constraint library_merged_into_library foreign key (merged_into) references library (library_id),
    add constraint library_plans_to_library foreign key (plans_to) references library (library_id),
    add constraint library_merged_into_another check (merged_into <> library_id),
    add constraint library_merged_with_day check ((merged_into is null) = (merged_on is null));
update library set placed_since = nominated_on;
alter table library alter column placed_since set not null;
create index library_merged_into_idx on library (merged_into) where merged_into is not null;
create index library_plans_to_idx on library (plans_to) where plans_to is not null;
comment on column library.region_id is 'Where it lies now; library_region has where it lay before';
comment on column library.merged_into is 'The library that goes on for it; its status waits for the merge to be taken back';
comment on column library.plans_to is 'Of a closed library: who took over its open follow-up plans';

create table library_region (
    library_id uuid not null,
    valid_from date not null,
    valid_to date not null default 'infinity',
    region_id uuid not null,
    constraint library_region_pkey primary key (library_id, valid_from),
    constraint library_region_library foreign key (library_id) references library (library_id),
    constraint library_region_interval check (valid_from < valid_to)
);
create index library_region_region_idx on library_region (region_id, valid_from, valid_to);
create unique index library_region_current_key on library_region (library_id) where valid_to = 'infinity';
insert into library_region (library_id, valid_from, region_id) select library_id, '-infinity', region_id from library;
comment on table library_region is 'In which region a library lay from which day until before which';
comment on column library_region.valid_from is '-infinity = since it is known';

create table replica_link (
    library_id uuid not null,
    replica_id uuid not null,
    via_bimtek_id uuid,
    linked_on date not null,
    constraint replica_link_pkey primary key (library_id, replica_id),
    constraint replica_link_library foreign key (library_id) references library (library_id),
    constraint replica_link_replica foreign key (replica_id) references library (library_id),
    constraint replica_link_of_two check (library_id <> replica_id)
);
create index replica_link_replica_idx on replica_link (replica_id);
comment on table replica_link is 'Which library mentors which, and through which Bimtek';

create table external_id (
    library_id uuid not null,
    scheme text not null,
    value text not null,
    valid_from date not null,
    valid_to date,
    source text not null,
    constraint external_id_pkey primary key (library_id, scheme, value, valid_from),
    constraint external_id_library foreign key (library_id) references library (library_id),
    constraint external_id_scheme_known check (scheme in ('NPP', 'SIM_TPBIS', 'KEMENDESA', 'OTHER')),
    constraint external_id_interval check (valid_from < valid_to)
);
create unique index external_id_open_key on external_id (scheme, value) where valid_to is null;
comment on table external_id is 'Numbers that other registers give a library; never a key of ours';
comment on column external_id.valid_to is 'Exclusive; null while it is the library''s number';

create table follow_up_plan (
    plan_id uuid not null,
    library_id uuid not null,
    bimtek_id uuid not null,
    due_on date not null,
    recorded_at timestamptz not null,
    constraint follow_up_plan_pkey primary key (plan_id)
);
create index follow_up_plan_library_idx on follow_up_plan (library_id);
comment on table follow_up_plan is 'Open follow-up plans, from the events of activities: a library that has one does not just close';
comment on column follow_up_plan.due_on is 'When the last of its items is due';

create view library_now as
select l.library_id, l.name, l.type, l.region_id, l.status, l.nominated_on, l.status_since, l.named_since, l.placed_since,
    l.basis, l.merged_into, l.merged_on, l.plans_to, l.version, mentored.active_replicas,
    case when l.merged_into is not null then 'DIGABUNG'
        when l.status = 'AKTIF' and mentored.active_replicas > 0 then 'REPLIKATOR'
        else l.status end as standing
from library as l cross join lateral (
    select count(*)::integer as active_replicas from replica_link as link join library as r on r.library_id = link.replica_id
    where link.library_id = l.library_id and r.status = 'AKTIF' and r.merged_into is null
) as mentored;
comment on view library_now is 'Libraries with what others make of them: replicator while one they mentor is active, merged';

grant select, insert, update on library_region, replica_link, external_id, follow_up_plan to simpul_app;
grant select on library_now to simpul_app;
