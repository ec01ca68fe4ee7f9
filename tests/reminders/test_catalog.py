"""Who is due hears once per occasion, whatever runs twice; who is not hears nothing."""

from datetime import date, timedelta

import pytest
from sqlalchemy import func, insert, select, update

from pbtrain.classes.models import Certificate
from pbtrain.classes.services import certificates
from pbtrain.core import clock
from pbtrain.core.db import db as database
from pbtrain.core.db import transaction
from pbtrain.courses.models import Course, Enrolment
from pbtrain.hours.models import MemberYear
from pbtrain.notify.models import Message
from pbtrain.org.models import Member, Post, RosterCopy
from pbtrain.org.roles import Role
from pbtrain.reminders.jobs import REMINDERS, enqueue_due
from tests.classes.schooled import school


@pytest.fixture(autouse=True)
def stands_still(frozen):
    """Friday 2026-09-25, 15:00."""


@pytest.fixture
def owes(make):
    """`owes(member, counted=…, due=…)` writes a member's year as the ledger would leave it."""

    def put(member, *, counted=2000, due=2290, on_care=False, year=2026):
        make.save(
            MemberYear(
                member_id=member.id, credit_year=year, counted=counted, due=due, target=3200,
                on_care=on_care, custody_unit_id=member.unit_id,
            )
        )  # fmt: skip
        return member

    return put


@pytest.fixture
def learns(make):
    """`learns(member, due_on=…)` enrols the member in a published course."""

    def put(member, *, due_on=date(2026, 9, 30), state="active", course_state="published"):
        course = make.course(title="党章专题", due_on=due_on)
        course_id = course.id
        with transaction() as session:
            session.execute(update(Course).where(Course.id == course_id).values(state=course_state))
        make.save(Enrolment(course_id=course_id, member_id=member.id, state=state))
        return course_id

    return put


def told(subject=True):
    return database.session.scalars(
        select(Message.subject if subject else Message.account_id).order_by(Message.id)
    ).all()


def test_behind_says_how_much_and_what_to_do(make, owes):
    owes(make.member())
    assert enqueue_due() == 1
    message = database.session.scalars(select(Message)).one()
    assert "2.9" in message.subject
    assert "22.9" in message.body
    assert "20.0" in message.body
    assert message.link == "/hours"


def test_once_a_month_and_again_the_next(make, owes, frozen):
    owes(make.member())
    assert [enqueue_due(), enqueue_due()] == [1, 0]
    frozen.shift(days=5)
    assert enqueue_due() == 0
    frozen.shift(days=1)  # October
    assert enqueue_due() == 1


def test_who_caught_up_or_is_cared_for_or_gone_hears_nothing(make, owes):
    owes(make.member(), counted=2290)
    owes(make.member(), counted=2200)  # less than 1.0 behind
    owes(make.member(), on_care=True)
    owes(make.member(), year=2025)
    owes(make.member(left_on=date(2026, 5, 1)))
    owes(make.member(with_account=False))
    disabled = owes(make.member())
    account_id = disabled.account_id
    with transaction() as session:
        session.execute(
            update(make.Account).where(make.Account.id == account_id).values(disabled_at=func.now())
        )
    assert enqueue_due() == 0
    assert told() == []


def test_exactly_one_hour_behind_is_told(make, owes):
    owes(make.member(), counted=2190)
    assert enqueue_due() == 1


def test_a_course_due_within_a_week_is_told_once(make, learns, frozen):
    course_id = learns(make.member(), due_on=date(2026, 10, 2))
    assert [enqueue_due(), enqueue_due()] == [1, 0]
    assert "党章专题" in told()[0]
    assert "7" in told()[0]
    frozen.shift(days=3)
    assert enqueue_due() == 0
    with transaction() as session:
        session.execute(update(Course).where(Course.id == course_id).values(due_on=date(2026, 10, 5)))
    assert enqueue_due() == 1, "a new date is a new occasion"


@pytest.mark.parametrize(
    "case",
    [
        {"due_on": date(2026, 10, 3)},
        {"due_on": date(2026, 9, 24)},
        {"due_on": None},
        {"state": "finished"},
        {"course_state": "withdrawn"},
    ],
)
def test_a_course_that_is_not_due_is_left_alone(make, learns, case):
    learns(make.member(), **case)
    assert enqueue_due() == 0


def test_a_course_due_today_says_so(make, learns):
    learns(make.member(), due_on=date(2026, 9, 25))
    assert enqueue_due() == 1
    assert "今天" in told()[0] or "today" in told()[0]


def test_a_member_hears_of_each_course(make, learns):
    member = make.member()
    learns(member)
    learns(member)
    assert enqueue_due() == 2


def test_statements_grow_with_thousands_not_with_people(make, statements, db):
    branch = make.unit(parent=make.unit())
    branch_id, number = branch.id, 1200
    with transaction() as session:
        now = {"created_at": make.clock.now()}
        accounts = session.scalars(
            insert(make.Account).returning(make.Account.id),
            [{"username": f"p{n}", "name": f"示例{n}"} | now for n in range(number)],
        ).all()
        members = session.scalars(
            insert(Member).returning(Member.id),
            [
                {"account_id": account, "unit_id": branch_id, "name": "示例", "code": f"X{account}"} | now
                for account in accounts
            ],
        ).all()
        session.execute(
            insert(MemberYear),
            [
                {"member_id": m, "credit_year": 2026, "due": 2290, "custody_unit_id": branch_id}
                for m in members
            ],
        )
    with statements() as sent:
        assert enqueue_due() == number
    assert sent.count <= len(REMINDERS) + 7, sent
    with statements() as sent:
        assert enqueue_due() == 0
    assert sent.count == len(REMINDERS), sent
    assert db.session.scalar(select(func.count(Message.id))) == number


