"""How complete an answer is: what each service recorded, and how much of it is applied here."""

from datetime import datetime

from pydantic import BaseModel, Field
from simpul_shared.platform.database import Transaction
from simpul_shared.platform.marks import applied_through, count_withheld

from simpul_reporting.domain.moments import AsOf, lag_seconds
from simpul_reporting.store.facts import CONSUMER, TOPICS


class AppliedThrough(BaseModel):
    """Per service the moment up to which all that it recorded is in the answer; null while nothing is known of it."""

    registry: datetime | None
    activities: datetime | None
    reporting: datetime | None

    def earliest(self) -> datetime | None:
        moments = (self.registry, self.activities, self.reporting)
        known = [moment for moment in moments if moment is not None]
        return min(known) if len(known) == len(moments) else None


class Watermark(BaseModel):
    """Up to where an answer is complete. A final one never changes again for the same valid_on and known_on."""

    applied_through: AppliedThrough = Field(
        description="Never later than a known_on that was asked for: what came after is not in the answer"
    )
    lag_seconds: float | None = Field(description="From the earliest of applied_through to known_on", examples=[0.8])
    withheld: int = Field(
        description="Records up to known_on that came but could not be applied; operators see them as dead letters"
    )
    provisional: bool = Field(
        description="False once everything recorded up to a known_on that was asked for is applied; else true"
    )


async def watermark(tx: Transaction, as_of: AsOf, *, now: datetime) -> Watermark:
    topics = [topic.name for topic in TOPICS]
    marks = await applied_through(tx, CONSUMER, topics)
    withheld = await count_withheld(tx, CONSUMER, topics, until=as_of.known_at)
    # Cut at the instant asked for, so that a final answer stays the same to the byte while the marks go on. A live one is
    # not: cut at this machine's clock, the marks of others would go back with it.
    through = {service: min(moment, as_of.known_at) for service, moment in marks.items()}
    applied = AppliedThrough(
        registry=through.get("registry"), activities=through.get("activities"), reporting=through.get("reporting")
    )
    earliest = applied.earliest()
    return Watermark(
        applied_through=applied,
        lag_seconds=lag_seconds(earliest, known_on=as_of.known_on, now=now),
        withheld=withheld,
        provisional=earliest is None or earliest < as_of.known_at or withheld > 0,
    )
