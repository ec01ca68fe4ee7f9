"""Writing the ending quiz of a course: its conditions and its questions."""

from typing import Any

from flask import Response as Answer
from flask import abort, flash, redirect, request, url_for
from werkzeug.wrappers import Response

from pbtrain.core.db import transaction
from pbtrain.core.i18n import _
from pbtrain.courses import services
from pbtrain.courses.forms import QuestionForm, TermsForm
from pbtrain.courses.models import Course
from pbtrain.courses.views import bp
from pbtrain.courses.views.write import editable_or_404, form_page, theirs
from pbtrain.org.access import needs, signed
from pbtrain.org.roles import Perm
from pbtrain.quizzes import queries as quiz_queries
from pbtrain.quizzes import services as quizzes
from pbtrain.quizzes.kinds import KINDS
from pbtrain.quizzes.models import Question


def quiz_or_404(course_id: int) -> tuple[Course, int]:
    """An editable course that has a quiz, and the quiz's id."""
    course = editable_or_404(course_id)
    if course.quiz_id is None:
        abort(404)
    return course, course.quiz_id


def back(course_id: int) -> Response:
    """To the questions on the course's desk."""
    return redirect(url_for(".outline", course_id=course_id) + "#quiz", 303)


@bp.post("/manage/<int:course_id>/quiz/add")
@needs(Perm.COURSE_EDIT)
def add_quiz(course_id: int) -> Response:
    """Let the course end with a quiz."""
    with transaction():
        editable_or_404(course_id)
        services.add_quiz(signed(), course_id, _("Ending quiz"))
    return back(course_id)


@bp.post("/manage/<int:course_id>/quiz/remove")
@needs(Perm.COURSE_EDIT)
def remove_quiz(course_id: int) -> Response:
    """Let a course that was never published end without a quiz."""
    with transaction():
        quiz_or_404(course_id)
        services.remove_quiz(signed(), course_id)
    return back(course_id)


@bp.route("/manage/<int:course_id>/quiz", methods=["GET", "POST"])
@needs(Perm.COURSE_EDIT)
def edit_terms(course_id: int) -> Answer | Response:
    """Pass mark, attempts, time, release."""
    course, quiz_id = quiz_or_404(course_id)
    form = TermsForm(obj=quiz_queries.terms(quiz_id))
    if form.validate_on_submit():
        with transaction(form):
            quiz_or_404(course_id)
            quizzes.edit_terms(signed(), quiz_id, form.made_from, **form.values())
        if not form.errors:
            flash(_("Saved."), "ok")
            return back(course_id)
        course, quiz_id = quiz_or_404(course_id)
    row = quiz_queries.terms(quiz_id)
    if row is None:
        abort(404)
    names = ("title", "pass_mark", "max_attempts", "time_limit")
    both = theirs(form, row.version, [
        (form[name].label.text, "—" if getattr(row, name) is None else getattr(row, name)) for name in names
    ])  # fmt: skip
    return form_page("courses/edit_terms.html", form, course=course, both=both)


@bp.post("/manage/<int:course_id>/quiz/revise")
@needs(Perm.COURSE_EDIT)
def revise_quiz(course_id: int) -> Response:
    """Begin a new version from the published questions; results so far stay as they are."""
    with transaction():
        quizzes.begin_draft(signed(), quiz_or_404(course_id)[1])
    return back(course_id)


@bp.route("/manage/<int:course_id>/quiz/questions/new/<kind>", methods=["GET", "POST"])
@needs(Perm.COURSE_EDIT)
def new_question(course_id: int, kind: str) -> Answer | Response:
    """Add a question of this kind."""
    if kind not in KINDS:
        abort(404)
    course, quiz_id = quiz_or_404(course_id)
    form = QuestionForm(kind)
    if sent(form):
        with transaction(form):
            quiz_or_404(course_id)
            quizzes.add_question(signed(), quiz_id, form.wanted())
        if not form.errors:
            return back(course_id)
        course = editable_or_404(course_id)
    return form_page("courses/edit_question.html", form, course=course, question=None, both=None)


def sent(form: QuestionForm) -> bool:
    """Was the form sent, and is everything in it usable?"""
    if not form.is_submitted():
        return False
    options_good = form.read_options(request.form.getlist("option")[:8])
    return form.validate() and options_good


def question_or_404(course_id: int, question_id: int) -> tuple[Course, int, Question]:
    """A question that may be changed: in the draft of an editable course's quiz."""
    course, quiz_id = quiz_or_404(course_id)
    question = quiz_queries.question_of(quiz_id, question_id)
    if question is None:
        abort(404)
    return course, quiz_id, question


@bp.route("/manage/<int:course_id>/quiz/questions/<int:question_id>", methods=["GET", "POST"])
@needs(Perm.COURSE_EDIT)
def edit_question(course_id: int, question_id: int) -> Answer | Response:
    """Change a question of the draft."""
    course, quiz_id, question = question_or_404(course_id, question_id)
    form = QuestionForm(question.kind, obj=question, stored=question.options)
    if not form.is_submitted():
        form.points.data = question.points // 100
        form.right.data = list(question.key)
    if sent(form):
        with transaction(form):
            quiz_or_404(course_id)
            quizzes.edit_question(signed(), quiz_id, question_id, form.made_from, form.wanted())
        if not form.errors:
            flash(_("Saved."), "ok")
            return back(course_id)
    course, quiz_id, question = question_or_404(course_id, question_id)
    both = theirs(form, question.version, stands(form, question))
    return form_page("courses/edit_question.html", form, course=course, question=question, both=both)


def stands(form: QuestionForm, question: Question) -> list[tuple[str, Any]]:
    """The question as it is stored, for the one who was second."""
    texts = [f"{letter.upper()} {text}" for letter, text in sorted(question.options.items())]
    labels = dict(KINDS[question.kind].fixed)
    right = [_(labels[key]) if key in labels else key.upper() for key in question.key]
    return [
        (form.text.label.text, question.text),
        (_("Choices"), " ".join(texts) or "—"),
        (form.right.label.text, " ".join(right)),
        (form.points.label.text, question.points // 100),
    ]


@bp.post("/manage/<int:course_id>/quiz/questions/<int:question_id>/move")
@needs(Perm.COURSE_EDIT)
def move_question(course_id: int, question_id: int) -> Response:
    """One place up or down."""
    with transaction():
        quiz_id = quiz_or_404(course_id)[1]
        step = -1 if request.form.get("to") == "up" else 1
        quizzes.move_question(signed(), quiz_id, question_id, step)
    return back(course_id)


@bp.post("/manage/<int:course_id>/quiz/questions/<int:question_id>/remove")
@needs(Perm.COURSE_EDIT)
def remove_question(course_id: int, question_id: int) -> Response:
    """Take a question out of the draft."""
    with transaction():
        quizzes.remove_question(signed(), quiz_or_404(course_id)[1], question_id)
    return back(course_id)
