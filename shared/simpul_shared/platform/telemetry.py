"""Logs (structured JSON, no personal data), metrics (one list, below) and W3C trace context."""

import logging
import sys
from collections.abc import Iterable
from itertools import islice

import structlog
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, ParentBased
from opentelemetry.trace import Span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from prometheus_client import Counter, Gauge, Histogram

_MAX_LINKS = 128
_propagator = TraceContextTextMapPropagator()

HTTP_REQUESTS = Counter("simpul_http_requests_total", "Requests answered", ["method", "route", "status"])
HTTP_SECONDS = Histogram("simpul_http_request_seconds", "Time to answer a request, in seconds", ["method", "route"])
LEDGER_APPENDED = Counter("simpul_ledger_events_total", "Events written to the ledger", ["type"])
RELAY_SENT = Counter("simpul_relay_events_total", "Events acknowledged by Kafka", ["shard"])
RELAY_LEADING = Gauge("simpul_relay_leading", "1 while this process leads the shard", ["shard"])
RELAY_MARK = Gauge("simpul_relay_mark_timestamp_seconds", "Low-water mark, as Unix time", ["shard"])
RELAY_RESTARTS = Counter("simpul_relay_restarts_total", "Times a shard's relay began anew after an error", ["shard"])
LEDGER_UNPUBLISHED = Gauge("simpul_ledger_unpublished_events", "Events not yet acknowledged by Kafka", ["shard"])
LEDGER_OLDEST_UNPUBLISHED = Gauge(
    "simpul_ledger_oldest_unpublished_seconds", "Age of the oldest event not yet acknowledged, in seconds", ["shard"]
)
HORIZON_AGE = Gauge(
    "simpul_horizon_age_seconds", "How long one transaction has been seen to hold back the relay, in seconds"
)
TABLE_BYTES = Gauge("simpul_table_bytes", "Size of a platform table with its indexes, in bytes", ["table"])
RELAY_TOPICS_LOST = Gauge("simpul_relay_topics_lost", "Topics that lack what the shard has published", ["shard"])
CONSUMED = Counter("simpul_consumer_records_total", "Records by what became of them", ["topic", "outcome"])
CONSUMER_BATCH_SECONDS = Histogram("simpul_consumer_batch_seconds", "Time to apply one batch, in seconds")
CONSUMER_PROGRESS = Gauge("simpul_consumer_progress_timestamp_seconds", "When the consumer last polled, as Unix time")
DEAD_LETTERS = Gauge("simpul_dead_letters", "Open dead letters: poison ones and those that wait", ["state", "reason"])
DEAD_LETTER_OLDEST = Gauge(
    "simpul_dead_letter_oldest_seconds", "Age of the oldest open dead letter, in seconds; 0 without one"
)
CONSUMER_LAG_EVENTS = Gauge(
    "simpul_consumer_lag_events", "Records of this member's partitions not yet applied", ["topic"]
)
CONSUMER_LAG_SECONDS = Gauge(
    "simpul_consumer_lag_seconds",
    "Age of the moment up to which a service's events are applied, in seconds",
    ["service"],
)
CONSUMER_REBUILDS = Counter("simpul_consumer_rebuilds_total", "Times a consumer that had fallen silent was built anew")
CONSUMER_RETRIES = Counter("simpul_consumer_retries_total", "Batches put back for a passing fault")


def configure(service: str, *, level: str, otlp_endpoint: str | None) -> None:
    """Set up logging to standard error and tracing for this process."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
    logging.basicConfig(
        level=logging.WARNING, stream=sys.stderr, format='{"level":"%(levelname)s","event":"%(name)s %(message)s"}'
    )
    # Without an exporter a span is only its ids, which events carry on; recording it would cost as much as a query.
    sampler = ParentBased(ALWAYS_OFF if otlp_endpoint is None else ALWAYS_ON)
    provider = TracerProvider(sampler, Resource.create({"service.name": f"simpul-{service}"}))
    if otlp_endpoint is not None:
        # Half a second of imports that most starts can do without.
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=otlp_endpoint)))
    trace.set_tracer_provider(provider)


def tracer() -> trace.Tracer:
    return trace.get_tracer("simpul")


def traceparent_of(span: Span) -> str | None:
    """The W3C traceparent that names the span, or None where no trace is kept."""
    carrier: dict[str, str] = {}
    _propagator.inject(carrier, trace.set_span_in_context(span))
    return carrier.get("traceparent")


def links_of(traceparents: Iterable[str]) -> list[trace.Link]:
    """Links to the spans that traceparents name, to each once; a malformed one is passed over. At most 128."""
    contexts = (
        trace.get_current_span(_propagator.extract({"traceparent": one})).get_span_context()
        for one in islice(dict.fromkeys(traceparents), _MAX_LINKS)
    )
    return [trace.Link(context) for context in contexts if context.is_valid]


def parent_of(traceparent: str | None) -> Context | None:
    return _propagator.extract({"traceparent": traceparent}) if traceparent else None
