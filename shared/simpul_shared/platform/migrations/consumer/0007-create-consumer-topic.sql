-- Which topic the stored offsets count: Kafka gives a topic that is made anew another id, and offsets from 0.
create table consumer_topic (
    consumer text not null,
    topic text not null,
    topic_id uuid not null,
    constraint consumer_topic_pkey primary key (consumer, topic)
);
comment on table consumer_topic is 'Kafka''s id of each topic whose offsets are in consumer_offset';
grant select, insert, update on consumer_topic to simpul_app;

alter table low_water_mark add column topic_ids jsonb;
comment on column low_water_mark.topic_ids is 'The topics that offsets counts, {topic: id}; null in marks from before';

create function mark_is_reached(of_consumer text, offsets jsonb, topic_ids jsonb, topics text[]) returns boolean
language sql stable as $$
    select not exists (
        select from jsonb_each(offsets) as t (topic, partitions)
            cross join lateral jsonb_each(t.partitions) as p (partition, next)
            left join consumer_offset as o
                on o.consumer = of_consumer and o.topic = t.topic and o.partition = p.partition::integer
            left join consumer_topic as c on c.consumer = of_consumer and c.topic = t.topic
        where t.topic = any(topics)
            and (coalesce(o.next_offset, 0) < p.next::bigint or (topic_ids ->> t.topic)::uuid <> c.topic_id)
    )
$$;
comment on function mark_is_reached is 'Whether a consumer has applied all that a mark''s offsets hold of these topics';
