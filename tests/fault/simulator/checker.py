"""What must hold, watched from outside: the operations' own log against ledger, topic, projection and marks."""

from collections import defaultdict
from datetime import UTC, datetime
from uuid import UUID

import msgspec
from simpul_shared.contracts.envelope import Envelope
from simpul_shared.contracts.topics import LIBRARIES
from simpul_shared.platform.relay import Place

from tests.fault.simulator.kafka import ModelKafka
from tests.fault.simulator.ledger import LedgerRow, LedgerTable
from tests.fault.simulator.postgres import ModelPostgres, Transaction
from tests.fault.simulator.store import applied_through
from tests.fault.simulator.writers import Operation, Outcome

SERVICE = "tally"
TOPICS = [LIBRARIES.name]

_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_envelope = msgspec.json.Decoder(Envelope)


class Checker:
    """Watches the run as it goes, and judges it at the end."""

    def __init__(self, ledger: LedgerTable, kafka: ModelKafka, projection: ModelPostgres) -> None:
        self.ledger = ledger
        self.kafka = kafka
        self.projection = projection
        self.world = ledger.server.world
        self.claimed = _LONG_AGO
        ledger.server.on_commit.append(self._recorded)
        ledger.on_advance.append(self._advanced)
        projection.on_commit.append(self._applied)

    def _recorded(self, tx: Transaction) -> None:
        for key, row in tx.writes.items():
            if key[0] != "ledger":
                continue
            at = self.ledger.cursor(row.shard).place
            if (row.place.xid, row.place.id) <= (at.xid, at.id):
                self.world.fail("lost", f"the cursor passed {row.place} before it was committed")
            if row.recorded_at <= self.claimed:
                self.world.fail(
                    "mark", f"recorded at {row.recorded_at}, yet all up to {self.claimed} was said to be applied"
                )

    def _advanced(self, shard: int, to: Place) -> None:
        for row in self.ledger.rows:
            passed = row.shard == shard and (row.place.xid, row.place.id) <= (to.xid, to.id)
            if passed and row.value not in self.kafka.logs[self.kafka.partition_of(row.topic, row.key)].known:
                self.world.fail("lost", f"the cursor passed {row.place}, which is not in Kafka")

    def _applied(self, _: Transaction) -> None:
        through = applied_through(self.projection, SERVICE, TOPICS)
        if through is None or through <= self.claimed:
            return
        self.claimed = through
        for row in self.ledger.rows:
            if row.recorded_at <= through and not self._is_applied(row) and not self._is_withheld(row):
                self.world.fail(
                    "mark", f"said to be applied up to {through}, but {row.place} of {row.recorded_at} is not"
                )

    def _is_applied(self, row: LedgerRow) -> bool:
        version: int = self.projection.committed["applied"].get(("applied", row.aggregate), 0)
        return version >= row.version

    def _is_withheld(self, row: LedgerRow) -> bool:
        """Kept aside as an open letter, which whoever reads a figure is told of (marks.count_withheld)."""
        letters = self.projection.committed["letter"].values()
        return any(letter.record.value == row.value for letter in letters)

    def restored(self) -> None:
        """The projection is as it was before; what it said since then is said no more."""
        self.claimed = applied_through(self.projection, SERVICE, TOPICS) or _LONG_AGO

    def behind(self) -> str | None:
        """What has not converged yet, or None."""
        missing = [row for row in self.ledger.rows if not self._is_applied(row)]
        if missing:
            return f"{len(missing)} of {len(self.ledger.rows)} rows are not applied, first {missing[0].place}"
        for shard in (0, 1):
            rows = [row for row in self.ledger.rows if row.shard == shard]
            if rows and self.ledger.cursor(shard).place.id != rows[-1].place.id:
                return f"the cursor of shard {shard} is at {self.ledger.cursor(shard).place}, not {rows[-1].place}"
        if self.projection.committed["letter"]:
            return f"{len(self.projection.committed['letter'])} letters are open"
        return None

    def judge(self, operations: list[Operation]) -> None:
        self._judge_versions()
        self._judge_topic()
        self._judge_totals(operations)

    def _judge_versions(self) -> None:
        versions: dict[UUID, int] = defaultdict(int)
        for row in self.ledger.rows:
            versions[row.aggregate] += 1
            if row.version != versions[row.aggregate]:
                self.world.fail(
                    "reordered", f"ledger: version {row.version} of {row.aggregate} in place {versions[row.aggregate]}"
                )

    def _judge_topic(self) -> None:
        """Repeats are legal (1 2 3 2), a version before the one ahead of it is not (1 3 2)."""
        values = {row.value for row in self.ledger.rows}
        for (topic, number), log in self.kafka.logs.items():
            if topic not in TOPICS:
                continue
            seen: dict[str, int] = defaultdict(int)
            for record in log.records:
                if record.value not in values:
                    self.world.fail("phantom", f"{topic}/{number} holds what was never recorded")
                    continue
                envelope = _envelope.decode(record.value)
                if envelope.aggregateversion > seen[envelope.subject] + 1:
                    self.world.fail(
                        "reordered", f"{topic}/{number}: {envelope.aggregateversion} after {seen[envelope.subject]}"
                    )
                seen[envelope.subject] = max(seen[envelope.subject], envelope.aggregateversion)

    def _judge_totals(self, operations: list[Operation]) -> None:
        tallied: dict[UUID, tuple[str, ...]] = {
            key[1]: names for key, names in self.projection.committed["tally"].items()
        }
        recorded = self._recorded_names()
        for library in {**tallied, **recorded}:
            self._judge_library(library, tallied.get(library, ()), recorded.get(library, []))
        for operation in operations:
            self._judge_operation(operation, recorded)

    def _recorded_names(self) -> dict[UUID, list[str]]:
        names: dict[UUID, list[str]] = defaultdict(list)
        for row in self.ledger.rows:
            names[row.aggregate].append(msgspec.json.decode(_envelope.decode(row.value).data)["new_name"])
        return names

    def _judge_library(self, library: UUID, tallied: tuple[str, ...], recorded: list[str]) -> None:
        for kind, wrong in (
            ("lost", set(recorded) - set(tallied)),
            ("phantom", set(tallied) - set(recorded)),
            ("doubled", {name for name in tallied if tallied.count(name) > 1}),
        ):
            for name in sorted(wrong):
                self.world.fail(kind, f"{name} of {library}")
        if list(dict.fromkeys(tallied)) != [name for name in recorded if name in tallied]:
            self.world.fail("reordered", f"{library}: {tallied} instead of {recorded}")

    def _judge_operation(self, operation: Operation, recorded: dict[UUID, list[str]]) -> None:
        found = [recorded.get(library, []).count(operation.name) for library in operation.libraries]
        once, never = [1] * len(found), [0] * len(found)
        allowed = {
            Outcome.OK: (once,),
            Outcome.REFUSED: (never,),
            Outcome.UNKNOWN: (never,) if operation.refused else (never, once),
        }[operation.outcome]
        if found not in allowed:
            kind = "lost" if found < once else "doubled"
            self.world.fail(
                "phantom" if allowed == (never,) else kind, f"{operation.outcome} {operation.name}: {found}"
            )
