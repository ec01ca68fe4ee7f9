"""Who came and is not on the list: found by name, and put on it while the list is being made.

At a branch it is somebody who stood on that day in one of the branches that hold the event: who came to the
roster after the list was made. What stands above puts a way of its own into WAYS: a class has seats and
quotas.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import exists, select

from pbtrain.audit import services as audit
from pbtrain.core.db import db
from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_
from pbtrain.events.door import people, queries, rules
from pbtrain.events.models import Attendance
from pbtrain.org.access import Actor
from pbtrain.org.lists import matching
from pbtrain.org.models import Affiliation, Member, Unit
from pbtrain.org.queries import is_on

MOST = 30  # names on one page: who looks for more writes more of the name
NOT_OURS = N_("This person did not stand on that day in a branch that holds this. Search again.")


@dataclass(frozen=True)
class Way:
    """How somebody comes onto the list of an event of one kind of unit.

    `find(actor, event, words)`: at most MOST people who may be added, by name: id, name, code, home.
    `add(actor, event, member_id)`: does it, or RuleError; False when it was so before.
    `asks`: are names shown only to who searches?
    """

    find: Callable[[Actor, Any, str], list[Any]]
    add: Callable[[Actor, Any, int], bool]
    asks: bool = False


WAYS: dict[str, Way] = {}  # by the kind of the unit that holds the event; other kinds: of the branch


def way_of(event: Any) -> Way:
    """The way of this event."""
    return WAYS.get(event.unit_kind, BRANCH)


def may_be_added(event_id: int) -> Any:
    """This `Member` is not on the list of the event."""
    return ~exists().where(Attendance.event_id == event_id, Attendance.member_id == Member.id)


def add(actor: Actor, event: Any, member_id: int) -> None:
    """Put this person on the list, not there yet; the same again changes nothing. RuleError where the list is
    closed or the person does not belong there. The caller has made sure that the door is the actor's."""
    rules.check_running(queries.session_of(queries.held_open(event.id)))
    if way_of(event).add(actor, event, member_id):
        audit.record(actor, "door.added", f"event:{event.id}", unit_id=event.unit_id, member=member_id)


def _of_branch(event: Any) -> Any:
    """Those who stood on that day in a branch that holds this event."""
    return (
        select(Member.id, Member.name, Member.code, Unit.name.label("home"))
        .join(Affiliation, Affiliation.member_id == Member.id)
        .join(Unit, Unit.id == Affiliation.unit_id)
        .where(
            Affiliation.unit_id.in_(people.holders(event.id, event.unit_id)), is_on(Affiliation, event.day)
        )
        .where(Member.left_on.is_(None) | (Member.left_on > event.day))
    )


def _find(actor: Actor, event: Any, words: str) -> list[Any]:
    wanted = _of_branch(event).where(may_be_added(event.id))
    if words:
        wanted = wanted.where(matching(words))
    return list(db.session.execute(wanted.order_by(Member.pinyin, Member.id).limit(MOST)))


def _add(actor: Actor, event: Any, member_id: int) -> bool:
    if db.session.execute(_of_branch(event).where(Member.id == member_id)).first() is None:
        raise RuleError(NOT_OURS)
    return people.expect(event.id, [member_id]) > 0


BRANCH = Way(_find, _add)
