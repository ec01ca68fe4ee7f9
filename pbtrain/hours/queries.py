"""Reading hours: a member's year, a branch's year, what waits. Figures come from rows the ledger keeps."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import Select, and_, case, func, or_, select
from sqlalchemy.orm import aliased

from pbtrain.accounts.models import Account
from pbtrain.core import clock
from pbtrain.core.db import db
from pbtrain.hours import signing
from pbtrain.hours.activities import CLASSES
from pbtrain.hours.models import Book, HourClaim, HourEntry, MemberYear, Policy
from pbtrain.hours.newcomers import FirstClass, first_class, met
from pbtrain.hours.persons import people
from pbtrain.hours.policy import CADRE_ACTIVITIES, Rules
from pbtrain.hours.rulebook import rulebook
from pbtrain.hours.rules import Assessment, CadreYear, Stretch, Tie, assess, cadre_year, duties
from pbtrain.org.lists import named, plain
from pbtrain.org.models import Member, Unit, UnitClosure

# A member of a branch belongs to exactly one of these, in this order; care is not failure.
CARE = MemberYear.on_care.is_(True)
MET = and_(
    ~CARE, MemberYear.counted >= MemberYear.target, MemberYear.target > 0, MemberYear.lacks_class.is_(False)
)
BEHIND = and_(~CARE, MemberYear.counted < MemberYear.due)
STANDINGS = {"care": CARE, "met": MET, "behind": BEHIND}


def years_of(member_id: int) -> dict[int, Any]:
    """The sums and caches of every year this member has figures for, by year."""
    rows = db.session.execute(
        select(MemberYear.credit_year, MemberYear.entries, MemberYear.counted, MemberYear.target,
               MemberYear.due, MemberYear.due_on, MemberYear.on_care, MemberYear.lacks_class,
               MemberYear.self_a, MemberYear.self_b, MemberYear.self_c, MemberYear.self_d,
               MemberYear.sealed_counted, MemberYear.sealed_target, MemberYear.corrections)
        .where(MemberYear.member_id == member_id)
        .order_by(MemberYear.credit_year, MemberYear.id)
    )  # fmt: skip
    return {row.credit_year: row for row in rows}


@dataclass(frozen=True)
class Year:
    """A member's year before its lines are read: who owes what on which days, by which rules."""

    member_id: int
    year: int
    policy: Rules
    stretches: tuple[Stretch, ...]
    ties: list[Tie]

    @property
    def has_caps(self) -> bool:
        """Does what counts of a line hang on lines of other days?"""
        first, after = date(self.year, 1, 1), date(self.year + 1, 1, 1)
        return any(
            rules.self_cap or rules.activity_caps or rules.proof_caps or rules.proof_shares
            for _since, _until, rules in self.policy.between(first, after)
        )


def year_of(member_id: int, year: int) -> Year | None:
    """The rules and duties of a member's year, two statements; None for who has never been in a branch."""
    person = people([member_id]).get(member_id)
    if person is None or not person.homes:
        return None
    homes = {home[2] for home in person.homes}
    policy = rulebook(homes).of(person.homes, person.unit_id, year)
    return Year(member_id, year, policy, duties(year, person.ties), person.ties)


@dataclass(frozen=True)
class Judged:
    """What was made of some lines; `whole`: all of the year were read, and the sums are those of the year;
    `cadre`: the separate account of a cadre, `first_class`: what a new secretary is asked, where such things
    were asked for and there are any."""

    assessment: Assessment
    lines: list[Any]
    whole: bool
    cadre: CadreYear | None = None
    first_class: FirstClass | None = None


def judged(
    found: Year, since: date, until: date, *, also: date | None = None, besides: bool = False
) -> Judged:
    """Judge the lines of these days, `until` included, that are not reversed; one statement.

    Under rules with a cap of the year all of its lines are read, else no more than those days have: what
    counts of them is the same, and a long history costs nothing. `besides` reads along what is asked besides
    the hours: the account of a cadre, which may cover five years, and a new secretary's training class.
    """
    days = or_(HourEntry.day.between(since, until), HourEntry.day == (also or since))
    asked: Any = HourEntry.credit_year == found.year
    if not found.has_caps:
        asked = and_(asked, days)
    account = cadre_year(found.policy, found.ties, 1, found.year) if besides else None
    newcomer = first_class(found.policy, found.ties, found.year) if besides else None
    apart = found.policy.on(date(found.year, 12, 31)).cadre_activities
    if account is not None:
        kept = and_(HourEntry.credit_year.between(*account.period), HourEntry.activity.in_(apart))
        asked = or_(asked, kept)
    if newcomer is not None:
        since_then = HourEntry.day.between(newcomer.since, date(found.year, 12, 31))
        asked = or_(asked, and_(since_then, HourEntry.activity.in_(CLASSES)))
    rows = db.session.execute(_standing().where(HourEntry.member_id == found.member_id, asked)).all()
    lines: list[Any] = [
        row
        for row in rows
        if row.credit_year == found.year
        and (found.has_caps or since <= row.day <= until or row.day == (also or since))
    ]
    result = assess(found.policy, found.stretches, lines, year=found.year, today=clock.today())
    account = _cadre_account(found, account, rows, apart)
    return Judged(result, lines, found.has_caps, account, met(newcomer, rows))


def _standing() -> Select[Any]:
    """The lines that nothing reverses, as far as `assess` cares."""
    back = aliased(HourEntry)
    return (
        select(HourEntry.id, HourEntry.member_id, HourEntry.day, HourEntry.mode, HourEntry.proof,
               HourEntry.minutes, HourEntry.credit, HourEntry.starts_at, HourEntry.ends_at,
               HourEntry.reverses_id, HourEntry.activity, HourEntry.credit_year)
        .outerjoin(back, back.reverses_id == HourEntry.id)
        .where(HourEntry.reverses_id.is_(None), back.id.is_(None))
        .order_by(HourEntry.id)
    )  # fmt: skip


