-- A follow-up plan is open until the last of its items is completed or cancelled.
alter table follow_up_plan add column settled_at timestamptz;
drop index follow_up_plan_library_idx;
create index follow_up_plan_open_idx on follow_up_plan (library_id) where settled_at is null;
comment on table follow_up_plan is 'Follow-up plans, from the events of activities: a library that has an open one does not just close';
comment on column follow_up_plan.settled_at is 'When the last of its items was completed or cancelled; null while one is open';
