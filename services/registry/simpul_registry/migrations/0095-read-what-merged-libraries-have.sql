-- What belonged to a merged library is its survivor's to show; the rows stay with the id that they were recorded for.
-- Called as `= any(array(select ...))`, which looks the few ids up in an index, whatever their number is taken for.
create function library_and_merged(survivor_id uuid, by_day date) returns setof uuid language sql stable rows 2 as $$
    with recursive kin as (
        select survivor_id as library_id, '-infinity'::date as since
        union all
        select l.library_id, greatest(kin.since, l.merged_on) from library as l join kin on l.merged_into = kin.library_id
    )
    select kin.library_id from kin where kin.since <= by_day
$$;
comment on function library_and_merged is 'A library and those that were merged into it by the day, if only by way of another';

create index aid_receipt_library_idx on aid_receipt (library_id);
create index accreditation_library_idx on accreditation (library_id);
