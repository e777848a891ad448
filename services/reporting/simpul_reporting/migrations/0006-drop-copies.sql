-- What reporting keeps of the others' events lives in the schema projection now, which the consumer fills from the topics.
drop view if exists activity_month_recount, attendance_month_recount;
drop table if exists library, library_name, library_status, designation_fact, activity_fact, activity_month, bimtek,
    registration_fact, attendance_fact, attendance_month, region_version;
drop function if exists count_activities, count_marks, count_registrations, region_path_at, region_place;
drop table if exists consumer_offset, applied_version, dead_letter, low_water_mark;
