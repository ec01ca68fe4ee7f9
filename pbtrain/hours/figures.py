"""What a unit and all below it add up to, from the branch to the region.

Two kinds of figure, never added to each other: attainment counts people by the branch they stand in today
(MemberYear), activity counts attendances and hours by the branch of the day (Book). Small trees are added
up as they are read; larger ones are regrouped into UnitYear by the scheduler, and a page says from when.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, Integer, Select, and_, bindparam, case, cast, func, null, or_, select

from pbtrain.audit.models import AuditEvent
from pbtrain.core import clock
from pbtrain.core.db import db, prepared
from pbtrain.hours import signing
from pbtrain.hours.models import Book, HourClaim, MemberYear, Policy, UnitYear
from pbtrain.hours.queries import BEHIND, CARE, MET, Attainment
from pbtrain.hours.rules import LEADERS
from pbtrain.org import counts, rollup
from pbtrain.org.kinds import WITH_MEMBERS
from pbtrain.org.models import Post, Unit, UnitClosure
from pbtrain.org.queries import is_on

PEOPLE = ("members", "met", "behind", "on_care", "counted", "took_part")
SIGNING = ("unsigned", "overdue")
FIGURES = ("branches", "met_branches", "led_branches", *PEOPLE, "waiting", "person_times", "credit", *SIGNING)
WAITING = ("submitted", "appealed", "held")  # states of a claim that wait for a decision
AT_LEAST_EVERY = timedelta(minutes=10)
MARGIN = timedelta(minutes=2)  # a transaction may be this old when it commits
REMAINS = ("members", "waiting", "person_times", "credit")  # what a unit that ended may still be counted with
SHOWN = ("", "overdue", "silent")  # all units, those with a sign-off overdue, those without a single line
# As tables, not as entities: the page of a unit builds its statement anew each time.
CHILD: Any = Unit.__table__.alias("child")
KEPT: Any = UnitYear.__table__.alias("kept")


@dataclass(frozen=True)
class Activity:
    """What a unit's branches gave: attendances (人次) and hundredths of a 学时, by the branch of the day."""

    person_times: int = 0
    credit: int = 0


@dataclass(frozen=True)
class Standing:
    """One unit's figures: the two kinds apart, and since when they stand; None is just now."""

    attainment: Attainment
    activity: Activity
    branches: int
    met_branches: int  # of which as many members as the rules ask have met the year (达标, domain.md D.9)
    led_branches: int  # whose secretary and committee members have all met it (the second count of D.9)
    waiting: int  # claims and overlaps that wait for a decision
    took_part: int  # people with at least one line that stands
    as_of: datetime | None


def regrouped(year: int, units: rollup.Units | None = None) -> Select[Any]:
    """The figures of every unit, or of these, as (unit_id, *FIGURES): the one place that adds them up."""
    stood, waits = _people(year, units).subquery(), _waiting(year, units).subquery()
    live = case((and_(Unit.kind.in_(WITH_MEMBERS), Unit.valid_until.is_(None)), 1), else_=0)
    signs = signing.known().branches(clock.today()).subquery()
    enough = stood.c.met * 100 >= stood.c.asked * func.coalesce(_share(year), 100)
    met = case((and_(live == 1, stood.c.asked > 0, enough), 1), else_=0)
    leaders = _leaders(year, units).subquery()
    led = case((and_(live == 1, leaders.c.asked > 0, leaders.c.short == 0), 1), else_=0)
    asked = or_(stood.c.members > 0, Book.entries > 0)  # an empty branch has nothing to sign
    own = (
        select(
            Unit.id.label("unit_id"), live.label("branches"), met.label("met_branches"),
            led.label("led_branches"),
            *(stood.c[name] for name in PEOPLE),
            waits.c.waiting, Book.person_times, Book.credit,
            *(case((asked, signs.c[name]), else_=0).label(name) for name in SIGNING),
        )
        .outerjoin(signs, signs.c.unit_id == Unit.id)
        .outerjoin(stood, stood.c.unit_id == Unit.id)
        .outerjoin(leaders, leaders.c.unit_id == Unit.id)
        .outerjoin(waits, waits.c.unit_id == Unit.id)
        .outerjoin(Book, and_(Book.unit_id == Unit.id, Book.year == year))
    )  # fmt: skip
    if units is not None:
        own = own.where(Unit.id.in_(rollup.below(units)))
    return rollup.summed(own.cte("own").prefix_with("MATERIALIZED"), FIGURES, units)  # once for each unit


