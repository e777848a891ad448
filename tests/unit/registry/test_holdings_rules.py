"""The national standard's thresholds, and that a check of aid counts every piece once."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest
from simpul_registry.domain.aid import AidReceipt, CheckTooEarly, ConditionCheck, ConditionsDoNotAddUp, check
from simpul_registry.domain.dated_rules import RulesBroken
from simpul_registry.domain.snp import SnpObservation, compare, gaps, unknown
from simpul_registry.store.rules import SNP, read_standards
from simpul_shared.vocabulary import AidItem, FundSource, Schooling, SnpThreshold

STANDARDS = read_standards()
RULES = STANDARDS.versions[0]
DAY = date(2026, 3, 14)
JUST = SnpObservation(DAY, 1000, 56, 6, 2, Schooling.UPPER_SECONDARY, True)
AID = AidReceipt(UUID(int=1), UUID(int=2), AidItem.COMPUTER, 3, FundSource.NATIONAL, "027/BAST/2021", date(2021, 8, 2))


def test_what_just_reaches_every_threshold_has_no_gap() -> None:
    findings = compare(RULES, JUST)
    assert (gaps(findings), unknown(findings), len(findings)) == ((), (), 5)


@pytest.mark.parametrize(
    ("observed", "missed"),
    [
        (replace(JUST, titles=999), SnpThreshold.TITLES),
        (replace(JUST, building_m2=55.9), SnpThreshold.BUILDING),
        (replace(JUST, hours_per_day=5.5), SnpThreshold.HOURS),
        (replace(JUST, staff=1), SnpThreshold.STAFF),
        (replace(JUST, head_schooling=Schooling.LOWER_SECONDARY), SnpThreshold.HEAD),
        (replace(JUST, head_trained=False), SnpThreshold.HEAD),
        (replace(JUST, head_schooling=None, head_trained=False), SnpThreshold.HEAD),
        (replace(JUST, head_schooling=Schooling.PRIMARY, head_trained=None), SnpThreshold.HEAD),
    ],
)
def test_each_threshold_is_missed_by_itself(observed: SnpObservation, missed: SnpThreshold) -> None:
    assert gaps(compare(RULES, observed)) == (missed,)


def test_what_was_not_observed_is_unknown_and_no_gap() -> None:
    findings = compare(RULES, SnpObservation(DAY))
    assert (gaps(findings), unknown(findings)) == ((), tuple(SnpThreshold))
    assert unknown(compare(RULES, replace(JUST, head_trained=None))) == (SnpThreshold.HEAD,)


def test_training_counts_only_where_the_rules_ask_for_it() -> None:
    lenient = replace(RULES, version="lain", head_trained=False)
    assert gaps(compare(lenient, replace(JUST, head_trained=False))) == ()


@pytest.mark.parametrize(("old", "new"), [('"SLTA"', '"SMA"'), ("staff = 2\n", ""), ("[[version]]", "[[versi]]")])
def test_a_standard_that_cannot_be_used_is_refused(tmp_path: Path, old: str, new: str) -> None:
    path = tmp_path / "snp.toml"
    path.write_text(SNP.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(RulesBroken, match=r"snp\.toml"):
        read_standards(path)


def test_checks_stand_in_the_order_of_their_days_and_count_every_piece() -> None:
    late, early = ConditionCheck(date(2023, 1, 1), 1, 1, 1), ConditionCheck(date(2022, 1, 1), 3, 0, 0)
    assert check(check(AID, late), early).checks == (early, late)
    with pytest.raises(ConditionsDoNotAddUp):
        check(AID, ConditionCheck(DAY, 3, 1, 0))
    with pytest.raises(CheckTooEarly):
        check(AID, ConditionCheck(date(2021, 8, 1), 3, 0, 0))
