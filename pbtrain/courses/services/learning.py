"""Taking a course: enrol, spend time, complete lessons in order, pass the quiz, earn the hours once."""

from datetime import date, timedelta
from typing import Any

from sqlalchemy import Integer, and_, bindparam, literal, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import aliased

from pbtrain.audit import services as audit
from pbtrain.core import clock
from pbtrain.core.db import db, is_postgresql, prepared
from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_
from pbtrain.courses import queries, rules
from pbtrain.courses.models import Course, Enrolment, Lesson, LessonDone, LessonTime, StudyClock
from pbtrain.hours import services as hours
from pbtrain.hours.services import Line
from pbtrain.org.access import Actor
from pbtrain.quizzes import queries as quiz_queries
from pbtrain.quizzes import services as quizzes

NOT_IN = N_("Join the course first.")
HANDED_IN = "答题时限到后收卷"  # stands in the ledger, which speaks Chinese


def _insert(model: Any) -> Any:
    return (postgresql if is_postgresql() else sqlite).insert(model)


def enrol(actor: Actor, course_id: int) -> bool:
    """Join a published course; False when that was done before, whatever is retried."""
    row = select(
        Course.id,
        literal(actor.member_id),
        literal("active"),
        literal(clock.now(), Enrolment.enrolled_at.type),
    ).where(Course.id == course_id, Course.state == "published")
    columns = ["course_id", "member_id", "state", "enrolled_at"]
    made = db.session.scalar(
        _insert(Enrolment).from_select(columns, row).on_conflict_do_nothing().returning(Enrolment.id)
    )
    if made is not None:
        audit.record(actor, "course.enrolled", f"course:{course_id}", unit_id=actor.unit_id)
    return made is not None


def _enrolment(member_id: int, course_id: int) -> Any:
    return db.session.execute(
        select(Enrolment.id, Enrolment.state, Course.quiz_id)
        .join(Course, Course.id == Enrolment.course_id)
        .where(Enrolment.course_id == course_id, Enrolment.member_id == member_id)
    ).first()


def beat(actor: Actor, lesson_id: int) -> bool:
    """This lesson is being looked at: add the time since this member's last beat, at most 45 s.

    Two statements. The clock is the server's and one a person, whose row is locked, so that two windows
    never count twice. A last beat that lies ahead by more than a break was made before the server's clock
    was put right: it is forgotten. False when the lesson is not open to this member.
    """
    now = clock.now().replace(microsecond=0)
    ahead = now + timedelta(seconds=rules.BREAK)
    previous = _move_clock(member_id=actor.member_id, now=now, ahead=ahead).scalar()
    gained = 0 if previous is None else rules.gained(previous, now)
    kept = _add_time(member_id=actor.member_id, lesson_id=lesson_id, gained=gained).scalar()
    return kept is not None


@prepared
def _move_clock() -> Any:
    now = bindparam("now", type_=StudyClock.beat_at.type)
    ahead = bindparam("ahead", type_=StudyClock.beat_at.type)
    new = _insert(StudyClock).values(member_id=bindparam("member_id"), beat_at=now, previous_at=now)
    return new.on_conflict_do_update(
        index_elements=["member_id"],
        set_={"previous_at": StudyClock.beat_at, "beat_at": new.excluded.beat_at},
        where=or_(StudyClock.beat_at <= new.excluded.beat_at, StudyClock.beat_at > ahead),
    ).returning(StudyClock.previous_at)


@prepared
def _add_time() -> Any:
    member_id = bindparam("member_id", type_=Integer)
    spent = _insert(LessonTime).from_select(
        ["member_id", "lesson_id", "seconds"],
        select(member_id, Lesson.id, bindparam("gained", type_=Integer))
        .join(Enrolment, and_(Enrolment.course_id == Lesson.course_id, Enrolment.member_id == member_id))
        .where(Lesson.id == bindparam("lesson_id"), ~_undone_before()),
    )
    return spent.on_conflict_do_update(
        index_elements=["member_id", "lesson_id"],
        set_={"seconds": LessonTime.seconds + spent.excluded.seconds},
    ).returning(LessonTime.id)


def _undone_before() -> Any:
    """Is a lesson before this one not done yet?"""
    earlier = aliased(Lesson)
    return (
        select(earlier.id)
        .where(
            earlier.course_id == Lesson.course_id,
            or_(
                earlier.position < Lesson.position,
                and_(earlier.position == Lesson.position, earlier.id < Lesson.id),
            ),
            ~select(LessonDone.id)
            .where(LessonDone.enrolment_id == Enrolment.id, LessonDone.lesson_id == earlier.id)
            .correlate(Enrolment, earlier)
            .exists(),
        )
        .correlate(Lesson, Enrolment)
        .exists()
    )


