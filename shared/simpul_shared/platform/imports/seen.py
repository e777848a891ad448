"""What has come before in a file, and where: in memory that is the same for few rows and for many."""

from array import array


class Seen:
    """Remembers up to `most` things by 16 bytes of their SHA-256, in a table with open addresses that is never more than half full."""

    def __init__(self, most: int) -> None:
        slots = 1 << (2 * most).bit_length()
        self._mask = slots - 1
        self._rows = array("I", bytes(4 * slots))
        self._high, self._low = array("Q", bytes(8 * slots)), array("Q", bytes(8 * slots))

    def first(self, digest: bytes, row: int) -> int:
        """The row in which the thing with this SHA-256 came first: this one, if it is new. Rows count from 1."""
        high, low = int.from_bytes(digest[:8]), int.from_bytes(digest[8:16])
        slot = high & self._mask
        while self._rows[slot]:
            if self._high[slot] == high and self._low[slot] == low:
                return self._rows[slot]
            slot = (slot + 1) & self._mask
        self._rows[slot], self._high[slot], self._low[slot] = row, high, low
        return row
