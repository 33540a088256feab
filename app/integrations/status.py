"""How integrations are doing: what came and went, and which source is silent that should not be."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from app.integrations.sources import Source
from app.storage.overview import Counted, EndpointCount, SourceCount

_SECONDS = 60
_FAILING = dt.timedelta(minutes=15)  # that a delivery may be tried again before a person need look
_MOST_MINUTES = 7 * 24 * 60  # looked back for a working hour


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """A source, configured or only seen. ``alarm``: silent for longer than ``silent_minutes`` of working hours."""

    name: str
    kind: str | None
    test: bool
    last_at: dt.datetime | None
    today: int
    last_hour: int
    silent_minutes: int | None = None
    alarm: bool = False


@dataclass(frozen=True, slots=True)
class Status:
    """Everything at one moment."""

    counted: Counted
    sources: tuple[SourceStatus, ...]

    @property
    def silent(self) -> tuple[str, ...]:
        """The sources with an alarm."""
        return tuple(source.name for source in self.sources if source.alarm)

    @property
    def troubled(self) -> tuple[EndpointCount, ...]:
        """The endpoints that a person should look at: not one that a person has switched off."""
        return tuple(one for one in self.counted.endpoints if one.dead or gone(one) or self.failing(one))

    def failing(self, one: EndpointCount) -> bool:
        """Whether an endpoint takes nothing for longer than a short outage."""
        since = one.oldest_waiting
        return (
            one.enabled
            and one.problem is not None
            and since is not None
            and self.counted.at - since > _FAILING
        )

    @property
    def degraded(self) -> bool:
        """Whether a person should look."""
        return bool(self.silent or self.troubled)


def gone(one: EndpointCount) -> bool:
    """Whether an endpoint is off because it said that it wants nothing more."""
    return not one.enabled and one.problem == "gone"


def status_of(
    counted: Counted, sources: Mapping[str, Source], local: dt.datetime, since: dt.datetime
) -> Status:
    """The status at ``local``, the time by the clock of the sources' people.

    ``since``: when this service began to listen; a source that never sent is silent from then on.
    """
    seen = {(count.source, count.test): count for count in counted.sources}
    made = []
    for source in sources.values():
        name = source.feed or source.name
        count = seen.pop((name, source.test), None) or SourceCount(name, source.test, None, 0, 0)
        last = count.last_at or since
        made.append(
            SourceStatus(
                source.name,
                source.kind,
                source.test,
                count.last_at,
                count.today,
                count.last_hour,
                source.silent_minutes,
                is_silent(source, last, local),
            )
        )
    rest = [
        SourceStatus(count.source, None, count.test, count.last_at, count.today, count.last_hour)
        for count in seen.values()
    ]
    return Status(counted, tuple(made + rest))


def is_silent(source: Source, last: dt.datetime, local: dt.datetime) -> bool:
    """Whether a source has sent nothing for longer than its silent minutes, counting working hours only."""
    if source.silent_minutes is None or source.test or not source.working_hours.covers(local):
        return False
    minutes = min(int((local - last).total_seconds() // _SECONDS), _MOST_MINUTES)
    if minutes < source.silent_minutes:
        return False
    worked = 0
    for back in range(minutes):  # at most a week of minutes
        worked += source.working_hours.covers(local - dt.timedelta(minutes=back))
        if worked >= source.silent_minutes:
            return True
    return False
