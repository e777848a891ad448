-- Links between mentors and replicas follow merges, can be ended, and mentors are told what they have become by them.
alter table replica_link
    drop constraint replica_link_pkey,
    add column link_no bigint generated always as identity,
    add column mentor_now uuid,
    add column replica_now uuid,
    add column ended_on date,
    add constraint replica_link_pkey primary key (link_no),
    add constraint replica_link_interval check (linked_on <= ended_on);
with recursive heir as (
    select library_id, library_id as now, merged_into from library
    union all
    select heir.library_id, next.library_id, next.merged_into from heir join library as next on next.library_id = heir.merged_into
)
update replica_link as link set mentor_now = mentor.now, replica_now = replica.now
from heir as mentor, heir as replica
where mentor.library_id = link.library_id and mentor.merged_into is null
    and replica.library_id = link.replica_id and replica.merged_into is null;
alter table replica_link
    alter column mentor_now set not null,
    alter column replica_now set not null,
    add constraint replica_link_mentor_now foreign key (mentor_now) references library (library_id),
    add constraint replica_link_replica_now foreign key (replica_now) references library (library_id);
create unique index replica_link_open_key on replica_link (library_id, replica_id) where ended_on is null;
create index replica_link_library_idx on replica_link (library_id);
create index replica_link_mentor_now_idx on replica_link (mentor_now) where ended_on is null;
create index replica_link_replica_now_idx on replica_link (replica_now) where ended_on is null;
comment on column replica_link.mentor_now is 'Who goes on for library_id, at the end of all merges; where it equals replica_now the link sleeps';
comment on column replica_link.replica_now is 'Who goes on for replica_id';

alter table library add column told_replicator boolean not null default false;
update library set told_replicator = true where library_id in (select library_id from replica_link);
comment on column library.told_replicator is 'What its last event said: that it mentors one at work, or no longer';

create or replace view library_now as
select l.library_id, l.name, l.type, l.region_id, l.status, l.nominated_on, l.status_since, l.named_since, l.placed_since,
    l.basis, l.merged_into, l.merged_on, l.plans_to, l.version, mentored.active_replicas,
    case when l.merged_into is not null then 'DIGABUNG'
        when l.status = 'AKTIF' and mentored.active_replicas > 0 then 'REPLIKATOR'
        else l.status end as standing,
    l.told_replicator
from library as l cross join lateral (
    select count(distinct r.library_id)::integer as active_replicas
    from replica_link as link join library as r on r.library_id = link.replica_now
    where link.mentor_now = l.library_id and link.replica_now <> l.library_id and link.ended_on is null and r.status = 'AKTIF'
) as mentored;

create table known_bimtek (
    bimtek_id uuid not null,
    constraint known_bimtek_pkey primary key (bimtek_id)
);
comment on table known_bimtek is 'Bimteks that activities has told of; a link may name one of them';
grant select, insert on known_bimtek to simpul_app;
