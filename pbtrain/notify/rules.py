"""When a message may go out, and how long to wait after a failure."""

from datetime import datetime, time, timedelta

WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 120, 240, 480, 1440))
QUIET_FROM, QUIET_UNTIL = time(21), time(8)  # nobody is disturbed at night


def wait_after(attempts: int) -> timedelta:
    """How long to wait after this many failed attempts (at least 1): 1 minute at first, 24 hours at most."""
    return WAITS[min(attempts, len(WAITS)) - 1]


def is_hopeless(attempts: int) -> bool:
    """Has it failed so often that a person should look at it?"""
    return attempts > len(WAITS)


def outside_quiet_hours(local: datetime) -> datetime:
    """The same moment on a local clock, or eight in the morning when it falls between 21:00 and 8:00."""
    if QUIET_UNTIL <= local.time() < QUIET_FROM:
        return local
    day = local.date() + timedelta(days=local.time() >= QUIET_FROM)
    return datetime.combine(day, QUIET_UNTIL, local.tzinfo)
