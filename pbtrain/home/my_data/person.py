"""Everything kept of one person, for that person (PIPL Art. 45): to read, and to take home as a file."""

import tempfile
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any

import xlsxwriter
from flask import Response
from sqlalchemy import Select, select

from pbtrain.accounts.models import Account, LoginSession
from pbtrain.core import clock, sheets
from pbtrain.core.db import db
from pbtrain.core.i18n import N_, _
from pbtrain.courses.models import Course, Enrolment
from pbtrain.events.door import rules as door
from pbtrain.events.models import Attendance, CheckIn, Event
from pbtrain.home.my_data import classes, study
from pbtrain.home.my_data.study import Part, label
from pbtrain.hours.activities import ACTIVITIES
from pbtrain.hours.models import HourEntry
from pbtrain.notify.models import Message
from pbtrain.org import disclosures
from pbtrain.org.data_reports import ANSWERS
from pbtrain.org.kinds import CATEGORIES, FLOWS, POSTS, REPORTABLE, STAGES, STATUSES
from pbtrain.org.models import Affiliation, CareSpan, DataReport, Member, Post, StatusSpan, Unit
from pbtrain.org.personal import FACTS
from pbtrain.quizzes.models import Attempt, Quiz

WIDTH = 24


def recorded(member_id: int) -> Any:
    """What the roster holds of a member, the phone in full; one statement."""
    return db.session.execute(
        select(
            Member.id, Member.name, Member.code, Member.sex, Member.born_on, Member.joined_on,
            Member.stage, Member.category, Member.phone, Member.id_shown, Member.flow, Member.flow_place,
            Member.created_at, Unit.name.label("unit_name"), Account.username,
        )
        .outerjoin(Unit, Unit.id == Member.unit_id)
        .outerjoin(Account, Account.id == Member.account_id)
        .where(Member.id == member_id)
    ).one()  # fmt: skip


def everything(account_id: int, member_id: int) -> dict[str, Part]:
    """All tables that name this person, each row as it is kept."""
    return {
        "member": _member(member_id),
        "account": _account(account_id),
        "branches": _spans(
            N_("Branches"), select(Unit.name, Affiliation.valid_from, Affiliation.valid_until)
            .join(Unit, Unit.id == Affiliation.unit_id)
            .where(Affiliation.member_id == member_id).order_by(Affiliation.valid_from, Affiliation.id),
        ),
        "posts": _spans(
            N_("Posts"), select(Post.kind, Post.valid_from, Post.valid_until)
            .where(Post.member_id == member_id).order_by(Post.valid_from, Post.id), POSTS,
        ),
        "care": _spans(
            N_("Care list"), select(CareSpan.reason, CareSpan.valid_from, CareSpan.valid_until)
            .where(CareSpan.member_id == member_id).order_by(CareSpan.valid_from, CareSpan.id),
        ),
        "statuses": _spans(
            N_("Cadre, suspended, abroad"),
            select(StatusSpan.kind, StatusSpan.valid_from, StatusSpan.valid_until)
            .where(StatusSpan.member_id == member_id).order_by(StatusSpan.valid_from, StatusSpan.id),
            STATUSES,
        ),
        "hours": _hours(member_id),
        **study.everything(member_id),
        "meetings": _meetings(member_id),
        "door": _door(member_id),
        **classes.everything(member_id),
        "courses": _courses(member_id),
        "quizzes": _quizzes(member_id),
        "messages": _messages(account_id),
        "reports": _reports(member_id),
        "looks": _looks(member_id),
    }  # fmt: skip


def _member(member_id: int) -> Part:
    row, numbers = recorded(member_id), disclosures.in_full(member_id)
    told = {
        "name": row.name,
        "code": row.code,
        "sex": {"M": _("Male"), "F": _("Female")}.get(row.sex, ""),
        "born_on": row.born_on,
        "joined_on": row.joined_on,
        "stage": label(STAGES, row.stage),
        "category": label(CATEGORIES, row.category),
        "phone": numbers["phone"],
        "id_number": numbers["id_number"],
        "flow": label(FLOWS, row.flow),
        "flow_place": row.flow_place,
        "branch": row.unit_name,
    }
    return Part(N_("On the roster"), {key: FACTS[key].label for key in told}, [list(told.values())])


