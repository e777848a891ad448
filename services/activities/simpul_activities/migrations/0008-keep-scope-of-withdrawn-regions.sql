-- A region that is withdrawn, as by a decree that is undone, lies where it was said last to lie: what was recorded in it stays in
-- the scope of those in charge there.
create or replace view region_place as
select here.region_id, here.code, here.path
from region_version as here
where here.superseded_at = 'infinity' and here.valid_from <= (now() at time zone 'Asia/Jakarta')::date and not exists (
    select from region_version as later
    where later.region_id = here.region_id and later.superseded_at = 'infinity'
        and later.valid_from > here.valid_from and later.valid_from <= (now() at time zone 'Asia/Jakarta')::date
)
union all
(
    select distinct on (gone.region_id) gone.region_id, gone.code, gone.path
    from region_version as gone
    where gone.superseded_at <> 'infinity' and not exists (
        select from region_version as held where held.region_id = gone.region_id and held.superseded_at = 'infinity'
    )
    order by gone.region_id, gone.superseded_at desc, gone.valid_from desc
);