def _people(year: int, units: rollup.Units | None) -> Select[Any]:
    """How the members of each branch stand in that year, by the branch that keeps their figures."""

    def count(condition: Any) -> Any:
        return func.sum(case((condition, 1), else_=0))

    custody = MemberYear.custody_unit_id
    people = (
        select(
            custody.label("unit_id"), func.count().label("members"), count(MET).label("met"),
            count(BEHIND).label("behind"), count(CARE).label("on_care"),
            func.sum(MemberYear.counted).label("counted"), count(MemberYear.minutes > 0).label("took_part"),
            count(and_(~CARE, MemberYear.target > 0)).label("asked"),
        )
        .where(MemberYear.credit_year == year, custody.is_not(None))
        .group_by(custody)
    )  # fmt: skip
    return people if units is None else people.where(custody.in_(rollup.below(units)))


def _waiting(year: int, units: rollup.Units | None) -> Select[Any]:
    """How many claims of days in that year wait in each branch."""
    claims = (
        select(HourClaim.unit_id, func.count().label("waiting"))
        .where(HourClaim.state.in_(WAITING))
        .where(HourClaim.day.between(date(year, 1, 1), date(year, 12, 31)))
        .group_by(HourClaim.unit_id)
    )
    return claims if units is None else claims.where(HourClaim.unit_id.in_(rollup.below(units)))


def _share(year: int) -> Any:
    """What percent of its members make a `Unit` 达标, or null where there are no rules: by the nearest rules
    of the last day of the year, or of today, in today's tree. Looked up for each unit by itself: joined,
    SQLite went through all units for each of them."""
    day = min(clock.today(), date(year, 12, 31))
    newest = func.row_number().over(
        partition_by=Policy.unit_id, order_by=(Policy.year.desc(), Policy.version.desc(), Policy.id)
    )
    published = (
        select(Policy.unit_id, Policy.rules["met_share"].as_integer().label("share"), newest.label("place"))
        .where(Policy.year <= day.year)
        .where(or_(Policy.effective_on.is_(None), Policy.effective_on <= day))
        .subquery()
    )
    return (
        select(published.c.share)
        .join(UnitClosure, UnitClosure.above_id == published.c.unit_id)
        .where(UnitClosure.below_id == Unit.id, published.c.place == 1)
        .order_by(UnitClosure.depth)
        .limit(1)
        .correlate(Unit)
        .scalar_subquery()
    )


def _leaders(year: int, units: rollup.Units | None) -> Select[Any]:
    """Of how many of a branch's secretary and committee hours are asked, and how many of these have not met
    the year, as (unit_id, asked, short); posts as on the last day of the year, or today. Who has no figures
    of the year has not met it; nothing is asked of who is on the care list."""
    day = min(clock.today(), date(year, 12, 31))
    owes = or_(MemberYear.id.is_(None), and_(~CARE, MemberYear.target > 0))
    found = (
        select(
            Post.unit_id,
            func.sum(case((owes, 1), else_=0)).label("asked"),
            func.sum(case((and_(owes, or_(MemberYear.id.is_(None), ~MET)), 1), else_=0)).label("short"),
        )
        .outerjoin(MemberYear, and_(MemberYear.member_id == Post.member_id, MemberYear.credit_year == year))
        .where(Post.kind.in_(sorted(LEADERS)), is_on(Post, day))
        .group_by(Post.unit_id)
    )
    return found if units is None else found.where(Post.unit_id.in_(rollup.below(units)))


def refresh(year: int | None = None) -> int:
    """Bring the figures of a year and the counts of units up to date; how many rows were written.

    For the scheduler and after bulk loads.
    """
    return counts.refresh() + refresh_year(year or clock.today().year)


