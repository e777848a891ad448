-- Where libraries lay when, and which one goes on for which. Facts stay with the id they happened to; reports roll them up.
create table library_region (
    library_id uuid not null,
    aggregate_version bigint not null,
    region_id uuid not null,
    effective_on date not null,
    recorded_at timestamptz not null,
    event_id uuid not null,
    log_topic text not null,
    log_partition integer not null,
    log_offset bigint not null,
    constraint library_region_pkey primary key (library_id, aggregate_version)
);
create index library_region_region_idx on library_region (region_id);
comment on table library_region is 'Regions of a library and since when; of those in effect the last stated holds';
insert into library_region (library_id, aggregate_version, region_id, effective_on, recorded_at, event_id, log_topic,
    log_partition, log_offset)
select s.library_id, s.aggregate_version, l.region_id, s.effective_on, s.recorded_at, s.event_id, s.log_topic,
    s.log_partition, s.log_offset
from library_status as s join library as l using (library_id) where s.status = 'DIUSULKAN';

create table merge_fact (
    library_id uuid not null,
    aggregate_version bigint not null,
    survivor_id uuid not null,
    effective_on date not null,
    event_id uuid not null,
    recorded_at timestamptz not null,
    superseded_at timestamptz not null default 'infinity',
    superseded_by uuid,
    log_topic text not null,
    log_partition integer not null,
    log_offset bigint not null,
    constraint merge_fact_pkey primary key (library_id, aggregate_version)
);
create index merge_fact_survivor_idx on merge_fact (survivor_id);
comment on table merge_fact is 'From which day on another library goes on for one; superseded when that is taken back';

-- One row per library that another goes on for on a day, with the last one in the line; few, as merges are rare.
create function merged_libraries(on_day date, known_at timestamptz) returns table (library_id uuid, survivor_id uuid)
language sql stable as $$
    with recursive bond as (
        select m.library_id, m.survivor_id from merge_fact as m
        where m.effective_on <= on_day
            and m.recorded_at <= known_at and (m.superseded_at > known_at or m.superseded_at = 'infinity')
    ), climb as (
        select bond.library_id, bond.survivor_id from bond
        union  -- not all: bonds of two libraries come in any order, so a ring may show for a moment
        select climb.library_id, bond.survivor_id from climb join bond on bond.library_id = climb.survivor_id
    )
    select climb.library_id, climb.survivor_id from climb
    where not exists (select from bond where bond.library_id = climb.survivor_id)
$$;
comment on function merged_libraries is 'Libraries merged by a day, each with who goes on for it at the end of all merges';

create function library_home(of_library uuid, on_day date, known_at timestamptz) returns uuid
language sql stable parallel safe as $$
    select lay.region_id from library_region as lay
    where lay.library_id = of_library and lay.recorded_at <= known_at
    order by lay.effective_on <= on_day desc, case when lay.effective_on <= on_day then lay.aggregate_version end desc,
        lay.aggregate_version
    limit 1
$$;
comment on function library_home is 'In which region a library lies on a day; null where nothing is known of it';

create or replace view projection_content as
select 'region_version' as name, region_id, null::date as period, to_jsonb(v)::text as line from region_version as v
union all
select 'library', region_id, null, to_jsonb(l)::text from library as l
union all
select 'library_name', l.region_id, date_trunc('month', n.effective_on)::date,
    (to_jsonb(n) - '{log_topic,log_partition,log_offset}'::text[])::text
from library_name as n left join library as l using (library_id)
union all
select 'library_status', l.region_id, date_trunc('month', s.effective_on)::date,
    (to_jsonb(s) - '{log_topic,log_partition,log_offset}'::text[])::text
from library_status as s left join library as l using (library_id)
union all
select 'library_region', lay.region_id, date_trunc('month', lay.effective_on)::date,
    (to_jsonb(lay) - '{log_topic,log_partition,log_offset}'::text[])::text
from library_region as lay
union all
select 'merge_fact', l.region_id, date_trunc('month', m.effective_on)::date,
    (to_jsonb(m) - '{log_topic,log_partition,log_offset}'::text[])::text
from merge_fact as m left join library as l using (library_id)
union all
select 'designation_fact', region_id, make_date(programme_year, 1, 1),
    (to_jsonb(d) - '{log_topic,log_partition,log_offset}'::text[])::text
from designation_fact as d
union all
select 'activity_fact', region_id, date_trunc('month', held_on)::date, (to_jsonb(a)
    - case superseded_at when 'infinity' then '{log_topic,log_partition,log_offset}'::text[]
        else '{log_topic,log_partition,log_offset,path}' end)::text
from activity_fact as a
union all
select 'activity_month', region_id, month, to_jsonb(m)::text from activity_month as m where activities <> 0
union all
select 'bimtek', region_id, date_trunc('month', starts_on)::date, to_jsonb(b)::text from bimtek as b
union all
select 'registration_fact', region_id, date_trunc('month', counted_on)::date, (to_jsonb(r)
    - case superseded_at when 'infinity' then '{log_topic,log_partition,log_offset}'::text[]
        else '{log_topic,log_partition,log_offset,path}' end)::text
from registration_fact as r
union all
select 'attendance_fact', region_id, date_trunc('month', held_on)::date, (to_jsonb(a)
    - case superseded_at when 'infinity' then '{log_topic,log_partition,log_offset}'::text[]
        else '{log_topic,log_partition,log_offset,path}' end)::text
from attendance_fact as a
union all
select 'attendance_month', region_id, month, to_jsonb(m)::text from attendance_month as m
where registered <> 0 or present <> 0 or late <> 0 or excused <> 0 or sick <> 0 or absent <> 0
union all
select 'applied_version ' || left(aggregate_id::text, 2), null, null, to_jsonb(v)::text from applied_version as v
union all
select 'dead_letter', null, null, jsonb_build_array(consumer, topic, aggregate_id, aggregate_version, state)::text
from dead_letter where state in ('poison', 'waiting') and aggregate_id is not null;

grant select, insert on library_region, merge_fact to simpul_app;
grant update (superseded_at, superseded_by) on merge_fact to simpul_app;
