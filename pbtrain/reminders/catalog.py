"""Who is reminded of what. A new reminder is one more function here.

Each finds, among people it has not told yet, the next few whose number is above `after`, and what they read.
"""

from datetime import date, timedelta
from typing import Any

from sqlalchemy import String, and_, cast, exists, extract, func, literal, or_, select

from pbtrain.accounts.models import Account
from pbtrain.classes.models import Certificate
from pbtrain.closing import years
from pbtrain.closing.models import SignOff
from pbtrain.closing.rules import month_end, sign_by
from pbtrain.core.db import db
from pbtrain.core.formatting import hours, long_day
from pbtrain.core.i18n import in_chinese
from pbtrain.core.marks import N_
from pbtrain.courses.models import Course, Enrolment
from pbtrain.hours.models import Book, MemberYear
from pbtrain.hours.queries import BEHIND
from pbtrain.notify.services import Note
from pbtrain.org import leaders
from pbtrain.org.models import Member, RoleGrant, RosterCopy, Unit, UnitClosure
from pbtrain.org.roles import Role
from pbtrain.reminders.finding import Found, holders, reachable, reminder, secretaries, untold

HOURS_PAGE = "/hours"
LEAST_GAP = 100  # hundredths: nobody is written to for less than 1.0 学时
DUE_SOON = timedelta(days=7)
ENDS_SOON = timedelta(days=30)  # of a certificate


@reminder
def behind(today: date, after: int, limit: int) -> Found:
    """Members behind the pace of the year, once a month while they are."""
    about = f"behind:{today:%Y-%m}"
    rows = db.session.execute(
        select(MemberYear.id, Account.id.label("account_id"), MemberYear.counted, MemberYear.due)
        .join(Member, Member.id == MemberYear.member_id)
        .join(Account, Account.id == Member.account_id)
        .where(MemberYear.credit_year == today.year, MemberYear.id > after)
        .where(BEHIND, MemberYear.due - MemberYear.counted >= LEAST_GAP, reachable(), untold(about))
        .order_by(MemberYear.id)
        .limit(limit)
    )
    return [(row.id, behind_note(row.account_id, about, row.counted, row.due)) for row in rows]


def behind_note(account_id: int, about: str, counted: int, due: int, *, sender: str = "") -> Note:
    """How many hours are missing and what to do about it, in the words of a branch."""
    gap = hours(due - counted)
    if sender:
        subject = in_chinese(
            N_("%(sender)s reminds you: %(gap)s hours behind the pace"), sender=sender, gap=gap
        )
    else:
        subject = in_chinese(N_("%(gap)s hours behind the pace of the year"), gap=gap)
    body = in_chinese(
        N_("Due by today: %(due)s hours, done: %(counted)s. The next meeting of the branch or an online "
           "course makes up for it."),
        due=hours(due),
        counted=hours(counted),
    )  # fmt: skip
    return Note(account_id, about, subject, body, HOURS_PAGE)


@reminder
def course_due(today: date, after: int, limit: int) -> Found:
    """Members with an unfinished course that is due within seven days, once for each course and date."""
    about = literal("course:") + cast(Course.id, String) + ":" + cast(Course.due_on, String)
    rows = db.session.execute(
        select(
            Enrolment.id,
            Account.id.label("account_id"),
            Course.id.label("course_id"),
            Course.title,
            Course.due_on,
        )
        .join(Course, Course.id == Enrolment.course_id)
        .join(Member, Member.id == Enrolment.member_id)
        .join(Account, Account.id == Member.account_id)
        .where(Enrolment.state == "active", Enrolment.id > after, Course.state == "published")
        .where(Course.due_on >= today, Course.due_on <= today + DUE_SOON, reachable(), untold(about))
        .order_by(Enrolment.id)
        .limit(limit)
    )
    return [(row.id, _course_note(row, today)) for row in rows]


def _course_note(row: Any, today: date) -> Note:
    left = (row.due_on - today).days
    if left:
        subject = in_chinese(N_("%(days)s days left for the course %(title)s"), days=left, title=row.title)
    else:
        subject = in_chinese(N_("The course %(title)s is due today"), title=row.title)
    body = in_chinese(N_("It is due on %(day)s. Go on where you stopped."), day=long_day(row.due_on))
    link = f"/courses/{row.course_id}"
    return Note(row.account_id, f"course:{row.course_id}:{row.due_on.isoformat()}", subject, body, link)


@reminder
def certificate_ends(today: date, after: int, limit: int) -> Found:
    """Members whose certificate is valid for thirty more days at most, once for each certificate."""
    about = literal("certificate:") + cast(Certificate.id, String) + literal(":ends")
    rows = db.session.execute(
        select(
            Certificate.id, Account.id.label("account_id"), about.label("about"), Certificate.number,
            Certificate.valid_until, Certificate.facts,
        )
        .join(Member, Member.id == Certificate.member_id)
        .join(Account, Account.id == Member.account_id)
        .where(Certificate.revoked_at.is_(None), Certificate.id > after)
        .where(Certificate.valid_until.between(today, today + ENDS_SOON), reachable(), untold(about))
        .order_by(Certificate.id)
        .limit(limit)
    )  # fmt: skip
    return [(row.id, _certificate_note(row)) for row in rows]


def _certificate_note(row: Any) -> Note:
    subject = in_chinese(
        N_("Your certificate %(number)s is valid until %(day)s"),
        number=row.number, day=long_day(row.valid_until),
    )  # fmt: skip
    body = in_chinese(
        N_("Given for %(title)s. Ask your branch for the next class that renews it."),
        title=f"{row.facts['term']}{row.facts['class']}",
    )
    return Note(row.account_id, row.about, subject, body, "/me/certificates")


