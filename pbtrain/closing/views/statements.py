"""Signed statements of hours: made by the member or the secretary, proved by anybody who has the paper."""

from datetime import date
from typing import Any

from flask import abort, current_app, flash, make_response, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from pbtrain.accounts import papers
from pbtrain.closing import rules, statements
from pbtrain.closing.forms import StatementForm
from pbtrain.closing.models import Statement
from pbtrain.closing.views.common import bp
from pbtrain.closing.views.corrections import blame
from pbtrain.core import clock
from pbtrain.core.db import db, record_apart, transaction
from pbtrain.core.errors import RuleError
from pbtrain.core.guards import public
from pbtrain.core.headers import attach
from pbtrain.core.i18n import _
from pbtrain.core.paging import paged
from pbtrain.hours.forms import ReverseForm
from pbtrain.org.access import Actor, may, needs, signed, signed_in
from pbtrain.org.models import Member
from pbtrain.org.reach import branch_or_404
from pbtrain.org.roles import Perm


def address(code: str) -> str:
    """Where the picture on the paper leads."""
    return url_for("closing.statement", code=code, _external=True)


def page(person: Actor, member: Any, *, own: bool) -> Response:
    """A member's statements and the form for a new one; the answer to the form is the paper."""
    form = StatementForm()
    if request.method == "GET":
        form.since.data, form.until.data = date(clock.today().year, 1, 1), clock.today()
    if form.validate_on_submit() and form.since.data and form.until.data:
        site = current_app.extensions["pbtrain.site"]().name
        try:
            made = statements.draft(member.id, form.since.data, form.until.data, address=address, site=site)
            with transaction():
                statements.keep(person, made)
        except RuleError as error:
            blame(form, error)
        else:
            response = make_response(made.pdf)
            response.mimetype = "application/pdf"
            attach(response, f"{_('Statement of study hours')}-{member.name}-{clock.today()}", "pdf")
            return response
    body = render_template(
        "closing/statements.html",
        form=form,
        member=member,
        own=own,
        page=paged(statements.listed(member.id), size=20),
    )
    return make_response(body, 422 if form.errors else 200)


@bp.route("/hours/statements", methods=["GET", "POST"])
@needs(Perm.LEARN)
def my_statements() -> Response:
    """One's own statements."""
    person = signed()
    member = _member(person.member_id)
    return page(person, member, own=True)


@bp.route("/branches/<int:branch_id>/members/<int:member_id>/statements", methods=["GET", "POST"])
@needs(Perm.HOURS_SIGN)
def member_statements(branch_id: int, member_id: int) -> Response:
    """Those of a member of one's branch."""
    branch_or_404(branch_id, Perm.HOURS_SIGN)
    member = _member(member_id)
    if member.unit_id != branch_id:
        abort(404)
    return page(signed(), member, own=False)


def _member(member_id: int | None) -> Any:
    row = db.session.execute(
        select(Member.id, Member.name, Member.unit_id).where(Member.id == (member_id or 0))
    ).first()
    return row or abort(404)


@bp.route("/statements/<int:statement_id>/revoke", methods=["GET", "POST"])
@signed_in
def revoke_statement(statement_id: int) -> Response:
    """Make one's own statement, or one of a member of one's branch, hold no longer."""
    person, form = signed(), ReverseForm()
    row = db.session.execute(
        select(Statement.id, Statement.member_id, Statement.since, Statement.until, Member.unit_id)
        .join(Member, Member.id == Statement.member_id)
        .where(Statement.id == statement_id)
    ).first()
    own = row is not None and person.member_id is not None and row.member_id == person.member_id
    if row is None or not (own or (row.unit_id and may(person, Perm.HOURS_SIGN, row.unit_id))):
        abort(404)
    back = (
        url_for(".my_statements")
        if own
        else url_for(".member_statements", branch_id=row.unit_id, member_id=row.member_id)
    )
    if form.validate_on_submit():
        try:
            with transaction():
                statements.revoke(person, statement_id, reason=form.reason.data or "")
        except RuleError as error:
            blame(form, error)
        else:
            flash(_("Revoked: whoever scans the paper now reads that it no longer holds."), "ok")
            return redirect(back, 303)
    body = render_template("closing/revoke.html", form=form, row=row, back_url=back)
    return make_response(body, 422 if form.errors else 200)


@bp.get("/s/<code>")
@public
def statement(code: str) -> Response:
    """What anybody with the paper may read; unknown codes are counted like failed sign-ins."""
    row = papers.behind(code, "statement", statements.by_code)
    with record_apart() as apart:
        statements.look(apart, row.id, request.remote_addr or "")
    body = render_template("closing/statement.html", row=row, name=rules.masked(row.facts["name"]))
    return papers.for_anybody(body)