def test_links_lead_to_pages(app, make, owes, learns, db):
    owes(make.member())
    learns(make.member())
    enqueue_due()
    adapter = app.url_map.bind("localhost")
    for link in db.session.scalars(select(Message.link)):
        assert adapter.match(link, method="GET")


def test_a_leap_day_is_a_day(make, owes, frozen):
    frozen.shift(days=(date(2028, 2, 29) - date(2026, 9, 25)) / timedelta(days=1))
    owes(make.member(), year=2028)
    assert enqueue_due() == 1


def test_a_certificate_that_ends_within_thirty_days_is_told_once(db, frozen):
    one = school(3)
    with transaction():
        certificates.issue(one.actor, one.class_id)
    assert enqueue_due() == 3  # how far behind the year they are; the certificates hold for good
    days = {0: date(2026, 10, 25), 1: date(2026, 10, 26), 2: date(2026, 9, 24)}  # the last day, later, over
    with transaction() as session:
        for place, day in days.items():
            whose = Certificate.member_id == one.members[place].id
            session.execute(update(Certificate).where(whose).values(valid_until=day))
    assert [enqueue_due(), enqueue_due()] == [1, 0]
    assert told(subject=False)[-1] == one.members[0].account_id
    assert "有效期到 2026年10月25日" in told()[-1]


def test_administrators_hear_of_terms_that_end(make, frozen):
    top = make.unit("示例党委")
    one, two = make.unit(parent=top), make.unit(parent=top)
    near, far = make.person(Role.UNIT_ADMIN, top), make.person(Role.UNIT_ADMIN, make.unit())
    for unit, end in ((one, date(2026, 11, 1)), (two, date(2026, 11, 24)), (one, date(2026, 11, 25))):
        member = make.member(unit)
        make.save(
            Post(
                member_id=member.id, unit_id=unit.id, kind="deputy", valid_from=make.LONG_AGO, valid_until=end
            )
        )
    assert enqueue_due() == 1
    assert told() == ["有 2 个职务 60 天内任期届满"]
    assert told(subject=False) == [near.id]
    links = database.session.scalars(select(Message.link)).all()
    assert links == [f"/terms?unit={top.id}"], "the page lists as many"
    assert far.id not in told(subject=False)
    assert enqueue_due() == 0
    frozen.shift(days=10)  # October
    assert enqueue_due() == 1
    assert told()[-1] == "有 3 个职务 60 天内任期届满"


def test_a_term_that_somebody_follows_is_no_occasion(make):
    top = make.unit("示例党委")
    unit = make.unit(parent=top)
    make.person(Role.UNIT_ADMIN, top)
    for since, until in ((make.LONG_AGO, date(2026, 11, 1)), (date(2026, 11, 1), None)):
        make.save(
            Post(
                member_id=make.member(unit).id, unit_id=unit.id, kind="secretary", valid_from=since,
                valid_until=until,
            )
        )  # fmt: skip
    assert enqueue_due() == 0


def test_whoever_took_a_full_roster_hears_once_on_its_last_day(make, frozen):
    unit, taker, gone = make.unit("示例一支部"), make.account(), make.member(left_on=date(2026, 9, 1))

    def copy(account_id, due_on, **more):
        make.save(
            RosterCopy(
                unit_id=unit.id, taken_by_id=account_id, reason="示例", people=12, due_on=due_on, **more
            )
        )

    copy(taker.id, date(2026, 9, 25))
    copy(taker.id, date(2026, 9, 26))
    copy(taker.id, date(2026, 9, 20), deleted_at=clock.now())
    copy(gone.account_id, date(2026, 9, 20))
    assert [enqueue_due(), enqueue_due()] == [1, 0]
    message = database.session.scalars(select(Message)).one()
    assert (message.account_id, message.link) == (taker.id, "/roster-copies")
    assert "示例一支部" in message.subject
    assert "12" in message.body
    frozen.shift(days=1)
    assert enqueue_due() == 1


def test_the_day_of_joining_is_remembered_once_a_year(make, frozen):
    one = make.member(joined_on=date(1986, 9, 25))
    make.member(joined_on=date(2026, 9, 25))  # today: the first is in a year
    make.member(joined_on=date(1990, 9, 24))
    make.member(joined_on=date(1990, 9, 25), stage="activist")
    leap = make.member(joined_on=date(1988, 2, 29))
    assert [enqueue_due(), enqueue_due()] == [1, 0]
    assert told() == ["政治生日：今天是你入党 40 周年"]
    assert told(subject=False) == [one.account_id]
    frozen.move_to(clock.at(date(2027, 2, 28), 9))
    assert enqueue_due() == 1
    assert told(subject=False)[-1] == leap.account_id
