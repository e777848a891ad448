"""Questions about what libraries were given and how they stand."""

from datetime import date, datetime
from uuid import UUID

from simpul_shared.errors import NotFound
from simpul_shared.platform.auth import Scope
from simpul_shared.platform.database import Transaction
from simpul_shared.platform.http.query import Page

from simpul_registry.domain.snp import Standards, compare
from simpul_registry.store.aid import list_receipts, load_receipt
from simpul_registry.store.libraries import load_library
from simpul_registry.store.regions import local_day
from simpul_registry.store.snp import latest_profile, list_accreditations
from simpul_registry.views.holdings import AccreditationView, AidReceiptView, SnpView


class SnpUnknown(NotFound):
    slug = "snp-unknown"
    title = "Keadaan menurut SNP belum diketahui"


async def aid_of(tx: Transaction, library_id: UUID, *, scope: Scope, now: datetime) -> Page[AidReceiptView]:
    """By the day of the handover. Errors: LibraryUnknown."""
    await load_library(tx, library_id, scope=scope, now=now)
    return Page(items=[AidReceiptView.of(one) for one in await list_receipts(tx, library_id)])


async def get_receipt(tx: Transaction, receipt_id: UUID, *, scope: Scope, now: datetime) -> AidReceiptView:
    """Errors: AidUnknown."""
    receipt, _ = await load_receipt(tx, receipt_id, scope=scope, now=now)
    return AidReceiptView.of(receipt)


async def accreditations_of(
    tx: Transaction, library_id: UUID, *, scope: Scope, now: datetime
) -> Page[AccreditationView]:
    """The latest first. Errors: LibraryUnknown."""
    await load_library(tx, library_id, scope=scope, now=now)
    return Page(items=[AccreditationView.of(one) for one in await list_accreditations(tx, library_id)])


async def standing(
    tx: Transaction,
    library_id: UUID,
    *,
    on: date | None,
    known_on: datetime | None,
    rules: str | None,
    standards: Standards,
    scope: Scope,
    now: datetime,
) -> SnpView:
    """By the latest profile of the day. Errors: LibraryUnknown, RulesUnknown, SnpUnknown."""
    region = (await load_library(tx, library_id, scope=scope, now=now)).region
    day = on or local_day(now, region.timezone)
    standard = standards.effective(day) if rules is None else standards.named(rules, field="/query/rules")
    profile = await latest_profile(tx, library_id, on=day, known_on=known_on)
    if profile is None:
        raise SnpUnknown(f"What the standard asks for was not observed by {day}. Record a profile first.")
    return SnpView.of(profile, standard, compare(standard, profile.observation))
