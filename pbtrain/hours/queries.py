"""Reading hours: a member's year, a branch's year, what waits. Figures come from rows the ledger keeps."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import Select, and_, case, func, or_, select
from sqlalchemy.orm import aliased

from pbtrain.accounts.models import Account
from pbtrain.core import clock
from pbtrain.core.db import db
from pbtrain.hours import posting
from pbtrain.hours.models import Book, HourClaim, HourEntry, MemberYear, Policy
from pbtrain.hours.policy import Rules
from pbtrain.hours.rulebook import rulebook
from pbtrain.hours.rules import Assessment, CadreYear, assess, cadre_year, duties
from pbtrain.org.models import Member, Unit, UnitClosure

# A member of a branch belongs to exactly one of these, in this order; care is not failure.
CARE = MemberYear.on_care.is_(True)
MET = and_(
    ~CARE, MemberYear.counted >= MemberYear.target, MemberYear.target > 0, MemberYear.lacks_class.is_(False)
)
BEHIND = and_(~CARE, MemberYear.counted < MemberYear.due)
STANDINGS = {"care": CARE, "met": MET, "behind": BEHIND}


def member_year(member_id: int, year: int) -> Any:
    """The row of sums and caches, or None before anything was posted or owed."""
    return db.session.execute(
        select(MemberYear.counted, MemberYear.target, MemberYear.due, MemberYear.due_on, MemberYear.on_care,
               MemberYear.lacks_class,
               MemberYear.self_a, MemberYear.self_b, MemberYear.self_c, MemberYear.self_d)
        .where(MemberYear.member_id == member_id, MemberYear.credit_year == year)
    ).first()  # fmt: skip


def closed_year(member_id: int, year: int) -> Any:
    """What was sealed of a member's year and corrected since, in hundredths; None while it is open."""
    return db.session.execute(
        select(MemberYear.sealed_counted, MemberYear.sealed_target, MemberYear.corrections).where(
            MemberYear.member_id == member_id,
            MemberYear.credit_year == year,
            MemberYear.sealed_counted.is_not(None),
        )
    ).first()


def years_of(member_id: int) -> list[int]:
    """The years this member has figures for."""
    return list(
        db.session.scalars(
            select(MemberYear.credit_year)
            .where(MemberYear.member_id == member_id)
            .order_by(MemberYear.credit_year, MemberYear.id)
        )
    )


@dataclass(frozen=True)
class Year:
    """A member's year, judged and explained; `lines` are the ledger's, newest first."""

    assessment: Assessment
    policy: Rules
    cadre: CadreYear | None
    lines: list[Any]


def explained_year(member_id: int, year: int) -> Year | None:
    """The year line by line with what counts and why; None for a person without a branch that year."""
    person = posting.people([member_id]).get(member_id)
    if person is None or not person.homes:
        return None
    today = clock.today()
    homes = {home[2] for home in person.homes}
    policy = rulebook(homes).of(person.homes, person.unit_id, year)
    lines: list[Any] = list(db.session.execute(lines_of(member_id, year)))
    result = assess(policy, duties(year, person.ties), lines, year=year, today=today)
    return Year(result, policy, _cadre(policy, member_id, person, result.cadre, year), lines)


def _cadre(
    policy: Rules, member_id: int, person: posting.Person, counted: int, year: int
) -> CadreYear | None:
    """The separate account of a cadre; over five years it asks the ledger for the other years too."""
    found = cadre_year(policy, person.ties, counted, year)
    if found is None or found.period == (year, year):
        return found
    others = db.session.scalar(
        select(func.coalesce(func.sum(HourEntry.credit), 0)).where(
            HourEntry.member_id == member_id,
            HourEntry.credit_year.between(*found.period),
            HourEntry.activity.in_(policy.on(date(year, 12, 31)).cadre_activities),
        )
    )
    return replace(found, counted=int(others or 0))


def lines_of(member_id: int, year: int) -> Select[Any]:
    """The lines of a member's year, newest day first."""
    return _lines().where(HourEntry.member_id == member_id, HourEntry.credit_year == year)


def _lines() -> Select[Any]:
    back = aliased(HourEntry)
    return (
        select(
            HourEntry.id, HourEntry.book_id, HourEntry.seq, HourEntry.member_id, HourEntry.day,
            HourEntry.starts_at, HourEntry.ends_at, HourEntry.credit_year, HourEntry.activity,
            HourEntry.channel, HourEntry.mode, HourEntry.minutes, HourEntry.credit, HourEntry.policy_id,
            HourEntry.proof, HourEntry.reverses_id, HourEntry.source, HourEntry.title, HourEntry.note,
            HourEntry.posted_at, HourEntry.hash, Account.name.label("poster"),
            back.id.label("reversed_by_id"),
        )
        .outerjoin(Account, Account.id == HourEntry.posted_by_id)
        .outerjoin(back, back.reverses_id == HourEntry.id)
        .order_by(HourEntry.day.desc(), HourEntry.id.desc())
    )  # fmt: skip


def line_with_place(entry_id: int) -> Any:
    """One line with its member, its branch and the policy it was converted by, or None."""
    return db.session.execute(
        _lines()
        .add_columns(
            Member.name.label("member_name"), Member.unit_id.label("now_in"),
            Book.unit_id, Book.sealed_at, Unit.name.label("unit_name"),
            Policy.year.label("policy_year"), Policy.version.label("policy_version"),
            Policy.rules.label("policy_rules"),
        )
        .join(Member, Member.id == HourEntry.member_id)
        .join(Book, Book.id == HourEntry.book_id)
        .join(Unit, Unit.id == Book.unit_id)
        .join(Policy, Policy.id == HourEntry.policy_id)
        .where(HourEntry.id == entry_id)
    ).first()  # fmt: skip


