"""Query parameters that a route does not know are refused: one misspelt would be left out, and the answer be to another question."""

from collections.abc import Iterator
from difflib import get_close_matches

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from simpul_shared.errors import Invalid


class ParameterUnknown(Invalid):
    slug = "parameter-unknown"
    title = "Parameter tidak dikenal"


def require_known_parameters(request: Request) -> None:
    """Errors: ParameterUnknown."""
    if not request.scope["query_string"]:
        return
    route: APIRoute = request.scope["route"]
    known = tuple(sorted(set(_names(route.dependant))))
    for name in request.query_params:
        if name not in known:
            raise ParameterUnknown(_told(name, known), field=f"/query/{name}", facts={"known": known})


def _names(dependant: Dependant) -> Iterator[str]:
    yield from (parameter.alias for parameter in dependant.query_params)
    for further in dependant.dependencies:
        yield from _names(further)


def _told(name: str, known: tuple[str, ...]) -> str:
    if not known:
        return f"{name!r} is no parameter of this address, which takes none. Leave it out."
    near = get_close_matches(name, known, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    return f"{name!r} is no parameter of this address.{hint} It takes {', '.join(known)}."
