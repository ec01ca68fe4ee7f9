"""理论学习台账 (domain.md A2): the lines of a branch's book; nothing is entered a second time.

What was corrected of a year after its closing stands in the book of the year of the correction, and here: on
the ledger of that year, apart. The ledger of a closed year adds up to what was closed, as its code says.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import Select, and_, case, distinct, func, or_, select
from sqlalchemy.orm import aliased

from pbtrain.accounts.models import Account
from pbtrain.closing.models import SignOff
from pbtrain.closing.queries import LATE, OF_ITS_MONTH, undone_late
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


CORRECTS = HourEntry.credit_year != Book.year  # a year that was closed before


def asked(scope: Scope, back: Any) -> tuple[Any, ...]:
    """The lines of the branch's book in those days, and the corrections of closed years that were recorded in
    them; `late` leaves those that came after their sign-off, or were reversed by `back` after it."""
    recorded = clock.at(scope.first, 0), clock.at(scope.last + timedelta(days=1), 0)
    return (
        Book.unit_id == scope.unit_id,
        Book.year == scope.year,
        or_(
            and_(~CORRECTS, HourEntry.day.between(scope.first, scope.last)),
            and_(CORRECTS, HourEntry.posted_at >= recorded[0], HourEntry.posted_at < recorded[1]),
        ),
        *((or_(LATE, undone_late(back)),) if scope.show == "late" else ()),
    )


def rows(scope: Scope) -> Select[Any]:
    """The lines of the book in the order of the days, what corrects closed years after them; what reverses
    another of its year stands beside that line."""
    back, its_book = aliased(HourEntry), aliased(Book)
    return (
        select(
            HourEntry.id, HourEntry.seq, HourEntry.day, HourEntry.title, HourEntry.activity, HourEntry.mode,
            HourEntry.minutes, HourEntry.credit, HourEntry.proof, HourEntry.posted_at, HourEntry.note,
            HourEntry.credit_year, CORRECTS.label("corrects"),
            Member.name.label("member_name"), Account.name.label("poster"),
            back.id.label("reversed_by_id"), back.note.label("reason"), its_book.year.label("reversed_in"),
            case((LATE, SignOff.signed_at)).label("signed_at"),
            case((undone_late(back), SignOff.signed_at)).label("signed_before"),
        )
        .join(Book, Book.id == HourEntry.book_id)
        .outerjoin(SignOff, OF_ITS_MONTH)
        .join(Member, Member.id == HourEntry.member_id)
        .outerjoin(Account, Account.id == HourEntry.posted_by_id)
        .outerjoin(back, back.reverses_id == HourEntry.id)
        .outerjoin(its_book, its_book.id == back.book_id)
        .where(*asked(scope, back), or_(HourEntry.reverses_id.is_(None), CORRECTS))
        .order_by(HourEntry.credit_year.desc(), HourEntry.day, HourEntry.id)
    )  # fmt: skip


def line(row: Any) -> Line:
    """A line of the book; self-study stands in a column of its own and in no total of the other."""
    kind, group = ACTIVITIES.get(row.activity), row.mode == "group"
    struck = row.reversed_in == row.credit_year and not row.corrects
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
    """Why a line is struck out, that this or the line itself came after its month had been signed (迟报), or
    what it corrects."""
    if row.corrects:
        return _("Corrects %(year)s, which is closed: %(why)s", year=row.credit_year, why=row.note)
    said = []
    if row.reversed_in == row.credit_year:
        said.append(_("Reversed: %(why)s", why=row.reason))
    elif row.reversed_in:
        said.append(
            _("Corrected after closing, on the ledger of %(year)s: %(why)s",
              year=row.reversed_in, why=row.reason)
        )  # fmt: skip
    if row.signed_at is not None:
        said.append(_("Late: the month was signed on %(day)s", day=f"{clock.local(row.signed_at):%Y-%m-%d}"))
    elif row.signed_before is not None:
        day = f"{clock.local(row.signed_before):%Y-%m-%d}"
        said.append(_("Reversed late: the month was signed on %(day)s", day=day))
    return _(" · ").join(said)


def facts(scope: Scope) -> Mapping[str, Any]:
    """Sums of the lines that stand, 人次 and 人 apart, of the corrections of closed years, and the rules
    behind them; two statements."""
    back = aliased(HourEntry)
    live = and_(~CORRECTS, HourEntry.reverses_id.is_(None), back.id.is_(None))

    def total(condition: Any, value: Any) -> Any:
        return func.coalesce(func.sum(case((condition, value), else_=0)), 0)

    def part(condition: Any, mode: str, value: Any) -> Any:
        return total(and_(condition, HourEntry.mode == mode), value)

    def heads(mode: str) -> Any:
        return func.count(distinct(case((and_(live, HourEntry.mode == mode), HourEntry.member_id))))

    sums = db.session.execute(
        select(
            part(live, "group", 1).label("times"), part(live, "group", HourEntry.minutes).label("minutes"),
            part(live, "group", HourEntry.credit).label("credit"), heads("group").label("people"),
            part(live, "self", 1).label("self_times"), heads("self").label("self_people"),
            part(live, "self", HourEntry.minutes).label("self_minutes"),
            part(live, "self", HourEntry.credit).label("self_credit"),
            func.count(case((CORRECTS, 1))).label("corrections"),
            total(CORRECTS, HourEntry.minutes).label("corrected_minutes"),
            part(CORRECTS, "group", HourEntry.credit).label("corrected_credit"),
            part(CORRECTS, "self", HourEntry.credit).label("corrected_self_credit"),
            func.count(case((and_(~CORRECTS, HourEntry.reverses_id.is_(None)), back.id))).label("reversed"),
            func.count(
                case((and_(or_(LATE, undone_late(back)), HourEntry.reverses_id.is_(None)), 1))
            ).label("late"),
        )
        .join(Book, Book.id == HourEntry.book_id)
        .outerjoin(SignOff, OF_ITS_MONTH)
        .outerjoin(back, and_(back.reverses_id == HourEntry.id, back.book_id == HourEntry.book_id))
        .where(*asked(scope, back))
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
    """Group study, self-study and corrections of years that were closed, each by itself."""
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
    if found["corrections"]:
        cells = [None] * len(COLUMNS)
        cells[2] = _("Corrections of closed years, apart")
        cells[5], cells[6] = found["corrected_minutes"], found["corrected_credit"]
        cells[7] = found["corrected_self_credit"] or None
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
                "%(num)s line came or was reversed late: its month had been signed before.",
                "%(num)s lines came or were reversed late: their month had been signed before.",
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
