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
