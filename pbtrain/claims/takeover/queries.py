"""Reading sheets of earlier hours: the list, one with its rows and totals, how far its work is."""

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, delete, exists, func, or_, select
from sqlalchemy.orm import aliased

from pbtrain.accounts.models import Account
from pbtrain.audit.models import AuditEvent
from pbtrain.claims.models import Platform, Takeover, TakeoverRow
from pbtrain.claims.takeover.rules import KEPT_IN, OUTCOMES
from pbtrain.core.db import db
from pbtrain.core.queue import Job
from pbtrain.core.storage import StoredFile
from pbtrain.hours import waiting as to_be_written
from pbtrain.hours.models import Book, HourEntry, MemberYear
from pbtrain.org.access import Actor, units_where
from pbtrain.org.models import Member, Unit, UnitClosure
from pbtrain.org.roles import Perm

SHOWN = [
    f"takeover.{act}"
    for act in ("uploaded", "submitted", "dropped", "confirmed", "refused", "undone", "refused_rows")
]  # deeds of its history


def job_key(batch_id: int, kind: str) -> str:
    """What makes a job of a sheet the only one of its kind."""
    return f"takeover:{batch_id}:{kind}"


def _read_by(actor: Actor) -> ColumnElement[bool]:
    """Sheets this person may read: of where they make them all, from above those that were handed in."""
    return or_(
        Takeover.unit_id.in_(units_where(actor, Perm.TAKEOVER_MAKE)),
        and_(Takeover.unit_id.in_(units_where(actor, Perm.CLAIM_JUDGE)), Takeover.state.not_in(KEPT_IN)),
    )


def _sheets() -> Select[Any]:
    made_by, decided_by = aliased(Account), aliased(Account)
    return (
        select(
            Takeover.id, Takeover.unit_id, Takeover.kind, Takeover.platform_id, Takeover.year, Takeover.state,
            Takeover.name, Takeover.reason, Takeover.scan_id, Takeover.rows, Takeover.refused,
            Takeover.made_by_id, Takeover.made_at, Takeover.decided_by_id, Takeover.decided_at,
            Takeover.version, Unit.name.label("unit_name"), made_by.name.label("made_by"),
            decided_by.name.label("decided_by"), Platform.name.label("platform_name"),
        )
        .join(Unit, Unit.id == Takeover.unit_id)
        .outerjoin(made_by, made_by.id == Takeover.made_by_id)
        .outerjoin(decided_by, decided_by.id == Takeover.decided_by_id)
        .outerjoin(Platform, Platform.id == Takeover.platform_id)
    )  # fmt: skip


def sheets(actor: Actor, *, waiting: bool = False) -> Select[Any]:
    """The sheets this person may read, the newest first; `waiting`: only those that wait for a word."""
    found = _sheets().where(_read_by(actor))
    if waiting:
        found = found.where(Takeover.state.in_(("preview", "submitted")))
    return found.order_by(Takeover.id.desc())


def one(actor: Actor, batch_id: int) -> Any:
    """A sheet this person may read; None out of reach."""
    return db.session.execute(_sheets().where(Takeover.id == batch_id, _read_by(actor))).first()


def made_in_reach(actor: Actor, batch_id: int) -> Any:
    """A sheet of a unit in which this person makes them; None elsewhere."""
    reach = Takeover.unit_id.in_(units_where(actor, Perm.TAKEOVER_MAKE))
    return db.session.execute(_sheets().where(Takeover.id == batch_id, reach)).first()


def judged_in_reach(actor: Actor, batch_id: int) -> Any:
    """A sheet of a unit in this person's reach that was handed in; None elsewhere."""
    return db.session.execute(
        _sheets().where(
            Takeover.id == batch_id,
            Takeover.unit_id.in_(units_where(actor, Perm.CLAIM_JUDGE)),
            Takeover.state.not_in(KEPT_IN),
        )
    ).first()


def is_above(actor: Actor, unit_id: int) -> bool:
    """Does this person judge claims from a unit above this one, or is nothing above it?"""
    roots = actor.units_with(Perm.CLAIM_JUDGE, subtree=True)
    higher = select(UnitClosure.id).where(UnitClosure.below_id == unit_id, UnitClosure.depth > 0)
    if db.session.scalar(higher.where(UnitClosure.above_id.in_(roots)).limit(1)) is not None:
        return True
    return unit_id in roots and db.session.scalar(higher.limit(1)) is None


def level_above(unit_id: int) -> str:
    """The name of the unit right above; the unit's own where there is none."""
    return (
        db.session.scalar(
            select(Unit.name)
            .join(UnitClosure, UnitClosure.above_id == Unit.id)
            .where(UnitClosure.below_id == unit_id, UnitClosure.depth <= 1)
            .order_by(UnitClosure.depth.desc())
            .limit(1)
        )
        or ""
    )


def rows(batch_id: int, outcome: str) -> Select[Any]:
    """The rows with this outcome in the order of the sheet, with the member's name."""
    return (
        select(
            TakeoverRow.id, TakeoverRow.line, TakeoverRow.values, TakeoverRow.errors,
            TakeoverRow.member_id, Member.name,
        )
        .outerjoin(Member, Member.id == TakeoverRow.member_id)
        .where(TakeoverRow.takeover_id == batch_id, TakeoverRow.outcome == outcome)
        .order_by(TakeoverRow.line, TakeoverRow.id)
    )  # fmt: skip


