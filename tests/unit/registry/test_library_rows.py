"""What a row of the form "libraries" says: the hash by which it is known again in every later file."""

from datetime import date
from uuid import UUID

import pytest
from simpul_registry.imports.layout import LibraryRecord, region_code
from simpul_registry.imports.libraries import _statement
from simpul_registry.imports.places import Place
from simpul_shared.platform.imports.columns import RowRefused
from simpul_shared.regions.store import Region
from simpul_shared.vocabulary import FundSource, LibraryType, RegionKind, RegionLevel, Scheme

VILLAGE = Region(
    UUID(int=7),
    "KEMENDAGRI",
    "51.03.02.2009",
    "Mengwi",
    RegionLevel.VILLAGE,
    RegionKind.VILLAGE,
    None,
    (UUID(int=7),),
    "Asia/Makassar",
    date.min,
    date.max,
    "test",
)


def row(sk_no: str | None, npp: str | None, fund_source: FundSource | None = None) -> LibraryRecord:
    days = (None, None) if sk_no is None else (date(2021, 2, 1), date(2021, 3, 15))
    place = (VILLAGE.code, None, None, None, None)
    said = (LibraryType.VILLAGE, "Pustaka  A", *place, 2021, Scheme.STIMULUS, days[0], sk_no, days[1], npp, None)
    return LibraryRecord(*said, fund_source)


def statement(one: LibraryRecord) -> str:
    return _statement(one, Place(VILLAGE, VILLAGE)).hex()


@pytest.mark.parametrize(
    ("one", "as_ever"),
    [
        (row("12/SK/2021", "6372052C0000001"), "6f115c400b6d4d4e099d7844cb3948c54bce3d49438765f977fedc7091c3f37e"),
        (row(None, None), "f9a8f74b6b7c4895901a2810fdf388c6417c87ebc55348c4d1d71cb593316251"),
    ],
)
def test_a_row_is_known_again_that_was_applied_before_there_was_a_column_for_the_fund(
    one: LibraryRecord, as_ever: str
) -> None:
    assert statement(one) == as_ever


def test_rows_with_another_fund_say_something_else() -> None:
    funds = (None, FundSource.NATIONAL, FundSource.VILLAGE)
    assert len({statement(row(None, None, fund)) for fund in funds}) == 3


def test_a_code_in_digits_of_another_script_is_refused() -> None:
    with pytest.raises(RowRefused) as refused:
        region_code("٥١.03.02.2009", None)
    [(column, why)] = refused.value.reasons
    assert (column, why.code) == ("code", "region-code-malformed")
