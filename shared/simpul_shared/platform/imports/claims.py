"""Values that may stand once in a file (pure): each belongs to the first row that can be applied, and refuses the later ones."""

from collections.abc import Iterator

from msgspec.structs import replace

from simpul_shared.platform.imports.form import Accepted, Verdict
from simpul_shared.platform.imports.table import Problem, ReadRow


class Claims:
    """Of one dry run. It takes the rows in their order, so that it does not matter where they are cut."""

    def __init__(self) -> None:
        self._refused: set[int] = set()
        self._heirs: dict[tuple[str, int], int] = {}
        """By column and the first row with a value, the row that has it because those before were refused."""

    def settle(self, row: ReadRow, verdict: Verdict) -> tuple[ReadRow, Verdict]:
        """What an earlier row holds is refused for good: without a record no commit judges it anew."""
        if isinstance(verdict, Accepted) and (taken := tuple(self._taken(row))):
            row, verdict = replace(row, record=None), taken
        if isinstance(verdict, Accepted):
            self._heirs.update({(one.column, one.first): row.number for one in row.repeated})
        else:
            self._refused.add(row.number)
        return row, verdict

    def _taken(self, row: ReadRow) -> Iterator[Problem]:
        for one in row.repeated:
            holder = self._heirs.get((one.column, one.first), one.first)
            if holder not in self._refused:
                hint = (
                    f"{one.shown} sudah ada di baris {holder}. Periksa yang mana yang benar, lalu kosongkan yang lain."
                )
                yield Problem("value-repeated", hint, one.column)
