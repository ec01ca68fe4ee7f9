"""One member on the roster: what is known, branches, posts, care list, leaving.

These pages stand here and not in org because each change also recomputes the member's hours, in the same
transaction, and hours lie above org.
"""

from datetime import date
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from pbtrain.core import clock
from pbtrain.core.db import db, transaction
from pbtrain.core.errors import RuleError
from pbtrain.core.i18n import N_, _
from pbtrain.hours import queries as hours_queries
from pbtrain.hours import services as hours
from pbtrain.org import lists, members, posts, queries, services
from pbtrain.org.access import may, needs, signed
from pbtrain.org.forms import CareForm, LeaveForm, MemberForm, NewMemberForm, PostForm, TransferForm
from pbtrain.org.kinds import POSTS, STAGES, UNIT_KINDS
from pbtrain.org.models import CareSpan, Post
from pbtrain.org.roles import Perm

bp = Blueprint("admin", __name__)
BRANCHES = tuple(key for key, kind in UNIT_KINDS.items() if kind.has_members)


def member_or_404(member_id: int) -> Any:
    """The member, or 404 outside the reader's reach."""
    return lists.member_in_reach(signed(), Perm.ROSTER_MANAGE, member_id) or abort(404)


def recount(member_id: int, since: date) -> None:
    """Bring the member's years from that day on in line; in the caller's transaction."""
    db.session.flush()  # what has just been changed is read anew
    opened = {year for year in hours_queries.years_of(member_id) if year >= since.year}
    for year in sorted({*opened, clock.today().year}):
        hours.refresh_years([member_id], year)


def saved(member_id: int, text: str) -> Response:
    """Say what has been done, and show the member."""
    flash(text, "ok")
    return redirect(url_for(".member", member_id=member_id), 303)


@bp.route("/units/<int:unit_id>/members/new", methods=["GET", "POST"])
@needs(Perm.ROSTER_MANAGE)
def member_new(unit_id: int) -> Any:
    """Add one member to a branch."""
    person = signed()
    unit = queries.unit_in_reach(person, Perm.ROSTER_MANAGE, unit_id) or abort(404)
    form = NewMemberForm(data={"since": clock.today(), "stage": "full"})
    if form.validate_on_submit():
        member_id = 0
        with transaction(form):
            made = services.add_member(person, unit_id=unit_id, **form.facts())
            recount(made.id, form.since.data or clock.today())
            member_id = made.id
        if not form.errors:
            return saved(member_id, _("%(name)s has been added.", name=form.name.data))
    places = [
        (unit.name, url_for("org.unit", unit_id=unit_id)),
        (_("Members"), url_for("org.members", unit_id=unit_id)),
        (_("Add a member"), None),
    ]
    text = render_template(
        "org/unit_form.html",
        form=form,
        unit=unit,
        places=places,
        title=_("Add a member"),
        send=_("Add the member"),
        says="",
        names=(),
    )
    return (text, 422) if form.errors else text


@bp.get("/people/<int:member_id>")
@needs(Perm.ROSTER_MANAGE)
def member(member_id: int) -> Any:
    """All about one member."""
    return member_page(member_or_404(member_id))


def member_page(row: Any, **given: Any) -> Any:
    """The page of a member; `given` holds a form that came back with errors, then the answer is 422."""
    person, today = signed(), clock.today()
    forms = {
        "facts": given.get("facts") or MemberForm(formdata=None, data=row._asdict()),
        "transfer": given.get("transfer") or TransferForm(formdata=None, data={"on": today}),
        "post": given.get("post") or post_form(row, bound=False),
        "care": given.get("care") or CareForm(formdata=None, data={"valid_from": today}),
        "leave": given.get("leave") or LeaveForm(formdata=None, data={"on": today}),
    }
    text = render_template(
        "home/admin_member.html",
        member=row,
        forms=forms,
        opened=next(iter(given), ""),
        homes=lists.homes_of(row.id),
        posts=lists.posts_of(row.id),
        care=lists.care_of(row.id),
        kinds=POSTS,
        stages=STAGES,
        day=today,
        names=lists.unit_names(person, Perm.ROSTER_MANAGE, BRANCHES),
        can_grant=may(person, Perm.GRANT_MANAGE, row.unit_id),
    )
    return (text, 422) if any(form.errors for form in given.values()) else text


