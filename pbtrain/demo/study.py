"""Courses with their quizzes, and members at every place on the way through them."""

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import select

from pbtrain.core.db import db
from pbtrain.courses import services as courses
from pbtrain.courses.models import Lesson
from pbtrain.demo.lessons import BORDER, COURSES, HOURS, PHONE, RULES, CoursePlan
from pbtrain.demo.roster import ACTIVE, MEMBER, World
from pbtrain.org.access import Actor
from pbtrain.org.roles import Role
from pbtrain.quizzes import queries
from pbtrain.quizzes import services as quizzes
from pbtrain.quizzes.models import Attempt, Question, Quiz


def write_courses(world: World, tell: Callable[[str], None]) -> dict[str, int]:
    """The author writes them, the academy publishes all but one; returns their ids by title."""
    author = world.actor(world.staff[Role.COURSE_AUTHOR])
    head = world.actor(world.staff[Role.ACADEMY_ADMIN])
    made = {}
    for plan in COURSES:
        made[plan.title] = course_id = _write(world, author, plan)
        if plan.published:
            courses.publish(head, course_id)
    tell(f"Courses: {len(made)}")
    return made


def _write(world: World, author: Actor, plan: CoursePlan) -> int:
    due_on = None if plan.due_in is None else world.today + timedelta(days=plan.due_in)
    course_id = courses.create_course(
        author, world.units["academy"], title=plan.title, description=plan.description,
        minutes=plan.minutes, due_on=due_on,
    )  # fmt: skip
    for title, minutes, body in plan.lessons:
        courses.add_lesson(author, course_id, title=title, body=body, minutes=minutes)
    if plan.questions:
        quiz_id = courses.add_quiz(author, course_id, f"{plan.title}：测验"[:100])
        version = db.session.scalars(select(Quiz.version).where(Quiz.id == quiz_id)).one()
        quizzes.edit_terms(author, quiz_id, version, pass_mark=plan.pass_mark, time_limit=plan.time_limit)
        for question in plan.questions:
            quizzes.add_question(author, quiz_id, question)
    return course_id


def take_courses(world: World, made: dict[str, int], tell: Callable[[str], None]) -> None:
    """Finished, failed once, sitting right now, half way, just joined; most have not begun."""
    office = world.people["office"]
    learners = [world.actor(office[place].account_id) for place in ACTIVE if place != MEMBER]
    whole, member = 3, world.actor(office[MEMBER].account_id)
    for actor in learners[:5]:
        _study(actor, made[HOURS.title], whole)
        _sit(actor, made[HOURS.title], right=True)
    _study(learners[5], made[HOURS.title], whole)
    _sit(learners[5], made[HOURS.title], right=False)
    _study(learners[6], made[HOURS.title], whole)
    courses.start_quiz(learners[6], made[HOURS.title])
    for actor in learners[7:9]:
        _study(actor, made[HOURS.title], 1)
    for actor in learners[:3]:
        _study(actor, made[PHONE.title], whole)
    _study(learners[3], made[RULES.title], 2)
    courses.enrol(learners[9], made[BORDER.title])
    _study(member, made[PHONE.title], whole)
    _study(member, made[HOURS.title], 2)
    _study(member, made[RULES.title], whole)
    _sit(member, made[RULES.title], right=False)
    tell("Members in courses: finished, half way, failed once")


def _study(actor: Actor, course_id: int, lessons: int) -> None:
    """Join, and complete so many lessons in order."""
    courses.enrol(actor, course_id)
    for lesson_id in db.session.scalars(
        select(Lesson.id)
        .where(Lesson.course_id == course_id)
        .order_by(Lesson.position, Lesson.id)
        .limit(lessons)
    ).all():
        courses.complete_lesson(actor, course_id, lesson_id)


def _sit(actor: Actor, course_id: int, *, right: bool) -> None:
    """Sit the ending quiz; all right, or only the first question."""
    attempt_id = courses.start_quiz(actor, course_id) or 0
    keys = db.session.execute(
        select(Question.id, Question.key)
        .join(Attempt, Attempt.quiz_version_id == Question.quiz_version_id)
        .where(Attempt.id == attempt_id)
        .order_by(Question.position, Question.id)
    ).all()
    for number, row in enumerate(keys if right else keys[:1], 1):
        question = queries.asked(actor.member_id or 0, attempt_id, number)
        if question is not None:
            letters = [letter for letter, option in question.letters.items() if option in row.key]
            quizzes.save_answer(actor, question, letters)
    courses.submit_quiz(actor, attempt_id)
