"""A class from its template to its end: numbers, units, states, moves, conflicts, and who was faster."""

import re
from datetime import date, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select, update

from pbtrain.classes.models import (
    ClassEnrolment,
    ClassSession,
    ClassTemplate,
    EntryList,
    TrainingClass,
    Venue,
)
from pbtrain.classes.queries import around
from pbtrain.classes.queries import classes as queries
from pbtrain.classes.services import catalogue, classes, moves, timetable
from pbtrain.core import clock
from pbtrain.core.db import db as database
from pbtrain.core.db import transaction
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.events.door import people, running
from pbtrain.events.models import Attendance, Event
from pbtrain.hours.models import HourEntry
from pbtrain.notify.models import Message
from pbtrain.quizzes.models import Quiz, QuizVersion
from tests.classes.conftest import MONDAY


def move(hall, class_id, days, version=None):
    """Everybody told of a move of this class."""
    with transaction() as session:
        row = session.get_one(TrainingClass, class_id)
        return moves.move_class(hall.actor, row, version or row.version, days, reason="寒潮")


def shift(hall, class_id, slot_id, version, starts_at):
    """One unit at another time."""
    with transaction() as session:
        row, stored = session.get_one(TrainingClass, class_id), session.get_one(ClassSession, slot_id)
        timetable.move_unit(hall.actor, row, stored, version, starts_at)


def test_a_class_of_the_template_has_its_units_and_the_next_number(hall, begin, db):
    first, second = begin(number=200), begin(starts_on=MONDAY + timedelta(days=7))
    row = db.session.get_one(TrainingClass, second)
    assert (row.number, row.state, row.ends_on) == (201, "draft", MONDAY + timedelta(days=8))
    units = queries.timetable(second)
    assert [(unit.title, unit.day, unit.starts.hour, unit.mode) for unit in units] == [
        ("国门展馆体验教学", MONDAY + timedelta(days=7), 9, "visit"),
        ("专题讲授", MONDAY + timedelta(days=7), 14, "lecture"),
        ("案例教学", MONDAY + timedelta(days=8), 9, "case"),
    ]
    assert set(db.session.scalars(select(Event.state))) == {"planned"}
    with pytest.raises(RuleError, match="200"):
        begin(number=200)
    assert first != second


def test_a_template_after_a_class_has_its_timetable_as_it_was_held(hall, begin, client_for, db):
    class_id, days = begin(), timedelta(days=7)
    slot = queries.timetable(class_id)[2]
    shift(hall, class_id, slot.id, slot.version, slot.starts + timedelta(hours=1))
    desk = client_for(hall.admin)
    made = [desk.post(f"/classes/{class_id}/template").headers["Location"] for _again in range(2)]
    assert made[0] == made[1]  # asked twice, made once
    template = db.session.get_one(ClassTemplate, int(made[0].rpartition("/")[2]))
    assert (template.name, template.days) == ("“总体国家安全观”专题班（第1期）", 2)
    assert "案例教学" in desk.get(made[0]).text
    wanted = classes.Wanted.of_template(template, MONDAY + days)
    with transaction():
        again = classes.create_class(
            hall.actor, hall.academy_id, wanted, form_id=str(uuid4()), template=template
        )
    shape = [(one.title, one.starts - days, one.minutes, one.mode, one.teacher_id, one.venue_id)
             for one in queries.timetable(again)]  # fmt: skip
    assert shape == [(one.title, one.starts, one.minutes, one.mode, one.teacher_id, one.venue_id)
                     for one in queries.timetable(class_id)]  # fmt: skip


