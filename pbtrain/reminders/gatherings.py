"""Who is reminded of what is to be held: meetings of a branch, classes, what has to be ready for them.

Each reads the days as they are planned now: whatever was moved is told anew, with its new day.
"""

from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, String, and_, cast, exists, func, literal, or_, select

from pbtrain.accounts.models import Account
from pbtrain.classes.kinds import SOON
from pbtrain.classes.models import ClassEnrolment, ClassSession, EntryList, TrainingClass, Venue
from pbtrain.classes.queries.around import term
from pbtrain.classes.rules import entry
from pbtrain.core.db import db
from pbtrain.core.formatting import clock_time, day, long_day, short_day
from pbtrain.core.i18n import in_chinese
from pbtrain.core.marks import N_
from pbtrain.events.kinds import KINDS
from pbtrain.events.models import Event, EventHost, EventStep
from pbtrain.events.overview import WITH_MEMBERS
from pbtrain.events.telling import REMINDED
from pbtrain.notify.services import Note
from pbtrain.org.models import Member, Post, RoleGrant, Unit
from pbtrain.org.queries import is_on
from pbtrain.org.roles import Role
from pbtrain.reminders.finding import Found, reachable, reminder, secretaries, untold

IDLE_FROM = 20  # day of the month from which a branch without a meeting is told
LIST_SOON = timedelta(days=2)
PREPARED = timedelta(days=3)  # before a meeting its first steps are asked about
CLOSED = timedelta(days=3), timedelta(days=14)  # and after it its last ones, so long
OF_COMMITTEE = tuple(key for key, kind in KINDS.items() if kind.roll == "committee")
BROUGHT = ("home_lesson",)  # somebody goes to them: nobody is called together


def _about(kind: str, number: Any, on: Any) -> ColumnElement[str]:
    """ "meeting:12:2026-09-26": once for each day that it stands on."""
    return literal(kind) + cast(number, String) + ":" + cast(on, String)


@reminder
def meeting_tomorrow(today: date, after: int, limit: int) -> Found:
    """Members whose branch, alone or with others, holds something tomorrow; of a meeting of the committee
    those who hold a post. Whoever a page cuts off is found by the next run."""
    about = _about(REMINDED, Event.id, Event.day)
    planned = Event.state == "planned", Event.day == today + timedelta(days=1)
    own = select(Event.id.label("event_id"), Event.unit_id).where(*planned)
    beside = select(EventHost.event_id, EventHost.unit_id).join(Event, Event.id == EventHost.event_id)
    held = own.union(beside.where(*planned)).subquery()  # from the few events of a day to their people
    post = exists().where(
        Post.member_id == Member.id, Post.unit_id == Event.unit_id, is_on(Post, today + timedelta(days=1))
    )
    rows = db.session.execute(
        select(
            Member.id, Account.id.label("account_id"), about.label("about"), Event.title, Event.day,
            Event.starts_at, Event.place,
        )
        .select_from(held)
        .join(Event, Event.id == held.c.event_id)
        .join(Member, Member.unit_id == held.c.unit_id)
        .join(Account, Account.id == Member.account_id)
        .where(Event.activity.not_in(BROUGHT), or_(Event.activity.not_in(OF_COMMITTEE), post))
        .where(Member.id > after, reachable(), untold(about))
        .order_by(Member.id, Event.id)
        .limit(limit)
    )  # fmt: skip
    return [(row.id, _meeting_note(row)) for row in rows]


def _meeting_note(row: Any) -> Note:
    subject = in_chinese(
        N_("Tomorrow at %(time)s: %(title)s"), time=clock_time(row.starts_at), title=row.title
    )
    body = in_chinese(
        N_("On %(day)s at %(time)s, %(place)s."),
        day=day(row.day), time=clock_time(row.starts_at),
        place=row.place or in_chinese(N_("place not given")),
    )  # fmt: skip
    return Note(row.account_id, row.about, subject, body, "/calendar")