def refresh_year(year: int) -> int:
    """Bring UnitYear up to date for one year; how many rows were written."""
    return rollup.renew(UnitYear, regrouped(year), FIGURES, credit_year=year)


def refresh_if_due() -> int:
    """Refresh when something was recorded since, and every ten minutes: what the scheduler calls."""
    now, since = clock.now(), as_of(clock.today().year)
    newest = db.session.scalar(select(AuditEvent.at).order_by(AuditEvent.id.desc()).limit(1))
    quiet = since is not None and (newest is None or newest < since - MARGIN)
    return 0 if quiet and since is not None and now - since < AT_LEAST_EVERY else refresh()


def as_of(year: int) -> datetime | None:
    """When UnitYear was last brought up to date; None before the first time."""
    found: datetime | None = db.session.scalar(rollup.as_of(UnitYear, credit_year=year))
    return found


def of(unit_id: int, year: int, *, live: bool) -> Standing | None:
    """The figures of a unit and all below it; None while they are being counted for the first time."""
    if live:
        row = db.session.execute(_live_of(year, clock.today()), {"unit": unit_id}).first()
    else:
        row = _kept_of(unit_id=unit_id, year=year).first()
    if row is None:
        return None
    return Standing(
        attainment(row),
        Activity(row.person_times, row.credit),
        row.branches,
        row.met_branches,
        row.led_branches,
        row.waiting,
        row.took_part,
        row.since,
    )


@lru_cache(maxsize=4)
def _live_of(year: int, today: date) -> Select[Any]:
    """`regrouped` as of today of a unit that is told when it runs: building it takes longer than that."""
    unit: Any = bindparam("unit")
    return regrouped(year, [unit]).add_columns(null().label("since"))


@prepared
def _kept_of() -> Any:
    year: Any = bindparam("year")
    return select(
        *(KEPT.c[name] for name in FIGURES),
        rollup.as_of(UnitYear, credit_year=year).scalar_subquery().label("since"),
    ).where(KEPT.c.unit_id == bindparam("unit_id"), KEPT.c.credit_year == year)


def below(parent_id: int, year: int, *, live: bool, sort: str = "name", show: str = "") -> Select[Any]:
    """The units right below with their figures, null while being counted; `sort`: pace, behind, waiting or
    name; `show`: one of SHOWN. Those that ended stay as long as the whole counts something of them, so that
    the rows add up to it."""
    child, source = CHILD, KEPT
    if live:
        source = regrouped(year, select(Unit.id).where(Unit.parent_id == parent_id)).subquery()
    found = source.c
    joined = found.unit_id == child.c.id
    if not live:
        joined = and_(joined, found.credit_year == year)
    return (
        select(
            child.c.id, child.c.name, child.c.kind, child.c.valid_until, *(found[name] for name in FIGURES)
        )
        .outerjoin(source, joined)
        .where(child.c.parent_id == parent_id, child.c.kind != "academy")
        .where(or_(child.c.valid_until.is_(None), *(found[name] > 0 for name in REMAINS)))
        .where(*_only(found, show))
        .order_by(*_order(found, sort), child.c.name, child.c.id)
    )


def _order(found: Any, sort: str) -> list[Any]:
    """What comes before the name in an order of `below`."""
    if sort == "name":
        return []
    if sort == "pace":
        owing = cast(found.members - found.on_care, BigInteger)
        share = case((owing > 0, (owing - found.behind) * 10_000 // owing), else_=20_000)
        return [cast(func.coalesce(share, 20_000), Integer)]
    return [func.coalesce(found[sort], 0, type_=BigInteger).desc()]  # behind or waiting: most first


def _only(found: Any, show: str) -> list[Any]:
    """What `below` shows of the units: one of SHOWN."""
    if show == "overdue":
        return [found.overdue > 0]
    return [found.members > 0, found.person_times == 0] if show == "silent" else []


def attainment(row: Any) -> Attainment:
    """The people of a row of figures."""
    return Attainment(row.members, row.met, row.behind, row.on_care)
