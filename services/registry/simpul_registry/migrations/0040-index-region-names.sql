-- Rows of imports name their places in any case; the names of one step are looked up together.
create index region_version_lower_name_idx on region_version (lower(name));
