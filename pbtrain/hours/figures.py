"""What a unit and all below it add up to, from the branch to the region.

Two kinds of figure, never added to each other: attainment counts people by the branch they stand in today
(MemberYear), activity counts attendances and hours by the branch of the day (Book). Small trees are added
up as they are read; larger ones are regrouped into UnitYear by the scheduler, and a page says from when.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Integer, Select, and_, case, cast, func, literal, null, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import aliased

from pbtrain.audit.models import AuditEvent
from pbtrain.core import clock
from pbtrain.core.db import UTCDateTime, db, is_postgresql, transaction
from pbtrain.hours.models import Book, MemberYear, UnitYear
from pbtrain.hours.queries import BEHIND, CARE, MET, Attainment
from pbtrain.org.kinds import UNIT_KINDS
from pbtrain.org.models import Unit, UnitClosure

FIGURES = ("branches", "members", "met", "behind", "on_care", "counted", "person_times", "credit")
WITH_MEMBERS = tuple(key for key, kind in UNIT_KINDS.items() if kind.has_members)
LIVE_UNITS = 50  # a tree of so many units is added up at once
AT_LEAST_EVERY = timedelta(minutes=10)
MARGIN = timedelta(minutes=2)  # a transaction may be this old when it commits


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
    as_of: datetime | None


def regrouped(year: int, units: Sequence[int] | Select[Any] | None = None) -> Select[Any]:
    """The figures of every unit, or of these, as (unit_id, *FIGURES): the one place that adds them up."""

    def count(condition: Any) -> Any:
        return func.sum(case((condition, 1), else_=0))

    def total(column: Any) -> Any:
        return cast(func.coalesce(func.sum(column), 0), BigInteger)

    custody = MemberYear.custody_unit_id
    people = (
        select(
            custody.label("unit_id"), func.count().label("members"), count(MET).label("met"),
            count(BEHIND).label("behind"), count(CARE).label("on_care"),
            func.sum(MemberYear.counted).label("counted"),
        )
        .where(MemberYear.credit_year == year, custody.is_not(None))
        .group_by(custody)
    )  # fmt: skip
    below = None if units is None else select(UnitClosure.below_id).where(UnitClosure.above_id.in_(units))
    if below is not None:
        people = people.where(custody.in_(below))
    stood = people.subquery()
    live = case((and_(Unit.kind.in_(WITH_MEMBERS), Unit.valid_until.is_(None)), 1), else_=0)
    own = (  # of each unit itself, so that the larger sum below takes one look at each
        select(
            Unit.id.label("unit_id"), live.label("branches"), *(stood.c[name] for name in FIGURES[1:6]),
            Book.person_times, Book.credit,
        )
        .outerjoin(stood, stood.c.unit_id == Unit.id)
        .outerjoin(Book, and_(Book.unit_id == Unit.id, Book.year == year))
    )  # fmt: skip
    each = (own if below is None else own.where(Unit.id.in_(below))).subquery()
    found = (
        select(UnitClosure.above_id.label("unit_id"), *(total(each.c[name]).label(name) for name in FIGURES))
        .join(each, each.c.unit_id == UnitClosure.below_id)
        .group_by(UnitClosure.above_id)
    )
    return found if units is None else found.where(UnitClosure.above_id.in_(units))


def refresh(year: int | None = None) -> int:
    """Bring UnitYear up to date; how many rows were written. For the scheduler and after bulk loads.

    Only what differs is written, and the row of the unit at the top, which says how old all figures are. On
    SQLite, where a writer keeps others waiting, everything is added up before the write begins.
    """
    table: Any = UnitYear.__table__
    changed = _changed(year or clock.today().year)
    columns = ["unit_id", *FIGURES, "credit_year", "refreshed_at"]
    if is_postgresql():
        upsert = _upsert(postgresql.insert(table).from_select(columns, changed))
        upsert = upsert.execution_options(preserve_rowcount=True)
        with transaction() as session:
            return int(session.connection().execute(upsert).rowcount)
    rows = [dict(zip(columns, row, strict=True)) for row in db.session.execute(changed)]
    if rows:
        with transaction() as session:
            session.connection().execute(_upsert(sqlite.insert(table)), rows)
    return len(rows)


def _changed(year: int) -> Select[Any]:
    """The figures that differ from those kept, and those of the unit at the top, as UnitYear has them."""
    fresh = regrouped(year).subquery()
    differs = [UnitYear.id.is_(None), *(fresh.c[name] != getattr(UnitYear, name) for name in FIGURES)]
    return (
        select(
            *(fresh.c[name] for name in ("unit_id", *FIGURES)),
            literal(year),
            literal(clock.now(), UTCDateTime()),
        )
        .join(Unit, Unit.id == fresh.c.unit_id)
        .outerjoin(UnitYear, and_(UnitYear.unit_id == fresh.c.unit_id, UnitYear.credit_year == year))
        .where(or_(Unit.parent_id.is_(None), *differs))
        .order_by(fresh.c.unit_id)
    )


def _upsert(insert: Any) -> Any:
    return insert.on_conflict_do_update(
        index_elements=["unit_id", "credit_year"],
        set_={name: insert.excluded[name] for name in (*FIGURES, "refreshed_at")},
    )


def refresh_if_due() -> int:
    """Refresh when something was recorded since, and every ten minutes: what the scheduler calls."""
    now, since = clock.now(), as_of(clock.today().year)
    newest = db.session.scalar(select(AuditEvent.at).order_by(AuditEvent.id.desc()).limit(1))
    quiet = since is not None and (newest is None or newest < since - MARGIN)
    return 0 if quiet and since is not None and now - since < AT_LEAST_EVERY else refresh()


def as_of(year: int) -> datetime | None:
    """When UnitYear was last brought up to date; None before the first time."""
    found: datetime | None = db.session.scalar(_as_of(year))
    return found


def _as_of(year: int) -> Select[Any]:
    return (
        select(func.max(UnitYear.refreshed_at))
        .join(Unit, Unit.id == UnitYear.unit_id)
        .where(Unit.parent_id.is_(None), UnitYear.credit_year == year)
    )


def is_small(unit_id: int) -> bool:
    """Is the tree below this unit added up at once? One look into the closure, however large it is."""
    some = select(UnitClosure.id).where(UnitClosure.above_id == unit_id).limit(LIVE_UNITS + 1).subquery()
    return (db.session.scalar(select(func.count()).select_from(some)) or 0) <= LIVE_UNITS


def of(unit_id: int, year: int, *, live: bool) -> Standing | None:
    """The figures of a unit and all below it; None while they are being counted for the first time."""
    if live:
        asked = regrouped(year, [unit_id]).add_columns(null().label("since"))
    else:
        asked = select(
            *(getattr(UnitYear, name) for name in FIGURES), _as_of(year).scalar_subquery().label("since")
        ).where(UnitYear.unit_id == unit_id, UnitYear.credit_year == year)
    row = db.session.execute(asked).first()
    if row is None:
        return None
    return Standing(attainment(row), Activity(row.person_times, row.credit), row.branches, row.since)


def below(parent_id: int, year: int, *, live: bool, sort: str = "name") -> Select[Any]:
    """The units right below with their figures, null while being counted; `sort`: pace, behind or name."""
    child = aliased(Unit)
    if live:
        children = select(Unit.id).where(Unit.parent_id == parent_id)
        source: Any = regrouped(year, children).subquery()
        found = source.c
    else:
        found = source = aliased(UnitYear)
    joined = found.unit_id == child.id
    if not live:
        joined = and_(joined, source.credit_year == year)
    owing = cast(found.members - found.on_care, BigInteger)
    share = case((owing > 0, (owing - found.behind) * 10_000 // owing), else_=20_000)
    behind = func.coalesce(found.behind, 0, type_=BigInteger)
    orders: dict[str, tuple[Any, ...]] = {
        "pace": (cast(func.coalesce(share, 20_000), Integer), child.name, child.id),
        "behind": (behind.desc(), child.name, child.id),
        "name": (child.name, child.id),
    }
    return (
        select(child.id, child.name, child.kind, *(getattr(found, name) for name in FIGURES))
        .outerjoin(source, joined)
        .where(child.parent_id == parent_id, child.valid_until.is_(None), child.kind != "academy")
        .order_by(*orders[sort])
    )


def attainment(row: Any) -> Attainment:
    """The people of a row of figures."""
    return Attainment(row.members, row.met, row.behind, row.on_care)
