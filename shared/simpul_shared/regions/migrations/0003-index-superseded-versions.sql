-- Regions of which nothing is believed any more are found by what was said of them last; there are few.
create index region_version_superseded_idx on region_version (region_id) where superseded_at <> 'infinity';
