"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from simpul_operator.addresses import Ports
from simpul_operator.failures import Misconfigured

DEFAULT_DATA_DIR = Path(".simpul")

DataDirOption = Annotated[Path, typer.Option("--data-dir", help="Where the embedded stack keeps all its data.")]
PortBaseOption = Annotated[
    int, typer.Option("--port-base", help="Issuer at +0, registry +1, activities +2, reporting +3, and so on.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]


def checked_port_base(port_base: int) -> int:
    """Errors: Misconfigured."""
    try:
        return Ports(port_base).base
    except ValueError as error:
        raise Misconfigured(str(error)) from error
