-- Whose data the registry has erased: their seats and marks still count, and nobody registers them again.
alter table person add column erased_at timestamptz;
comment on column person.erased_at is 'When the registry erased what was known of the person';
