"""Where the relay puts a key is where any other Kafka client would."""

from aiokafka.partitioner import DefaultPartitioner
from hypothesis import given
from hypothesis import strategies as st
from simpul_shared.platform.relay_backends import partition_of


@given(key=st.binary(min_size=1, max_size=64), partitions=st.integers(1, 24))
def test_a_key_goes_to_the_partition_that_other_clients_choose(key: bytes, partitions: int) -> None:
    numbers = list(range(partitions))
    assert partition_of(key, numbers, numbers) == DefaultPartitioner()(key, numbers, numbers)
    assert partition_of(key, numbers, numbers) == DefaultPartitioner()(key, numbers, numbers)  # the remembered answer