@reminder
def unsigned(today: date, after: int, limit: int) -> Found:
    """Secretaries whose branch has not signed the month that is over, once a month from its last day in
    time on (the 10th), as the dashboard has it: a branch with neither lines nor members in that year, or that
    has closed it, owes nothing."""
    year, month = (today.year, today.month - 1) if today.month > 1 else (today.year - 1, 12)
    if today < sign_by(year, month):
        return []
    signed = exists().where(SignOff.book_id == Book.id, SignOff.month == month)
    rows = db.session.execute(
        secretaries(f"sign:{year}-{month:02}:", today, after)
        .outerjoin(Book, and_(Book.unit_id == Unit.id, Book.year == year))
        .where(years.has_content(year), Book.sealed_at.is_(None), ~signed)
        .where(Unit.valid_from < month_end(year, month))
        .limit(limit)
    )
    return [(row.id, _unsigned_note(row, year, month)) for row in rows]


def _unsigned_note(row: Any, year: int, month: int) -> Note:
    subject = in_chinese(
        N_("The book of %(year)s-%(month)s is not signed: %(unit)s"),
        year=year, month=f"{month:02}", unit=row.unit_name,
    )  # fmt: skip
    body = in_chinese(N_("Check the month and sign it. Lines that are posted afterwards are marked as late."))
    return Note(row.account_id, row.about, subject, body, f"/branches/{row.unit_id}/months?year={year}")


TERMS_PAGE = "/terms"


@reminder
def terms_end(today: date, after: int, limit: int) -> Found:
    """Unit administrators with posts below them that end within 60 days (按期换届), once a month and unit.

    The sixty days hold the first of some month, so that no term ends without having been told.
    """
    ending = leaders.ending_terms(None, today).subquery()
    rows = db.session.execute(
        holders(Role.UNIT_ADMIN, f"terms:{today:%Y-%m}:", today, after)
        .add_columns(func.count().label("posts"), func.min(ending.c.valid_until).label("first"))
        .join(UnitClosure, UnitClosure.above_id == RoleGrant.unit_id)
        .join(ending, ending.c.unit_id == UnitClosure.below_id)
        .group_by(RoleGrant.id, Account.id, RoleGrant.unit_id)
        .limit(limit)
    )
    return [(row.id, _terms_note(row)) for row in rows]


def _terms_note(row: Any) -> Note:
    subject = in_chinese(N_("Posts whose term ends within 60 days: %(count)s"), count=row.posts)
    body = in_chinese(
        N_("The first ends on %(day)s. Prepare the election, or name who follows."), day=long_day(row.first)
    )
    return Note(row.account_id, row.about, subject, body, f"{TERMS_PAGE}?unit={row.unit_id}")


@reminder
def joining_day(today: date, after: int, limit: int) -> Found:
    """Members who joined the Party on this day of an earlier year (政治生日, domain.md A18), on that day; who
    joined on a 29th of February on the 28th of other years."""
    about = f"joined:{today.year}"
    days = {f"{today:%m-%d}"} | ({"02-29"} if f"{today + timedelta(days=1):%m-%d}" == "03-01" else set())
    same = or_(
        *(
            and_(
                extract("month", Member.joined_on) == int(day[:2]),
                extract("day", Member.joined_on) == int(day[3:]),
            )
            for day in sorted(days)
        )
    )
    rows = db.session.execute(
        select(Member.id, Account.id.label("account_id"), Member.joined_on)
        .join(Account, Account.id == Member.account_id)
        .where(Member.stage.in_(("full", "probationary")), Member.joined_on < date(today.year, 1, 1), same)
        .where(Member.id > after, reachable(), untold(about))
        .order_by(Member.id)
        .limit(limit)
    )
    return [(row.id, _joining_note(row, about, today)) for row in rows]


def _joining_note(row: Any, about: str, today: date) -> Note:
    subject = in_chinese(
        N_("Today it is %(years)s years since you joined the Party"), years=today.year - row.joined_on.year
    )
    body = in_chinese(N_("You joined on %(day)s."), day=long_day(row.joined_on))
    return Note(row.account_id, about, subject, body, HOURS_PAGE)


COPIES_PAGE = "/roster-copies"


@reminder
def copies_due(today: date, after: int, limit: int) -> Found:
    """Whoever took a roster with full numbers and has not said by the last day that it is deleted, once."""
    about = literal("copy:") + cast(RosterCopy.id, String)
    rows = db.session.execute(
        select(RosterCopy.id, RosterCopy.taken_by_id, RosterCopy.people, Unit.name)
        .join(Unit, Unit.id == RosterCopy.unit_id)
        .join(Account, Account.id == RosterCopy.taken_by_id)
        .outerjoin(Member, Member.account_id == Account.id)
        .where(RosterCopy.deleted_at.is_(None), RosterCopy.due_on <= today, RosterCopy.id > after)
        .where(reachable(), untold(about))
        .order_by(RosterCopy.id)
        .limit(limit)
    )
    return [(row.id, _copy_note(row)) for row in rows]


def _copy_note(row: Any) -> Note:
    subject = in_chinese(N_("Is the roster of %(unit)s with full numbers deleted?"), unit=row.name)
    body = in_chinese(
        N_("The file holds the numbers of %(people)s people and has to go by today. Delete it, then say so."),
        people=row.people,
    )
    return Note(row.taken_by_id, f"copy:{row.id}", subject, body, COPIES_PAGE)
