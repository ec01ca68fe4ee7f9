"""Sitting the ending quiz of a course. A passing submission finishes the course in the same transaction."""

from dataclasses import dataclass
from typing import Any

from flask import abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.core.forms import number_of
from pbtrain.courses import queries, services
from pbtrain.courses.views import bp
from pbtrain.courses.views.learn import course_or_404
from pbtrain.org.access import Actor, needs, signed
from pbtrain.org.roles import Perm
from pbtrain.quizzes import queries as quiz_queries
from pbtrain.quizzes import services as quizzes
from pbtrain.quizzes.kinds import KINDS


@dataclass(frozen=True)
class Links:
    """Where the pages of an attempt lead; quizzes know no addresses of courses."""

    course_id: int
    attempt_id: int = 0

    @property
    def start(self) -> str:
        return url_for("courses.start_quiz", course_id=self.course_id)

    @property
    def intro(self) -> str:
        return url_for("courses.quiz", course_id=self.course_id)

    @property
    def course(self) -> str:
        return url_for("courses.course", course_id=self.course_id)

    def question(self, number: int) -> str:
        return url_for("courses.question", attempt_id=self.attempt_id, number=number)

    def save(self, number: int) -> str:
        return url_for("courses.save_answer", attempt_id=self.attempt_id, number=number)

    @property
    def review(self) -> str:
        return url_for("courses.review", attempt_id=self.attempt_id)

    @property
    def submit(self) -> str:
        return url_for("courses.submit", attempt_id=self.attempt_id)

    def result(self, attempt_id: int) -> str:
        return url_for("courses.result", attempt_id=attempt_id)


def place_of(actor: Actor, attempt_id: int) -> tuple[Any, Links]:
    """The course of this member's attempt, and its links; 404 for anybody else's."""
    row = queries.attempt_course(actor.member_id or 0, attempt_id)
    if row is None:
        abort(404)
    return row, Links(row.id, attempt_id)


def sheet_of(actor: Actor, attempt_id: int) -> quiz_queries.Paper:
    """The attempt and its answer sheet; 404 for anybody else's."""
    sheet = quiz_queries.paper(actor.member_id or 0, attempt_id)
    if sheet is None:
        abort(404)
    return sheet


@bp.get("/<int:course_id>/quiz")
@needs(Perm.LEARN)
def quiz(course_id: int) -> str:
    """What the quiz asks, the attempts so far, and the button that begins."""
    actor = signed()
    row = course_or_404(actor, course_id)
    if row.quiz_id is None or row.enrolment_id is None:
        abort(404)
    terms = quiz_queries.terms(row.quiz_id)
    tries = quiz_queries.tries(actor.member_id or 0, row.quiz_id)
    way = queries.way(actor.member_id or 0, course_id)
    return render_template(
        "quizzes/intro.html", terms=terms, tries=tries, ready=way.complete, course=row, to=Links(course_id)
    )


@bp.post("/<int:course_id>/quiz/start")
@needs(Perm.LEARN)
def start_quiz(course_id: int) -> Response:
    """Begin, or go back to the attempt that runs."""
    with transaction():
        attempt_id = services.start_quiz(signed(), course_id)
    if attempt_id is None:
        abort(404)
    return redirect(url_for(".question", attempt_id=attempt_id, number=1), 303)


@bp.get("/attempts/<int:attempt_id>/<int:number>")
@needs(Perm.LEARN)
def question(attempt_id: int, number: int) -> str | Response:
    """One question with its answer sheet."""
    actor = signed()
    sheet = sheet_of(actor, attempt_id)
    if sheet.submitted_at is not None:
        return redirect(url_for(".result", attempt_id=attempt_id), 303)
    if sheet.is_over(clock.now()):
        return redirect(url_for(".review", attempt_id=attempt_id), 303)
    asked = quiz_queries.asked(actor.member_id or 0, attempt_id, number)
    if asked is None:
        abort(404)
    course, to = place_of(actor, attempt_id)
    return render_template(
        "quizzes/question.html", paper=sheet, asked=asked, kind=KINDS[asked.kind], course=course, to=to,
        left=sheet.seconds_left(clock.now()),
    )  # fmt: skip


def keep(attempt_id: int, number: int, *, flag: bool = False) -> None:
    """Save what the form says of one question; 404 for anybody else's, 409 when it is too late."""
    actor = signed()
    asked = quiz_queries.asked(actor.member_id or 0, attempt_id, number)
    if asked is None:
        abort(404)
    with transaction():
        quizzes.save_answer(
            actor, asked, request.form.getlist("answer")[:8], flagged=not asked.flagged if flag else None
        )


@bp.post("/attempts/<int:attempt_id>/<int:number>")
@needs(Perm.LEARN)
def answer(attempt_id: int, number: int) -> Response:
    """Save and go where the pressed button says: a number, `review`, or stay after `flag`."""
    go = request.form.get("go", "review")
    keep(attempt_id, number, flag=go == "flag")
    if go == "flag":
        return redirect(url_for(".question", attempt_id=attempt_id, number=number), 303)
    if (wanted := number_of(go, digits=3)) is not None:
        return redirect(url_for(".question", attempt_id=attempt_id, number=wanted), 303)
    return redirect(url_for(".review", attempt_id=attempt_id), 303)


@bp.post("/attempts/<int:attempt_id>/<int:number>/save")
@needs(Perm.LEARN)
def save_answer(attempt_id: int, number: int) -> Response:
    """Save one answer, as the page does on every change."""
    keep(attempt_id, number)
    return Response(status=204)


@bp.get("/attempts/<int:attempt_id>/review")
@needs(Perm.LEARN)
def review(attempt_id: int) -> str | Response:
    """What is answered and what is not, before it is handed in."""
    actor = signed()
    sheet = sheet_of(actor, attempt_id)
    if sheet.submitted_at is not None:
        return redirect(url_for(".result", attempt_id=attempt_id), 303)
    course, to = place_of(actor, attempt_id)
    now = clock.now()
    return render_template(
        "quizzes/review.html", paper=sheet, course=course, to=to, left=sheet.seconds_left(now),
        over=sheet.is_over(now),
    )  # fmt: skip


@bp.post("/attempts/<int:attempt_id>/submit")
@needs(Perm.LEARN)
def submit(attempt_id: int) -> Response:
    """Hand in, once; again gives the same result."""
    with transaction():
        if services.submit_quiz(signed(), attempt_id) is None:
            abort(404)
    return redirect(url_for(".result", attempt_id=attempt_id), 303)


@bp.get("/attempts/<int:attempt_id>")
@needs(Perm.LEARN)
def result(attempt_id: int) -> str | Response:
    """How it went; question by question once the key is released."""
    actor = signed()
    outcome = quiz_queries.result(actor.member_id or 0, attempt_id)
    if outcome is None:
        sheet_of(actor, attempt_id)
        return redirect(url_for(".review", attempt_id=attempt_id), 303)
    course, to = place_of(actor, attempt_id)
    marks = quiz_queries.released_key(actor.member_id or 0, outcome)
    return render_template(
        "quizzes/result.html", outcome=outcome, marks=marks, kinds=KINDS, course=course, to=to
    )