def post_form(row: Any, *, bound: bool = True) -> PostForm:
    """The form for a new post, in the member's branch or a unit above it that the reader manages."""
    person = signed()
    units = [unit for unit in queries.path_to(row.unit_id)[::-1] if may(person, Perm.GRANT_MANAGE, unit.id)]
    form = PostForm() if bound else PostForm(formdata=None, data={"valid_from": clock.today()})
    form.unit_id.choices = [(unit.id, unit.name) for unit in units]
    return form


@bp.post("/people/<int:member_id>/edit")
@needs(Perm.ROSTER_MANAGE)
def member_edit(member_id: int) -> Any:
    """Correct what is known of a member."""
    row, form = member_or_404(member_id), MemberForm()
    if form.validate_on_submit():
        with transaction(form):
            members.change_member(signed(), member_id, **form.facts())
        if not form.errors:
            return saved(member_id, _("Saved."))
    return member_page(row, facts=form)


@bp.post("/people/<int:member_id>/transfer")
@needs(Perm.ROSTER_MANAGE)
def member_transfer(member_id: int) -> Any:
    """Move a member to another branch."""
    row, form, person = member_or_404(member_id), TransferForm(), signed()
    if form.validate_on_submit():
        with transaction(form):
            unit_id = lists.unit_named(person, Perm.ROSTER_MANAGE, form.unit_id.data or "", "unit_id")
            services.transfer(person, member_id, unit_id=unit_id, on=form.on.data)
            recount(member_id, form.on.data or clock.today())
        if not form.errors:
            return saved(member_id, _("%(name)s has been transferred.", name=row.name))
    return member_page(row, transfer=form)


@bp.post("/people/<int:member_id>/posts")
@needs(Perm.GRANT_MANAGE)
def post_give(member_id: int) -> Any:
    """Give a post, and the role it brings."""
    row = member_or_404(member_id)
    form = post_form(row)
    if form.validate_on_submit():
        with transaction(form):
            posts.give_post(signed(), member_id, **form.values())
            recount(member_id, form.valid_from.data or clock.today())
        if not form.errors:
            return saved(member_id, _("The post has been given."))
    return member_page(row, post=form)


@bp.post("/posts/<int:post_id>/end")
@needs(Perm.GRANT_MANAGE)
def post_end(post_id: int) -> Response:
    """End a post today."""
    held = db.session.get(Post, post_id) or abort(404)
    member_or_404(held.member_id)
    if not may(signed(), Perm.GRANT_MANAGE, held.unit_id):
        abort(404)
    with transaction():
        member_id = posts.end_post(signed(), post_id)
        recount(member_id, clock.today())
    return saved(member_id, _("The post has ended."))


@bp.post("/people/<int:member_id>/care")
@needs(Perm.ROSTER_MANAGE)
def care_set(member_id: int) -> Any:
    """Put a member on the care list."""
    row, form = member_or_404(member_id), CareForm()
    if form.validate_on_submit():
        with transaction(form):
            services.set_care(signed(), member_id, **form.values())
            recount(member_id, form.valid_from.data or clock.today())
        if not form.errors:
            return saved(member_id, _("%(name)s is on the care list.", name=row.name))
    return member_page(row, care=form)


@bp.post("/care/<int:care_id>/end")
@needs(Perm.ROSTER_MANAGE)
def care_end(care_id: int) -> Response:
    """Take a member off the care list."""
    span = db.session.get(CareSpan, care_id) or abort(404)
    member_or_404(span.member_id)
    with transaction():
        member_id = services.end_care(signed(), care_id)
        recount(member_id, clock.today())
    return saved(member_id, _("Off the care list from today."))


@bp.post("/people/<int:member_id>/leave")
@needs(Perm.ROSTER_MANAGE)
def member_leave(member_id: int) -> Any:
    """Died, left, suspended: out at once, the history stays."""
    row, form = member_or_404(member_id), LeaveForm()
    if form.validate_on_submit():
        with transaction(form):
            if row.account_id == signed().account_id:
                raise RuleError(N_("You cannot do this to yourself."))
            services.set_left(signed(), member_id, on=form.on.data or clock.today())
            recount(member_id, form.on.data or clock.today())
        if not form.errors:
            return saved(member_id, _("%(name)s has been taken off the roster.", name=row.name))
    return member_page(row, leave=form)


@bp.post("/people/<int:member_id>/return")
@needs(Perm.ROSTER_MANAGE)
def member_return(member_id: int) -> Response:
    """Take back who had left."""
    row = member_or_404(member_id)
    with transaction():
        services.take_back(signed(), member_id)
        recount(member_id, row.left_on or clock.today())
    return saved(member_id, _("%(name)s is back on the roster.", name=row.name))
