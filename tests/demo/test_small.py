"""The small demo in September: whole, truthful, in proportion, with every state a screen can show."""

from collections import Counter
from datetime import date
from types import SimpleNamespace

import pytest
import time_machine
from sqlalchemy import select

from pbtrain.accounts import passwords
from pbtrain.accounts.models import Account, Slip
from pbtrain.classes.models import ClassEnrolment, ClassLeave, TrainingClass
from pbtrain.core import clock, site
from pbtrain.core.db import db as database
from pbtrain.core.queue import Job
from pbtrain.courses.models import Course, Enrolment, LessonDone
from pbtrain.demo import load
from pbtrain.demo.roster import LOGINS
from pbtrain.events.models import Attendance, CheckIn, Event, EventAmendment, EventHost, EventStep
from pbtrain.hours import queries as hours_q
from pbtrain.hours.models import Book, HourClaim, HourEntry, MemberYear
from pbtrain.hours.verify import verify
from pbtrain.notify.models import Delivery, Message
from pbtrain.org.models import Affiliation, CareSpan, Member, Post, Unit
from pbtrain.org.roles import Role
from pbtrain.quizzes.models import Attempt, Question
from tests.support import frozen
from tests.support.rows import count
from tests.support.statements import counted

# A load costs seconds, and its services are tested on both: PostgreSQL loads it on a leap day (test_any_day).
pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
STATEMENTS = 8000  # of the whole load; each of 240 people takes about 15, each of 200 meetings about 16
YEAR = 2026


@pytest.fixture(scope="module")
def demo(backend):
    """The demo, loaded once on 25 September; what it told and how many statements it sent."""
    backend.reset()
    told = []
    with time_machine.travel(frozen.USUAL, tick=False), backend.app().app_context():
        with counted() as sent:
            load.load_small(told.append)
        yield SimpleNamespace(told=told, sent=sent)
        database.session.remove()
    backend.release()


def test_it_is_whole(demo):
    kinds = Counter(database.session.scalars(select(Unit.kind)))
    assert kinds == {"committee": 3, "branch": 8, "academy": 1}
    assert count(Member.id > 0) == 240
    assert site.kind() == "demo"
    assert len(demo.told) > 15  # progress
    assert demo.sent.count < STATEMENTS, f"{demo.sent.count} statements"


def test_everybody_is_plainly_invented(demo):
    for column in (Member.name, Unit.name, Account.name):
        names = database.session.scalars(select(column)).all()
        assert all(name.startswith("示例") for name in names), [n for n in names if not n.startswith("示例")]
    phones = set(database.session.scalars(select(Member.phone).where(Member.phone.is_not(None))))
    assert all(phone.startswith("1990000") for phone in phones)
    shown = set(database.session.scalars(select(Member.id_shown))) - {""}
    assert all(number.startswith("000000") for number in shown)  # a place that does not exist


def test_the_ledger_verifies(demo):
    assert list(verify()) == []


def test_nothing_lies_in_the_future(demo):
    assert not count(HourEntry.day > clock.today())
    assert not count(Event.starts_at > clock.now(), Event.state == "held")
    assert not count(Affiliation.valid_from > clock.today())


