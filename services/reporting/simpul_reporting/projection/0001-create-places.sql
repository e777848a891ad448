-- Where a region lies. Both functions read region_version as it was known at one instant ('infinity' = current belief).

-- The path a region's own statements give it, nearest to a day: that day's, else the last before it, else the first after it.
-- One row or none; a table function, because Postgres merges those into the query around them.
create function region_path_at(of_region uuid, on_day date, known_at timestamptz) returns table (path uuid[])
language sql stable parallel safe as $$
    select v.path from region_version as v
    where v.region_id = of_region and v.recorded_at <= known_at and (v.superseded_at > known_at or v.superseded_at = 'infinity')
    order by v.valid_from <= on_day desc, case when v.valid_from <= on_day then v.valid_from end desc, v.valid_from
    limit 1
$$;
comment on function region_path_at is 'Own path of a region nearest to a day; no row where nothing is known of the region';

-- The region's place in one day's map. A region that the map does not hold hangs below its last parent, wherever that lies
-- on the day: so every region has one parent on a day, and a parent is the sum of its children.
create function region_place(of_region uuid, on_day date, known_at timestamptz) returns uuid[]
language sql stable parallel safe as $$
    with recursive climb (steps, region_id, tail) as (
        select 0, of_region, '{}'::uuid[]
        union all
        select climb.steps + 1, nearest.parent_id, climb.region_id || climb.tail
        from climb cross join lateral (
            select parent_id, valid_from <= on_day and on_day < valid_to as holds from region_version
            where region_id = climb.region_id
                and recorded_at <= known_at and (superseded_at > known_at or superseded_at = 'infinity')
            order by valid_from <= on_day desc, case when valid_from <= on_day then valid_from end desc, valid_from
            limit 1
        ) as nearest
        where not nearest.holds and nearest.parent_id is not null
    )
    select known.path || climb.tail from climb cross join lateral region_path_at(climb.region_id, on_day, known_at) as known
    order by climb.steps desc limit 1
$$;
comment on function region_place is 'Path of a region in one day''s map; null where nothing is known of the region';
