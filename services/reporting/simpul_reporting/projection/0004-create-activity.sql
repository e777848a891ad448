-- Community activities: one fact per version, and months counted for every region above.
create table activity_fact (
    activity_id uuid not null,
    library_id uuid not null,
    region_id uuid not null,
    held_on date not null,
    category text not null,
    total integer not null,
    women integer not null,
    men integer not null,
    gender_unknown integer not null,
    disability integer not null,
    low_income integer not null,
    method text not null,
    basis text,
    path uuid[] not null,
    event_id uuid not null,
    aggregate_version bigint not null,
    recorded_at timestamptz not null,
    superseded_at timestamptz not null default 'infinity',
    superseded_by uuid,
    log_topic text not null,
    log_partition integer not null,
    log_offset bigint not null,
    constraint activity_fact_pkey primary key (activity_id, aggregate_version, held_on)
) partition by range (held_on);
create index activity_fact_library_idx on activity_fact (library_id, held_on);
create index activity_fact_held_on_idx on activity_fact (held_on);
create index activity_fact_region_idx on activity_fact (region_id) where superseded_at = 'infinity';
create index activity_fact_sample_idx on activity_fact (held_on) where basis = 'sample';
create table activity_fact_default partition of activity_fact default;
comment on table activity_fact is 'A community activity as one event stated it; a correction closes the row and adds one';
comment on column activity_fact.held_on is 'Local date of the library; decides the month';
comment on column activity_fact.path is 'Regions it is counted in, country first, by the map of held_on; empty while its region is unknown';

create table activity_month (
    region_id uuid not null,
    parent_id uuid,
    month date not null,
    category text not null,
    activities bigint not null,
    attendances bigint not null,
    women bigint not null,
    men bigint not null,
    gender_unknown bigint not null,
    disability bigint not null,
    low_income bigint not null,
    constraint activity_month_key unique nulls not distinct (region_id, month, category, parent_id)
) with (fillfactor = 70);
create index activity_month_parent_idx on activity_month (parent_id, month);
comment on table activity_month is 'Current activity facts by region, month and category; kept by trigger, equal to a recount at any time';
comment on column activity_month.parent_id is 'The region above on the days counted: a region that moves has a row below each';

create view activity_month_recount as
select place.region_id, place.parent_id, date_trunc('month', held_on)::date as month, category, count(*) as activities,
    sum(total)::bigint as attendances, sum(women)::bigint as women, sum(men)::bigint as men,
    sum(gender_unknown)::bigint as gender_unknown, sum(disability)::bigint as disability,
    sum(low_income)::bigint as low_income
from activity_fact, lateral (select path[i], path[i - 1] from generate_subscripts(path, 1) as i) as place (region_id, parent_id)
where superseded_at = 'infinity'
group by place.region_id, place.parent_id, date_trunc('month', held_on), category;
comment on view activity_month_recount is 'What activity_month must equal, counted from the facts';

-- The months follow the facts statement by statement, whoever writes them: a fact's path says what it was counted into.
create function count_activities() returns trigger language plpgsql as $$
declare
    sign constant integer := tg_argv[0];
begin
    insert into activity_month as counted (region_id, parent_id, month, category, activities, attendances, women, men,
        gender_unknown, disability, low_income)
    select place.region_id, place.parent_id, date_trunc('month', held_on)::date, category, sign * count(*),
        sign * sum(total), sign * sum(women), sign * sum(men), sign * sum(gender_unknown), sign * sum(disability),
        sign * sum(low_income)
    from changed, lateral (select path[i], path[i - 1] from generate_subscripts(path, 1) as i) as place (region_id, parent_id)
    where superseded_at = 'infinity'
    group by 1, 2, 3, 4
    order by 1, 2, 3, 4  -- rows are locked in one order everywhere
    on conflict on constraint activity_month_key do update set
        activities = counted.activities + excluded.activities,
        attendances = counted.attendances + excluded.attendances,
        women = counted.women + excluded.women,
        men = counted.men + excluded.men,
        gender_unknown = counted.gender_unknown + excluded.gender_unknown,
        disability = counted.disability + excluded.disability,
        low_income = counted.low_income + excluded.low_income;
    return null;
end
$$;
create trigger activity_fact_added after insert on activity_fact
    referencing new table as changed for each statement execute function count_activities('1');
create trigger activity_fact_changed_from after update on activity_fact
    referencing old table as changed for each statement execute function count_activities('-1');
create trigger activity_fact_changed_to after update on activity_fact
    referencing new table as changed for each statement execute function count_activities('1');

do $$
begin
    for year in 2018..2035 loop
        execute format('create table %I partition of activity_fact for values from (%L) to (%L)',
            'activity_fact_' || year, make_date(year, 1, 1), make_date(year + 1, 1, 1));
    end loop;
end
$$;

grant select, insert on activity_fact to simpul_app;
grant update (superseded_at, superseded_by, path) on activity_fact to simpul_app;
grant select, insert, update, delete on activity_month to simpul_app;
grant select on activity_month_recount to simpul_app;
