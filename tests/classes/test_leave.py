"""Leave, and who counts as a cadre; when a session is taken out, and when a member changes the branch."""

from datetime import date

import pytest
from sqlalchemy import select, update

from pbtrain.classes.models import ClassEnrolment, ClassQuota, ClassSession, EnrolmentStep, TrainingClass
from pbtrain.classes.queries import enrolment as queries
from pbtrain.classes.services import enrolment, homes, leave, timetable
from pbtrain.core import clock
from pbtrain.core.db import db, transaction
from pbtrain.core.errors import RuleError
from pbtrain.events.models import Attendance
from pbtrain.org.models import Member, Post, StatusSpan
from tests.classes.seated import (
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


def test_a_rank_in_its_days_makes_a_cadre_and_a_suspension_none(place, make):
    """Dated (D.6): the rank of last year is none today; who is suspended belongs to no class."""
    class_id = training_class(place, audience="cadres", capacity=9)
    now, once, gone, deputy = members(place.branch, 4)
    rows = [
        StatusSpan(member_id=now, kind="cadre_township", valid_from=date(2026, 1, 1)),
        StatusSpan(
            member_id=once, kind="cadre_county", valid_from=date(2025, 1, 1), valid_until=clock.today()
        ),
        StatusSpan(member_id=gone, kind="cadre_county", valid_from=date(2025, 1, 1)),
        StatusSpan(member_id=gone, kind="suspended", valid_from=date(2026, 1, 1)),
        Post(member_id=deputy, unit_id=place.branch.id, kind="deputy", valid_from=date(2026, 1, 1)),
    ]
    with transaction() as session:
        session.add_all(rows)

    def fit(audience):
        row = TrainingClass(id=class_id, unit_id=place.academy.id, audience=audience)
        return {one.id for one in enrolment.fitness(row, [now, once, gone, deputy]) if one.fits}

    assert fit("cadres") == {now}
    assert fit("all") == {now, once, deputy}
    assert (fit("deputies"), fit("leaders"), fit("rotating")) == ({deputy}, {deputy}, set())
    forward(place, class_id, now)
    act(place, class_id, "enrol", now)
    session_id = db.session.scalar(select(ClassSession.id).where(ClassSession.class_id == class_id))
    ((enrolment_id, _version),) = versions(class_id, now)
    with transaction(), pytest.raises(RuleError) as error:
        leave.take_leave(place.chief, class_id, enrolment_id, [session_id], reason="开会", who="academy")
    assert error.value.field == "meant"  # 1/7 in a class for cadres, whichever account its hours go to


def test_leave_above_a_seventh_ends_the_training_of_cadres(place, client_for):
    """Warned first; meant, it withdraws and the next moves up. In an ordinary class it is only noted."""
    class_id = training_class(place, capacity=1, activity="cadre_class")
    a, b = members(place.branch, 2)
    forward(place, class_id, a, b, act="apply", who="person")
    act(place, class_id, "approve", a, b)
    session_id = db.session.scalar(select(ClassSession.id).order_by(ClassSession.id))
    client = client_for(actor_of(a))
    url, form = f"/classes/open/{class_id}/leave", {"session": session_id, "why": "出差开会"}
    page = client.post(url, data=form)
    assert page.status_code == 422
    assert "180 分钟" in page.text
    assert client.post(url, data={"why": "出差"}).status_code == 422
    assert states(class_id) == {a: "enrolled", b: "waiting"}
    assert client.post(url, data=form | {"meant": "y"}).status_code == 303
    assert states(class_id) == {a: "withdrawn", b: "offered"}


def test_leave_from_an_ordinary_class_is_only_noted(place, client_for):
    class_id, (a,) = training_class(place), members(place.branch, 1)
    forward(place, class_id, a)
    act(place, class_id, "enrol", a)
    (first, _second) = db.session.scalars(
        select(ClassSession.id).where(ClassSession.class_id == class_id).order_by(ClassSession.id)
    )
    ((enrolment_id, _version),) = versions(class_id, a)
    form = {"session": first, "why": "家中有事"}
    desk = client_for(place.chief)
    assert desk.post(f"/classes/{class_id}/learners/{enrolment_id}/leave", data=form).status_code == 303
    db.session.rollback()
    marks = select(Attendance.status).where(Attendance.member_id == a).order_by(Attendance.event_id)
    assert sorted(db.session.scalars(marks)) == ["", "leave"]
    assert states(class_id) == {a: "enrolled"}
    assert "家中有事" in client_for(actor_of(a)).get(f"/classes/open/{class_id}").text
    act(place, class_id, "withdraw", a, reason="示例：改派他人")
    act(place, class_id, "enrol", a)
    assert sorted(db.session.scalars(marks)) == ["", "leave"], "the leave stands at the door again"
    assert leave._away([enrolment_id]) == {enrolment_id: {first}}
    with transaction() as session:
        session.execute(update(Attendance).where(Attendance.status == "leave").values(present=True))
    assert leave._away([enrolment_id]) == {enrolment_id: set()}, "who came after all missed nothing"


def test_who_was_withdrawn_for_leave_comes_back_when_the_session_is_taken_out(place):
    """To the seat if it is free, else to the waiting list; who withdrew by themselves stays away."""
    class_id = training_class(place, capacity=2, activity="cadre_class")
    a, b, c, d = members(place.branch, 4)
    forward(place, class_id, a, b, c, act="apply", who="person")
    act(place, class_id, "approve", a, b)
    slots = db.session.scalars(
        select(ClassSession).where(ClassSession.class_id == class_id).order_by(ClassSession.id)
    ).all()
    session_ids = [slot.id for slot in slots]
    for one in (a, b):
        ((enrolment_id, _version),) = versions(class_id, one)
        with transaction():
            leave.take_leave(
                place.chief, class_id, enrolment_id, session_ids[:1], reason="开会", who="academy", meant=True
            )
    act(place, class_id, "withdraw", c, who="person", reason="家中有事")
    act_on_new = forward(place, class_id, d, act="apply", who="person")
    assert act_on_new.count == 1
    act(place, class_id, "approve", d)
    assert states(class_id) == {a: "withdrawn", b: "withdrawn", c: "withdrawn", d: "enrolled"}
    with transaction() as session:
        row, slot = session.get_one(TrainingClass, class_id), session.get_one(ClassSession, session_ids[0])
        timetable.remove_unit(place.chief, row, slot, 1)
    assert states(class_id) == {a: "enrolled", b: "waiting", c: "withdrawn", d: "enrolled"}
    last = select(EnrolmentStep.act).order_by(EnrolmentStep.id.desc()).limit(2)
    assert set(db.session.scalars(last)) == {"restore"}
    doors = select(Attendance.event_id).where(Attendance.member_id == a)
    assert set(db.session.scalars(doors)) >= {db.session.get_one(ClassSession, session_ids[1]).event_id}, (
        "expected at the session that is left"
    )


def test_branch_and_quota_follow_a_member_who_moves(place, client_for):
    """A seat is counted with the new branch where that has one free, else it stays; nobody loses it."""
    quotas = {place.town.id: 2, place.street.id: 1}
    class_id = training_class(place, capacity=3, quotas=quotas)
    a, b, c = members(place.branch, 3)
    forward(place, class_id, a, b, c)
    act(place, class_id, "approve", a, b, c)
    assert states(class_id) == {a: "offered", b: "offered", c: "waiting"}
    assert homes.follow_moves() == 0
    with transaction() as session:
        for one in (a, b):
            session.get_one(Member, one).unit_id = place.other.id
    assert homes.follow_moves() == 2
    assert homes.follow_moves() == 0
    assert states(class_id) == {a: "offered", b: "offered", c: "offered"}, "what a freed went to c"
    assert taken(class_id) == [(3, 3), (2, 2), (1, 1)]
    found = select(ClassEnrolment.member_id, ClassQuota.unit_id).join(
        ClassQuota, ClassQuota.id == ClassEnrolment.quota_id
    )
    quota_of = {row.member_id: row.unit_id for row in db.session.execute(found)}
    assert quota_of == {a: place.street.id, b: place.town.id, c: place.town.id}
    ((enrolment_id, _version),) = versions(class_id, b)
    page = client_for(place.chief).get(f"/classes/{class_id}/learners/{enrolment_id}").text
    assert place.town.name in page, "whose quota it is"
    assert place.other.name in page
    assert [step.act for step in queries.steps(enrolment_id)][-1] == "follow"
    (d,) = members(place.branch, 1)
    forward(place, class_id, d)
    act(place, class_id, "approve", d)
    with transaction() as session:
        session.get_one(Member, b).left_on = clock.today()
    assert homes.follow_moves() == 1
    assert homes.follow_moves() == 0
    assert states(class_id) == {a: "offered", b: "withdrawn", c: "offered", d: "offered"}, "b has left"
