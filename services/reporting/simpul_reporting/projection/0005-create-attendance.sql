-- Bimtek: who registered and who was present, by the region of the library represented.
create table bimtek (
    bimtek_id uuid constraint bimtek_pkey primary key,
    kind text not null,
    level text not null,
    region_id uuid not null,
    starts_on date not null,
    ends_on date not null,
    basis text not null,
    cancelled_at timestamptz
);
comment on table bimtek is 'What reporting needs of a Bimtek';

create table registration_fact (
    registration_id uuid not null,
    bimtek_id uuid not null,
    library_id uuid not null,
    region_id uuid not null,
    counted_on date,
    basis text not null,
    path uuid[] not null,
    event_id uuid not null,
    aggregate_version bigint not null,
    recorded_at timestamptz not null,
    superseded_at timestamptz not null default 'infinity',
    superseded_by uuid,
    log_topic text not null,
    log_partition integer not null,
    log_offset bigint not null,
    constraint registration_fact_pkey primary key (registration_id, aggregate_version)
);
create index registration_fact_bimtek_idx on registration_fact (bimtek_id) where superseded_at = 'infinity';
create index registration_fact_region_idx on registration_fact (region_id) where superseded_at = 'infinity';
create index registration_fact_counted_on_idx on registration_fact (counted_on);
create index registration_fact_sample_idx on registration_fact (counted_on) where basis = 'sample';
comment on table registration_fact is 'A place taken in a Bimtek, until it is given up or the Bimtek is cancelled';
comment on column registration_fact.counted_on is 'First day of the Bimtek; decides the month; null while the Bimtek is unknown';

create table attendance_fact (
    registration_id uuid not null,
    session_no integer not null,
    bimtek_id uuid not null,
    library_id uuid not null,
    region_id uuid not null,
    held_on date not null,
    status text not null,
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
    constraint attendance_fact_pkey primary key (registration_id, session_no, aggregate_version, held_on)
) partition by range (held_on);
create index attendance_fact_held_on_idx on attendance_fact (held_on);
create index attendance_fact_region_idx on attendance_fact (region_id) where superseded_at = 'infinity';
create index attendance_fact_sample_idx on attendance_fact (held_on) where basis = 'sample';
create table attendance_fact_default partition of attendance_fact default;
comment on table attendance_fact is 'A mark of one registration in one session, as one event stated it';

create table attendance_month (
    region_id uuid not null,
    parent_id uuid,
    month date not null,
    registered bigint not null default 0,
    present bigint not null default 0,
    late bigint not null default 0,
    excused bigint not null default 0,
    sick bigint not null default 0,
    absent bigint not null default 0,
    constraint attendance_month_key unique nulls not distinct (region_id, month, parent_id)
) with (fillfactor = 70);
create index attendance_month_parent_idx on attendance_month (parent_id, month);
comment on table attendance_month is 'Current registrations and marks by region and month; kept by trigger, equal to a recount at any time';

create view attendance_month_recount as
select region_id, parent_id, month, sum(registered)::bigint as registered, sum(present)::bigint as present,
    sum(late)::bigint as late, sum(excused)::bigint as excused, sum(sick)::bigint as sick, sum(absent)::bigint as absent
from (
    select path, date_trunc('month', held_on)::date, 0, (status = 'HADIR')::integer, (status = 'TERLAMBAT')::integer,
        (status = 'IZIN')::integer, (status = 'SAKIT')::integer, (status = 'ALPA')::integer
    from attendance_fact where superseded_at = 'infinity'
    union all
    select path, date_trunc('month', counted_on)::date, 1, 0, 0, 0, 0, 0
    from registration_fact where superseded_at = 'infinity' and counted_on is not null
) as fact (path, month, registered, present, late, excused, sick, absent),
    lateral (select path[i], path[i - 1] from generate_subscripts(path, 1) as i) as place (region_id, parent_id)
group by region_id, parent_id, month;
comment on view attendance_month_recount is 'What attendance_month must equal, counted from the facts';

create function count_marks() returns trigger language plpgsql as $$
declare
    sign constant integer := tg_argv[0];
begin
    insert into attendance_month as counted (region_id, parent_id, month, present, late, excused, sick, absent)
    select place.region_id, place.parent_id, date_trunc('month', held_on)::date,
        sign * count(*) filter (where status = 'HADIR'), sign * count(*) filter (where status = 'TERLAMBAT'),
        sign * count(*) filter (where status = 'IZIN'), sign * count(*) filter (where status = 'SAKIT'),
        sign * count(*) filter (where status = 'ALPA')
    from changed, lateral (select path[i], path[i - 1] from generate_subscripts(path, 1) as i) as place (region_id, parent_id)
    where superseded_at = 'infinity'
    group by 1, 2, 3
    order by 1, 2, 3  -- rows are locked in one order everywhere
    on conflict on constraint attendance_month_key do update set
        present = counted.present + excluded.present,
        late = counted.late + excluded.late,
        excused = counted.excused + excluded.excused,
        sick = counted.sick + excluded.sick,
        absent = counted.absent + excluded.absent;
    return null;
end
$$;
create trigger attendance_fact_added after insert on attendance_fact
    referencing new table as changed for each statement execute function count_marks('1');
create trigger attendance_fact_changed_from after update on attendance_fact
    referencing old table as changed for each statement execute function count_marks('-1');
create trigger attendance_fact_changed_to after update on attendance_fact
    referencing new table as changed for each statement execute function count_marks('1');

create function count_registrations() returns trigger language plpgsql as $$
declare
    sign constant integer := tg_argv[0];
begin
    insert into attendance_month as counted (region_id, parent_id, month, registered)
    select place.region_id, place.parent_id, date_trunc('month', counted_on)::date, sign * count(*)
    from changed, lateral (select path[i], path[i - 1] from generate_subscripts(path, 1) as i) as place (region_id, parent_id)
    where superseded_at = 'infinity' and counted_on is not null
    group by 1, 2, 3
    order by 1, 2, 3
    on conflict on constraint attendance_month_key do update set registered = counted.registered + excluded.registered;
    return null;
end
$$;
create trigger registration_fact_added after insert on registration_fact
    referencing new table as changed for each statement execute function count_registrations('1');
create trigger registration_fact_changed_from after update on registration_fact
    referencing old table as changed for each statement execute function count_registrations('-1');
create trigger registration_fact_changed_to after update on registration_fact
    referencing new table as changed for each statement execute function count_registrations('1');

do $$
begin
    for year in 2018..2035 loop
        execute format('create table %I partition of attendance_fact for values from (%L) to (%L)',
            'attendance_fact_' || year, make_date(year, 1, 1), make_date(year + 1, 1, 1));
    end loop;
end
$$;

grant select, insert, update on bimtek to simpul_app;
grant select, insert on registration_fact, attendance_fact to simpul_app;
grant update (superseded_at, superseded_by, path, counted_on) on registration_fact to simpul_app;
grant update (superseded_at, superseded_by, path) on attendance_fact to simpul_app;
grant select, insert, update, delete on attendance_month to simpul_app;
grant select on attendance_month_recount to simpul_app;