def _account(account_id: int) -> Part:
    row = db.session.execute(
        select(Account.username, Account.email, Account.created_at, Account.activated_at).where(
            Account.id == account_id
        )
    ).one()
    signed = db.session.execute(
        select(LoginSession.started_at, LoginSession.seen_at, LoginSession.agent)
        .where(LoginSession.account_id == account_id)
        .order_by(LoginSession.id)
    )
    columns = {
        "username": N_("User name"), "email": N_("E-mail address"), "since": N_("Since"),
        "until": N_("Until"), "device": N_("Device"),
    }  # fmt: skip
    rows = [[row.username, row.email, row.created_at, row.activated_at, ""]]
    return Part(N_("Sign-ins"), columns, rows + [["", "", *one] for one in signed])


def _spans(label: str, query: Select[Any], words: dict[str, Any] | None = None) -> Part:
    columns = {"what": N_("What"), "since": N_("First day"), "until": N_("First day after")}
    rows = [[label(words, what) if words else what, *days] for what, *days in db.session.execute(query)]
    return Part(label, columns, rows)


def _hours(member_id: int) -> Part:
    query = (
        select(HourEntry.day, HourEntry.activity, HourEntry.title, HourEntry.minutes, HourEntry.credit,
               HourEntry.credit_year, HourEntry.note, HourEntry.posted_at, HourEntry.hash)
        .where(HourEntry.member_id == member_id).order_by(HourEntry.day, HourEntry.id)
    )  # fmt: skip
    columns = {
        "day": N_("Day"), "activity": N_("Kind"), "title": N_("What was studied"), "minutes": N_("Minutes"),
        "hours": N_("Hours"), "year": N_("Year"), "note": N_("Remark"), "at": N_("Recorded"),
        "hash": N_("Check code"),
    }  # fmt: skip
    rows = [
        [day, label(ACTIVITIES, activity), title, minutes, Decimal(credit) / 100, *rest]
        for day, activity, title, minutes, credit, *rest in db.session.execute(query)
    ]
    return Part(N_("Study hours"), columns, rows)


def _meetings(member_id: int) -> Part:
    query = (
        select(Event.day, Event.title, Attendance.present)
        .join(Attendance, Attendance.event_id == Event.id)
        .where(Attendance.member_id == member_id).order_by(Event.day, Event.id)
    )  # fmt: skip
    rows = [
        [day, title, _("came") if came else _("absent")] for day, title, came in db.session.execute(query)
    ]
    return Part(N_("Meetings"), {"day": N_("Day"), "title": N_("Topic"), "came": N_("Came")}, rows)


def _door(member_id: int) -> Part:
    """Each record of the door about this person: what it says, how and when it came, and from whom."""
    query = (
        select(Event.day, Event.title, CheckIn.act, CheckIn.how, CheckIn.at, CheckIn.told_at, Account.name,
               CheckIn.flag)
        .join(Event, Event.id == CheckIn.event_id)
        .outerjoin(Account, Account.id == CheckIn.by_id)
        .where(CheckIn.member_id == member_id).order_by(CheckIn.id)
    )  # fmt: skip
    columns = {
        "day": N_("Day"), "title": N_("Topic"), "what": N_("What"), "how": N_("How it came"),
        "at": N_("Recorded"), "told": N_("By the phone's clock"), "by": N_("Recorded by"),
        "note": N_("Remark"),
    }  # fmt: skip
    rows = [
        [day, title, label(door.ACTS, act), label(door.HOWS, how), at, told_at, by or "",
         label(door.FLAGS, flag)]
        for day, title, act, how, at, told_at, by, flag in db.session.execute(query)
    ]  # fmt: skip
    return Part(N_("Sign-in at meetings"), columns, rows)


