"""Taking a course through its services: order, time, and hours that are posted once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier

import pytest
from sqlalchemy import func, select, update

from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.courses import queries, services, sweep
from pbtrain.courses.models import Course, Enrolment, Lesson, LessonDone, LessonTime
from pbtrain.hours.models import HourEntry
from pbtrain.quizzes import queries as quiz_queries
from pbtrain.quizzes import services as quizzes

RIGHT = {1: ["b"], 2: ["a", "c"], 3: ["true"]}


def do(service, *args):
    with transaction():
        return service(*args)


def lessons(db, course):
    return db.session.scalars(
        select(Lesson.id).where(Lesson.course_id == course.id).order_by(Lesson.position)
    ).all()


def entries(db):
    db.session.rollback()
    return db.session.execute(
        select(HourEntry.member_id, HourEntry.minutes, HourEntry.credit, HourEntry.source, HourEntry.proof)
    ).all()


def answer_all(actor, attempt_id):
    for number, options in RIGHT.items():
        asked = quiz_queries.asked(actor.member_id, attempt_id, number)
        letters = [choice.letter for choice in asked.choices if choice.option in options]
        do(quizzes.save_answer, actor, asked, letters)


def test_enrolling_twice_is_enrolling_once(world, learner, make, db):
    course = make.course(world.academy)
    assert do(services.enrol, learner, course.id)
    assert not do(services.enrol, learner, course.id)
    assert db.session.scalar(select(func.count(Enrolment.id))) == 1


def test_a_draft_takes_nobody(world, learner, make, db):
    course = make.course(world.academy, state="draft")
    assert not do(services.enrol, learner, course.id)
    assert queries.course_for(learner.member_id, course.id) is None


def test_a_withdrawn_course_is_open_to_those_who_are_in_it(world, learner, make):
    course = make.course(world.academy, state="withdrawn")
    assert queries.course_for(learner.member_id, course.id) is None
    make.enrolment(course, world.member)
    assert queries.course_for(learner.member_id, course.id).title == course.title


def test_lessons_go_in_order(world, learner, make, db):
    course = make.course(world.academy)
    make.enrolment(course, world.member)
    first, second, _third = lessons(db, course)
    with pytest.raises(RuleError, match="lesson 1 first"):
        do(services.complete_lesson, learner, course.id, second)
    do(services.complete_lesson, learner, course.id, first)
    assert queries.way(learner.member_id, course.id).next.id == second
    do(services.complete_lesson, learner, course.id, second)
    assert db.session.scalar(select(Enrolment.last_lesson_id)) == second


def test_without_joining_nothing_is_completed(world, learner, make, db):
    course = make.course(world.academy)
    with pytest.raises(RuleError, match="Join"):
        do(services.complete_lesson, learner, course.id, lessons(db, course)[0])


def test_a_lesson_of_another_course_is_not_completed(world, learner, make, db):
    course, other = make.course(world.academy), make.course(world.academy)
    make.enrolment(course, world.member)
    with pytest.raises(RuleError, match="no longer part"):
        do(services.complete_lesson, learner, course.id, lessons(db, other)[0])


def test_the_last_lesson_of_a_course_without_quiz_posts_its_hours(world, learner, make, db):
    course = make.course(world.academy, lessons=2)
    make.enrolment(course, world.member, done=1)
    assert do(services.complete_lesson, learner, course.id, lessons(db, course)[1])
    (entry,) = entries(db)
    assert entry.source == f"course:{course.id}/member:{world.member.id}#1"
    assert (entry.member_id, entry.minutes, entry.credit, entry.proof) == (world.member.id, 90, 200, "C")
    assert not do(services.complete_lesson, learner, course.id, lessons(db, course)[1])
    assert len(entries(db)) == 1


def test_the_quiz_opens_after_the_last_lesson(world, learner, make, db):
    course = make.course(world.academy, quiz_=make.quiz(world.academy))
    make.enrolment(course, world.member, done=2)
    with pytest.raises(RuleError, match="2 of 3"):
        do(services.start_quiz, learner, course.id)
    assert not do(services.complete_lesson, learner, course.id, lessons(db, course)[2])
    assert do(services.start_quiz, learner, course.id)
    assert entries(db) == []


def test_a_passed_quiz_posts_once_whatever_is_retried(world, learner, make, db):
    course = make.course(world.academy, quiz_=make.quiz(world.academy))
    make.enrolment(course, world.member, done=3)
    attempt_id = do(services.start_quiz, learner, course.id)
    answer_all(learner, attempt_id)
    for _ in range(3):
        assert do(services.submit_quiz, learner, attempt_id).passed
    do(services.finish, learner, course.id, learner.member_id)
    assert len(entries(db)) == 1
    assert db.session.scalar(select(Enrolment.state)) == "finished"


def test_twenty_submissions_at_once_post_once(app, world, learner, make, db):
    course = make.course(world.academy, quiz_=make.quiz(world.academy))
    make.enrolment(course, world.member, done=3)
    attempt_id = do(services.start_quiz, learner, course.id)
    answer_all(learner, attempt_id)
    barrier = Barrier(20)

    def rush(_number):
        barrier.wait()
        with app.app_context():
            return do(services.submit_quiz, learner, attempt_id).first

    with ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(rush, range(20))) == 1
    assert len(entries(db)) == 1


def test_a_failed_quiz_posts_nothing(world, learner, make, db):
    course = make.course(world.academy, quiz_=make.quiz(world.academy))
    make.enrolment(course, world.member, done=3)
    assert not do(services.submit_quiz, learner, do(services.start_quiz, learner, course.id)).passed
    assert entries(db) == []
    assert db.session.scalar(select(Enrolment.state)) == "active"


def test_when_the_hours_cannot_be_posted_the_submission_did_not_happen(world, learner, make, db, monkeypatch):
    course = make.course(world.academy, quiz_=make.quiz(world.academy))
    make.enrolment(course, world.member, done=3)
    attempt_id = do(services.start_quiz, learner, course.id)
    answer_all(learner, attempt_id)

    def refuse(*_args):
        raise RuleError("no")

    with monkeypatch.context() as patch:
        patch.setattr("pbtrain.hours.services.post_many", refuse)
        with pytest.raises(RuleError):
            do(services.submit_quiz, learner, attempt_id)
    db.session.rollback()
    assert quiz_queries.result(learner.member_id, attempt_id) is None
    assert do(services.submit_quiz, learner, attempt_id).passed
    assert len(entries(db)) == 1


def test_the_clock_hands_in_and_finishes_what_was_saved_in_time(world, learner, make, db, frozen):
    course = make.course(world.academy, quiz_=make.quiz(world.academy, time_limit=10))
    make.enrolment(course, world.member, done=3)
    answer_all(learner, do(services.start_quiz, learner, course.id))
    frozen.shift(minutes=11)
    assert sweep.hand_in_overdue() == 1
    assert sweep.hand_in_overdue() == 0
    assert len(entries(db)) == 1


def test_what_was_answered_in_the_old_year_counts_there_though_it_is_handed_in_in_the_new_one(
    world, learner, make, db, frozen
):
    course = make.course(world.academy, quiz_=make.quiz(world.academy, time_limit=10))
    make.enrolment(course, world.member, done=3)
    frozen.move_to(clock.at(date(2026, 12, 31), 23, 49))
    answer_all(learner, do(services.start_quiz, learner, course.id))
    frozen.shift(minutes=11, seconds=31)
    assert sweep.hand_in_overdue() == 1
    line = db.session.execute(select(HourEntry.day, HourEntry.credit_year, HourEntry.note)).one()
    assert line == (date(2026, 12, 31), 2026, services.learning.HANDED_IN)


def test_a_lesson_added_after_the_quiz_was_passed_is_still_owed(world, learner, make, db):
    course = make.course(world.academy, lessons=1, quiz_=make.quiz(world.academy))
    make.enrolment(course, world.member, done=1)
    attempt_id = do(services.start_quiz, learner, course.id)
    answer_all(learner, attempt_id)
    new = make.save(Lesson(course_id=course.id, position=2, title="补充", body=""))
    do(services.submit_quiz, learner, attempt_id)
    assert entries(db) == []
    assert do(services.complete_lesson, learner, course.id, new.id)
    assert len(entries(db)) == 1


def seconds(db):
    db.session.rollback()
    return db.session.scalars(select(LessonTime.seconds).order_by(LessonTime.lesson_id)).all()


def test_a_beat_adds_the_time_since_the_last_and_at_most_45_seconds(world, learner, make, db, frozen):
    course = make.course(world.academy)
    make.enrolment(course, world.member)
    first = lessons(db, course)[0]
    for wait, total in ((0, 0), (30, 30), (30, 60), (0, 60), (60, 105), (90, 150), (91, 150), (10, 160)):
        frozen.shift(seconds=wait)
        assert do(services.beat, learner, first)
        assert seconds(db) == [total]


def test_a_clock_that_goes_back_adds_nothing(world, learner, make, db, frozen):
    course = make.course(world.academy)
    make.enrolment(course, world.member)
    first = lessons(db, course)[0]
    do(services.beat, learner, first)
    frozen.shift(seconds=-3600)
    do(services.beat, learner, first)
    frozen.shift(seconds=3600)
    do(services.beat, learner, first)
    assert seconds(db) == [0]
    frozen.shift(days=-365)  # it had been a year ahead: who studied then is not kept from it for a year
    for _ in range(3):
        frozen.shift(seconds=30)
        do(services.beat, learner, first)
    assert seconds(db) == [60]


def test_two_windows_never_count_twice(app, world, learner, make, db, frozen):
    """Two courses read side by side for ten minutes are ten minutes, however the beats fall."""
    course, other = make.course(world.academy), make.course(world.academy)
    make.enrolment(course, world.member)
    make.enrolment(other, world.member)
    first, second = lessons(db, course)[0], lessons(db, other)[0]
    do(services.beat, learner, first)
    do(services.beat, learner, second)

    def rush(lesson_id):
        with app.app_context():
            do(services.beat, learner, lesson_id)

    for _ in range(20):
        frozen.shift(seconds=30)
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(rush, [first, second, first, second]))
    assert sum(seconds(db)) == 600


def test_a_locked_lesson_and_a_strange_one_take_no_time(world, learner, make, db):
    course, other = make.course(world.academy), make.course(world.academy)
    make.enrolment(course, world.member)
    make.enrolment(course, make.member(world.branch), done=3)  # opens nothing for the first
    assert not do(services.beat, learner, lessons(db, course)[1])
    assert not do(services.beat, learner, lessons(db, other)[0])
    assert seconds(db) == []


def test_a_lesson_is_completed_only_after_its_shortest_time(world, learner, make, db, frozen):
    course = make.course(world.academy, lessons=1)
    with transaction() as session:
        session.execute(update(Lesson).values(min_seconds=60))
    make.enrolment(course, world.member)
    (only,) = lessons(db, course)
    do(services.beat, learner, only)
    frozen.shift(seconds=40)
    do(services.beat, learner, only)
    with pytest.raises(RuleError, match="at least 1 min"):
        do(services.complete_lesson, learner, course.id, only)
    assert db.session.scalar(select(func.count(LessonDone.id))) == 0
    frozen.shift(seconds=20)
    do(services.beat, learner, only)
    assert do(services.complete_lesson, learner, course.id, only)


def test_of_two_editors_the_second_is_told(world, make, db):
    course = make.course(world.academy)
    do(lambda: services.edit_course(None, course.id, 1, title="先改的", minutes=45))
    with pytest.raises(Conflict):
        do(lambda: services.edit_course(None, course.id, 1, title="后改的", minutes=60))
    assert db.session.scalar(select(Course.title)) == "先改的"
