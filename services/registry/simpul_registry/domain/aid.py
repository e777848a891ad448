"""Aid that a library received, and what became of it (pure). A check tells the condition of every piece."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from simpul_shared.errors import Conflict, Invalid
from simpul_shared.vocabulary import AidItem, FundSource

from simpul_registry.domain.withdrawn import Withdrawn, require_not_withdrawn


class ConditionsDoNotAddUp(Invalid):
    slug = "conditions-do-not-add-up"
    title = "Jumlah kondisi tidak cocok"


class CheckTooEarly(Invalid):
    slug = "check-too-early"
    title = "Pemeriksaan sebelum serah terima"


class AidAlreadyReceived(Conflict):
    slug = "aid-already-received"
    title = "Bantuan sudah dicatat"


@dataclass(frozen=True)
class ConditionCheck:
    """How many pieces were found good and in use, broken, and diverted to another use."""

    checked_on: date
    good: int
    broken: int
    diverted: int
    evidence: tuple[str, ...] = ()

    @property
    def total(self) -> int:
        return self.good + self.broken + self.diverted


@dataclass(frozen=True)
class AidReceipt:
    """One line of a handover record (BAST). `checks` are in the order of their days; of one day the last one holds."""

    receipt_id: UUID
    library_id: UUID
    item: AidItem
    quantity: int
    source: FundSource
    bast_no: str
    bast_date: date
    checks: tuple[ConditionCheck, ...] = ()
    version: int = 0
    withdrawn: Withdrawn | None = None


def refuse_line_of_merged(new: AidReceipt, known: Sequence[AidReceipt]) -> None:
    """`known` are those of the library and of what was merged into it. Errors: AidAlreadyReceived."""
    line = (new.bast_no, new.item)
    for one in known:
        if one.library_id != new.library_id and (one.bast_no, one.item, one.withdrawn) == (*line, None):
            raise AidAlreadyReceived(
                f"This line of the handover record was recorded for {one.library_id}, which was merged into this library."
                " Record a check of its condition there.",
                field="/bast_no",
                facts={"receipt_id": one.receipt_id},
            )


def check(receipt: AidReceipt, found: ConditionCheck) -> AidReceipt:
    """Errors: RecordWithdrawn, ConditionsDoNotAddUp, CheckTooEarly."""
    require_not_withdrawn(receipt.withdrawn)
    if found.total != receipt.quantity:
        raise ConditionsDoNotAddUp(
            f"{receipt.quantity} pieces were received, the check tells of {found.total}. Count every piece once.",
            field="/good",
        )
    if found.checked_on < receipt.bast_date:
        raise CheckTooEarly(
            f"They were handed over on {receipt.bast_date}. Name that day or a later one.", field="/checked_on"
        )
    return replace(receipt, checks=tuple(sorted((*receipt.checks, found), key=lambda one: one.checked_on)))
