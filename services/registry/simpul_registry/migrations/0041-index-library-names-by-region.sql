-- Libraries of one name in one region are looked for by each row of an import: by both, so that full villages cost no more.
create index library_region_name_idx on library (region_id, lower(name));
drop index library_region_idx;
