"""How figures are rounded, the same everywhere."""

from decimal import ROUND_HALF_UP, Decimal


def percentage(part: int, whole: int | None) -> float | None:
    """Per cent to two decimals, halves up; None where there is nothing to divide by."""
    if not whole:
        return None
    return float((Decimal(100 * part) / whole).quantize(Decimal("0.01"), ROUND_HALF_UP))
