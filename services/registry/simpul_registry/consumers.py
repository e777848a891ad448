"""Kafka in: nothing. The registry is where regions, libraries and people begin; it follows no other service."""

from simpul_shared.contracts.topics import Topic
from simpul_shared.platform.consume import Handlers

HANDLERS: Handlers = {}
TOPICS: tuple[Topic, ...] = ()
