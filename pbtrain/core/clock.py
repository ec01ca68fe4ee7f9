"""The only clock. Instants are aware UTC; a learning day is a date in Asia/Shanghai. Tests replace `now`."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


def now() -> datetime:
    """This instant, aware, in UTC."""
    return datetime.now(UTC)


def today() -> date:
    """The learning day it is now: the calendar date in Asia/Shanghai."""
    return local(now()).date()


def local(instant: datetime) -> datetime:
    """The same instant on a clock in Asia/Shanghai."""
    return instant.astimezone(SHANGHAI)


def at(day: date, hour: int, minute: int = 0) -> datetime:
    """The instant, in UTC, at which a clock in Asia/Shanghai shows that day and time."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=SHANGHAI).astimezone(UTC)
