"""Courses, quizzes and who studies them."""

from typing import Any

from pbtrain.core import clock
from pbtrain.courses.models import Course, Enrolment, Lesson
from pbtrain.org.models import Member, Unit
from pbtrain.quizzes.models import Attempt, Question, Quiz, QuizVersion
from tests.support.world.rows import Rows


def add_learning(rows: Rows, unit: Unit, person: Member) -> dict[str, Any]:
    """Two courses of this unit, one published with a quiz, one a draft with a draft."""
    quiz, version, question = add_quiz(rows, unit, published=True)
    draft_quiz, draft_version, draft_question = add_quiz(rows, unit, published=False)
    course, lesson = add_course(rows, unit, quiz, "published")
    draft, draft_lesson = add_course(rows, unit, draft_quiz, "draft")
    ids = {
        "course_id": course.id,
        "lesson_id": lesson.id,
        "draft_id": draft.id,
        "draft_lesson_id": draft_lesson.id,
        "quiz_id": quiz.id,
        "quiz_version_id": version.id,
        "question_id": question.id,
        "draft_quiz_id": draft_quiz.id,
        "draft_quiz_version_id": draft_version.id,
        "draft_question_id": draft_question.id,
    }
    return ids | add_studies(rows, person, ids)


def add_quiz(rows: Rows, unit: Unit, *, published: bool) -> tuple[Quiz, QuizVersion, Question]:
    """A quiz of one version and one question."""
    quiz = rows.add(Quiz(unit_id=unit.id, title=f"示例测验{rows.next()}", max_attempts=5))
    version = rows.add(
        QuizVersion(quiz_id=quiz.id, number=1, published_at=clock.now() if published else None)
    )
    question = rows.add(
        Question(
            quiz_version_id=version.id,
            position=1,
            kind="single",
            text="示例题目？",
            options={"a": "子", "b": "丑"},
            key=["b"],
            points=100,
        )
    )
    return quiz, version, question


def add_course(rows: Rows, unit: Unit, quiz: Quiz, state: str) -> tuple[Course, Lesson]:
    """A course of one lesson that ends with this quiz."""
    course = rows.add(
        Course(
            unit_id=unit.id,
            title=f"示例课程{rows.next()}",
            minutes=90,
            state=state,
            quiz_id=quiz.id,
            published_at=clock.now() if state == "published" else None,
        )
    )
    lesson = rows.add(Lesson(course_id=course.id, position=1, title="示例第一课", body="正文"))
    return course, lesson


def add_studies(rows: Rows, person: Member, ids: dict[str, Any]) -> dict[str, Any]:
    """This person takes the course of a place and sits its quiz."""
    enrolment = rows.add(Enrolment(course_id=ids["course_id"], member_id=person.id))
    attempt = rows.add(
        Attempt(
            quiz_id=ids["quiz_id"],
            quiz_version_id=ids["quiz_version_id"],
            member_id=person.id,
            number=1,
            max_attempts=5,
            pass_mark=60,
            seed=1,
        )
    )
    return {"enrolment_id": enrolment.id, "attempt_id": attempt.id}
