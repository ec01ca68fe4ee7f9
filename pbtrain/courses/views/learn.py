"""Taking a course: the catalogue, the course, its lessons."""

from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from sqlalchemy import Row
from werkzeug.wrappers import Response

from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.core.forms import clean
from pbtrain.core.i18n import _
from pbtrain.core.paging import paged
from pbtrain.courses import queries, services
from pbtrain.courses.prose import prose
from pbtrain.courses.views import bp
from pbtrain.org.access import Actor, needs, signed
from pbtrain.org.roles import Perm
from pbtrain.quizzes import queries as quiz_queries

SHOWS = ("", "active", "new", "finished")


def course_or_404(actor: Actor, course_id: int) -> Row[Any]:
    """The course as this member sees it."""
    course = queries.course_for(actor.member_id or 0, course_id)
    if course is None:
        abort(404)
    return course


@bp.get("/")
@needs(Perm.LEARN)
def catalogue() -> str:
    """All courses open to this member, with how far they are."""
    actor = signed()
    words, show = clean(request.args.get("q", ""))[:100], request.args.get("show", "")
    if show not in SHOWS:
        abort(404)
    page = paged(queries.catalogue(actor.member_id or 0, words=words, standing=show), size=20)
    credits = queries.credit_of(actor.unit_id, clock.today().year, [row.minutes for row in page.rows])
    rows = list(zip(page.rows, credits, strict=True))
    return render_template("courses/catalogue.html", page=page, rows=rows, words=words, show=show)


@bp.get("/<int:course_id>")
@needs(Perm.LEARN)
def course(course_id: int) -> str:
    """One course: where one is, its lessons, its quiz, what it earns."""
    actor = signed()
    row = course_or_404(actor, course_id)
    way = queries.way(actor.member_id or 0, course_id)
    terms = tries = None
    if row.quiz_id is not None:
        terms = quiz_queries.terms(row.quiz_id)
        tries = quiz_queries.tries(actor.member_id or 0, row.quiz_id)
    credit = queries.credit_of(actor.unit_id, clock.today().year, [row.minutes])[0]
    return render_template(
        "courses/course.html", course=row, way=way, terms=terms, tries=tries, credit=credit,
        description=prose(row.description, top=3),
    )  # fmt: skip


@bp.post("/<int:course_id>/enrol")
@needs(Perm.LEARN)
def enrol(course_id: int) -> Response:
    """Join the course; doing so twice is doing so once."""
    course_or_404(signed(), course_id)
    with transaction():
        services.enrol(signed(), course_id)
    return redirect(url_for(".course", course_id=course_id), 303)


@bp.get("/<int:course_id>/lessons/<int:lesson_id>")
@needs(Perm.LEARN)
def lesson(course_id: int, lesson_id: int) -> str | Response:
    """Read one lesson; a locked one leads back to the course."""
    actor = signed()
    row = course_or_404(actor, course_id)
    way = queries.way(actor.member_id or 0, course_id)
    step = way.step(lesson_id)
    if step is None or row.enrolment_id is None:
        abort(404)
    if not step.is_open:
        flash(_("Complete lesson %(number)s first.", number=step.locked_by), "warn")
        return redirect(url_for(".course", course_id=course_id), 303)
    body = queries.lesson_body(course_id, lesson_id) or ""
    return render_template("courses/lesson.html", course=row, way=way, step=step, body=prose(body))


@bp.post("/<int:course_id>/lessons/<int:lesson_id>/done")
@needs(Perm.LEARN)
def complete_lesson(course_id: int, lesson_id: int) -> Response:
    """Tick the lesson off and go on to the next, the quiz, or the finished course."""
    actor = signed()
    row = course_or_404(actor, course_id)
    with transaction():
        finished = services.complete_lesson(actor, course_id, lesson_id)
    if finished:
        flash(_("Course finished. Its hours stand in your record."), "ok")
    after = queries.way(actor.member_id or 0, course_id).next
    if after is not None:
        return redirect(url_for(".lesson", course_id=course_id, lesson_id=after.id), 303)
    if row.quiz_id is not None and row.standing == "active" and not finished:
        return redirect(url_for(".quiz", course_id=course_id), 303)
    return redirect(url_for(".course", course_id=course_id), 303)


@bp.post("/<int:course_id>/lessons/<int:lesson_id>/beat")
@needs(Perm.LEARN)
def beat(course_id: int, lesson_id: int) -> Response:
    """This lesson is being looked at. A page without script sends it by a button and gets the page back."""
    again = "again" in request.form  # read first: a body that cannot be read changes nothing
    with transaction():
        if not services.beat(signed(), lesson_id):
            abort(404)
    if again:
        return redirect(url_for(".lesson", course_id=course_id, lesson_id=lesson_id), 303)
    return Response(status=204)
