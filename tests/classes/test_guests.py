"""Guests of an academy: known again by name, merged with a member, taken back, their phones gone in time."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from pbtrain.classes.models import ClassEnrolment
from pbtrain.classes.services import certificates, enrolment, guests, merging
from pbtrain.core import clock
from pbtrain.core.db import db, transaction
from pbtrain.core.errors import RuleError
from pbtrain.events.models import Attendance, Event, Guest
from pbtrain.hours import services as hours
from pbtrain.hours.models import HourClaim, HourEntry
from pbtrain.hours.services import Line
from pbtrain.hours.verify import verify
from tests import factories
from tests.classes.schooled import school
from tests.classes.seated import FIRST, forward, place, states, taken, training_class

__all__ = ["place"]


def test_a_guest_turns_out_to_be_a_member(place, client_for, make):
    class_id = training_class(place, capacity=3, quotas={None: 1})
    client = client_for(place.chief)
    form = {"name": "示例外地甲", "organisation": "额尔古纳市", "phone": "13900000001"}
    assert client.post(f"/classes/{class_id}/guests/new", data=form).status_code == 303
    assert (
        client.post(f"/classes/{class_id}/guests/new", data=form | {"name": "示例外地乙"}).status_code == 422
    )
    assert taken(class_id) == [(1, 1), (1, 1)]
    enrolment_id = db.session.scalar(select(ClassEnrolment.id))
    page = client.get(f"/classes/{class_id}/learners/{enrolment_id}").get_data(as_text=True)
    assert "13900000001" in page
    other = make.member(place.branch)
    same = make.member(place.branch, name="示例外地甲")
    url = f"/classes/{class_id}/learners/{enrolment_id}/merge"
    assert client.post(url, data={"code": other.code}).status_code == 422
    assert client.post(url, data={"code": same.code}).status_code == 303
    db.session.rollback()
    assert states(class_id) == {same.id: "enrolled"}
    assert db.session.scalars(select(Attendance.member_id)).all() == [same.id] * 2
    guest = db.session.scalars(select(Guest)).one()
    assert (guest.member_id, guest.phone) == (same.id, "")
    assert client.get(url).status_code == 404
    # that was somebody else of the name: back to the guest, and once more
    part = url.replace("merge", "part")
    assert client.post(part, data={"why": ""}).status_code == 422
    assert client.post(part, data={"why": "同名不同人"}).status_code == 303
    assert client.post(part, data={"why": "同名不同人"}).status_code == 404
    assert states(class_id) == {None: "enrolled"}
    assert taken(class_id) == [(1, 1), (1, 1)]
    assert db.session.scalars(select(Attendance.guest_id)).all() == [guest.id] * 2
    assert client.post(url, data={"code": same.code}).status_code == 303
    assert "撤销并入" in client.get(f"/classes/{class_id}/learners/{enrolment_id}").text


def test_the_guest_is_withdrawn_where_the_member_stands_in_the_class_too(place, make):
    """Withdrawing led nowhere: whoever stood there once was refused for ever."""
    class_id, same = training_class(place, capacity=3), make.member(place.branch, name="示例外地甲")
    forward(place, class_id, same.id)
    with transaction():
        guests.enrol_guest(place.chief, class_id, name="示例外地甲", organisation="", phone="")
    guest_id = db.session.scalar(select(Guest.id))
    with pytest.raises(RuleError, match="Withdraw the guest"), transaction():
        merging.merge(place.chief, guest_id, same.id)
    with transaction():
        found = select(ClassEnrolment.id, ClassEnrolment.version).where(ClassEnrolment.guest_id == guest_id)
        theirs = list(db.session.execute(found).tuples())
        enrolment.act_on(place.chief, class_id, theirs, "withdraw", who="academy", reason="示例：同一人")
        assert merging.merge(place.chief, guest_id, same.id) == 0
    assert states(class_id) == {same.id: "nominated", None: "withdrawn"}
    assert db.session.scalar(select(Guest.member_id)) == same.id


def test_hours_of_a_merge_that_is_undone_are_reversed_and_a_certificate_ends_it(db, frozen):
    one = school(1)
    with transaction() as session:
        session.execute(update(Event).values(door_closed_at=clock.now()))
    guest_id, enrolment_id = one.guest.id, one.enrolments[-1]
    person = factories.member(one.branch, name=one.guest.name)
    with transaction():
        assert merging.merge(one.actor, guest_id, person.id) == 1
    posted = select(func.count()).where(HourEntry.member_id == person.id)
    assert db.session.scalar(posted) == 3
    merged = merging.merge_of(one.academy.id, person.id, enrolment_id)
    with transaction():
        assert merging.part(one.actor, merged, reason="同名不同人") == 3
    assert db.session.scalar(posted) == 6
    net = db.session.scalar(select(func.sum(HourEntry.credit)).where(HourEntry.member_id == person.id))
    assert net == 0
    assert list(verify()) == []
    with transaction():
        merging.merge(one.actor, guest_id, person.id)
        certificates.issue(one.actor, one.class_id)
    merged = merging.merge_of(one.academy.id, person.id, enrolment_id)
    with transaction(), pytest.raises(RuleError, match="certificate"):
        merging.part(one.actor, merged, reason="同名不同人")


def test_what_waited_of_a_merge_that_is_undone_can_be_confirmed_no_more(db, frozen):
    """The member was elsewhere at that hour: the session waits for a decision until the merge is taken back.
    Hours of somebody else are nobody's to confirm."""
    one = school(1)
    with transaction() as session:
        session.execute(update(Event).values(door_closed_at=clock.now()))
    person = factories.member(one.branch, name=one.guest.name)
    event = db.session.scalars(select(Event).order_by(Event.starts_at)).first()
    ends_at = event.starts_at + timedelta(minutes=event.minutes)
    elsewhere = Line(person.id, event.day, "theme_day", event.minutes, "event:9001", "主题党日",
                     starts_at=event.starts_at, ends_at=ends_at)  # fmt: skip
    with transaction():
        hours.post_many(None, [elsewhere])
    with transaction():
        merging.merge(one.actor, one.guest.id, person.id)
    states = select(HourClaim.state).where(HourClaim.member_id == person.id)
    assert db.session.scalars(states).all() == ["held"]
    merged = merging.merge_of(one.academy.id, person.id, one.enrolments[-1])
    with transaction():
        assert merging.part(one.actor, merged, reason="同名不同人") == 2
    assert db.session.scalars(states).all() == ["rejected"]