@reminder
def class_begins(today: date, after: int, limit: int) -> Found:
    """Learners whose class begins within two days, once for each first day it is given."""
    about = _about("begins:", TrainingClass.id, TrainingClass.starts_on)
    first = (
        select(Event.id)
        .join(ClassSession, ClassSession.event_id == Event.id)
        .where(ClassSession.class_id == TrainingClass.id, Event.state == "planned")
        .order_by(Event.starts_at, Event.id)
        .limit(1)
        .correlate(TrainingClass)
        .scalar_subquery()
    )
    rows = db.session.execute(
        select(
            ClassEnrolment.id, Account.id.label("account_id"), about.label("about"),
            TrainingClass.id.label("class_id"),
            TrainingClass.title, TrainingClass.number, TrainingClass.year, TrainingClass.starts_on,
            TrainingClass.notice, TrainingClass.contact, Event.starts_at,
            func.coalesce(Venue.name, Event.place, "").label("place"),
        )
        .select_from(ClassEnrolment)
        .join(TrainingClass, TrainingClass.id == ClassEnrolment.class_id)
        .join(Member, Member.id == ClassEnrolment.member_id)
        .join(Account, Account.id == Member.account_id)
        .outerjoin(Event, Event.id == first)
        .outerjoin(ClassSession, ClassSession.event_id == Event.id)
        .outerjoin(Venue, Venue.id == ClassSession.venue_id)
        .where(ClassEnrolment.state == "enrolled", TrainingClass.state.in_(("open", "running")))
        .where(TrainingClass.starts_on > today, TrainingClass.starts_on <= today + SOON)
        .where(ClassEnrolment.id > after, reachable(), untold(about))
        .order_by(ClassEnrolment.id)
        .limit(limit)
    )  # fmt: skip
    return [(row.id, _class_note(row)) for row in rows]


def _class_note(row: Any) -> Note:
    subject = in_chinese(
        N_("On %(day)s begins: %(term)s, %(title)s"),
        day=short_day(row.starts_on), term=term(row), title=row.title,
    )  # fmt: skip
    said = [row.notice] if row.notice else []
    if row.starts_at is not None:
        said.append(
            in_chinese(
                N_("First unit: %(day)s %(time)s, %(place)s"),
                day=day(row.starts_on),
                time=clock_time(row.starts_at),
                place=row.place or "—",
            )
        )
    if row.contact:
        said.append(in_chinese(N_("Whom to ask: %(contact)s"), contact=row.contact))
    return Note(row.account_id, row.about, subject, "\n".join(said), f"/classes/open/{row.class_id}")


@reminder
def answer_today(today: date, after: int, limit: int) -> Found:
    """Members to whom a seat was offered that goes to the next unless they answer today."""
    about = _about("answer:", ClassEnrolment.id, ClassEnrolment.answer_until)
    rows = db.session.execute(
        select(
            ClassEnrolment.id, Account.id.label("account_id"), about.label("about"),
            TrainingClass.id.label("class_id"),
            TrainingClass.title, TrainingClass.number, TrainingClass.year,
        )
        .select_from(ClassEnrolment)
        .join(TrainingClass, TrainingClass.id == ClassEnrolment.class_id)
        .join(Member, Member.id == ClassEnrolment.member_id)
        .join(Account, Account.id == Member.account_id)
        .where(ClassEnrolment.state == "offered", ClassEnrolment.answer_until == today)
        .where(TrainingClass.state.in_(("open", "running")))
        .where(ClassEnrolment.id > after, reachable(), untold(about))
        .order_by(ClassEnrolment.id)
        .limit(limit)
    )  # fmt: skip
    return [(row.id, _answer_note(row)) for row in rows]


def _answer_note(row: Any) -> Note:
    subject = in_chinese(N_("Answer today: %(term)s, %(title)s"), term=term(row), title=row.title)
    body = in_chinese(N_("Say today whether you can come; tomorrow the seat goes to the next."))
    return Note(row.account_id, row.about, subject, body, f"/classes/open/{row.class_id}")


@reminder
def entry_list_due(today: date, after: int, limit: int) -> Found:
    """Academy administrators whose list of who enters a site is due within two days and was not sent, once
    for each day of the visit. How many days before it is due is the site's own: judged row by row."""
    while True:
        rows = _visits(today, after, limit)
        found = [
            (row.id, _list_note(row))
            for row in rows
            if entry.due_on(row.day, row.list_days) <= today + LIST_SOON
        ]
        if found or len(rows) < limit:
            return found
        after = rows[-1].id


def _visits(today: date, after: int, limit: int) -> list[Any]:
    """The next visits to come whose list was not sent, with each administrator who has not heard of it."""
    about = _about("entry:", ClassSession.id, Event.day)
    sent = exists().where(EntryList.session_id == ClassSession.id, EntryList.sent_at.is_not(None))
    return list(
        db.session.execute(
            select(
                ClassSession.id, ClassSession.class_id, Account.id.label("account_id"), about.label("about"),
                Event.day, Venue.name, Venue.list_days, TrainingClass.number, TrainingClass.year,
            )
            .select_from(ClassSession)
            .join(Event, Event.id == ClassSession.event_id)
            .join(Venue, Venue.id == ClassSession.venue_id)
            .join(TrainingClass, TrainingClass.id == ClassSession.class_id)
            .join(RoleGrant, RoleGrant.unit_id == TrainingClass.unit_id)
            .join(Account, Account.id == RoleGrant.account_id)
            .where(Venue.list_days > 0, Event.state == "planned", Event.day >= today, ~sent)
            .where(TrainingClass.state.in_(("open", "running")))
            .where(RoleGrant.role == Role.ACADEMY_ADMIN, is_on(RoleGrant, today))
            .where(Account.disabled_at.is_(None), ClassSession.id > after, untold(about))
            .order_by(ClassSession.id, Account.id)
            .limit(limit)
        )
    )  # fmt: skip


