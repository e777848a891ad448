"""`simpul topics restore`: makes missing topics, has their services fill them from their ledgers, and waits for that."""

import time
import uuid
from collections.abc import Sequence

from simpul_shared.contracts.topics import MARKS, TOPICS, Topic

from simpul_operator.bar import Bar
from simpul_operator.failures import ChildFailed, Misconfigured
from simpul_operator.operator_client import OperatorClient
from simpul_operator.topics import ensure_topics

_POLL_SECONDS = 0.5
_STILL_SECONDS = 300.0
"""Without any progress; a lane that can't send begins anew every few seconds."""


async def make_topics(names: Sequence[str], bootstrap: str, *, prefix: str) -> list[Topic]:
    """The topics named, all without a name, that are there afterwards. Errors: Misconfigured, NotRunning."""
    known = {topic.name: topic for topic in TOPICS}
    unknown = sorted(set(names) - known.keys())
    if unknown:
        raise Misconfigured(f"There is no topic {', '.join(unknown)}. There are {', '.join(sorted(known))}.")
    wanted = [known[name] for name in names] or list(TOPICS)
    await ensure_topics(bootstrap, prefix=prefix, topics=wanted)
    return wanted


def restore(client: OperatorClient, topics: Sequence[Topic], *, reason: str) -> None:
    """Errors: NotRunning, Misconfigured, ChildFailed when a relay gets nowhere."""
    by_service: dict[str, list[str]] = {}
    for topic in topics:
        if topic.name != MARKS.name:  # marks are of the moment; the next one says all
            by_service.setdefault(topic.service, []).append(topic.name)
    for service, names in by_service.items():
        client.post(service, "/v1/relay/restore", {"topics": names, "reason": reason}, key=uuid.uuid4().hex)
    with Bar() as bar:
        for service, names in by_service.items():
            _await(client, service, names, bar)


def _await(client: OperatorClient, service: str, names: Sequence[str], bar: Bar) -> None:
    moved_at, before = time.monotonic(), -1
    while True:
        rows = [row for row in client.get(service, "/v1/relay")["items"] if row["topic"] in names]
        done = sum(row["restored"] for row in rows)
        # Events of archived days are not among those counted beforehand.
        bar.show(f"restore {service}", done, max(done, sum(row["to_restore"] or 0 for row in rows)))
        if not any(row["restoring"] for row in rows):
            return
        if done != before:
            moved_at, before = time.monotonic(), done
        if time.monotonic() - moved_at > _STILL_SECONDS:
            raise ChildFailed(
                f"The relay of {service} gets nowhere. Does its worker run, and Kafka? It goes on by itself."
            )
        time.sleep(_POLL_SECONDS)
