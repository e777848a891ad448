"""What a service says of a form: its columns, how rows are judged, and how accepted ones are applied. The machine does the rest."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from simpul_shared.access import NATION_CODE, Permission
from simpul_shared.contracts.envelope import Event
from simpul_shared.platform.auth import Scope
from simpul_shared.platform.database import Origin, Transaction
from simpul_shared.platform.imports.columns import Layout
from simpul_shared.platform.imports.table import Problem


@dataclass(frozen=True)
class Asked:
    """In whose name rows are judged, within which region, and when.

    `region_code` may narrow the scope down; it is the code that the region bore at `sent_at`, when the file came.
    """

    actor: str
    permissions: frozenset[Permission]
    scope: Scope
    region_code: str
    sent_at: datetime
    now: datetime

    @property
    def narrowed(self) -> bool:
        return self.region_code != NATION_CODE


class Accepted(msgspec.Struct, frozen=True):
    """A row that can be applied. `statement` is the hash of what it says; `plan` is for the form's other functions and nobody else.

    `remarks` are worth a look and refuse nothing, whatever else there is.
    """

    statement: bytes
    plan: Any
    remarks: tuple[Problem, ...] = ()


Verdict = Accepted | tuple[Problem, ...]


class Applied(msgspec.Struct, frozen=True):
    """What became of a row: the thing it made or changed, and its events."""

    subject_id: UUID
    event_ids: Sequence[UUID]


Judge = Callable[[Transaction, Sequence[bytes], Asked], Awaitable[list[Verdict]]]
"""Records as JSON in, a verdict for each out, in their order. Reads only, and set-based: some hundreds at a time."""

Remark = Callable[[Transaction, Sequence[Any]], Awaitable[list[tuple[Problem, ...]]]]
"""Plans in, for each what is worth a look out, as things are when it is asked, laid or not; refuses nothing."""

Prepare = Callable[[Sequence[Any], Origin], list[Any]]
"""Plans in, for each out what `lay` and `announce` take: all that needs no transaction, done while another chunk is written."""

Lay = Callable[[Transaction, Sequence[Any]], Awaitable[None]]
"""What was prepared in, as rows of the form's tables. Under no lock: done ahead, and undone where it was not to be."""

Announce = Callable[[Transaction, Sequence[Any], str], Awaitable[list[Applied]]]
"""What was prepared and laid in, what became of each out; records the events. The text is the lock that the transaction holds."""


@dataclass(frozen=True)
class ImportEvents:
    """How the service announces an import: its own types, on its own topic."""

    accepted: Callable[..., Event]
    row_rejected: Callable[..., Event]
    completed: Callable[..., Event]


@dataclass(frozen=True)
class CodeList:
    """A further sheet of the template, such as the villages of a region."""

    name: str
    header: tuple[str, ...]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Form:
    """`layout` is where the process that reads files finds `columns`: "package.module:NAME".

    `permission` is what sending the form in takes; single rows may take more. `lists` gives the code lists of a region.
    """

    name: str
    title: str
    layout: str
    columns: Layout
    permission: Permission
    judge: Judge
    remark: Remark
    prepare: Prepare
    lay: Lay
    announce: Announce
    events: ImportEvents
    lists: Callable[[Transaction, str, datetime], Awaitable[list[CodeList]]]
    notes: Sequence[str] = field(default_factory=tuple)