def complete_lesson(actor: Actor, course_id: int, lesson_id: int) -> bool:
    """Tick a lesson off, in order and after its shortest time; True when that finished the course.

    Doing it again changes nothing. Raises RuleError with what is still to do.
    """
    member_id = actor.member_id or 0
    enrolment = _enrolment(member_id, course_id)
    if enrolment is None:
        raise RuleError(NOT_IN)
    way = queries.way(member_id, course_id)
    step = way.step(lesson_id)
    if step is None:
        raise RuleError(N_("This lesson is no longer part of the course."))
    if not step.done:
        rules.check_lesson(locked_by=step.locked_by, seconds=step.seconds, min_seconds=step.min_seconds)
        done = _insert(LessonDone).values(enrolment_id=enrolment.id, lesson_id=lesson_id, done_at=clock.now())
        db.session.execute(done.on_conflict_do_nothing())
        db.session.execute(
            update(Enrolment)
            .where(Enrolment.id == enrolment.id)
            .values(last_lesson_id=lesson_id)
            .execution_options(synchronize_session=False)
        )
        audit.record(actor, "lesson.done", f"lesson:{lesson_id}", course=course_id)
    others_done = all(other.done for other in way.steps if other.id != lesson_id)
    if enrolment.state == "finished" or not others_done:
        return False
    if enrolment.quiz_id is not None and not quiz_queries.tries(member_id, enrolment.quiz_id).passed:
        return False
    return finish(actor, course_id, member_id)


def start_quiz(actor: Actor, course_id: int) -> int | None:
    """Begin the ending quiz, or go back to the attempt that runs, once all lessons are done.

    None for somebody who is not in the course.
    """
    member_id = actor.member_id or 0
    enrolment = _enrolment(member_id, course_id)
    if enrolment is None:
        return None
    if enrolment.quiz_id is None:
        raise RuleError(N_("This course has no quiz."))
    way = queries.way(member_id, course_id)
    if not way.complete:
        raise RuleError(
            N_("The quiz opens after the last lesson: %(done)s of %(lessons)s are done."),
            done=way.done,
            lessons=len(way.steps),
        )
    return quizzes.start(actor, enrolment.quiz_id)


def submit_quiz(actor: Actor | None, attempt_id: int) -> quizzes.Outcome | None:
    """Submit the attempt and, when it passes, finish its course in the same transaction.

    A second submission repeats nothing and answers the same. An actor of None is the clock.
    """
    outcome = quizzes.submit(actor, attempt_id)
    if outcome is not None and outcome.passed:
        course_id = db.session.scalar(select(Course.id).where(Course.quiz_id == outcome.quiz_id))
        if course_id is not None and queries.way(outcome.member_id, course_id).complete:
            finish(actor, course_id, outcome.member_id, on=clock.local(outcome.ended_at).date())
    return outcome


def finish(actor: Actor | None, course_id: int, member_id: int, *, on: date | None = None) -> bool:
    """Close the enrolment and post its hours, once: the row moves from active to finished only once, and
    the ledger knows the occasion. True when it was this call that finished it.

    `on` is the day on which it was done, else today: of an attempt whose time was over before midnight, and
    that the clock hands in after it, the day before. The ledger says so, and takes it as a correction where
    that year has been closed meanwhile.
    """
    day = on or clock.today()
    closed = db.session.scalar(
        update(Enrolment)
        .where(
            Enrolment.course_id == course_id, Enrolment.member_id == member_id, Enrolment.state == "active"
        )
        .values(state="finished", finished_at=clock.now())
        .returning(Enrolment.id)
        .execution_options(synchronize_session=False)
    )
    if closed is None:
        return False
    course = db.session.execute(select(Course.title, Course.minutes).where(Course.id == course_id)).one()
    line = Line(
        member_id,
        day=day,
        activity="online_course",
        minutes=course.minutes,
        occurrence=f"course:{course_id}",
        title=course.title,
        channel="web",
        proof="C",
        correction=HANDED_IN if day < clock.today() else "",
    )
    posted = hours.post_many(actor, [line])
    audit.record(actor, "course.finished", f"course:{course_id}", member=member_id, entries=posted.entry_ids)
    return True
