-- A library refers to every region that it ever lay in, an office to its regions until the day that it closes.
create or replace view region_reference (what, id, region_id) as
    select distinct 'library', library_id, region_id from library_region
    union all
    select 'person', person_id, region_id from person where erased_at is null
    union all
    select 'office', office_id, unnest(jurisdiction) from office where closed_on is null or closed_on > current_date
    union all
    select scheme || ' code ' || code, region_id, region_id from region_code where superseded_at = 'infinity';
