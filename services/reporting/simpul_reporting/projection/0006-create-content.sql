-- What a rebuilt projection is compared by with the live one: every row of every table, under its region and period.
-- Left out: places in the log, which a topic made anew changes; the path of a closed fact, which nobody counts; months
-- that have come to nothing; how far the consumer has read.
create view projection_content as
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
comment on view projection_content is 'All rows that a rebuild must make alike, one line each, under region and period';

create view projection_hash as
select name, coalesce(region_id, '00000000-0000-0000-0000-000000000000') as region_id,
    coalesce(period, '-infinity') as period, count(*) as rows,
    sha256(convert_to(string_agg(line, e'\n' order by line), 'UTF8')) as hash
from projection_content group by 1, 2, 3;
comment on view projection_hash is 'The lines of projection_content as one hash per table, region and period';

create function projection_place(of_region uuid) returns text language sql stable as $$
    select code || ' ' || name from region_version
    where region_id = of_region order by superseded_at desc, valid_from desc limit 1
$$;
comment on function projection_place is 'How people name a region of projection_hash';
