-- Which regions lie within others, said once for all lists by place. Not strict, so that the planner puts its query in place of the call.
create function regions_within(above uuid[], on_day date) returns table (region_id uuid) language sql stable as $$
    select v.region_id from region_version as v
    where v.path && above and v.valid_from <= on_day and v.superseded_at = 'infinity'
        and (on_day < v.valid_to or not exists (
            select from region_version as later
            where later.region_id = v.region_id and later.valid_from > v.valid_from and later.valid_from <= on_day
                and later.superseded_at = 'infinity'
        ))
$$;
comment on function regions_within is 'Regions within others on a day, these included; one that had ended lies where it last lay';
