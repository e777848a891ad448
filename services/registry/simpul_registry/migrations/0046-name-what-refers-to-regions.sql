-- What refers to a region, in one place: a change of the map may not leave any of it with a region that never was. And the
-- region that a person found to be another one all along.
create view region_reference (what, id, region_id) as
    select 'library', library_id, region_id from library
    union all
    select 'person', person_id, region_id from person where erased_at is null
    union all
    select 'office', office_id, unnest(jurisdiction) from office where closed_on is null
    union all
    select scheme || ' code ' || code, region_id, region_id from region_code where superseded_at = 'infinity';
comment on view region_reference is 'Libraries, people, offices and codes, by the region that they refer to';
grant select on region_reference to simpul_app;

alter table region_overrule add column joined_region_id uuid;
comment on column region_overrule.joined_region_id is 'The id that is withdrawn, where two regions were found to be one';
