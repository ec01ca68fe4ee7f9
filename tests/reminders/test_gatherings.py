"""What is to be held is told in time, once for each day it is given, to whom it concerns."""

from datetime import date, timedelta
from uuid import uuid4

from sqlalchemy import select, update

from pbtrain.classes.models import ClassEnrolment, ClassSession, EntryList, TrainingClass, Venue
from pbtrain.classes.services import moves
from pbtrain.core import clock
from pbtrain.core.db import db, transaction
from pbtrain.events.models import Event, EventHost, EventStep
from pbtrain.notify.models import Message
from pbtrain.org.models import Member, Post
from pbtrain.org.roles import Role
from pbtrain.reminders.jobs import enqueue_due
from tests.classes.seated import FIRST, act, forward, members, place, training_class

__all__ = ["place"]
TOMORROW = date(2026, 9, 26)


def heard(begin):
    """Who was told of what begins so, and the words."""
    found = select(Message.account_id, Message.subject).where(Message.about.startswith(begin))
    return sorted(db.session.execute(found.order_by(Message.id)).tuples())


def meeting(unit, activity="theme_day", day=TOMORROW, **more):
    values = {"title": "重温入党志愿书", "minutes": 60, "place": "活动室", "state": "planned"} | more
    with transaction() as session:
        session.add(row := Event(unit_id=unit.id, activity=activity, day=day, starts_at=clock.at(day, 15),
                                 form_id=str(uuid4()), form_hash="", **values))  # fmt: skip
        session.flush()
        return row.id


def test_a_meeting_is_told_the_day_before_and_anew_when_it_is_moved(make, frozen, app):
    branch, guest = make.unit(parent=make.unit()), make.unit()
    one, leader, other = make.member(branch), make.member(branch), make.member(guest)
    make.member(branch, left_on=date(2026, 5, 1))
    kept = {"unit_id": branch.id, "kind": "secretary", "valid_from": make.LONG_AGO}
    make.save(Post(member_id=leader.id, **kept))
    held = meeting(branch)
    make.save(EventHost(event_id=held, unit_id=guest.id))
    meeting(branch, "committee_meeting", title="支委会")
    meeting(branch, "home_lesson")
    meeting(branch, day=TOMORROW + timedelta(days=1))
    meeting(branch, state="cancelled")
    whole = "明天 15:00：重温入党志愿书"
    assert enqueue_due() == 4
    everybody = [(each.account_id, whole) for each in (one, leader, other)]
    assert heard("meeting:") == sorted([*everybody, (leader.account_id, "明天 15:00：支委会")])
    assert "活动室" in db.session.scalars(select(Message.body)).first()
    assert enqueue_due() == 0
    with transaction() as session:
        later = {"day": TOMORROW + timedelta(days=9), "starts_at": clock.at(TOMORROW + timedelta(days=9), 15)}
        session.execute(update(Event).where(Event.id == held).values(later))
    frozen.shift(days=9)
    assert len(heard("meeting:")) == 4
    enqueue_due()
    assert sum(text == whole for _who, text in heard("meeting:")) == 6
    adapter = app.url_map.bind("localhost")
    assert all(adapter.match(link, method="GET") for link in db.session.scalars(select(Message.link)))


def test_a_class_is_told_before_it_begins_and_anew_when_it_is_moved(place, make, frozen, app):
    class_id = training_class(place, capacity=2)
    came, offered, waits = members(place.branch, 3)
    forward(place, class_id, came, offered, waits)
    act(place, class_id, "approve", came, offered)
    act(place, class_id, "accept", came, who="branch")
    with transaction() as session:
        row = session.get_one(TrainingClass, class_id)
        row.notice, row.contact = "8:20 报到，带身份证", "教务 0470"
        of_offer = update(ClassEnrolment).where(ClassEnrolment.member_id == offered)
        session.execute(of_offer.values(answer_until=date(2026, 10, 10)))
        site = Venue(unit_id=place.academy.id, name="示例限定管理区", kind="site", capacity=50, list_days=4)
        session.add(site)
        session.flush()
        first = session.scalar(select(ClassSession.id).where(ClassSession.class_id == class_id).limit(1))
        session.execute(update(ClassSession).where(ClassSession.id == first).values(venue_id=site.id))
    frozen.move_to(clock.at(date(2026, 10, 5), 9))
    enqueue_due()
    assert not heard("begins:") + heard("answer:") + heard("entry:")
    frozen.move_to(clock.at(date(2026, 10, 6), 9))  # due on the 8th
    enqueue_due()
    assert [text for _who, text in heard("entry:")] == ["示例限定管理区入区名单：10月8日前报送"]
    frozen.move_to(clock.at(date(2026, 10, 10), 9))
    enqueue_due()
    ((who, text),) = heard("begins:")
    assert (who, "10月12日开班" in text) == (actor_account(came), True)
    told = db.session.scalars(select(Message.body).where(Message.about.startswith("begins:"))).one()
    assert "8:20 报到" in told
    assert "10月12日 周一 09:00，示例限定管理区" in told
    assert "教务 0470" in told
    assert [who for who, _text in heard("answer:")] == [actor_account(offered)]
    with transaction() as session:
        row = session.get_one(TrainingClass, class_id)
        moves.move_class(place.chief, row, row.version, 1, reason="寒潮")
        session.add(EntryList(session_id=first, due_on=FIRST, purge_on=FIRST, sent_at=clock.now(), version=1))
    frozen.shift(days=1)
    enqueue_due()
    assert [text[:8] for _who, text in heard("begins:")] == ["10月12日开班", "10月13日开班"]
    assert len(heard("entry:")) == 1, "the list is with the site"
    assert enqueue_due() == 0
    adapter = app.url_map.bind("localhost")
    assert all(adapter.match(link, method="GET") for link in db.session.scalars(select(Message.link)))


def actor_account(member_id):
    return db.session.get(Member, member_id).account_id


def test_steps_that_are_still_open_are_asked_about_once(make, frozen):
    branch = make.unit(parent=make.unit())
    secretary = make.person(Role.BRANCH_SECRETARY, branch)
    ready, _bare = (meeting(branch, day=date(2026, 9, 28), title=title) for title in ("备好的", "没备的"))
    done, halfway, unused = (
        meeting(branch, day=date(2026, 9, 20), title=title, state="held")
        for title in ("办完", "办半", "不用")
    )
    for event_id, phases in ((ready, ["before"]), (done, ["before", "after"]), (halfway, ["before"])):
        make.save(*(EventStep(event_id=event_id, phase=phase, text="示例步骤") for phase in phases))
    enqueue_due()
    assert heard("steps:") == sorted(
        [(secretary.id, "还没有准备：9月28日“没备的”"), (secretary.id, "9月20日“办半”会后还有事没办")]
    )
    enqueue_due()
    assert len(heard("steps:")) == 2
    assert not [text for _who, text in heard("steps:") if "不用" in text], unused