def book_lines(unit_id: int, year: int) -> Select[Any]:
    """The lines of a branch's book with the members' names, in the order of the book."""
    return (
        _lines()
        .add_columns(Member.name.label("member_name"), Member.pinyin)
        .join(Member, Member.id == HourEntry.member_id)
        .join(Book, Book.id == HourEntry.book_id)
        .where(Book.unit_id == unit_id, Book.year == year)
    )


def book(unit_id: int, year: int) -> Any:
    """A branch's book of the year, or None while nothing was posted."""
    return db.session.execute(
        select(Book.id, Book.entries, Book.person_times, Book.minutes, Book.credit, Book.prior_credit,
               Book.head, Book.sealed_at)
        .where(Book.unit_id == unit_id, Book.year == year)
    ).first()  # fmt: skip


@dataclass(frozen=True)
class Attainment:
    """How many people of some units stand where: 人, never added to 人次."""

    people: int = 0
    met: int = 0
    behind: int = 0
    care: int = 0

    @property
    def on_pace(self) -> int:
        """Neither met nor behind nor on the care list."""
        return self.people - self.met - self.behind - self.care

    @property
    def owing(self) -> int:
        """Those of whom hours are asked."""
        return self.people - self.care


def _counts() -> tuple[Any, ...]:
    def count(condition: Any) -> Any:
        return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)

    return func.count(MemberYear.id), count(MET), count(BEHIND), count(CARE)


def branch_attainment(unit_id: int, year: int) -> Attainment:
    """Attainment of one branch, by today's custody, in one statement."""
    row = db.session.execute(
        select(*_counts()).where(MemberYear.custody_unit_id == unit_id, MemberYear.credit_year == year)
    ).one()
    return Attainment(*row)


def branch_members(
    unit_ids: Sequence[int] | Select[Any],
    year: int,
    *,
    search: str = "",
    standing: str = "",
    sort: str = "name",
) -> Select[Any]:
    """The members of branches with their year; search by name, pinyin or code, filter by standing."""
    listed = (
        select(
            Member.id, Member.name, Member.pinyin, Member.code, Member.stage, Member.unit_id,
            MemberYear.counted, MemberYear.target, MemberYear.due, MemberYear.on_care, MemberYear.lacks_class,
            MemberYear.entries,
        )
        .outerjoin(MemberYear, and_(MemberYear.member_id == Member.id, MemberYear.credit_year == year))
        .where(Member.unit_id.in_(unit_ids), Member.left_on.is_(None))
    )  # fmt: skip
    if search:
        words = search.lower()
        listed = listed.where(
            or_(
                Member.name.contains(search, autoescape=True),
                Member.pinyin.contains(words, autoescape=True),
                func.lower(Member.code).contains(words, autoescape=True),
            )
        )
    if standing == "pace":
        listed = listed.where(~or_(*STANDINGS.values()))
    elif standing in STANDINGS:
        listed = listed.where(STANDINGS[standing])
    gap = func.coalesce(MemberYear.counted, 0) - func.coalesce(MemberYear.due, 0)
    orders: dict[str, tuple[Any, ...]] = {
        "name": (Member.pinyin, Member.id),
        "behind": (gap, Member.id),
        "counted": (func.coalesce(MemberYear.counted, 0).desc(), Member.id),
    }
    return listed.order_by(*orders.get(sort, orders["name"]))


def members_below(unit_id: int, year: int) -> Select[Any]:
    """Everybody in a unit and below it with their year, branch by branch: what a file holds."""
    return (
        select(
            Member.code, Member.name, Unit.name.label("unit_name"), Member.stage,
            MemberYear.counted, MemberYear.target, MemberYear.due, MemberYear.on_care, MemberYear.lacks_class,
        )
        .select_from(UnitClosure)
        .join(Unit, Unit.id == UnitClosure.below_id)
        .join(Member, Member.unit_id == Unit.id)
        .outerjoin(MemberYear, and_(MemberYear.member_id == Member.id, MemberYear.credit_year == year))
        .where(UnitClosure.above_id == unit_id, Member.left_on.is_(None))
        .order_by(UnitClosure.below_id, Member.pinyin, Member.id)
    )  # fmt: skip


def waiting_claims(unit_ids: Sequence[int] | Select[Any]) -> Select[Any]:
    """Lines held for an overlap in these branches, oldest first."""
    other = aliased(HourEntry)
    return (
        select(
            HourClaim.id, HourClaim.member_id, HourClaim.unit_id, HourClaim.title, HourClaim.activity,
            HourClaim.day, HourClaim.starts_at, HourClaim.ends_at, HourClaim.minutes, HourClaim.uncovered,
            HourClaim.made_at,
            Member.name.label("member_name"), other.title.label("other_title"),
            other.starts_at.label("other_starts_at"), other.ends_at.label("other_ends_at"),
        )
        .join(Member, Member.id == HourClaim.member_id)
        .outerjoin(other, other.id == HourClaim.overlaps_id)
        .where(HourClaim.unit_id.in_(unit_ids), HourClaim.state == "held")
        .order_by(HourClaim.made_at, HourClaim.id)
    )  # fmt: skip


def claims_of(member_id: int, year: int) -> list[Any]:
    """A member's lines that wait for a decision, oldest first."""
    return list(
        db.session.execute(
            select(HourClaim.id, HourClaim.title, HourClaim.day, HourClaim.minutes, HourClaim.made_at)
            .where(
                HourClaim.member_id == member_id,
                HourClaim.state == "held",
                HourClaim.day.between(date(year, 1, 1), date(year, 12, 31)),
            )
            .order_by(HourClaim.made_at, HourClaim.id)
        )
    )
