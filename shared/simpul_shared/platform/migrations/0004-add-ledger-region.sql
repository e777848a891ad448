-- Which region an event belongs to, so that a reader with a regional token gets its own events and no others.
alter table ledger add column region_id uuid;
alter table aggregate_version add column region_id uuid;
comment on column ledger.region_id is 'The region the event names, else the one last named for its aggregate; null is for national readers only';
comment on column aggregate_version.region_id is 'The region last named by an event of the aggregate';

-- What was recorded before: each event's own region, then the one that stood for its aggregate.
update ledger set region_id = (convert_from(value, 'UTF8')::jsonb #>> '{data,region_id}')::uuid;
update aggregate_version as v set region_id = named.region_id
from (
    select distinct on (aggregate_id) aggregate_id, region_id from ledger
    where region_id is not null order by aggregate_id, aggregate_version desc
) as named
where named.aggregate_id = v.aggregate_id;
update ledger set region_id = (
    select named.region_id from ledger as named
    where named.aggregate_id = ledger.aggregate_id and named.aggregate_version < ledger.aggregate_version
        and named.region_id is not null
    order by named.aggregate_version desc limit 1
)
where region_id is null;