def test_a_guest_who_came_before_is_offered_by_name(place, client_for):
    first, second = training_class(place), training_class(place, title="下一期")
    client = client_for(place.chief)
    form = {"name": "示例外地甲", "organisation": "额尔古纳市", "phone": "13900000001"}
    assert client.post(f"/classes/{first}/guests/new", data=form).status_code == 303
    page = client.post(f"/classes/{second}/guests/new", data=form)
    assert page.status_code == 422
    assert "额尔古纳市 · 示例专题班" in page.text
    known = db.session.scalar(select(Guest.id))
    again = form | {"known": known, "phone": ""}
    assert client.post(f"/classes/{second}/guests/new", data=again).status_code == 303
    page = client.post(f"/classes/{second}/guests/new", data=again)
    assert (page.status_code, "已经在本班名单里" in page.text) == (422, True)
    assert client.post(f"/classes/{second}/guests/new", data=form | {"known": 99}).status_code == 422
    other = form | {"known": 0, "organisation": "根河市"}
    for code in (303, 422):  # a double click is not a third of that name
        assert client.post(f"/classes/{second}/guests/new", data=other).status_code == code
    db.session.rollback()
    assert [one.phone for one in db.session.scalars(select(Guest).order_by(Guest.id))] == ["13900000001"] * 2


def test_phones_of_guests_are_gone_ninety_days_after_the_class(place, frozen):
    class_id = training_class(place)
    with transaction():
        guests.enrol_guest(
            place.chief, class_id, name="示例客人", organisation="示例单位", phone="13900000002"
        )
    frozen.move_to(clock.at(FIRST + timedelta(days=91), 3))
    with transaction():
        assert guests.forget_phones(clock.now() - timedelta(days=90), 100) == 0
    frozen.shift(days=1)
    with transaction():
        assert guests.forget_phones(clock.now() - timedelta(days=90), 100) == 1
        assert guests.forget_phones(clock.now() - timedelta(days=90), 100) == 0
    assert db.session.scalar(select(Guest.phone)) == ""
