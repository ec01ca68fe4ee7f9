"""Writing a course: what it says of itself, its lessons, publishing. `questions` writes the quiz."""

from typing import Any

from flask import Response as Answer
from flask import abort, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from pbtrain.core.db import transaction
from pbtrain.core.forms import VersionedForm, clean
from pbtrain.core.i18n import _
from pbtrain.core.paging import paged
from pbtrain.courses import queries, rules, services
from pbtrain.courses.forms import CourseForm, LessonForm, NewCourseForm
from pbtrain.courses.models import Course, Lesson
from pbtrain.courses.prose import prose
from pbtrain.courses.views import bp
from pbtrain.org.access import may, needs, signed
from pbtrain.org.roles import Perm
from pbtrain.quizzes import queries as quiz_queries
from pbtrain.quizzes.kinds import KINDS


def editable_or_404(course_id: int) -> Course:
    """The course, when it lies in an academy where this person edits."""
    course = queries.editable(signed(), course_id)
    if course is None:
        abort(404)
    return course


def form_page(template: str, form: VersionedForm, **more: Any) -> Answer:
    """The form as it stands: 200 when it is new, 422 with what to mend, 409 when someone else was faster."""
    code = 409 if form.conflict else 422 if form.is_submitted() else 200
    return make_response(render_template(template, form=form, **more), code)


def theirs(form: VersionedForm, version: int, pairs: list[tuple[str, Any]]) -> list[tuple[str, Any]] | None:
    """After a conflict: what stands now, and the form made from it, so that saving again is a choice."""
    if not form.conflict:
        return None
    form.version.data = str(version)
    return pairs


@bp.get("/manage")
@needs(Perm.COURSE_EDIT)
def desk() -> str:
    """The courses this person may edit."""
    words, state = clean(request.args.get("q", ""))[:100], request.args.get("state", "")
    if state and state not in rules.STATES:
        abort(404)
    page = paged(queries.authored(signed(), words=words, state=state), size=30)
    return render_template("courses/desk.html", page=page, words=words, state=state, states=rules.STATES)


@bp.route("/manage/new", methods=["GET", "POST"])
@needs(Perm.COURSE_EDIT)
def new_course() -> Answer | Response:
    """Begin a course in one of one's academies."""
    form = NewCourseForm()
    academies = queries.academies(signed())
    form.unit_id.choices = [(row.id, row.name) for row in academies]
    if form.validate_on_submit():
        values = form.values()
        with transaction(form):
            course_id = services.create_course(signed(), values.pop("unit_id"), **values)
        if not form.errors:
            return redirect(url_for(".outline", course_id=course_id), 303)
    return form_page("courses/edit_course.html", form, course=None, academies=academies, both=None)


@bp.get("/manage/<int:course_id>")
@needs(Perm.COURSE_EDIT)
def outline(course_id: int) -> str:
    """All of one course on one page: lessons, quiz, what is missing, publishing."""
    course = editable_or_404(course_id)
    lessons = queries.lessons_of(course_id)
    terms = versions = None
    questions: list[Any] = []
    if course.quiz_id is not None:
        terms = quiz_queries.terms(course.quiz_id)
        versions = quiz_queries.versions(course.quiz_id)
        questions = quiz_queries.questions_of(versions[0].id)
    return render_template(
        "courses/outline.html", course=course, lessons=lessons, terms=terms, versions=versions,
        questions=questions, kinds=KINDS, states=rules.STATES, learners=queries.learners_of(course_id),
        may_publish=may(signed(), Perm.COURSE_PUBLISH, course.unit_id), releases=rules.RELEASES,
    )  # fmt: skip


@bp.route("/manage/<int:course_id>/edit", methods=["GET", "POST"])
@needs(Perm.COURSE_EDIT)
def edit_course(course_id: int) -> Answer | Response:
    """Title, description, minutes, due date."""
    form = CourseForm(obj=editable_or_404(course_id))
    if form.validate_on_submit():
        with transaction(form):
            editable_or_404(course_id)
            services.edit_course(signed(), course_id, form.made_from, **form.values())
        if not form.errors:
            flash(_("Saved."), "ok")
            return redirect(url_for(".outline", course_id=course_id), 303)
    course = editable_or_404(course_id)
    both = theirs(form, course.version, [
        (form.title.label.text, course.title), (form.description.label.text, course.description),
        (form.minutes.label.text, course.minutes), (form.due_on.label.text, course.due_on or "—"),
    ])  # fmt: skip
    return form_page("courses/edit_course.html", form, course=course, academies=[], both=both)