def test_the_same_form_makes_one_class_and_one_unit_and_other_words_are_not_lost(hall, begin, client_for):
    form = "5de0c0de-32aa-4000-8000-000000000001"
    class_id = begin(form_id=form)
    assert begin(form_id=form) == class_id
    with pytest.raises(RuleError, match="made a class already"):
        begin(form_id=form, title="另一个班")
    desk, path, before = (
        client_for(hall.admin),
        f"/classes/{class_id}/units/new",
        len(queries.timetable(class_id)),
    )
    unit = {"title": "示例讲授", "day": MONDAY.isoformat(), "time": "19:00", "minutes": 45, "mode": "lecture"}
    unit |= {"teacher_id": 0, "venue_id": 0, "form_id": form[:-1] + "2"}
    assert [desk.post(path, data=unit).status_code for _twice in range(2)] == [303, 303]
    back = desk.post(
        path, data=unit | {"title": "示例研讨", "time": "20:00"}
    )  # the way back, and other words
    assert back.status_code == 422
    assert "这张表已经加了单元“示例讲授”" in back.text
    fresh = re.search(r'name="form_id"[^>]*value="([^"]+)"', back.text)[1]
    again = unit | {"title": "示例研讨", "time": "20:00", "form_id": fresh}
    assert desk.post(path, data=again).status_code == 303
    database.session.rollback()
    assert len(queries.timetable(class_id)) == before + 2


def test_a_move_takes_everything_along_and_tells_once(hall, begin, make, db):
    class_id = begin()
    learner = make.member(hall.branch)
    account_id, member_id = learner.account_id, learner.id
    slots = queries.timetable(class_id)
    with transaction() as session:
        session.add(ClassEnrolment(class_id=class_id, member_id=member_id, state="enrolled", seat=True))
        days = {"due_on": date(2026, 10, 8), "purge_on": date(2026, 10, 20)}
        session.add(EntryList(session_id=slots[0].id, sent_at=clock.now(), **days))
    assert move(hall, class_id, 1) == 1
    db.session.expire_all()
    assert queries.timetable(class_id)[0].day == MONDAY + timedelta(days=1)
    assert db.session.get_one(TrainingClass, class_id).starts_on == MONDAY + timedelta(days=1)
    listed = db.session.scalars(select(EntryList)).one()
    assert (listed.due_on, listed.sent_at) == (date(2026, 10, 9), None), (
        "the site has the list of another day"
    )
    said = db.session.scalars(select(Message).where(Message.account_id == account_id)).all()
    assert len(said) == 1
    assert "10月13日" in said[0].subject
    with pytest.raises(Conflict):
        move(hall, class_id, 1, version=1)


def test_a_unit_that_is_moved_tells_who_sits_in_it_from_two_days_before_the_class(hall, begin, make, frozen):
    class_id, learner = begin(), make.member(hall.branch)
    account_id, member_id, unit = learner.account_id, learner.id, queries.timetable(class_id)[0]
    with transaction() as session:
        session.add(ClassEnrolment(class_id=class_id, member_id=member_id, state="enrolled", seat=True))
        session.get_one(TrainingClass, class_id).state = "open"
    shift(hall, class_id, unit.id, 1, clock.at(MONDAY, 10))  # three weeks before: the page shows it
    frozen.shift(days=(MONDAY - clock.today()).days - 2)
    shift(hall, class_id, unit.id, 2, clock.at(MONDAY, 10, 30))
    shift(hall, class_id, unit.id, 3, clock.at(MONDAY, 10, 30))  # where it was
    with transaction() as session:
        row, stored = session.get_one(TrainingClass, class_id), session.get_one(ClassSession, unit.id)
        timetable.remove_unit(hall.actor, row, stored, 4)
    said = select(Message.subject).where(Message.account_id == account_id).order_by(Message.id)
    moved, gone = database.session.scalars(said)
    assert "改期" in moved
    assert "10:30" in moved
    assert "取消" in gone


def test_a_class_at_which_somebody_has_come_is_not_moved_as_a_whole(hall, begin, make, db):
    """By the code, or ticked by hand without it; a unit at which people signed in stays on its day."""
    class_id, member_id = begin(), make.member(hall.branch).id
    slot = queries.timetable(class_id)[0]
    with transaction() as session:
        session.get_one(Event, slot.event_id).door_opened_at = clock.now()
    with pytest.raises(RuleError, match="one by one"):
        move(hall, class_id, 1)
    with transaction() as session:
        session.get_one(Event, slot.event_id).door_opened_at = None
        session.add(Attendance(event_id=slot.event_id, member_id=member_id, present=True, how="paper"))
    with pytest.raises(RuleError, match="one by one"):
        move(hall, class_id, 1)
    row, unit = db.session.get_one(TrainingClass, class_id), db.session.get_one(ClassSession, slot.id)
    db.session.expunge_all()
    with pytest.raises(RuleError, match="stays as it was held"), transaction():
        timetable.remove_unit(hall.actor, row, unit, 1)


