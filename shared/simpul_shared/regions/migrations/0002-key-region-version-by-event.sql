-- Two statements of one moment on one start are two rows: the later one supersedes the earlier, which nobody ever believed.
alter table region_version drop constraint region_version_pkey;
alter table region_version add constraint region_version_pkey primary key (region_id, aggregate_version);
