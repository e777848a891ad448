-- What a workbench for dead letters needs: which event it is, when it was tried last, who looks after it, what was edited.
alter table dead_letter
    add column event_type text,
    add column event_id uuid,
    add column recorded_at timestamptz,
    add column tried_at timestamptz,
    add column owner text,
    add column original_value bytea,
    add column value_hash bytea not null generated always as (sha256(coalesce(original_value, value, ''::bytea))) stored;
comment on column dead_letter.recorded_at is 'When the producer recorded the event; of an unreadable record the moment it cannot be older than, null where that is unknown';
comment on column dead_letter.owner is 'Who looks after it; null means the service that writes the topic';
comment on column dead_letter.original_value is 'The bytes as they came, where an operator has edited the value; empty for none';

-- A topic that was made anew has low offsets again, so place alone does not name a record.
alter table dead_letter drop constraint dead_letter_record_key;
alter table dead_letter add constraint dead_letter_record_key unique (consumer, topic, partition, record_offset, value_hash);
create index dead_letter_state_idx on dead_letter (consumer, state, dead_letter_id);

-- Whoever has an aggregate could be read: its type, id and time are there too.
update dead_letter set
    event_type = convert_from(value, 'UTF8')::json ->> 'type',
    event_id = (convert_from(value, 'UTF8')::json ->> 'id')::uuid,
    recorded_at = (convert_from(value, 'UTF8')::json ->> 'recordedtime')::timestamptz
where aggregate_id is not null;
