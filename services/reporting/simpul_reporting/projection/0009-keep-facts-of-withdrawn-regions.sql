-- A region that is withdrawn, as by a decree that is undone, may have facts and targets: they lie where it was said last to lie.
create or replace function region_path_at(of_region uuid, on_day date, known_at timestamptz) returns table (path uuid[])
language sql stable parallel safe as $$
    select v.path from region_version as v
    where v.region_id = of_region and v.recorded_at <= known_at
    order by v.superseded_at > known_at or v.superseded_at = 'infinity' desc, v.valid_from <= on_day desc,
        case when v.valid_from <= on_day then v.valid_from end desc, v.valid_from, v.superseded_at desc
    limit 1
$$;

create or replace function region_place(of_region uuid, on_day date, known_at timestamptz) returns uuid[]
language sql stable parallel safe as $$
    with recursive climb (steps, region_id, tail) as (
        select 0, of_region, '{}'::uuid[]
        union all
        select climb.steps + 1, nearest.parent_id, climb.region_id || climb.tail
        from climb cross join lateral (
            select parent_id, superseded_at > known_at or superseded_at = 'infinity' as believed,
                valid_from <= on_day and on_day < valid_to as holds
            from region_version
            where region_id = climb.region_id and recorded_at <= known_at
            order by believed desc, valid_from <= on_day desc, case when valid_from <= on_day then valid_from end desc,
                valid_from, superseded_at desc
            limit 1
        ) as nearest
        where not (nearest.holds and nearest.believed) and nearest.parent_id is not null
    )
    select known.path || climb.tail from climb cross join lateral region_path_at(climb.region_id, on_day, known_at) as known
    order by climb.steps desc limit 1
$$;
