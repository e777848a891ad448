-- What operators did to a running service: who, when, what, on what, why. The app role can neither change nor delete it.
create table operator_action (
    operator_action_id bigint generated always as identity constraint operator_action_pkey primary key,
    at timestamptz not null default clock_timestamp(),
    actor text not null,
    client_id text not null,
    action text not null,
    subject text not null,
    reason text not null constraint operator_action_reason_given check (reason <> ''),
    facts jsonb not null,
    correlation_id text not null
);
create index operator_action_subject_idx on operator_action (subject, operator_action_id);
comment on table operator_action is 'Append-only: every write of an operator, in the transaction of the write itself';
comment on column operator_action.subject is 'What it was done to, such as dead-letter/simpul.registry.libraries.v1/3/1042 (topic, partition, offset)';
comment on column operator_action.facts is 'What was before and after, as far as it is small';
grant select, insert on operator_action to simpul_app;

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
