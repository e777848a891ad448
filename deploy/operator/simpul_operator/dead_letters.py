"""The commands `simpul dead-letters ...`: what waits for a person, and what a person does about it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from simpul_operator.addresses import DEFAULT_PORT_BASE
from simpul_operator.options import DEFAULT_DATA_DIR, DataDirOption, JsonOption, PortBaseOption, checked_port_base

if TYPE_CHECKING:
    from simpul_operator.letter_desk import LetterDesk

dead_letters_app = typer.Typer(
    help="Records that could not be applied, and what to do about them.", no_args_is_help=True
)

ServiceOption = Annotated[str, typer.Option("--service", help="Whose letters: activities or reporting.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why you do it; it is kept in the audit.")]
LetterArgument = Annotated[int, typer.Argument(metavar="ID", help="As `list` shows it.", min=1)]
WithReasonOption = Annotated[str | None, typer.Option("--with-reason", help="Such as event-type-unknown.")]
TypeOption = Annotated[str | None, typer.Option("--type", help="The event's type.")]
TopicOption = Annotated[str | None, typer.Option("--topic", help="Without the prefix.")]
AggregateOption = Annotated[str | None, typer.Option("--aggregate", help="Id of the library, person, Bimtek, ...")]


@dead_letters_app.command("list")
def list_letters(
    service: ServiceOption = "reporting",
    state: Annotated[
        list[str] | None, typer.Option("--state", help="poison, waiting, resolved, dismissed; may be repeated.")
    ] = None,
    with_reason: WithReasonOption = None,
    event_type: TypeOption = None,
    topic: TopicOption = None,
    aggregate: AggregateOption = None,
    limit: Annotated[int, typer.Option("--limit", help="At most so many.", min=1)] = 200,
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
    port_base: PortBaseOption = DEFAULT_PORT_BASE,
    as_json: JsonOption = False,
) -> None:
    """List dead letters, the oldest first: poison ones and those that wait, unless states are given."""
    wanted = _wanted(with_reason, event_type, topic, aggregate)
    wanted["reason"] = wanted.pop("with_reason", None)
    _desk(data_dir, port_base, service, as_json=as_json).list(limit, state=state, **wanted)


@dead_letters_app.command("show")
def show_letter(
    letter: LetterArgument,
    service: ServiceOption = "reporting",
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
    port_base: PortBaseOption = DEFAULT_PORT_BASE,
    as_json: JsonOption = False,
) -> None:
    """Show one dead letter: its bytes, what waits behind it, what was done about it."""
    _desk(data_dir, port_base, service, as_json=as_json).show(letter)


@dead_letters_app.command("redrive")
def redrive(
    reason: ReasonOption,
    letter: Annotated[int | None, typer.Argument(metavar="[ID]", help="One letter.", min=1)] = None,
    every: Annotated[bool, typer.Option("--all", help="Every poison letter.")] = False,
    with_reason: WithReasonOption = None,
    event_type: TypeOption = None,
    topic: TopicOption = None,
    aggregate: AggregateOption = None,
    service: ServiceOption = "reporting",
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
    port_base: PortBaseOption = DEFAULT_PORT_BASE,
    as_json: JsonOption = False,
) -> None:
    """Apply a letter again, then what waits behind it; or many at once, by what they have in common or with --all."""
    wanted = _wanted(with_reason, event_type, topic, aggregate)
    if (letter is not None) + every + bool(wanted) != 1:
        raise typer.BadParameter(
            "Name one letter, or say which (--with-reason, --type, --topic, --aggregate), or --all."
        )
    desk = _desk(data_dir, port_base, service, as_json=as_json)
    if letter is not None:
        desk.change(letter, "redrive", reason=reason)
    else:
        desk.redrive_many(reason=reason, **wanted)


@dead_letters_app.command("edit")
def edit(
    letter: LetterArgument,
    reason: ReasonOption,
    file: Annotated[
        Path | None, typer.Option("--file", help="The whole new value; without it, $EDITOR opens the present one.")
    ] = None,
    service: ServiceOption = "reporting",
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
    port_base: PortBaseOption = DEFAULT_PORT_BASE,
    as_json: JsonOption = False,
) -> None:
    """Give a letter another value and apply it. It must stay the same event; what came from Kafka is kept."""
    _desk(data_dir, port_base, service, as_json=as_json).edit(letter, file, reason=reason)


@dead_letters_app.command("dismiss")
def dismiss(
    letter: LetterArgument,
    reason: ReasonOption,
    service: ServiceOption = "reporting",
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
    port_base: PortBaseOption = DEFAULT_PORT_BASE,
    as_json: JsonOption = False,
) -> None:
    """Give a letter up: its event is never counted, and what waits behind it follows."""
    _desk(data_dir, port_base, service, as_json=as_json).change(letter, "dismiss", reason=reason)


@dead_letters_app.command("assign")
def assign(
    letter: LetterArgument,
    owner: Annotated[str, typer.Option("--owner", help="Who looks after it: a person's or a team's word.")],
    reason: ReasonOption,
    service: ServiceOption = "reporting",
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
    port_base: PortBaseOption = DEFAULT_PORT_BASE,
    as_json: JsonOption = False,
) -> None:
    """Name who looks after a letter."""
    _desk(data_dir, port_base, service, as_json=as_json).change(letter, "assign", reason=reason, owner=owner)


def _wanted(
    with_reason: str | None, event_type: str | None, topic: str | None, aggregate: str | None
) -> dict[str, Any]:
    wanted = {"with_reason": with_reason, "event_type": event_type, "topic": topic, "aggregate_id": aggregate}
    return {name: value for name, value in wanted.items() if value is not None}


def _desk(data_dir: Path, port_base: int, service: str, *, as_json: bool) -> "LetterDesk":
    from simpul_operator.letter_desk import LetterDesk
    from simpul_operator.operator_client import OperatorClient, find_platform

    client = OperatorClient(find_platform(data_dir, checked_port_base(port_base)))
    return LetterDesk(client, service, as_json=as_json)
