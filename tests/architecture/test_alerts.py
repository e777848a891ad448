"""Alert rules name metrics that exist, and each has its section in the how-to."""

import re
from typing import Any

import pytest
import yaml
from prometheus_client.metrics import MetricWrapperBase
from simpul_shared.platform import telemetry

from tests.support.reference import ROOT

RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((ROOT / "deploy" / "alerts" / "simpul.rules.yml").read_text("utf-8"))["groups"]
    for rule in group["rules"]
]


def metric_names() -> set[str]:
    metrics = [one for one in vars(telemetry).values() if isinstance(one, MetricWrapperBase)]
    return {sample.name for metric in metrics for family in metric.collect() for sample in family.samples} | {
        name for metric in metrics for family in metric.describe() for name in (family.name, f"{family.name}_total")
    }


@pytest.mark.parametrize("rule", RULES, ids=[rule["alert"] for rule in RULES])
def test_every_metric_of_a_rule_exists(rule: dict[str, Any]) -> None:
    named = set(re.findall(r"simpul_[a-z_]+", rule["expr"]))
    assert named
    assert named <= metric_names()


@pytest.mark.parametrize("rule", RULES, ids=[rule["alert"] for rule in RULES])
def test_every_rule_has_its_section(rule: dict[str, Any]) -> None:
    page, _, anchor = rule["annotations"]["runbook"].partition("#")
    assert anchor == rule["alert"].lower()
    assert f"\n## {rule['alert']}\n" in (ROOT / page).read_text("utf-8")
    assert rule["labels"]["severity"] in {"page", "ticket"}