def test_conflicts_of_two_classes_are_named_with_a_way_out(hall, begin, db):
    first, second = begin(), begin()
    row = db.session.get_one(TrainingClass, second)
    found = around.troubles(row, *around.surroundings(row))
    assert len({one.slot.id for one in found}) == len(found), "each unit once, with all that is wrong with it"
    assert {tuple(each.kind for each in one.conflicts) for one in found} <= {("teacher", "venue"), ("venue",)}
    assert found[0].conflicts[0].params["other"] == "第 1 期"
    assert found[0].free is not None
    assert found[0].free.day == MONDAY + timedelta(days=1)  # the afternoon of the second day
    with transaction() as session:
        classes.move_state(hall.actor, first, 1, "cancel", "示例：人数不足")
        assert session.scalars(select(Event.state).distinct().order_by(Event.state)).all() == [
            "cancelled",
            "planned",
        ]
    row = db.session.get_one(TrainingClass, second)
    units, others = around.surroundings(row)
    assert len(units) == 3
    assert around.troubles(row, units, others) == []


def test_of_two_who_save_a_unit_the_second_is_told(hall, begin, db):
    class_id = begin()
    slot = queries.timetable(class_id)[0]
    wanted = timetable.Unit("现场教学", clock.at(MONDAY, 8, 30), 120, "visit")
    with transaction() as session:
        row, stored = session.get_one(TrainingClass, class_id), session.get_one(ClassSession, slot.id)
        timetable.edit_unit(hall.actor, row, stored, slot.version, wanted)
    with pytest.raises(Conflict):
        shift(hall, class_id, slot.id, slot.version, clock.at(MONDAY, 10))
    for starts_at, field in (
        (clock.at(MONDAY - timedelta(days=1), 9), "day"),
        (clock.at(MONDAY, 5), "time"),
    ):
        with pytest.raises(RuleError) as refused:
            shift(hall, class_id, slot.id, slot.version + 1, starts_at)
        assert refused.value.field == field


def test_the_last_day_is_changed_where_no_unit_lies_behind_it(hall, begin, db):
    class_id = begin()
    row = db.session.get_one(TrainingClass, class_id)
    first, last = row.starts_on, row.ends_on
    assert last > first
    for day, word in ((first, "Units"), (first - timedelta(days=1), "before the first")):
        with pytest.raises(RuleError, match=word), transaction():
            classes.edit_class(hall.actor, class_id, 1, ends_on=day)
    with transaction():
        classes.edit_class(hall.actor, class_id, 1, ends_on=last + timedelta(days=1))
    db.session.expire_all()
    assert db.session.get_one(TrainingClass, class_id).ends_on == last + timedelta(days=1)


def test_states_follow_each_other(hall, begin, db):
    class_id = begin()
    with transaction():
        classes.move_state(hall.actor, class_id, 1, "open")
    with pytest.raises(Conflict), transaction():
        classes.move_state(hall.actor, class_id, 2, "close")
    with pytest.raises(RuleError, match="why"), transaction():
        classes.move_state(hall.actor, class_id, 2, "cancel")
    assert db.session.get_one(TrainingClass, class_id).state == "open"


def test_what_is_closed_stays_with_old_classes_and_of_two_editors_the_second_is_told(hall, begin, db):
    begin()
    venue_id = hall.ids.venues[0]
    with transaction():
        catalogue.set_open(hall.actor, Venue, venue_id, 1, open=False)
    with pytest.raises(Conflict), transaction():
        catalogue.set_open(hall.actor, Venue, venue_id, 1, open=False)
    assert queries.timetable(1)[0].venue == "示例中共六大展馆"