def lesson_form(lesson: Lesson | None) -> LessonForm:
    """The form of a lesson, filled from its row."""
    form = LessonForm(obj=lesson)
    if lesson is not None and not form.is_submitted():
        form.least.data = -(-lesson.min_seconds // 60)
    return form


@bp.route("/manage/<int:course_id>/lessons/new", methods=["GET", "POST"])
@needs(Perm.COURSE_EDIT)
def new_lesson(course_id: int) -> Answer | Response:
    """Add a lesson at the end."""
    course = editable_or_404(course_id)
    form = lesson_form(None)
    if form.validate_on_submit():
        with transaction(form):
            editable_or_404(course_id)
            services.add_lesson(signed(), course_id, **form.values())
        if not form.errors:
            return redirect(url_for(".outline", course_id=course_id) + "#lessons", 303)
        course = editable_or_404(course_id)
    return form_page("courses/edit_lesson.html", form, course=course, lesson=None, both=None)


def lesson_or_404(course_id: int, lesson_id: int) -> tuple[Course, Lesson]:
    """A lesson of an editable course."""
    course = editable_or_404(course_id)
    lesson = queries.lesson_of(course_id, lesson_id)
    if lesson is None:
        abort(404)
    return course, lesson


@bp.route("/manage/<int:course_id>/lessons/<int:lesson_id>", methods=["GET", "POST"])
@needs(Perm.COURSE_EDIT)
def edit_lesson(course_id: int, lesson_id: int) -> Answer | Response:
    """Change a lesson."""
    form = lesson_form(lesson_or_404(course_id, lesson_id)[1])
    if form.validate_on_submit():
        with transaction(form):
            lesson_or_404(course_id, lesson_id)
            services.edit_lesson(signed(), course_id, lesson_id, form.made_from, **form.values())
        if not form.errors:
            flash(_("Saved."), "ok")
            return redirect(url_for(".outline", course_id=course_id) + "#lessons", 303)
    course, lesson = lesson_or_404(course_id, lesson_id)
    both = theirs(form, lesson.version, [
        (form.title.label.text, lesson.title), (form.minutes.label.text, lesson.minutes),
        (form.least.label.text, -(-lesson.min_seconds // 60)), (form.body.label.text, lesson.body),
    ])  # fmt: skip
    return form_page("courses/edit_lesson.html", form, course=course, lesson=lesson, both=both)


@bp.post("/manage/<int:course_id>/lessons/<int:lesson_id>/move")
@needs(Perm.COURSE_EDIT)
def move_lesson(course_id: int, lesson_id: int) -> Response:
    """One place up or down."""
    with transaction():
        editable_or_404(course_id)
        services.move_lesson(signed(), course_id, lesson_id, -1 if request.form.get("to") == "up" else 1)
    return redirect(url_for(".outline", course_id=course_id) + "#lessons", 303)


@bp.post("/manage/<int:course_id>/lessons/<int:lesson_id>/remove")
@needs(Perm.COURSE_EDIT)
def remove_lesson(course_id: int, lesson_id: int) -> Response:
    """Take a lesson out of a course that was never published."""
    with transaction():
        editable_or_404(course_id)
        services.remove_lesson(signed(), course_id, lesson_id)
    return redirect(url_for(".outline", course_id=course_id) + "#lessons", 303)


@bp.get("/manage/<int:course_id>/preview")
@needs(Perm.COURSE_EDIT)
def preview(course_id: int) -> str:
    """The whole course as members will read it, and its questions with their key."""
    course = editable_or_404(course_id)
    lessons = [(lesson, prose(lesson.body, top=3)) for lesson in queries.lessons_of(course_id)]
    questions = []
    if course.quiz_id is not None:
        newest = quiz_queries.versions(course.quiz_id)[0]
        questions = [
            (row, quiz_queries.arranged(row.kind, row.options, row.key, seed=0, question_id=row.id))
            for row in quiz_queries.questions_of(newest.id)
        ]
    return render_template(
        "courses/preview.html", course=course, lessons=lessons, questions=questions, kinds=KINDS,
        description=prose(course.description, top=3),
    )  # fmt: skip


def publishable(course_id: int) -> None:
    """404 outside one's scope, 403 for who may edit here but not publish."""
    course = editable_or_404(course_id)
    if not may(signed(), Perm.COURSE_PUBLISH, course.unit_id):
        abort(403)


@bp.post("/manage/<int:course_id>/publish")
@needs(Perm.COURSE_PUBLISH)
def publish(course_id: int) -> Response:
    """Open the course to members, with the newest version of its quiz."""
    with transaction():
        publishable(course_id)
        services.publish(signed(), course_id)
    flash(_("Published. Members see the course from now on."), "ok")
    return redirect(url_for(".outline", course_id=course_id), 303)


@bp.post("/manage/<int:course_id>/withdraw")
@needs(Perm.COURSE_PUBLISH)
def withdraw(course_id: int) -> Response:
    """Take the course out of the catalogue."""
    with transaction():
        publishable(course_id)
        services.withdraw(signed(), course_id)
    flash(_("Withdrawn. Members who are in it can finish it."), "ok")
    return redirect(url_for(".outline", course_id=course_id), 303)
