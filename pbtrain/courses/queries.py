"""Reading courses: the catalogue, how far a member is, what an author may edit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, ScalarSelect, Select, and_, case, func, or_, select

from pbtrain.core import clock
from pbtrain.core.db import db
from pbtrain.core.errors import RuleError
from pbtrain.courses.models import Course, Enrolment, Lesson, LessonDone, LessonTime
from pbtrain.hours import posting
from pbtrain.org.access import Actor, units_where
from pbtrain.org.models import Unit
from pbtrain.org.roles import Perm
from pbtrain.quizzes.models import Attempt


def _lesson_count() -> ScalarSelect[int]:
    return select(func.count()).where(Lesson.course_id == Course.id).correlate(Course).scalar_subquery()


def _done_count() -> ScalarSelect[int]:
    return (
        select(func.count())
        .select_from(LessonDone)
        .join(Lesson, Lesson.id == LessonDone.lesson_id)
        .where(LessonDone.enrolment_id == Enrolment.id, Lesson.course_id == Enrolment.course_id)
        .correlate(Enrolment)
        .scalar_subquery()
    )


def _visible() -> Any:
    """Published courses, and withdrawn ones for those who are in them."""
    return or_(Course.state == "published", and_(Course.state == "withdrawn", Enrolment.id.is_not(None)))


_CARD = (
    Course.id,
    Course.title,
    Course.minutes,
    Course.due_on,
    Course.lang,
    Course.state,
    Course.quiz_id,
    Unit.name.label("academy"),
    Enrolment.id.label("enrolment_id"),
    Enrolment.state.label("standing"),
    Enrolment.finished_at,
)


def _cards(member_id: int) -> Select[Any]:
    return (
        select(*_CARD, _lesson_count().label("lessons"), _done_count().label("done"))
        .join(Unit, Unit.id == Course.unit_id)
        .outerjoin(Enrolment, and_(Enrolment.course_id == Course.id, Enrolment.member_id == member_id))
        .where(_visible())
    )


def catalogue(member_id: int, *, words: str = "", standing: str = "") -> Select[Any]:
    """The courses a member may take, newest first; `standing` is active, finished, new or all of them.

    Every word must occur in the title or the academy's name.
    """
    found = _cards(member_id)
    for word in words.split()[:5]:
        found = found.where(
            or_(Course.title.icontains(word, autoescape=True), Unit.name.icontains(word, autoescape=True))
        )
    if standing == "new":
        found = found.where(Enrolment.id.is_(None))
    elif standing:
        found = found.where(Enrolment.state == standing)
    return found.order_by(Course.published_at.desc(), Course.id.desc())


def course_for(member_id: int, course_id: int) -> Row[Any] | None:
    """One course as this member sees it, with its description; None when it is not open to them."""
    return db.session.execute(
        _cards(member_id).add_columns(Course.description).where(Course.id == course_id)
    ).first()


def credit_of(unit_id: int | None, year: int, minutes: Sequence[int]) -> list[int | None]:
    """The hundredths of a 学时 that courses of so many minutes bring a member of this branch.

    One statement. None where no policy is in force yet.
    """
    try:
        policy = posting.policies([unit_id or 0]).on(unit_id, min(clock.today(), date(year, 12, 31)))
    except RuleError:
        return [None for _ in minutes]
    return [policy.credit("online_course", length) for length in minutes]


@dataclass(frozen=True)
class Step:
    """A lesson on a member's way: done, open, or locked until lesson `locked_by` is done."""

    id: int
    number: int  # counted from 1
    title: str
    minutes: int
    min_seconds: int
    seconds: int  # spent so far
    done: bool
    locked_by: int | None

    @property
    def is_open(self) -> bool:
        return self.done or self.locked_by is None

    @property
    def left(self) -> int:
        """Whole minutes still to spend by the author's estimate."""
        return max(self.minutes - self.seconds // 60, 1)


@dataclass(frozen=True)
class Way:
    """The lessons of a course in their order, as far as one member has come."""

    steps: list[Step]

    @property
    def done(self) -> int:
        return sum(step.done for step in self.steps)

    @property
    def complete(self) -> bool:
        """Are all lessons done? A course without lessons is never complete."""
        return bool(self.steps) and self.done == len(self.steps)

    @property
    def next(self) -> Step | None:
        """Where to go on: the first lesson that is not done."""
        return next((step for step in self.steps if not step.done), None)

    def step(self, lesson_id: int) -> Step | None:
        return next((step for step in self.steps if step.id == lesson_id), None)


def way(member_id: int, course_id: int) -> Way:
    """How far this member is in this course; one statement."""
    rows = db.session.execute(
        select(
            Lesson.id,
            Lesson.title,
            Lesson.minutes,
            Lesson.min_seconds,
            LessonDone.id.label("done_id"),
            LessonTime.seconds,
        )
        .outerjoin(Enrolment, and_(Enrolment.course_id == Lesson.course_id, Enrolment.member_id == member_id))
        .outerjoin(
            LessonDone, and_(LessonDone.enrolment_id == Enrolment.id, LessonDone.lesson_id == Lesson.id)
        )
        .outerjoin(LessonTime, and_(LessonTime.member_id == member_id, LessonTime.lesson_id == Lesson.id))
        .where(Lesson.course_id == course_id)
        .order_by(Lesson.position, Lesson.id)
    ).all()
    steps: list[Step] = []
    locked_by = None
    for number, row in enumerate(rows, 1):
        done = row.done_id is not None
        steps.append(
            Step(row.id, number, row.title, row.minutes, row.min_seconds, row.seconds or 0, done, locked_by)
        )
        if not done and locked_by is None:
            locked_by = number
    return Way(steps)


def lesson_body(course_id: int, lesson_id: int) -> str | None:
    """The Markdown of a lesson."""
    return db.session.scalar(select(Lesson.body).where(Lesson.id == lesson_id, Lesson.course_id == course_id))


def attempt_course(member_id: int, attempt_id: int) -> Row[Any] | None:
    """The course whose quiz this attempt is at; None when it is not this member's attempt."""
    return db.session.execute(
        select(Course.id, Course.title, Course.lang, Course.minutes, Enrolment.state.label("standing"))
        .join(Attempt, Attempt.quiz_id == Course.quiz_id)
        .outerjoin(
            Enrolment, and_(Enrolment.course_id == Course.id, Enrolment.member_id == Attempt.member_id)
        )
        .where(Attempt.id == attempt_id, Attempt.member_id == member_id)
    ).first()


# ---- for authors


def authored(actor: Actor, *, words: str = "", state: str = "") -> Select[Any]:
    """The courses this person may edit, drafts first."""
    learners = (
        select(func.count()).where(Enrolment.course_id == Course.id).correlate(Course).scalar_subquery()
    )
    finished = (
        select(func.count())
        .where(Enrolment.course_id == Course.id, Enrolment.state == "finished")
        .correlate(Course)
        .scalar_subquery()
    )
    found = (
        select(
            Course.id,
            Course.title,
            Course.state,
            Course.minutes,
            Course.due_on,
            Course.quiz_id,
            Unit.name.label("academy"),
            _lesson_count().label("lessons"),
            learners.label("learners"),
            finished.label("finished"),
        )
        .join(Unit, Unit.id == Course.unit_id)
        .where(Course.unit_id.in_(units_where(actor, Perm.COURSE_EDIT)))
    )
    if words:
        found = found.where(Course.title.icontains(words, autoescape=True))
    if state:
        found = found.where(Course.state == state)
    return found.order_by(case((Course.state == "draft", 0), else_=1), Course.id.desc())


def editable(actor: Actor, course_id: int) -> Course | None:
    """A course in the academies where this person edits; None elsewhere."""
    return db.session.scalar(
        select(Course).where(Course.id == course_id, Course.unit_id.in_(units_where(actor, Perm.COURSE_EDIT)))
    )


def academies(actor: Actor) -> list[Row[Any]]:
    """(id, name) of the academies where this person may put a course."""
    return list(
        db.session.execute(
            select(Unit.id, Unit.name)
            .where(Unit.kind == "academy", Unit.id.in_(units_where(actor, Perm.COURSE_EDIT)))
            .order_by(Unit.name, Unit.id)
        ).all()
    )


def lessons_of(course_id: int) -> list[Lesson]:
    """The lessons of a course, for its authors."""
    return list(
        db.session.scalars(
            select(Lesson).where(Lesson.course_id == course_id).order_by(Lesson.position, Lesson.id)
        ).all()
    )


def lesson_of(course_id: int, lesson_id: int) -> Lesson | None:
    """A lesson of this course, for its authors."""
    return db.session.scalar(select(Lesson).where(Lesson.id == lesson_id, Lesson.course_id == course_id))


def learners_of(course_id: int) -> Row[Any]:
    """(learners, finished) of a course."""
    return db.session.execute(
        select(
            func.count().label("learners"),
            func.coalesce(func.sum(case((Enrolment.state == "finished", 1), else_=0)), 0).label("finished"),
        ).where(Enrolment.course_id == course_id)
    ).one()