STATES = {
    "met": (1, lambda: count(hours_q.MET, MemberYear.credit_year == YEAR)),
    "behind": (20, lambda: count(hours_q.BEHIND, MemberYear.credit_year == YEAR)),
    "not begun": (7, lambda: count(MemberYear.counted == 0, MemberYear.target > 0)),
    "on the care list": (4, lambda: count(MemberYear.on_care)),
    "care with a reason": (4, lambda: count(CareSpan.reason != "")),
    "a prorated target": (1, lambda: count(MemberYear.target == 4550)),
    "a leader's target": (20, lambda: count(MemberYear.target == 5600)),
    "a post that ended": (2, lambda: count(Post.valid_until.is_not(None), Post.kind == "secretary")),
    "transferred": (1, lambda: count(Affiliation.valid_until.is_not(None))),
    "joined this year": (3, lambda: count(Affiliation.valid_from > date(YEAR, 1, 1))),
    "left": (1, lambda: count(Member.left_on.is_not(None))),
    "probationary": (10, lambda: count(Member.stage == "probationary")),
    "candidate": (2, lambda: count(Member.stage == "candidate")),
    "activist": (2, lambda: count(Member.stage == "activist")),
    "without telephone": (10, lambda: count(Member.phone.is_(None))),
    "not activated": (200, lambda: count(Account.activated_at.is_(None))),
    "open slip": (6, lambda: count(Slip.closed_at.is_(None))),
    "reversed": (6, lambda: count(HourEntry.reverses_id.is_not(None), HourEntry.note.startswith("示例"))),
    "posted again": (3, lambda: count(HourEntry.source.endswith("#2"))),
    "held": (3, lambda: count(HourClaim.state == "held", HourClaim.kind == "overlap")),
    "held, approved": (1, lambda: count(HourClaim.state == "approved", HourClaim.kind == "overlap")),
    "held, refused": (1, lambda: count(HourClaim.state == "rejected", HourClaim.kind == "overlap")),
    "the recorder's own, waiting": (1, lambda: count(HourClaim.state == "held", HourClaim.kind == "own")),
    "the recorder's own, confirmed": (
        50,
        lambda: count(HourClaim.state == "approved", HourClaim.kind == "own"),
    ),
    "an open door": (1, lambda: count(Event.door_opened_at.is_not(None), Event.door_closed_at.is_(None))),
    "a closed door": (1, lambda: count(Event.door_closed_at.is_not(None))),
    "two with one phone": (1, lambda: count(CheckIn.flag == "device")),
    "on leave": (1, lambda: count(Attendance.status == "leave")),
    "late or left early": (2, lambda: count(Attendance.status.in_(("late", "early")))),
    "planned": (5, lambda: count(Event.state == "planned")),
    "cancelled": (1, lambda: count(Event.state == "cancelled")),
    "a photo that came later": (1, lambda: count(EventAmendment.field == "files")),
    "a step ticked off": (1, lambda: count(EventStep.id > 0)),
    "amended, moved": (2, lambda: count(EventAmendment.field != "state")),
    "of a theme": (2, lambda: count(Event.theme_id.is_not(None))),
    "with several hosts": (1, lambda: count(EventHost.id > 0)),
    "absent": (500, lambda: count(~Attendance.present)),
    "last year": (60, lambda: count(HourEntry.credit_year == YEAR - 1)),
    "published course": (4, lambda: count(Course.state == "published")),
    "draft course": (1, lambda: count(Course.state == "draft")),
    "course due soon": (1, lambda: count(Course.due_on <= date(YEAR, 9, 28))),
    "finished course": (8, lambda: count(Enrolment.state == "finished")),
    "course hours": (8, lambda: count(HourEntry.activity == "online_course")),
    "under way": (6, lambda: count(Enrolment.state == "active", Enrolment.last_lesson_id.is_not(None))),
    "joined only": (1, lambda: count(Enrolment.state == "active", Enrolment.last_lesson_id.is_(None))),
    "lessons done": (40, lambda: count(LessonDone.id > 0)),
    "failed attempt": (2, lambda: count(Attempt.passed.is_(False))),
    "passed attempt": (5, lambda: count(Attempt.passed)),
    "running attempt": (1, lambda: count(Attempt.submitted_at.is_(None))),
    "unread message": (10, lambda: count(Message.read_at.is_(None))),
    "reminded by the system": (20, lambda: count(Message.about == "behind:2026-09")),
    "reminded by the secretary": (5, lambda: count(Message.about.startswith("remind:"))),
    "course due": (3, lambda: count(Message.about.startswith("course:"))),
    "parked mail": (1, lambda: count(Delivery.state == "parked")),
    "failed job": (1, lambda: count(Job.state == "failed")),
}


@pytest.mark.parametrize("state", STATES)
def test_every_state_is_there(demo, state):
    least, number = STATES[state]
    assert number() >= least, state


def test_most_keep_the_pace(demo):
    """In September: some have met their target, most are on pace, some behind, none of them by accident."""
    year = MemberYear.credit_year == YEAR
    people = count(year, MemberYear.target > 0)
    met, behind = count(hours_q.MET, year), count(hours_q.BEHIND, year)
    assert behind < people / 3
    assert met < people / 2 < people - behind


def test_questions_of_every_kind(demo):
    kinds = set(database.session.scalars(select(Question.kind)))
    assert kinds == {"single", "multiple", "true_false"}


def test_odd_branches(demo):
    branches = database.session.execute(
        select(Unit.id, Unit.name).where(Unit.kind == "branch").order_by(Unit.id)
    ).all()
    empty = [b.name for b in branches if not count(Member.unit_id == b.id)]
    led = Post.valid_until.is_(None), Post.kind == "secretary"
    leaderless = [b.name for b in branches if not count(Post.unit_id == b.id, *led)]
    assert empty == ["示例新设立党支部"]
    assert set(leaderless) == {"示例新设立党支部", "示例物流园联合党支部"}
    assert max(len(b.name) for b in branches) > 30
    assert count(Book.id > 0) == 8  # seven this year, one last year


def test_an_account_for_each_role(demo):
    accounts = load.accounts()
    assert [account["role"] for account in accounts] == [str(role) for role in LOGINS]
    assert set(LOGINS) == set(Role)
    for account in accounts:
        row = database.session.scalars(select(Account).where(Account.username == account["username"])).one()
        assert row.activated_at is not None
        assert account["unit"].startswith("示例")
    with passwords.turn():
        assert passwords.fits(row.password_hash, accounts[0]["password"])


def test_a_class_with_people_in_every_state(demo):
    """Waiting and told, coming and not: the pages of enrolment show all of it."""
    found = Counter(database.session.scalars(select(ClassEnrolment.state)))
    assert set(found) >= {
        "nominated", "applied", "waiting", "offered", "enrolled", "declined", "withdrawn", "refused"
    }  # fmt: skip
    row = database.session.scalars(select(TrainingClass).where(TrainingClass.number == 210)).one()
    assert row.taken == count(ClassEnrolment.class_id == row.id, ClassEnrolment.seat)
    assert count(ClassLeave.id > 0) == 1
