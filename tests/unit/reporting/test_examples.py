"""The examples in the OpenAPI document are answers that the service could give."""

from typing import Any

import pytest
from pydantic import BaseModel
from simpul_reporting import examples
from simpul_reporting.api.targets import ReviseTarget, SetTarget
from simpul_reporting.queries.activities import ActivityReport
from simpul_reporting.queries.attendance import AttendanceReport
from simpul_reporting.queries.realisation import Realisation
from simpul_reporting.views import TargetHistory, TargetView

ANSWERS = [
    (Realisation, examples.REALISATION),
    (ActivityReport, examples.ACTIVITIES),
    (AttendanceReport, examples.ATTENDANCE),
    (TargetView, examples.TARGET),
    (TargetHistory, examples.TARGET_HISTORY),
]


@pytest.mark.parametrize(("model", "example"), ANSWERS, ids=lambda value: getattr(value, "__name__", ""))
def test_an_example_answer_has_the_shape_of_its_model_down_to_the_last_field(
    model: type[BaseModel], example: dict[str, Any]
) -> None:
    assert model.model_validate(example).model_dump(mode="json", by_alias=True) == example


@pytest.mark.parametrize("body", [SetTarget, ReviseTarget])
def test_an_example_body_is_accepted(body: type[BaseModel]) -> None:
    (example,) = body.model_json_schema()["examples"]
    body.model_validate(example)
