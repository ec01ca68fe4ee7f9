"""Who is expected: rows appear once, in the order of names, and go only while the door knows nothing."""

from sqlalchemy import select

from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.events.door import people as listing
from pbtrain.events.models import Attendance, CheckIn, Event, EventHost, Guest


def listed(session, event_id):
    return session.execute(
        select(Attendance.member_id, Attendance.guest_id)
        .where(Attendance.event_id == event_id)
        .order_by(Attendance.id)
    ).all()


def test_expected_once_in_order_of_names(db, make, branch, plan, statements):
    first, second = make.member(branch, pinyin="zzz").id, make.member(branch, pinyin="aaa").id
    guest = make.save(Guest(unit_id=branch.id, name="示例客人"))
    events = [plan(), plan()]
    with transaction() as session, statements() as sent:
        assert listing.expect(events, [first, second], [guest.id]) == 6
        assert listing.expect(events[0], [first, second], [guest.id]) == 0
        assert listed(session, events[0]) == [(second, None), (first, None), (None, guest.id)]
    assert len([text for text in sent if text.startswith("INSERT")]) == 4


def test_the_branch_and_the_other_hosts(db, make, branch, committee, event, people, plan, secretary):
    other = make.unit(parent=committee)
    theirs = make.member(other).id
    joint = plan()
    make.save(EventHost(event_id=joint, unit_id=other.id))
    with transaction() as session:
        assert listing.expect_branch(joint) == len(people) + 2
        assert listing.expect_branch(joint) == 0
        assert theirs in {row.member_id for row in listed(session, joint)}


def test_a_newcomer_is_added_at_the_door(db, make, branch, committee, opened, people, secretary, client_for):
    """Of the branches that hold it, once, while the list is made; nobody else is even found."""
    newcomer = make.member(branch, name="示例新来", pinyin="shilixinlai xl").id
    elsewhere = make.unit(parent=committee)
    stranger = make.member(elsewhere, name="示例外来").id
    client, address = client_for(secretary), f"/door/{opened}/add"
    page = client.get(address).text
    assert "示例新来" in page
    assert "示例外来" not in client.get(f"{address}?q=示例").text
    assert client.post(address, data={"member": stranger}).status_code == 422
    assert client.post(address, data={"member": newcomer}).status_code == 303
    assert client.post(address, data={"member": newcomer}).status_code == 303
    assert [row.member_id for row in listed(db.session, opened)].count(newcomer) == 1
    assert client.get(address).text.count("示例新来") == 2  # said twice, offered no more
    assert "示例新来" not in client.get(address).text
    with transaction() as session:
        session.get_one(Event, opened).door_closed_at = clock.now()
    assert client.post(address, data={"member": people[0]}).status_code == 422


def test_who_was_at_the_door_stays(db, event, people):
    with transaction() as session:
        session.add(CheckIn(event_id=event, record_id="r", member_id=people[0], act="in", how="chair"))
        session.flush()
        assert listing.unexpect(event, people) == 2
        assert people[0] in {row.member_id for row in listed(session, event)}


def test_leave_and_back(db, event, people):
    with transaction():
        assert listing.excuse(event, people[:2], reason="示例：住院") == 2
        assert listing.excuse(event, people[:2], reason="again") == 0
        assert listing.recall(event, people[:1]) == 1
    with transaction() as session:
        found = session.scalars(
            select(Attendance.status).where(Attendance.member_id.in_(people)).order_by(Attendance.member_id)
        ).all()
    assert found == ["", "leave", ""]