def test_members_read_what_the_notice_says(hall, begin, make, client_for):
    """On the page of the class, on the sheet with its code, on the joining card."""
    class_id = begin()
    told = {
        "notice": "8:20 报到，带身份证",
        "contact": "示例教务 0470",
        "body_mn": "ᠲᠠᠨᠢᠯᠴᠠᠭᠤᠯᠭ᠎ᠠ",
        "party_branch": "示例临时党支部",
    }
    learner = make.member(hall.branch)
    with transaction() as session:
        session.execute(
            update(TrainingClass).where(TrainingClass.id == class_id).values(state="open", **told)
        )
        session.add(
            ClassEnrolment(class_id=class_id, member_id=make.key(learner), state="enrolled", seat=True)
        )
    text = client_for(learner).get(f"/classes/open/{class_id}").text
    assert all(each in text for each in told.values())
    admin = client_for(hall.admin)
    card = admin.get(f"/classes/{class_id}/card").text
    assert told["notice"] in card
    sheet = admin.get(f"/classes/{class_id}/notice").text
    assert told["notice"] in sheet
    assert 'class="pb-qr"' in sheet


def test_members_read_of_the_open_classes_of_academies_that_serve_them(hall, begin, make, client_for):
    class_id, draft = begin(), begin()
    with transaction():
        classes.move_state(hall.actor, class_id, 1, "open")
    served = client_for(make.member(hall.branch))
    stranger = client_for(make.member(make.unit(parent=hall.root)))
    assert "总体国家安全观" in served.get("/classes/open").text
    assert "总体国家安全观" not in stranger.get("/classes/open").text
    assert served.get(f"/classes/open/{class_id}").status_code == 200
    assert served.get(f"/classes/open/{draft}").status_code == 404
    assert stranger.get(f"/classes/open/{class_id}").status_code == 404


def test_a_door_that_closes_counts_study_by_the_way_of_teaching(hall, begin, make, frozen, db):
    class_id, learner = begin(), make.member(hall.branch)
    visit, lecture, _case = queries.timetable(class_id)
    with transaction():
        people.expect([visit.event_id, lecture.event_id], [learner.id])
    for unit in (visit, lecture):
        frozen.move_to(unit.starts)
        with transaction():
            running.open_door(hall.actor, unit.event_id)
        with transaction() as session:
            session.execute(
                update(Attendance)
                .where(Attendance.event_id == unit.event_id)
                .values(present=True, how="code", came_at=unit.starts)
            )
        frozen.move_to(unit.ends)
        with transaction() as session:
            version = session.get_one(Event, unit.event_id).version
            running.close_door(hall.actor, unit.event_id, version=version, witnessed=True)
    found = db.session.execute(select(HourEntry.minutes, HourEntry.proof).order_by(HourEntry.id)).all()
    assert [tuple(one) for one in found] == [
        (120, "A"),
        (180, "A"),
    ]  # 150 minutes on the spot, 180 of lecture


def test_the_exam_of_a_class_is_a_published_quiz_of_its_academy(hall, begin, db, make, client_for):
    class_id, elsewhere = begin(), make.unit(kind="academy")
    with transaction() as session:
        quizzes = [
            Quiz(unit_id=unit, title=title)
            for unit, title in (
                (hall.academy_id, "结业测验"), (hall.academy_id, "还没发布"),
                (make.key(elsewhere), "别处的测验"),
            )
        ]  # fmt: skip
        session.add_all(quizzes)
        session.flush()
        for quiz in (quizzes[0], quizzes[2]):
            session.add(QuizVersion(quiz_id=quiz.id, number=1, published_at=clock.now()))
        asked, draft, foreign = (quiz.id for quiz in quizzes)
    admin, address = client_for(hall.admin), f"/classes/{class_id}/edit"
    page = admin.get(address).text
    assert "结业测验" in page
    assert "还没发布" not in page
    assert "别处的测验" not in page
    form = {"version": "1", "title": "示例班", "capacity": "35", "audience": "all", "language": "zh",
            "answer_days": "3", "share": "80",
            "ends_on": queries.timetable(class_id)[-1].day.isoformat()}  # fmt: skip
    for other in (draft, foreign):
        assert admin.post(address, data=form | {"quiz_id": other}).status_code == 422
    assert admin.post(address, data=form | {"quiz_id": asked}).status_code == 303
    row = db.session.get_one(TrainingClass, class_id, populate_existing=True)
    assert (row.quiz_id, row.rule["exam"]) == (asked, True)
    assert admin.post(address, data=form | {"version": "2", "quiz_id": "0"}).status_code == 303
    row = db.session.get_one(TrainingClass, class_id, populate_existing=True)
    assert (row.quiz_id, row.rule["exam"]) == (None, False)
