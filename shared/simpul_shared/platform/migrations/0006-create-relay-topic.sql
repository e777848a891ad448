-- Whether Kafka still has what each lane published. A topic made anew has another id; until the lane has sent its ledger's
-- rows again the topic is not whole, and the lane gives no low-water marks.
create table relay_topic (
    shard smallint not null,
    topic text not null,
    topic_id uuid,
    whole boolean not null,
    restore_asked_at timestamptz,
    restore_xid xid8 not null default '0',
    restore_id bigint not null default 0,
    restore_recorded_on date not null default '0001-01-01',
    restored bigint not null default 0,
    to_restore bigint,
    restored_at timestamptz,
    constraint relay_topic_pkey primary key (shard, topic)
);
comment on table relay_topic is 'Per lane and topic: Kafka''s id of it, whether all that was published is still there, and how far it is being sent again';
comment on column relay_topic.topic_id is 'Null while Kafka has no such topic';
comment on column relay_topic.restore_asked_at is 'Not null while the ledger''s rows are to be sent again, up to the cursor; restore_xid, restore_id: the last one sent';
grant select, insert, update on relay_topic to simpul_app;
