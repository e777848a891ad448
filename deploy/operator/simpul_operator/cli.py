"""The command line `simpul`. Each command imports what it needs when it runs, so that `simpul token` stays quick."""

import errno
import sys
from pathlib import Path
from typing import Annotated

import typer

from simpul_operator.addresses import DEFAULT_PORT_BASE, HOST, Addresses, Ports, addresses_of
from simpul_operator.dead_letters import dead_letters_app
from simpul_operator.failures import DiskFull, Failure, Misconfigured
from simpul_operator.options import (
    DEFAULT_DATA_DIR,
    DataDirOption,
    JsonOption,
    PortBaseOption,
    checked_port_base,
)

app = typer.Typer(
    name="simpul",
    help="Runs and operates Simpul Pustaka.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
topics_app = typer.Typer(help="The topics of the platform.", no_args_is_help=True)
app.add_typer(topics_app, name="topics")
app.add_typer(dead_letters_app, name="dead-letters")

BootstrapOption = Annotated[
    str, typer.Option("--kafka-bootstrap", envvar="SIMPUL_KAFKA_BOOTSTRAP", help="host:port, comma separated.")
]
BrokersOption = Annotated[
    int, typer.Option("--brokers", min=1, max=3, help="Kafka brokers; 3 keep every record on three of them.")
]
PrefixOption = Annotated[str, typer.Option("--topic-prefix", envvar="SIMPUL_TOPIC_PREFIX")]

_DEFAULT_BOOTSTRAP = addresses_of(Ports()).kafka_bootstrap


@app.command()
def up(
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
    port_base: PortBaseOption = DEFAULT_PORT_BASE,
    infrastructure: Annotated[
        bool, typer.Option("--infrastructure", help="Postgres and Kafka only; no issuer, no services.")
    ] = False,
    brokers: BrokersOption = 1,
) -> None:
    """Start Postgres, Kafka, the issuer and the services on this machine, and stay until Ctrl-C."""
    from simpul_operator.interrupts import run_interruptibly

    run_interruptibly(_up(data_dir, port_base, brokers=brokers, infrastructure_only=infrastructure))


async def _up(data_dir: Path, port_base: int, *, brokers: int, infrastructure_only: bool) -> None:
    import asyncio

    from simpul_operator.embedded.regions import tell_of_regions
    from simpul_operator.embedded.stack import Stack
    from simpul_operator.progress import Progress

    progress = Progress()
    stack = Stack(
        data_dir,
        port_base=checked_port_base(port_base),
        brokers=brokers,
        infrastructure_only=infrastructure_only,
        progress=progress,
    )
    addresses = await stack.start()
    progress.say(f"Kafka {addresses.kafka_bootstrap}" if infrastructure_only else told_addresses(addresses))
    progress.say("Ctrl-C stops everything; the data stays.")
    try:
        async with asyncio.TaskGroup() as group:
            if not infrastructure_only:
                group.create_task(tell_of_regions(stack.database_urls, progress.say))
            await stack.supervise()
    except asyncio.CancelledError:
        progress.say("Stopping everything ...")
    finally:
        await stack.stop()


@app.command()
def demo(
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
    port_base: PortBaseOption = DEFAULT_PORT_BASE,
    start: Annotated[bool, typer.Option("--up", help="Start the stack first, unless it runs.")] = False,
    leave: Annotated[bool, typer.Option("--exit", help="Stop after the report.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
    brokers: BrokersOption = 1,
) -> None:
    """Load what the sources say of TPBIS 2021 in Bali through the APIs, then print target against realisation."""
    from simpul_operator.demo.command import Options, run
    from simpul_operator.interrupts import run_interruptibly

    options = Options(
        data_dir, checked_port_base(port_base), brokers=brokers, start=start, leave=leave, as_json=as_json
    )
    run_interruptibly(run(options))


def told_addresses(addresses: Addresses) -> str:
    """The addresses for a reader, one a line."""
    rows = {
        "dashboard": f"{addresses.reporting}/",
        "registry": addresses.registry,
        "activities": addresses.activities,
        "reporting": addresses.reporting,
        "issuer": addresses.issuer,
        "Kafka": addresses.kafka_bootstrap,
    }
    return "\n".join(f"{name:<12}{address}" for name, address in rows.items())


WatchOption = Annotated[bool, typer.Option("--watch", help="Ask again every 2 s until Ctrl-C.")]


@app.command()
def status(
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
    port_base: PortBaseOption = DEFAULT_PORT_BASE,
    topic_prefix: PrefixOption = "",
    as_json: JsonOption = False,
    watch: WatchOption = False,
) -> None:
    """Show how the services stand: what waits to be published, how far each follows the others, what needs a person."""
    from simpul_operator.operating import show_status

    show_status(data_dir, checked_port_base(port_base), prefix=topic_prefix, as_json=as_json, watch=watch)


@app.command()
def lag(
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
    port_base: PortBaseOption = DEFAULT_PORT_BASE,
    topic_prefix: PrefixOption = "",
    partitions: Annotated[bool, typer.Option("--partitions", help="One line per partition.")] = False,
    as_json: JsonOption = False,
    watch: WatchOption = False,
) -> None:
    """Show how far each consumer is behind each topic, in events and seconds."""
    from simpul_operator.operating import show_lag

    show_lag(
        data_dir, checked_port_base(port_base), prefix=topic_prefix, partitions=partitions, as_json=as_json, watch=watch
    )


@app.command()
def reset(data_dir: DataDirOption = DEFAULT_DATA_DIR) -> None:
    """Delete all data of the embedded stack."""
    import asyncio

    from simpul_operator.embedded.data_dir import DataDir

    data = DataDir(data_dir)
    if not data.path.exists():
        print(f"There is nothing at {data.path}.", file=sys.stderr)
        return
    if not data.is_ours:
        raise Misconfigured(f"{data.path} is no data directory of simpul, so it is left alone.")
    with data.held():
        asyncio.run(data.clear_leftovers())
        data.delete()
    print(f"Deleted {data.path}.", file=sys.stderr)


@app.command()
def token(
    role: Annotated[str, typer.Option("--role", help="Such as national-admin or library-staff.")],
    region: Annotated[list[str], typer.Option("--region", help="A code such as 51.03, or ID; may be repeated.")],
    client_id: Annotated[str, typer.Option("--client-id")] = "simpul-cli",
    issuer: Annotated[str | None, typer.Option("--issuer", envvar="SIMPUL_ISSUER", help="URL of the issuer.")] = None,
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
    port_base: PortBaseOption = DEFAULT_PORT_BASE,
) -> None:
    """Print an access token from the development issuer, for curl."""
    from simpul_operator.tokens import fetch_token

    where = issuer or _running_issuer(data_dir) or addresses_of(Ports(checked_port_base(port_base))).issuer
    print(fetch_token(where, client_id=client_id, role=role, regions=region))


def _running_issuer(data_dir: Path) -> str | None:
    from simpul_operator.embedded.data_dir import DataDir

    running = DataDir(data_dir).running()
    return running.addresses.issuer if running and running.addresses else None


@app.command("issuer")
def serve_issuer(
    host: Annotated[str, typer.Option("--host")] = HOST,
    port: Annotated[int, typer.Option("--port")] = DEFAULT_PORT_BASE,
    issuer: Annotated[
        str | None, typer.Option("--issuer", envvar="SIMPUL_ISSUER", help="Its URL, which is the `iss` of its tokens.")
    ] = None,
    key_file: Annotated[
        Path | None, typer.Option("--key-file", envvar="SIMPUL_ISSUER_KEY_FILE", help="Made if it is not there.")
    ] = None,
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
) -> None:
    """Serve the development token issuer alone. It refuses to run with SIMPUL_ENV=production."""
    from simpul_operator.embedded.data_dir import DataDir
    from simpul_operator.issuer import IssuerSettings, serve

    if key_file is None:
        DataDir(data_dir).make()
    url = issuer or f"http://{host}:{port}"
    serve(IssuerSettings(url, key_file or data_dir / "issuer-key.pem"), host=host, port=port)


@app.command()
def setup() -> None:
    """Make the roles, databases and topics on servers that run elsewhere; settings come from the environment."""
    from simpul_operator.interrupts import run_interruptibly
    from simpul_operator.provision import given_by_environment, provision

    run_interruptibly(provision(given_by_environment(), say=lambda text: print(text, file=sys.stderr)))


@topics_app.command("create")
def create_topics(bootstrap: BootstrapOption = _DEFAULT_BOOTSTRAP, topic_prefix: PrefixOption = "") -> None:
    """Create the topics that are missing; print their names."""
    from simpul_operator.interrupts import run_interruptibly
    from simpul_operator.topics import ensure_topics

    for name in run_interruptibly(ensure_topics(bootstrap, prefix=topic_prefix)):
        print(name)


@topics_app.command("list")
def list_topics(bootstrap: BootstrapOption = _DEFAULT_BOOTSTRAP, topic_prefix: PrefixOption = "") -> None:
    """Print each topic with its partitions, and whether it is as the contract says."""
    from simpul_operator.interrupts import run_interruptibly
    from simpul_operator.topics import topic_states

    for state in run_interruptibly(topic_states(bootstrap, prefix=topic_prefix)):
        differing = " ".join(f"{key}={value}" for key, value in state.differing.items())
        print(f"{state.name:<36} {state.partitions:>3}  {state.verdict} {differing}".rstrip())


@topics_app.command("restore")
def restore_topics(
    topics: Annotated[
        list[str] | None, typer.Argument(metavar="TOPIC", help="Without the prefix; all if left out.")
    ] = None,
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept in the audit.")] = "topics restore",
    bootstrap: Annotated[
        str | None,
        typer.Option("--kafka-bootstrap", envvar="SIMPUL_KAFKA_BOOTSTRAP", help="host:port, comma separated."),
    ] = None,
    topic_prefix: PrefixOption = "",
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
    port_base: PortBaseOption = DEFAULT_PORT_BASE,
) -> None:
    """Make topics that were lost, and fill them from the ledgers with the original events."""
    from simpul_operator.interrupts import run_interruptibly
    from simpul_operator.operator_client import OperatorClient, find_platform
    from simpul_operator.restore import make_topics, restore

    platform = find_platform(data_dir, checked_port_base(port_base))
    wanted = run_interruptibly(make_topics(topics or [], bootstrap or platform.kafka_bootstrap, prefix=topic_prefix))
    restore(OperatorClient(platform), wanted, reason=reason)


@app.command("import")
def import_file(
    form: Annotated[str, typer.Argument(help="What the rows are: libraries.")],
    file: Annotated[Path, typer.Argument(help="CSV or XLSX.")],
    commit: Annotated[
        bool, typer.Option("--commit", help="Apply what can be applied; without it every row is judged only.")
    ] = False,
    region: Annotated[str, typer.Option("--region", help="Code within which all rows lie.")] = "ID",
    role: Annotated[
        str, typer.Option("--role", help="Asked of the development issuer, unless SIMPUL_TOKEN is set.")
    ] = "national-admin",
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
    port_base: PortBaseOption = DEFAULT_PORT_BASE,
) -> None:
    """Send in a file of many rows: a verdict for each, then with --commit a receipt; what was refused lies beside it."""
    from simpul_operator.imports import Wanted, run_import
    from simpul_operator.operator_client import find_platform

    addresses = find_platform(data_dir, checked_port_base(port_base))
    run_import(Wanted(form, file, region, role, commit=commit), addresses)


@app.command("rebuild")
def rebuild_projection(
    service: Annotated[str, typer.Argument(help="The one whose projection is built anew: reporting.")],
    from_ledger: Annotated[
        bool, typer.Option("--from-ledger", help="From the services' ledgers over HTTP, without Kafka.")
    ] = False,
    check_only: Annotated[bool, typer.Option("--check-only", help="Compare, and keep the live one.")] = False,
    accept_differences: Annotated[
        bool, typer.Option("--accept-differences", help="Swap even when the two are not alike.")
    ] = False,
    rollback: Annotated[bool, typer.Option("--rollback", help="Put the old projection back in its place.")] = False,
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept in the audit.")] = "rebuild",
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
    port_base: PortBaseOption = DEFAULT_PORT_BASE,
) -> None:
    """Build a service's projection anew beside the live one, compare the two, and swap them."""
    from simpul_operator.interrupts import run_interruptibly
    from simpul_operator.operator_client import find_platform
    from simpul_operator.rebuild import environment_for, rebuild

    chosen = {
        "--from-ledger": from_ledger,
        "--check-only": check_only,
        "--accept-differences": accept_differences,
        "--rollback": rollback,
    }
    flags = [*(flag for flag, wanted in chosen.items() if wanted), "--reason", reason]
    environment = environment_for(service, data_dir, find_platform(data_dir, checked_port_base(port_base)))
    run_interruptibly(rebuild(service, flags, environment=environment))


def main() -> None:
    try:
        app()
    except Failure as failure:
        _end(failure)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        _end(DiskFull(f"The disk is full: {error}. Free some space and start again."))


def _end(failure: Failure) -> None:
    print(f"simpul: {failure}", file=sys.stderr)
    sys.exit(failure.exit_code)


if __name__ == "__main__":
    main()