def standing_lines(year: int) -> Select[Any]:
    """The lines of a year that nothing reverses."""
    return _standing().where(HourEntry.credit_year == year)


def _cadre_account(
    found: Year, account: CadreYear | None, lines: Sequence[Any], apart: Collection[str]
) -> CadreYear | None:
    """The separate account with what stands in it; None for who is no cadre and has no hours there."""
    if account is None:
        return None
    first, last = account.period
    done = sum(line.credit for line in lines if line.activity in apart and first <= line.credit_year <= last)
    none = not done and cadre_year(found.policy, found.ties, 0, found.year) is None
    return None if none else replace(account, counted=int(done))


def cadre_accounts(years: Sequence[Year]) -> dict[int, CadreYear]:
    """The separate accounts of these members, by member, one statement for all; without those who are no
    cadres and have no hours there."""
    asked = [(one, cadre_year(one.policy, one.ties, 1, one.year)) for one in years]
    periods = [account.period for _one, account in asked if account is not None]
    if not periods:
        return {}
    done: dict[int, list[Any]] = defaultdict(list)
    for row in db.session.execute(
        select(
            HourEntry.member_id, HourEntry.credit_year, HourEntry.activity,
            func.sum(HourEntry.credit).label("credit"),
        )
        .where(HourEntry.member_id.in_([one.member_id for one in years]))
        .where(HourEntry.credit_year.between(min(p[0] for p in periods), max(p[1] for p in periods)))
        .where(HourEntry.activity.in_(CADRE_ACTIVITIES))
        .group_by(HourEntry.member_id, HourEntry.credit_year, HourEntry.activity)
    ):  # fmt: skip
        done[row.member_id].append(row)
    found: dict[int, CadreYear] = {}
    for one, account in asked:
        apart = one.policy.on(date(one.year, 12, 31)).cadre_activities
        if full := _cadre_account(one, account, done[one.member_id], apart):
            found[one.member_id] = full
    return found


def lines_of(member_id: int, year: int) -> Select[Any]:
    """The lines of a member's year, newest day first, with the rules they were converted by; what reverses a
    line is told at the line itself."""
    return (
        _lines()
        .add_columns(
            Policy.year.label("policy_year"),
            Policy.version.label("policy_version"),
            signing.known().late().label("late"),
        )
        .join(Policy, Policy.id == HourEntry.policy_id)
        .where(HourEntry.member_id == member_id, HourEntry.credit_year == year)
        .where(HourEntry.reverses_id.is_(None))
    )


def _lines() -> Select[Any]:
    back = aliased(HourEntry)
    return (
        select(
            HourEntry.id, HourEntry.book_id, HourEntry.seq, HourEntry.member_id, HourEntry.day,
            HourEntry.starts_at, HourEntry.ends_at, HourEntry.credit_year, HourEntry.activity,
            HourEntry.channel, HourEntry.mode, HourEntry.minutes, HourEntry.credit, HourEntry.policy_id,
            HourEntry.proof, HourEntry.reverses_id, HourEntry.source, HourEntry.title, HourEntry.note,
            HourEntry.posted_at, HourEntry.hash, Account.name.label("poster"),
            back.id.label("reversed_by_id"), back.note.label("reversed_why"),
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


def listed_in(unit_id: int) -> int:
    """How many people the list of a branch has: who is counted, and who is not admitted yet."""
    here = select(func.count()).where(Member.unit_id == unit_id, Member.left_on.is_(None))
    return db.session.scalar(here) or 0


def branch_members(
    unit_ids: Sequence[int] | Select[Any],
    year: int,
    *,
    search: str = "",
    standing: str = "",
    sort: str = "name",
) -> Select[Any]:
    """The members of branches with their year; search by name, pinyin or code, filter by standing: a key of
    STANDINGS, "pace" for all others who are counted, "apart" for who is not."""
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
        words = plain(search).lower()
        listed = listed.where(
            or_(
                named(Member.name, search),
                Member.pinyin.contains(words, autoescape=True),
                func.lower(Member.code).contains(words, autoescape=True),
            )
        )
    if standing == "apart":  # who is not admitted yet is listed, but counted nowhere else
        listed = listed.where(MemberYear.custody_unit_id.is_(None))
    elif standing:
        counted = STANDINGS[standing] if standing in STANDINGS else ~or_(*STANDINGS.values())
        listed = listed.where(counted, MemberYear.custody_unit_id.is_not(None))
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
    """Lines held in these branches, for an overlap or as the recorder's own, oldest first."""
    other = aliased(HourEntry)
    return (
        select(
            HourClaim.id, HourClaim.member_id, HourClaim.unit_id, HourClaim.kind, HourClaim.title,
            HourClaim.activity, HourClaim.day, HourClaim.starts_at, HourClaim.ends_at, HourClaim.minutes,
            HourClaim.uncovered, HourClaim.made_at,
            Member.name.label("member_name"), other.title.label("other_title"),
            other.starts_at.label("other_starts_at"), other.ends_at.label("other_ends_at"),
        )
        .join(Member, Member.id == HourClaim.member_id)
        .outerjoin(other, other.id == HourClaim.overlaps_id)
        .where(HourClaim.unit_id.in_(unit_ids), HourClaim.state == "held")
        .order_by(HourClaim.made_at, HourClaim.id)
    )  # fmt: skip
