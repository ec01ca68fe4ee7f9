"""What is right about the tree, dated ties, posts and grants. Pure."""

from collections.abc import Collection
from datetime import date, timedelta

from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_
from pbtrain.org.kinds import BRINGS_AUDITOR, POSTS, UNIT_KINDS
from pbtrain.org.roles import GIVES, RENEWS, Role

LONGEST_AHEAD = 366  # days
FOUNDED = date(1921, 7, 1)  # of the Party: nothing that is recorded is older


def check_child(parent_kind: str, kind: str) -> None:
    """Only committees, general branches and leading groups have units below them."""
    if kind not in UNIT_KINDS:
        raise RuleError(N_("Choose the kind of unit."), field="kind")
    if not UNIT_KINDS[parent_kind].has_units:
        raise RuleError(
            N_("A unit of kind %(kind)s has no units below it."),
            field="parent_id",
            kind=UNIT_KINDS[parent_kind].label,
        )


def check_move(unit_id: int, parent_id: int, below: Collection[int]) -> None:
    """A unit never stands in or below itself."""
    if parent_id == unit_id or parent_id in below:
        raise RuleError(N_("A unit cannot stand below itself."), field="parent_id")


def check_abolish(*, members: int, units: int) -> None:
    """Only an empty unit is abolished, so that nobody and nothing hangs in the air."""
    if members:
        raise RuleError(
            N_("%(members)s members still belong to this unit. Transfer them first."), members=members
        )
    if units:
        raise RuleError(
            N_("%(units)s units still stand below this one. Move or abolish them first."), units=units
        )


def check_home(kind: str) -> None:
    """Members belong to branches."""
    if not UNIT_KINDS[kind].has_members:
        raise RuleError(N_("Members belong to a branch. Choose a branch."), field="unit_id")


def check_from(day: date, *, earliest: date, today: date) -> None:
    """A change of today's state is dated between the day it follows on and today."""
    if day > today:
        raise RuleError(N_("The date lies in the future."), field="on")
    if day < earliest:
        raise RuleError(
            N_("The date lies before %(earliest)s, when the present state began."),
            field="on",
            earliest=earliest,
        )


def check_span(valid_from: date, valid_until: date | None) -> None:
    """The first day after lies behind the first day."""
    if valid_until is not None and valid_until <= valid_from:
        raise RuleError(N_("The end lies before the beginning."), field="valid_until")


def overlaps(first: tuple[date, date | None], second: tuple[date, date | None]) -> bool:
    """Do two spans share a day? The end of each is the first day after; None is open."""
    return (first[1] is None or second[0] < first[1]) and (second[1] is None or first[0] < second[1])


def check_post(
    kind: str, unit_kind: str, span: tuple[date, date | None], taken: Collection[tuple[date, date | None]]
) -> None:
    """A unit has one secretary at a time; nobody holds the same post twice. `taken`: spans in the way."""
    if kind not in POSTS or unit_kind == "academy":
        raise RuleError(N_("This post does not exist in this unit."), field="kind")
    check_span(*span)
    if any(overlaps(span, other) for other in taken):
        raise RuleError(N_("This post is taken in that time. End the other one first."), field="valid_from")


def role_of_post(kind: str, unit_kind: str) -> Role | None:
    """The role a post brings in a unit of that kind."""
    post = POSTS[kind]
    if UNIT_KINDS[unit_kind].has_members:
        return post.in_branch
    return post.in_committee if unit_kind in BRINGS_AUDITOR else None


def check_handover(on: date, *, held_since: Collection[date], today: date) -> None:
    """A new secretary begins after the present one began, today or within a year."""
    latest = max(held_since, default=None)
    if latest is not None and on <= latest:
        raise RuleError(
            N_("The present post began on %(day)s. The new one begins on a later day."),
            field="on",
            day=latest,
        )
    if on > today + timedelta(days=LONGEST_AHEAD):
        raise RuleError(N_("At most a year ahead."), field="on")


def check_acting(valid_from: date, valid_until: date, today: date) -> None:
    """An acting role begins today or later and ends by itself, at most a year after its beginning."""
    if valid_from < today:
        raise RuleError(N_("A right is not given for days that are over."), field="valid_from")
    check_span(valid_from, valid_until)
    if valid_until - valid_from > timedelta(days=LONGEST_AHEAD):
        raise RuleError(N_("Somebody acts for at most a year. Name a secretary."), field="valid_until")


def may_give(own: Collection[Role], role: Role) -> bool:
    """May somebody with these roles in that unit give this role there?"""
    return any(role in GIVES.get(held, ()) for held in own)


def may_renew(own: Collection[Role], role: Role) -> bool:
    """May somebody with these roles in that unit hand a new slip to a holder of this role there?"""
    return any(role in RENEWS.get(held, ()) for held in own)
