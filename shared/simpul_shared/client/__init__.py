"""For systems that follow the events over HTTP (GET /v1/events). Needs httpx and msgspec, and nothing of the services.

feed.py fetches, checkpoint.py remembers, conformance.py tests a consumer. How to: docs/how-to/follow-events.md.
"""

from simpul_shared.client.checkpoint import FileCheckpoint, PostgresCheckpoint, Versions
from simpul_shared.client.feed import Arrived, Batch, EventFeed, FeedRefused

__all__ = ["Arrived", "Batch", "EventFeed", "FeedRefused", "FileCheckpoint", "PostgresCheckpoint", "Versions"]
