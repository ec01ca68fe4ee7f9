"""理论学习台账 (domain.md A2): the lines of a branch's book; nothing is entered a second time."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, and_, case, distinct, func, select
from sqlalchemy.orm import aliased

from pbtrain.accounts.models import Account
from pbtrain.closing.models import SignOff
from pbtrain.closing.queries import LATE, OF_ITS_MONTH
from pbtrain.core import clock
from pbtrain.core.db import db
from pbtrain.core.formatting import number
from pbtrain.core.i18n import N_, _, ngettext
from pbtrain.hours.activities import ACTIVITIES
from pbtrain.hours.models import Book, HourEntry, Policy
from pbtrain.org.models import Member
from pbtrain.reports.catalog import Column, Line, Report, Scope, add

COLUMNS = (
    Column(N_("No."), "number", "c-hide", 7),
    Column(N_("Day"), "day", "pb-nowrap", 12),
    Column(N_("What was studied"), "text", "", 34),
    Column(N_("Form"), "text", "c-hide pb-nowrap", 12),
    Column(N_("Member"), "text", "c-wide", 16),
    Column(N_("Minutes"), "number", "c-wide", 8),
    Column(N_("Hours"), "hours", "c-num", 8),
    Column(N_("Self-study hours"), "hours", "c-wide", 8),
    Column(N_("Proof"), "text", "c-wide pb-nowrap", 12),
    Column(N_("Recorded"), "text", "c-wide pb-nowrap", 24),
)
PROOFS = {"A": N_("rotating code"), "B": N_("roll"), "C": N_("platform"), "D": N_("own statement")}


def asked(scope: Scope) -> tuple[Any, ...]:
    """The lines of the branch's book in those days; `late` leaves those that came after their sign-off."""
    return (
        Book.unit_id == scope.unit_id,
        Book.year == scope.year,
        HourEntry.day.between(scope.first, scope.last),
        *((LATE,) if scope.show == "late" else ()),
    )


def rows(scope: Scope) -> Select[Any]:
    """The lines of the book in the order of the days; what reverses another stands beside that line."""
    back = aliased(HourEntry)
    return (
        select(
            HourEntry.id, HourEntry.seq, HourEntry.day, HourEntry.title, HourEntry.activity, HourEntry.mode,
            HourEntry.minutes, HourEntry.credit, HourEntry.proof, HourEntry.posted_at,
            Member.name.label("member_name"), Account.name.label("poster"),
            back.id.label("reversed_by_id"), back.note.label("reason"),
            case((LATE, SignOff.signed_at)).label("signed_at"),
        )
        .join(Book, Book.id == HourEntry.book_id)
        .outerjoin(SignOff, OF_ITS_MONTH)
        .join(Member, Member.id == HourEntry.member_id)
        .outerjoin(Account, Account.id == HourEntry.posted_by_id)
        .outerjoin(back, back.reverses_id == HourEntry.id)
        .where(*asked(scope), HourEntry.reverses_id.is_(None))
        .order_by(HourEntry.day, HourEntry.id)
    )  # fmt: skip


def line(row: Any) -> Line:
    """A line of the book; self-study stands in a column of its own and in no total of the other."""
    kind, group = ACTIVITIES.get(row.activity), row.mode == "group"
    struck = row.reversed_by_id is not None
    return Line(
        values=(
            row.seq,
            row.day,
            row.title,
            _(kind.label) if kind else row.activity,
            row.member_name,
            row.minutes,
            row.credit if group else None,
            None if group else row.credit,
            f"{row.proof} {_(PROOFS[row.proof])}",
            f"{clock.local(row.posted_at):%Y-%m-%d} {row.poster or _('The system')}",
        ),
        title=2,
        entry_id=row.id,
        struck=struck,
        remark=remark(row),
    )


def remark(row: Any) -> str:
    """Why a line is struck out, and that it came after its month had been signed (迟报)."""
    said = [_("Reversed: %(why)s", why=row.reason)] if row.reversed_by_id is not None else []
    if row.signed_at is not None:
        said.append(_("Late: the month was signed on %(day)s", day=f"{clock.local(row.signed_at):%Y-%m-%d}"))
    return _(" · ").join(said)


