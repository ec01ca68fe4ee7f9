"""Writing courses. Whoever calls has made sure that the course lies in the actor's scope.

Every change names the `version` it was made from: of two editors the second is told.
"""

from typing import Any

from sqlalchemy import delete, func, select, update

from pbtrain.accounts import races
from pbtrain.audit import services as audit
from pbtrain.core import clock, repeats
from pbtrain.core.db import UNKEYED, db
from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_
from pbtrain.core.ordering import swap
from pbtrain.courses.models import Course, Lesson
from pbtrain.org.access import Actor
from pbtrain.org.models import Unit
from pbtrain.quizzes import queries as quiz_queries
from pbtrain.quizzes import services as quizzes

MOST_LESSONS = 100


def create_course(actor: Actor | None, unit_id: int, **values: Any) -> int:
    """A draft in this academy; returns its id. The very same, sent again, is the one there is."""
    repeats.alone_in(Unit, unit_id)
    known = repeats.earlier(Course, unit_id=unit_id, state="draft", **values)
    if known is not None:
        return known
    course = Course(unit_id=unit_id, created_by_id=actor.account_id if actor else None, **values)
    db.session.add(course)
    db.session.flush()  # the audit event names course.id
    audit.record(actor, "course.created", f"course:{course.id}", unit_id=unit_id, title=course.title)
    return course.id


def edit_course(actor: Actor | None, course_id: int, version: int, **values: Any) -> None:
    """Change what a course says of itself; hours already posted stay as they are."""
    changed = db.session.execute(
        update(Course)
        .where(Course.id == course_id, Course.version == version)
        .values(version=version + 1, **values)
        .returning(Course.unit_id)
        .execution_options(synchronize_session=False)
    ).first()
    if changed is None:
        raise races.changed(f"course:{course_id}", "course.edited")
    audit.record(
        actor,
        "course.edited",
        f"course:{course_id}",
        unit_id=changed.unit_id,
        title=values.get("title"),
        minutes=values.get("minutes"),
    )


def _locked(course_id: int) -> Any:
    """The course's row, locked: its lessons change one editor after the other."""
    return db.session.execute(
        select(Course.state, Course.published_at, Course.quiz_id, Course.unit_id, Course.title)
        .where(Course.id == course_id)
        .with_for_update(**UNKEYED)
    ).one()


def add_lesson(actor: Actor | None, course_id: int, **values: Any) -> int:
    """A lesson at the end; returns its id. The very same, sent again, is the one there is."""
    _locked(course_id)
    known = repeats.earlier(Lesson, course_id=course_id, **values)
    if known is not None:
        return known
    count, last = db.session.execute(
        select(func.count(), func.coalesce(func.max(Lesson.position), 0)).where(Lesson.course_id == course_id)
    ).one()
    if count >= MOST_LESSONS:
        raise RuleError(N_("At most %(most)s lessons in a course."), most=MOST_LESSONS)
    lesson = Lesson(course_id=course_id, position=last + 1, **values)
    db.session.add(lesson)
    db.session.flush()  # the audit event names lesson.id
    audit.record(actor, "lesson.added", f"lesson:{lesson.id}", course=course_id)
    return lesson.id


def edit_lesson(actor: Actor | None, course_id: int, lesson_id: int, version: int, **values: Any) -> None:
    """Change a lesson; those who have completed it stay done."""
    changed = db.session.scalar(
        update(Lesson)
        .where(Lesson.id == lesson_id, Lesson.course_id == course_id, Lesson.version == version)
        .values(version=version + 1, **values)
        .returning(Lesson.id)
        .execution_options(synchronize_session=False)
    )
    if changed is None:
        raise races.changed(f"lesson:{lesson_id}", "lesson.edited")
    audit.record(actor, "lesson.edited", f"lesson:{lesson_id}", course=course_id)


def move_lesson(actor: Actor | None, course_id: int, lesson_id: int, step: int) -> None:
    """Change places with the neighbour above (-1) or below (+1); at an end nothing happens."""
    _locked(course_id)
    moved = swap(Lesson, Lesson.course_id == course_id, lesson_id, step)
    if moved is None:
        raise RuleError(N_("This lesson is no longer part of the course."))
    if moved:
        audit.record(actor, "lesson.moved", f"lesson:{lesson_id}", course=course_id)


def remove_lesson(actor: Actor | None, course_id: int, lesson_id: int) -> None:
    """Take a lesson out of a course nobody has been able to take yet."""
    if _locked(course_id).published_at is not None:
        raise RuleError(N_("This course has been published: its lessons can be changed, not removed."))
    gone = db.session.scalar(
        delete(Lesson)
        .where(Lesson.id == lesson_id, Lesson.course_id == course_id)
        .returning(Lesson.id)
        .execution_options(synchronize_session=False)
    )
    if gone is None:
        raise RuleError(N_("This lesson is no longer part of the course."))
    audit.record(actor, "lesson.removed", f"lesson:{lesson_id}", course=course_id)


def add_quiz(actor: Actor | None, course_id: int, title: str) -> int:
    """Give the course an ending quiz with the usual conditions; the one it has when there is one."""
    course = _locked(course_id)
    if course.quiz_id is not None:
        return int(course.quiz_id)
    if course.published_at is not None:
        raise RuleError(N_("This course has been published without a quiz; members have finished it so."))
    quiz_id = quizzes.create_quiz(actor, course.unit_id, title)
    db.session.execute(
        update(Course)
        .where(Course.id == course_id)
        .values(quiz_id=quiz_id, version=Course.version + 1)
        .execution_options(synchronize_session=False)
    )
    return quiz_id


def remove_quiz(actor: Actor | None, course_id: int) -> None:
    """Let a course that was never published end without a quiz."""
    course = _locked(course_id)
    if course.published_at is not None:
        raise RuleError(N_("This course has been published: its quiz stays."))
    db.session.execute(
        update(Course)
        .where(Course.id == course_id)
        .values(quiz_id=None, version=Course.version + 1)
        .execution_options(synchronize_session=False)
    )
    audit.record(actor, "course.quiz_removed", f"course:{course_id}", quiz=course.quiz_id)


def publish(actor: Actor | None, course_id: int) -> None:
    """Open the course to members, and its quiz's draft with it. Raises RuleError with what is missing."""
    course = _locked(course_id)
    if not db.session.scalar(select(func.count()).where(Lesson.course_id == course_id)):
        raise RuleError(N_("The course has no lessons yet."))
    if course.quiz_id is not None:
        quizzes.publish(actor, course.quiz_id)
        terms = quiz_queries.terms(course.quiz_id)
        if terms is None or terms.current_id is None:
            raise RuleError(N_("The quiz has no questions yet."))
    db.session.execute(
        update(Course)
        .where(Course.id == course_id)
        .values(
            state="published",
            published_at=func.coalesce(Course.published_at, clock.now()),
            version=Course.version + 1,
        )
        .execution_options(synchronize_session=False)
    )
    audit.record(actor, "course.published", f"course:{course_id}", unit_id=course.unit_id)


def withdraw(actor: Actor | None, course_id: int) -> None:
    """Take the course out of the catalogue; who is in it may finish."""
    course = _locked(course_id)
    if course.state != "published":
        raise RuleError(N_("This course is not published."))
    db.session.execute(
        update(Course)
        .where(Course.id == course_id)
        .values(state="withdrawn", version=Course.version + 1)
        .execution_options(synchronize_session=False)
    )
    audit.record(actor, "course.withdrawn", f"course:{course_id}", unit_id=course.unit_id)
