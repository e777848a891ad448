-- A clock that steps back must not record before a moment that a low-water mark will name: the floor rises when the
-- moment is observed, not only when its mark is given.
alter table relay_cursor add column observed_through timestamptz not null default '-infinity';
update relay_cursor set observed_through = marked_through;
comment on column relay_cursor.observed_through is 'Every event recorded by a transaction that begins from now on is later than this';
