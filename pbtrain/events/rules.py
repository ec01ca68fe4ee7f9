"""What may be recorded of a meeting. The limits are ours: late records are the exception, not the habit."""

import hashlib
from collections.abc import Iterable
from datetime import date, datetime, timedelta

from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_

DAYS_BACK = 60  # how long ago a meeting may be recorded by its branch
SHORTEST, LONGEST = 10, 480  # minutes of study at one meeting
MOST_PEOPLE = 1000  # of one meeting; the ledger takes so many lines at once
MOST_PHOTOS = 3
MOST_PAPERS = 3
FULL_FROM, FULL_OFTEN = 5, 4  # people expected, meetings: below that a full house is nothing unusual
MOST_IN_ALL = 12  # photos, and as many papers, of one record with those that are added later
MOST_HOSTS = 10  # further branches of a joint activity


def check_meeting(
    title: str,
    minutes: int,
    starts_at: datetime,
    *,
    day: date,
    today: date,
    now: datetime,
    days_back: int = DAYS_BACK,
    shortest: int = SHORTEST,
) -> None:
    """Raise RuleError unless such a meeting can have been held and may still be recorded."""
    if not 2 <= len(title) <= 100:
        raise RuleError(N_("Give the subject, in 2 to 100 characters."), field="title")
    if not shortest <= minutes <= LONGEST:
        raise RuleError(
            N_("The time of study is between %(least)s and %(most)s minutes."),
            field="minutes",
            least=shortest,
            most=LONGEST,
        )
    if day > today:
        raise RuleError(N_("A meeting is recorded once it has been held. Check the date."), field="day")
    if starts_at > now:
        raise RuleError(N_("A meeting is recorded once it has been held. Check the time."), field="time")
    if day < today - timedelta(days=days_back):
        raise RuleError(
            N_("A meeting can be recorded up to %(days)s days later."),
            field="day",
            days=days_back,
        )


def check_people(present: set[int], offered: set[int]) -> None:
    """Raise RuleError unless somebody came, and only people who stood in the branch on that day."""
    if not present:
        raise RuleError(N_("Nobody is ticked. Tick at least one person who came."), field="present")
    if len(present) > MOST_PEOPLE:
        raise RuleError(N_("At most %(most)s people at one meeting."), field="present", most=MOST_PEOPLE)
    if present - offered:
        raise RuleError(
            N_("Somebody ticked did not belong to the branch on that day. Look through the list again."),
            field="present",
        )


def check_photos(count: int) -> None:
    """Raise RuleError for more pictures than are kept."""
    if count > MOST_PHOTOS:
        raise RuleError(N_("At most %(most)s photos."), field="photos", most=MOST_PHOTOS)


def check_hosts(count: int) -> None:
    """Raise RuleError for more co-hosts than one list of names can hold."""
    if count > MOST_HOSTS:
        raise RuleError(N_("At most %(most)s further branches."), field="hosts", most=MOST_HOSTS)


def check_papers(count: int) -> None:
    """Raise RuleError for more attachments than are kept."""
    if count > MOST_PAPERS:
        raise RuleError(N_("At most %(most)s attachments."), field="papers", most=MOST_PAPERS)


def full_every_time(meetings: Iterable[tuple[int, int]]) -> int:
    """How many meetings somebody above should look at because nobody ever missed one; 0 where it is nothing
    unusual. `meetings`: (came, expected) of each that was held.

    >>> full_every_time([(6, 6)] * 4), full_every_time([(6, 6)] * 9 + [(5, 6)]), full_every_time([(3, 3)] * 9)
    (4, 0, 0)
    """
    large = [(came, expected) for came, expected in meetings if expected >= FULL_FROM]
    always = len(large) >= FULL_OFTEN and all(came == expected for came, expected in large)
    return len(large) if always else 0


def check_in_all(photos: int, papers: int) -> None:
    """Raise RuleError for a record that would hold more pictures or papers than it may, with later ones."""
    for count, field in ((photos, "photos"), (papers, "papers")):
        if count > MOST_IN_ALL:
            raise RuleError(
                N_("A record holds at most %(most)s photos and %(most)s attachments in all."),
                field=field,
                most=MOST_IN_ALL,
            )


def content_hash(facts: Iterable[object]) -> str:
    """The same form says the same twice: SHA-256 over its fields in order."""
    return hashlib.sha256("\x1f".join(str(fact) for fact in facts).encode()).hexdigest()
