"""No service takes a day that the database would take for infinity, or a number for one."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.routing import APIRoute
from pydantic import BaseModel, TypeAdapter, ValidationError
from simpul_shared.errors import Invalid
from simpul_shared.platform.http.app import every_route
from simpul_shared.platform.service import Service, describe

from tests.support.reference import ALL

NO_DAYS = ["0001-01-01", "0202-06-01", "2101-01-01", "9999-12-31", "0", "86400"]


@pytest.mark.parametrize("service", ALL, ids=lambda service: service.name)
def test_every_day_that_is_asked_for_or_sent_has_bounds_and_is_written_out(service: Service) -> None:
    asked = [one for one in _asked_for(service) if _takes(one, "2021-06-28") and not _takes(one, "kemarin")]
    taken = {text: [one for one in asked if _takes(one, text)] for text in NO_DAYS}
    assert asked
    assert taken == {text: [] for text in NO_DAYS}


def _asked_for(service: Service) -> Iterator[Any]:
    for route in every_route(describe(service).routes):
        if isinstance(route, APIRoute):
            yield from (_annotated(one) for one in route.dependant.query_params)
            yield from (field for one in route.dependant.body_params for field in _fields(one))


def _annotated(parameter: Any) -> Any:
    return parameter.field_info.rebuild_annotation()


def _fields(body: Any) -> Iterator[Any]:
    model = body.field_info.annotation
    if isinstance(model, type) and issubclass(model, BaseModel):
        yield from (field.rebuild_annotation() for field in model.model_fields.values())


def _takes(kind: Any, text: str) -> bool:
    try:
        TypeAdapter(kind).validate_python(text)
    except (ValidationError, Invalid):
        return False
    return True
