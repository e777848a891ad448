"""Where everything of one stack listens: all ports follow from the port base, all on loopback."""

from dataclasses import asdict, dataclass

SERVICES = ("registry", "activities", "reporting")
HOST = "127.0.0.1"
DEFAULT_PORT_BASE = 8100
PORTS_OF_A_STACK = 44


@dataclass(frozen=True)
class Ports:
    """`base` to `base` + 43; offsets are the same for everyone, so that addresses can be told from the base."""

    base: int = DEFAULT_PORT_BASE

    def __post_init__(self) -> None:
        if not 1024 <= self.base <= 65536 - PORTS_OF_A_STACK:
            raise ValueError(f"The port base must lie between 1024 and {65536 - PORTS_OF_A_STACK}.")

    @property
    def issuer(self) -> int:
        return self.base

    def api(self, service: str) -> int:
        return self.base + 1 + SERVICES.index(service)

    def admin(self, service: str) -> int:
        return self.base + 11 + SERVICES.index(service)

    def postgres(self, service: str) -> int:
        return self.base + 21 + SERVICES.index(service)

    def kafka_broker(self, node: int) -> int:
        """Node ids count from 1; there is room for three."""
        return self.base + 30 + node

    def kafka_controller(self, node: int) -> int:
        return self.base + 40 + node


@dataclass(frozen=True)
class Addresses:
    """URLs without a slash at the end; `kafka_bootstrap` is host:port, comma separated."""

    issuer: str
    registry: str
    activities: str
    reporting: str
    registry_admin: str
    activities_admin: str
    reporting_admin: str
    kafka_bootstrap: str

    def api(self, service: str) -> str:
        return asdict(self)[service]  # type: ignore[no-any-return]

    def admin(self, service: str) -> str:
        return asdict(self)[f"{service}_admin"]  # type: ignore[no-any-return]


def addresses_of(ports: Ports, *, brokers: int = 1) -> Addresses:
    return Addresses(
        issuer=f"http://{HOST}:{ports.issuer}",
        **{service: f"http://{HOST}:{ports.api(service)}" for service in SERVICES},
        **{f"{service}_admin": f"http://{HOST}:{ports.admin(service)}" for service in SERVICES},
        kafka_bootstrap=",".join(f"{HOST}:{ports.kafka_broker(node)}" for node in range(1, brokers + 1)),
    )