def facts(scope: Scope) -> Mapping[str, Any]:
    """Sums of the lines that stand, 人次 and 人 apart, and the rules behind them; two statements."""
    back = aliased(HourEntry)
    live = and_(HourEntry.reverses_id.is_(None), back.id.is_(None))

    def part(mode: str, value: Any) -> Any:
        return func.coalesce(func.sum(case((and_(live, HourEntry.mode == mode), value), else_=0)), 0)

    def heads(mode: str) -> Any:
        return func.count(distinct(case((and_(live, HourEntry.mode == mode), HourEntry.member_id))))

    sums = db.session.execute(
        select(
            part("group", 1).label("times"), part("group", HourEntry.minutes).label("minutes"),
            part("group", HourEntry.credit).label("credit"), heads("group").label("people"),
            part("self", 1).label("self_times"), part("self", HourEntry.minutes).label("self_minutes"),
            part("self", HourEntry.credit).label("self_credit"), heads("self").label("self_people"),
            func.count(back.id).label("reversed"),
            func.count(case((and_(LATE, HourEntry.reverses_id.is_(None)), 1))).label("late"),
        )
        .join(Book, Book.id == HourEntry.book_id)
        .outerjoin(SignOff, OF_ITS_MONTH)
        .outerjoin(back, back.reverses_id == HourEntry.id)
        .where(*asked(scope))
    ).one()  # fmt: skip
    kept_by = db.session.execute(
        select(Policy.year, Policy.version, Policy.rules)
        .join(HourEntry, HourEntry.policy_id == Policy.id)
        .join(Book, Book.id == HourEntry.book_id)
        .where(Book.unit_id == scope.unit_id, Book.year == scope.year)
        .group_by(Policy.id)
        .order_by(Policy.year, Policy.version, Policy.id)
    ).all()
    return {**sums._mapping, "policies": kept_by}


def totals(found: Mapping[str, Any]) -> list[list[Any]]:
    """Group study and self-study, each by itself."""
    result = []
    for name, label, column in (("", _("Group study together"), 6), ("self_", _("Self-study, apart"), 7)):
        if name and not found["self_times"]:
            continue
        cells: list[Any] = [None] * len(COLUMNS)
        cells[2] = label
        cells[4] = _(
            "%(times)s attendances, %(people)s people",
            times=number(found[f"{name}times"]),
            people=number(found[f"{name}people"]),
        )
        cells[5], cells[column] = found[f"{name}minutes"], found[f"{name}credit"]
        result.append(cells)
    return result


def notes(found: Mapping[str, Any]) -> list[str]:
    """How hours were worked out, how attendances and people differ, and the code to compare."""
    said = [
        _(
            "1 hour = %(minutes)s min, by the rules of %(year)s, version %(version)s.",
            minutes=policy.rules["minutes_per_hour"],
            year=policy.year,
            version=policy.version,
        )
        for policy in found["policies"]
    ]
    said.append(_("Attendances add up; each person is counted once. Self-study is not part of group study."))
    if found["reversed"]:
        said.append(
            ngettext(
                "%(num)s line was reversed: it is struck out and in no total.",
                "%(num)s lines were reversed: they are struck out and in no total.",
                found["reversed"],
            )
        )
    if found["late"]:
        said.append(
            ngettext(
                "%(num)s line came late: its month had been signed before.",
                "%(num)s lines came late: their month had been signed before.",
                found["late"],
            )
        )
    return said


add(
    Report(
        key="ledger",
        title=N_("Learning ledger"),
        hint=N_("Who studied what, when and for how long, line by line"),
        columns=COLUMNS,
        rows=rows,
        line=line,
        facts=facts,
        totals=totals,
        notes=notes,
        signatures=(
            N_("Branch secretary (signature)"),
            N_("Organisation committee member (signature)"),
            N_("Auditing unit (seal)"),
        ),
        filters={"late": N_("Late lines only")},
    )
)
