"""From nomination to completion: seats, waiting list, answers, deadlines, races, any order of acts."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, update

from pbtrain.audit.models import AuditEvent
from pbtrain.classes.models import ClassEnrolment, EnrolmentStep, TrainingClass
from pbtrain.classes.rules import enrolment as rules
from pbtrain.classes.services import classes, ending, enrolment, seats
from pbtrain.core import clock
from pbtrain.core.db import db, transaction
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.events.models import Attendance
from pbtrain.notify.models import Message
from pbtrain.reminders.jobs import enqueue_due
from tests.classes.seated import (
    FIRST,
    LAST,
    act,
    actor_of,
    forward,
    members,
    place,
    states,
    taken,
    training_class,
    versions,
)

__all__ = ["place"]


def inbox(member_id):
    db.session.rollback()
    account_id = actor_of(member_id).account_id
    return list(
        db.session.scalars(
            select(Message.subject).where(Message.account_id == account_id).order_by(Message.id)
        )
    )


def listed_at_doors():
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(Attendance))


def test_the_way_of_a_seat(place, frozen):
    """Nominated, offered, accepted; who withdraws frees it for whoever waits longest; each step stays."""
    class_id = training_class(place, capacity=1)
    a, b, c = members(place.branch, 3)
    forward(place, class_id, a, b)
    frozen.shift(minutes=1)
    forward(place, class_id, c)
    assert states(class_id) == {a: "nominated", b: "nominated", c: "nominated"}
    act(place, class_id, "approve", c)
    frozen.shift(minutes=1)
    act(place, class_id, "approve", a, b)
    assert states(class_id) == {a: "waiting", b: "waiting", c: "offered"}
    act(place, class_id, "accept", c, who="person", actor=actor_of(c))
    assert listed_at_doors() == 2
    done = act(place, class_id, "withdraw", c, who="person", actor=actor_of(c), reason="生病住院")
    assert len(done.promoted) == 1
    assert states(class_id) == {a: "offered", b: "waiting", c: "withdrawn"}
    assert listed_at_doors() == 0
    assert taken(class_id) == [(1, 1)]
    assert [text.split("：")[0] for text in inbox(a)] == [
        "支部推荐你参加培训班",
        "你已进入候补名单",
        "有你的名额",
    ]
    row = db.session.scalars(select(ClassEnrolment).where(ClassEnrolment.member_id == a)).one()
    steps = select(EnrolmentStep.act).where(EnrolmentStep.enrolment_id == row.id).order_by(EnrolmentStep.id)
    assert list(db.session.scalars(steps)) == ["nominate", "approve", "offer"]
    assert (row.answer_until - clock.today()).days == 3
    forward(place, class_id, c)  # may be put forward anew
    assert states(class_id)[c] == "nominated"
    assert db.session.scalar(select(func.count()).where(AuditEvent.action == "class.withdraw")) == 1


def test_who_applied_has_said_yes(place):
    class_id = training_class(place)
    (a,) = members(place.branch, 1)
    forward(place, class_id, a, act="apply", who="person", actor=actor_of(a))
    act(place, class_id, "approve", a)
    assert states(class_id) == {a: "enrolled"}


def test_offers_that_nobody_answers_go_to_the_next(place, frozen):
    class_id = training_class(place, capacity=1)
    a, b = members(place.branch, 2)
    forward(place, class_id, a, b)
    act(place, class_id, "approve", a)
    act(place, class_id, "approve", b)
    frozen.shift(days=3)
    assert enrolment.expire_offers() == 0  # the last day counts
    frozen.shift(days=1)
    assert enrolment.expire_offers() == 1
    assert states(class_id) == {a: "declined", b: "offered"}
    assert enrolment.expire_offers() == 0
    assert inbox(a)[-1].startswith("未按时答复")


def test_a_cancelled_class_asks_nobody_for_an_answer(place, frozen):
    """Whoever had a seat was told the next day that it was given on, and could still accept it."""
    class_id = training_class(place, capacity=1)
    (a,) = members(place.branch, 1)
    forward(place, class_id, a)
    act(place, class_id, "approve", a)
    with transaction():
        classes.move_state(place.chief, class_id, 1, "cancel", "示例：人数不足")
    said = inbox(a)
    with pytest.raises(RuleError, match="cancelled"):
        act(place, class_id, "accept", a, who="person")
    frozen.shift(days=3)
    enqueue_due()
    frozen.shift(days=1)
    assert enrolment.expire_offers() == 0
    assert (inbox(a), states(class_id)) == (said, {a: "offered"})


def test_quotas_of_the_nearest_unit(place):
    """A quota is a guarantee and a limit; who stands under none shares what none reserves."""
    class_id = training_class(place, capacity=4, quotas={place.town.id: 2, place.branch.id: 1, None: 1})
    a, b = members(place.branch, 2)
    c, d = members(place.other, 2)
    forward(place, class_id, a, b)
    forward(place, class_id, c, d, actor=place.admin)
    act(place, class_id, "approve", a, b, c, d)
    assert states(class_id) == {a: "offered", b: "waiting", c: "waiting", d: "waiting"}
    assert taken(class_id) == [(1, 1), (0, 0), (1, 1), (0, 0)]


def test_only_who_the_class_is_for(place, make):
    class_id = training_class(place, audience="newcomers")
    (a,) = members(place.branch, 1)
    with pytest.raises(RuleError) as error:
        forward(place, class_id, a)
    assert error.value.message == rules.NOT_MEANT
    stranger = make.member()  # of a branch of another tree
    with pytest.raises(RuleError) as error:
        forward(place, training_class(place), stranger.id)
    assert error.value.message == enrolment.NOT_SERVED
    with pytest.raises(RuleError):
        forward(place, training_class(place, state="draft"), a)
    open_class = training_class(place)
    forward(place, open_class, a)
    with pytest.raises(RuleError) as error:
        forward(place, open_class, a)
    assert error.value.message == enrolment.ALREADY


def test_a_version_seen_before_loses(place):
    class_id = training_class(place)
    (a,) = members(place.branch, 1)
    forward(place, class_id, a)
    seen = versions(class_id, a)
    act(place, class_id, "refuse", a, reason="本期只收书记")
    with transaction(), pytest.raises(Conflict) as error:
        enrolment.act_on(place.chief, class_id, seen, "approve", who="academy")
    assert error.value.params["name"] == place.chief.name


def test_the_end_of_a_class(place, frozen):
    class_id = training_class(place, capacity=2)
    a, b = members(place.branch, 2)
    forward(place, class_id, a, b)
    act(place, class_id, "enrol", a, b)
    with transaction() as session:
        session.execute(update(Attendance).where(Attendance.member_id == a).values(present=True))
    with transaction(), pytest.raises(RuleError):
        ending.finish(place.chief, class_id)
    frozen.move_to(clock.at(LAST, 18))
    with transaction():
        assert ending.finish(place.chief, class_id).after == {"completed": 1, "no_show": 1}
    assert states(class_id) == {a: "completed", b: "no_show"}


def test_500_people_in_a_few_statements(place, statements):
    class_id = training_class(place, capacity=400)
    crowd = members(place.branch, 500)
    with transaction(), statements() as nominate:
        enrolment.put_forward(place.secretary, class_id, crowd, "nominate", who="branch")
    wanted = versions(class_id, *crowd)
    with transaction(), statements() as approve:
        enrolment.act_on(place.chief, class_id, wanted, "approve", who="academy")
    assert len(nominate) <= 16, "\n".join(nominate)
    assert len(approve) <= 20, "\n".join(approve)
    assert taken(class_id) == [(400, 400)]


def test_the_last_seat_taken_by_twenty_at_once_goes_to_one(place, at_once):
    class_id = training_class(place, capacity=1)
    crowd = members(place.branch, 20)
    forward(place, class_id, *crowd, act="apply", who="person")
    seen = dict(zip(crowd, versions(class_id, *crowd), strict=True))

    def approve(member_id):
        def go():
            with transaction():
                return enrolment.act_on(place.chief, class_id, [seen[member_id]], "approve", who="academy")

        return go

    results = at_once(*(approve(one) for one in crowd))
    assert all(isinstance(one, enrolment.Outcome) for one in results), results
    assert sorted(states(class_id).values()) == ["enrolled"] + ["waiting"] * 19
    assert taken(class_id) == [(1, 1)]


def test_the_database_refuses_one_too_many_whatever_is_asked(place):
    class_id = training_class(place, capacity=1)
    a, b = members(place.branch, 2)
    forward(place, class_id, a, b)

    def too_many():
        with transaction():
            room = seats.locked(class_id)
            seats.move(place.chief, room, "enrol", "enrolled", seats.persons(room))

    with pytest.raises(Conflict) as error:
        too_many()
    assert error.value.message == seats.FULL
    assert taken(class_id) == [(0, 0)]


def test_promoting_and_withdrawing_at_once_never_overbooks(place, at_once):
    class_id = training_class(place, capacity=3)
    crowd = members(place.branch, 8)
    forward(place, class_id, *crowd, act="apply", who="person")
    act(place, class_id, "approve", *crowd)
    seen = dict(zip(crowd, versions(class_id, *crowd), strict=True))

    def do(member_id, name):
        def go():
            with transaction():
                return enrolment.act_on(
                    place.chief, class_id, [seen[member_id]], name, who="academy", reason="临时有事"
                )

        return go

    results = at_once(
        *(do(one, "withdraw") for one in crowd[:3]), *(do(one, "offer") for one in crowd[3:]),
    )  # fmt: skip
    assert not [one for one in results if isinstance(one, Exception) and not isinstance(one, RuleError)]
    assert taken(class_id) == [(3, 3)]
    found = sorted(states(class_id).values())
    assert found.count("withdrawn") == 3
    assert found.count("offered") == 3


def test_a_member_who_applies_twice_at_once_stands_there_once(place, at_once):
    class_id = training_class(place)
    (a,) = members(place.branch, 1)
    me = actor_of(a)

    def apply():
        with transaction():
            return enrolment.put_forward(me, class_id, [a], "apply", who="person")

    results = at_once(*[apply] * 5)
    assert sum(isinstance(one, enrolment.Outcome) for one in results) == 1, results
    assert states(class_id) == {a: "applied"}


ACTS = st.lists(
    st.tuples(
        st.sampled_from(
            ["nominate", "apply", "approve", "refuse", "offer", "enrol", "accept", "decline", "withdraw",
             "complete", "absent", "late"]
        ),
        st.sets(st.integers(0, 5), min_size=1, max_size=4),
    ),
    min_size=4, max_size=25,
)  # fmt: skip


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(ACTS)
def test_any_order_of_acts(place, frozen, crowd, script):
    """Whatever is done in whatever order: seats as counted, never too many, nobody waits in vain."""
    class_id = training_class(place, capacity=3, quotas={place.branch.id: 2})
    for name, some in script:
        who = [crowd[number] for number in sorted(some)]
        before = states(class_id)
        try:
            if name == "late":
                with transaction() as session:
                    late = update(ClassEnrolment).where(ClassEnrolment.state == "offered")
                    session.execute(late.values(answer_until=clock.today() - timedelta(days=1)))
                enrolment.expire_offers()
            elif name in ("nominate", "apply"):
                forward(place, class_id, *who, act=name, who="branch" if name == "nominate" else "person")
            else:
                known = [one for one in who if one in before]
                asked = "person" if name in ("accept", "decline") else "academy"
                act(place, class_id, name, *known, who=asked, reason="示例原因")
        except RuleError:
            assert states(class_id) == before
        now = states(class_id)
        counts = taken(class_id)
        assert all(kept == counted for kept, counted in counts)
        assert counts[0][0] <= 3
        assert counts[1][0] <= 2
        assert counts[0][0] == sum(state in rules.SEATED for state in now.values())
        with transaction():
            room = seats.locked(class_id)
            waiting = seats.persons(room, ClassEnrolment.state == "waiting")
        for one in waiting:
            assert room.seats.free(one.quota_id) == 0, (name, who, now)


@pytest.fixture
def crowd(place):
    return members(place.branch, 4) + members(place.other, 2)


def test_a_class_that_takes_nobody(place, frozen):
    class_id = training_class(place)
    (a,) = members(place.branch, 1)
    frozen.move_to(clock.at(FIRST, 8))
    with pytest.raises(RuleError) as error:
        forward(place, class_id, a)
    assert error.value.message == "The class has begun."
    with transaction() as session:
        session.execute(update(TrainingClass).values(enrol_until=FIRST - timedelta(days=9)))
    with pytest.raises(RuleError) as error:
        forward(place, class_id, a)
    assert error.value.message == "Enrolment ended on %(day)s."
