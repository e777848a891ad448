"""What cannot be read is passed over without a trace."""

from collections.abc import Sequence

from simpul_shared.contracts.topics import MARKS
from simpul_shared.platform.consume import Poison, Record, _decode_mark, _Item, _Outcome, _read, _Streak

from tests.fault.hunt.findings import Kind

TARGET = "simpul_shared.platform.consume:_read_all"
SHOWS = {Kind.LETTER}


def replacement(records: Sequence[Record], outcome: _Outcome, streak: _Streak) -> list[_Item]:
    items = []
    for record in records:
        try:
            if record.topic == MARKS.name:
                outcome.marks.append(_decode_mark(record))
            else:
                items.append(_read(record))
        except Poison:
            continue
    return items
