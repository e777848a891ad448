-- No new link names a Bimtek that was cancelled; links made before it was stay as they are.
alter table known_bimtek add column cancelled_at timestamptz;
comment on column known_bimtek.cancelled_at is 'When activities recorded that it was cancelled; null while it was not';
grant update on known_bimtek to simpul_app;
