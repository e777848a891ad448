"""Events made from their structs, for the corpus: the least, the most, odd texts, both ends, every word of an enumeration."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, TypeVar
from uuid import UUID, uuid4

import msgspec
from msgspec import inspect

S = TypeVar("S", bound=msgspec.Struct)

ODD = '"quoted" \\ / \b\f\n\r\t\u0001 Désa e\u0301 ｗｉｄｅ \u202eעברית\u202c 🏫👩🏽\u200d🏫 \u2028\u2029 \ufeff <&\'>'


@dataclass(frozen=True)
class Palette:
    """One value per kind of field. `word` picks from enumerations; `length` is that of lists; `bare` leaves out what it can."""

    text: str
    number: int
    day: date
    moment: datetime
    id: UUID | None = None
    length: int = 1
    word: int = 0
    bare: bool = False


_WITA = timezone(timedelta(hours=8))
_DAY, _MOMENT = date(2021, 6, 28), datetime(2021, 6, 28, 10, 0, 0, 123456, _WITA)
PALETTES = {
    "minimal": Palette("a", 1, _DAY, _MOMENT, length=0, bare=True),
    "full": Palette("Perpustakaan Desa Mengwi", 2021, _DAY, _MOMENT, length=3, word=1),
    "odd texts": Palette(ODD, 7, _DAY, _MOMENT, word=1),
    "lowest": Palette("", -(2**63), date.min, datetime.min.replace(tzinfo=UTC), UUID(int=0), length=0),
    "highest": Palette(
        "x" * 1000, 2**63 - 1, date.max, datetime.max.replace(tzinfo=UTC), UUID(int=2**128 - 1), length=20
    ),
}


def examples_of(kind: type[S]) -> Iterator[S]:
    """At least one per palette, and one per word of the longest enumeration in it."""
    for palette in PALETTES.values():
        yield _struct(kind, palette)
    for word in range(2, _longest(inspect.type_info(kind))):
        yield _struct(kind, Palette("kata", word, _DAY, _MOMENT, word=word))


def _struct(kind: type[S], palette: Palette) -> S:
    info = inspect.type_info(kind)
    assert isinstance(info, inspect.StructType)
    fields = [field for field in info.fields if field.required or not palette.bare]
    return kind(**{field.name: _value(field.type, palette) for field in fields})


def _value(info: inspect.Type, palette: Palette) -> Any:
    if isinstance(info, inspect.Metadata):
        info = info.type
    match info:
        case inspect.EnumType(cls=words):
            return list(words)[palette.word % len(words)]
        case inspect.VarTupleType(item_type=item):
            return tuple(_value(item, palette) for _ in range(palette.length))
        case inspect.DictType(value_type=inner):
            return {f"{palette.text}{number}": _value(inner, palette) for number in range(palette.length)}
        case inspect.UnionType(types=types):
            return None if palette.bare else _value(types[0], palette)
        case inspect.StructType(cls=kind):
            return _struct(kind, palette)
    return _scalars(palette)[type(info)]


def _scalars(palette: Palette) -> dict[type[inspect.Type], Any]:
    return {
        inspect.StrType: palette.text,
        inspect.IntType: palette.number,
        inspect.FloatType: palette.number / 4,
        inspect.UUIDType: palette.id or uuid4(),
        inspect.DateType: palette.day,
        inspect.DateTimeType: palette.moment,
    }


def _longest(info: inspect.Type) -> int:
    match info:
        case inspect.EnumType(cls=words):
            return len(words)
        case inspect.StructType(fields=fields):
            return max((_longest(field.type) for field in fields), default=0)
        case inspect.VarTupleType(item_type=item):
            return _longest(item)
        case inspect.UnionType(types=types):
            return max(_longest(one) for one in types)
        case _:
            return 0