def totals(batch_id: int) -> Select[Any]:
    """What the sheet brings each member before the caps of the year: name, rows, hundredths."""
    credit = func.coalesce(TakeoverRow.values["cut"].as_integer(), TakeoverRow.values["credit"].as_integer())
    return (
        select(
            Member.id, Member.name, Member.code, Unit.name.label("unit_name"),
            func.count().label("rows"), func.sum(credit).label("credit"),
        )
        .select_from(TakeoverRow)
        .join(Member, Member.id == TakeoverRow.member_id)
        .outerjoin(Unit, Unit.id == Member.unit_id)
        .where(TakeoverRow.takeover_id == batch_id, TakeoverRow.outcome != "refused")
        .group_by(Member.id, Member.name, Member.code, Member.pinyin, Unit.name)
        .order_by(Member.pinyin, Member.id)
    )  # fmt: skip


def counts(batch_id: int) -> dict[str, int]:
    """How many rows have each outcome."""
    found = db.session.execute(
        select(TakeoverRow.outcome, func.count())
        .where(TakeoverRow.takeover_id == batch_id)
        .group_by(TakeoverRow.outcome)
    )
    return dict.fromkeys(OUTCOMES, 0) | dict(found.tuples().all())


def waiting(batch_id: int) -> int:
    """How many good rows are not in the ledger yet."""
    return counts(batch_id)["good"]


def waiting_rows(year: int) -> Select[Any]:
    """(unit_id, rows): how many good rows of sheets that were handed in, or are being written, are not in the
    ledger yet, by the branch that closes that year of their member."""
    branch = func.coalesce(MemberYear.custody_unit_id, Member.unit_id)
    return (
        select(branch.label("unit_id"), func.count().label("rows"))
        .select_from(Takeover)
        .join(TakeoverRow, TakeoverRow.takeover_id == Takeover.id)
        .join(Member, Member.id == TakeoverRow.member_id)
        .outerjoin(MemberYear, and_(MemberYear.member_id == Member.id, MemberYear.credit_year == year))
        .where(
            Takeover.year == year,
            Takeover.state.in_(("submitted", "confirmed")),
            TakeoverRow.outcome == "good",
        )
        .group_by(branch)
    )


to_be_written.register(waiting_rows)


def next_rows(batch_id: int, size: int) -> list[Any]:
    """The next rows to be posted."""
    return list(
        db.session.execute(
            select(TakeoverRow.id, TakeoverRow.line, TakeoverRow.member_id, TakeoverRow.values)
            .where(TakeoverRow.takeover_id == batch_id, TakeoverRow.outcome == "good")
            .order_by(TakeoverRow.line)
            .limit(size)
        )
    )


def has_rows_of(batch_id: int, member_id: int | None) -> bool:
    """Do hours of this member stand in the sheet?"""
    if member_id is None:
        return False
    return bool(
        db.session.scalar(
            select(exists().where(TakeoverRow.takeover_id == batch_id, TakeoverRow.member_id == member_id))
        )
    )


def between(column: Any, batch_id: int) -> tuple[Any, Any]:
    """The sources or occurrences of a sheet: "takeover:5/…", and no other that begins with 5."""
    return column >= f"takeover:{batch_id}/", column < f"takeover:{batch_id}0"


def entries_of(batch_id: int) -> Select[Any]:
    """The lines of a sheet that stand: their ids."""
    back = aliased(HourEntry)
    return (
        select(HourEntry.id)
        .outerjoin(back, back.reverses_id == HourEntry.id)
        .where(*between(HourEntry.source, batch_id), HourEntry.reverses_id.is_(None), back.id.is_(None))
    )


def lines_that_stand(batch_id: int) -> int:
    """How many of its lines stand in the ledger."""
    return db.session.scalar(select(func.count()).select_from(entries_of(batch_id).subquery())) or 0


def is_sealed(batch_id: int) -> bool:
    """Does a line of it stand in a book that is closed?"""
    found = (
        entries_of(batch_id)
        .join(Book, Book.id == HourEntry.book_id)
        .where(Book.sealed_at.is_not(None))
        .limit(1)
    )
    return db.session.scalar(found) is not None


def job(batch_id: int, kind: str) -> Any:
    """How far a job of this sheet is; None where it was never asked for, or was swept long after its end."""
    return db.session.execute(
        select(Job.state, Job.done_steps, Job.all_steps, Job.result, Job.error).where(
            Job.key == job_key(batch_id, kind)
        )
    ).first()


def is_over(batch_id: int, kind: str) -> bool:
    """Has this job ended, one way or the other?"""
    found = job(batch_id, kind)
    return found is None or found.state in ("done", "failed")


def history(batch_id: int) -> list[Any]:
    """What happened to a sheet, the oldest first: when, by whom, what, with which reason."""
    return list(
        db.session.execute(
            select(AuditEvent.at, AuditEvent.action, AuditEvent.detail, Account.name.label("by"))
            .outerjoin(Account, Account.id == AuditEvent.actor_id)
            .where(AuditEvent.target == f"takeover:{batch_id}", AuditEvent.action.in_(SHOWN))
            .order_by(AuditEvent.id)
            .limit(20)
        )
    )


def scan(batch_id: int) -> StoredFile | None:
    """The scan it was handed in with."""
    return db.session.scalars(
        select(StoredFile).join(Takeover, Takeover.scan_id == StoredFile.id).where(Takeover.id == batch_id)
    ).first()


def forget_rows(batch_id: int) -> None:
    """Drop the rows of a sheet that will not be written."""
    db.session.execute(delete(TakeoverRow).where(TakeoverRow.takeover_id == batch_id))