def _list_note(row: Any) -> Note:
    due = entry.due_on(row.day, row.list_days)
    subject = in_chinese(
        N_("List of who enters %(venue)s: due on %(day)s"), venue=row.name, day=short_day(due)
    )
    body = in_chinese(
        N_("%(term)s is there on %(day)s. Fill the list, print it and say when the site has it."),
        term=term(row), day=long_day(row.day),
    )  # fmt: skip
    return Note(row.account_id, row.about, subject, body, f"/classes/{row.class_id}/units/{row.id}/entry")


@reminder
def steps_open(today: date, after: int, limit: int) -> Found:
    """Secretaries of a branch whose meeting comes within three days without a step before it ticked off, or
    was held three days to two weeks ago with steps ticked, but none of those after it; once for each."""
    about = literal("steps:") + cast(Event.id, String) + ":" + Event.state
    ticked = exists().where(EventStep.event_id == Event.id)
    coming = and_(
        Event.state == "planned",
        Event.day.between(today, today + PREPARED),
        ~ticked.where(EventStep.phase == "before"),
    )
    over = and_(
        Event.state == "held",
        Event.day.between(today - CLOSED[1], today - CLOSED[0]),
        ticked,
        ~ticked.where(EventStep.phase == "after"),
    )
    rows = db.session.execute(
        select(
            Event.id,
            Account.id.label("account_id"),
            about.label("about"),
            Event.title,
            Event.day,
            Event.state,
        )
        .select_from(Event)
        .join(Unit, Unit.id == Event.unit_id)
        .join(RoleGrant, RoleGrant.unit_id == Event.unit_id)
        .join(Account, Account.id == RoleGrant.account_id)
        .where(Event.day.between(today - CLOSED[1], today + PREPARED))
        .where(or_(coming, over), Unit.kind.in_(WITH_MEMBERS), Unit.valid_until.is_(None))
        .where(RoleGrant.role == Role.BRANCH_SECRETARY, is_on(RoleGrant, today))
        .where(Account.disabled_at.is_(None), Event.id > after, untold(about))
        .order_by(Event.id, Account.id)
        .limit(limit)
    )
    return [(row.id, _steps_note(row)) for row in rows]


def _steps_note(row: Any) -> Note:
    named = {"title": row.title, "day": short_day(row.day)}
    if row.state == "planned":
        subject = in_chinese(N_("Not prepared yet: %(title)s on %(day)s"), **named)
        body = in_chinese(N_("Its steps before the meeting are still open. Tick off what is done."))
    else:
        subject = in_chinese(N_("Still open after %(title)s of %(day)s"), **named)
        body = in_chinese(N_("Its steps after the meeting are still open. Tick off what is done."))
    return Note(row.account_id, row.about, subject, body, f"/events/{row.id}")


@reminder
def idle_month(today: date, after: int, limit: int) -> Found:
    """Secretaries whose branch has held nothing this month, once from its 20th day on (domain.md A13)."""
    if today.day < IDLE_FROM:
        return []
    first = today.replace(day=1)
    met = (Event.state == "held") & Event.day.between(first, today)
    held = exists().where(Event.unit_id == RoleGrant.unit_id, met)
    joint = exists().where(EventHost.unit_id == RoleGrant.unit_id, EventHost.event_id == Event.id, met)
    rows = db.session.execute(
        secretaries(f"idle:{today:%Y-%m}:", today, after)
        .where(Unit.kind.in_(WITH_MEMBERS), Unit.valid_from < first, ~held, ~joint)
        .limit(limit)
    )
    return [(row.id, _idle_note(row, today)) for row in rows]


def _idle_note(row: Any, today: date) -> Note:
    subject = in_chinese(
        N_("%(branch)s has held nothing in month %(month)s yet"), branch=row.unit_name, month=today.month
    )
    body = in_chinese(
        N_("The theme Party day is held once a month. Record what was held, or look at the plan.")
    )
    return Note(row.account_id, row.about, subject, body, f"/branches/{row.unit_id}/plan")