def _courses(member_id: int) -> Part:
    query = (
        select(Course.title, Enrolment.enrolled_at, Enrolment.finished_at)
        .join(Enrolment, Enrolment.course_id == Course.id)
        .where(Enrolment.member_id == member_id).order_by(Enrolment.id)
    )  # fmt: skip
    columns = {"title": N_("Course"), "since": N_("Begun"), "until": N_("Finished")}
    return Part(N_("Courses"), columns, [list(row) for row in db.session.execute(query)])


def _quizzes(member_id: int) -> Part:
    query = (
        select(Quiz.title, Attempt.number, Attempt.submitted_at, Attempt.score, Attempt.possible)
        .join(Attempt, Attempt.quiz_id == Quiz.id)
        .where(Attempt.member_id == member_id).order_by(Attempt.id)
    )  # fmt: skip
    columns = {
        "title": N_("Quiz"), "number": N_("Attempt"), "at": N_("Handed in"), "score": N_("Points"),
        "possible": N_("of"),
    }  # fmt: skip
    rows = [
        [*row[:3], *(None if points is None else Decimal(points) / 100 for points in row[3:])]
        for row in db.session.execute(query)
    ]
    return Part(N_("Quizzes"), columns, rows)


def _messages(account_id: int) -> Part:
    query = (
        select(Message.created_at, Message.subject, Message.body, Message.read_at)
        .where(Message.account_id == account_id).order_by(Message.id)
    )  # fmt: skip
    columns = {"at": N_("Sent"), "subject": N_("Message"), "body": N_("Text"), "read": N_("Read at")}
    return Part(N_("Messages"), columns, [list(row) for row in db.session.execute(query)])


def _reports(member_id: int) -> Part:
    query = (
        select(DataReport.made_at, DataReport.subject, DataReport.text, DataReport.state, DataReport.answer)
        .where(DataReport.member_id == member_id).order_by(DataReport.id)
    )  # fmt: skip
    columns = {
        "at": N_("Sent"), "what": N_("What is wrong"), "text": N_("Text"), "state": N_("Answer"),
        "answer": N_("One sentence for the member"),
    }  # fmt: skip
    rows = [
        [at, _(REPORTABLE[subject][0]), text, label(ANSWERS, state), said]
        for at, subject, text, state, said in db.session.execute(query)
    ]
    return Part(N_("Reports of wrong data"), columns, rows)


def _looks(member_id: int) -> Part:
    columns = {"at": N_("When"), "who": N_("Who"), "what": N_("What"), "why": N_("Why")}
    rows = [
        [look.at, look.name, "、".join(_(FACTS[fact].label) for fact in look.facts), look.reason]
        for look in disclosures.looks_of(member_id)
    ]
    return Part(N_("Who saw your numbers in full"), columns, rows)


def _text(value: Any) -> str:
    """A value as both files hold it; instants on a clock in Asia/Shanghai."""
    if isinstance(value, datetime):
        return clock.local(value).isoformat(timespec="seconds")
    return "" if value is None else value.isoformat() if isinstance(value, date) else str(value)


def for_machines(parts: dict[str, Part]) -> dict[str, list[dict[str, str]]]:
    """The same as plain objects: keys do not follow the reader's language."""
    return {
        key: [dict(zip(part.columns, map(_text, row), strict=True)) for row in part.rows]
        for key, part in parts.items()
    }


def workbook(parts: dict[str, Part], name: str) -> Response:
    """A sheet for each table; every cell is text."""
    file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by whoever sends it
    with xlsxwriter.Workbook(file, sheets.SAFE) as book:
        head = book.add_format({"bold": True, "bg_color": "#F1ECE3", "bottom": 1})
        for part in parts.values():
            sheet = book.add_worksheet(_(part.label)[:31])
            sheet.set_column(0, len(part.columns) - 1, WIDTH)
            sheet.freeze_panes(1, 0)
            for index, label in enumerate(part.columns.values()):
                sheet.write_string(0, index, _(label), head)
            for number, row in enumerate(part.rows, 1):
                for index, value in enumerate(row):
                    sheet.write_string(number, index, _text(value))
    return sheets.sent(file, name)
