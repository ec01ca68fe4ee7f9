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
from pbtrain.core.formatting import mask_phone
from pbtrain.core.forms import choices
from pbtrain.core.i18n import N_, _
from pbtrain.hours import queries as hours_queries
from pbtrain.hours import services as hours
from pbtrain.org import disclosures, leaders, lists, members, personal, posts, queries, services, statuses
from pbtrain.org.access import may, needs, signed
from pbtrain.org.forms.members import (
    CareForm,
    CareReasonForm,
    ContactForm,
    LeaveForm,
    MemberForm,
    NewMemberForm,
    PostForm,
    ShowForm,
    StatusForm,
    TransferForm,
)
from pbtrain.org.kinds import CATEGORIES, FLOWS, POSTS, STAGES, STATUSES, WITH_MEMBERS
from pbtrain.org.models import CareSpan, Post, StatusSpan
from pbtrain.org.reach import unit_or_404
from pbtrain.org.roles import Perm
from pbtrain.org.uploads.cells import mask_id

bp = Blueprint("admin", __name__)


def member_or_404(member_id: int, perm: Perm = Perm.ROSTER_MANAGE) -> Any:
    """The member, or 404 outside the reader's reach."""
    return lists.member_in_reach(signed(), perm, member_id) or abort(404)


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
    unit = unit_or_404(unit_id, Perm.ROSTER_MANAGE)
    form = NewMemberForm(data={"since": clock.today(), "stage": "full"})
    if form.validate_on_submit():
        member_id = 0
        with transaction(form):
            facts = form.facts()
            number = facts.pop("id_number", "")
            members.check_new(unit_id, facts)
            made = services.add_member(person, unit_id=unit_id, since=form.since.data, **facts)
            if number:
                members.change_member(person, made.id, id_number=number)
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
        both=None,
    )
    return (text, 422) if form.errors else text


@bp.get("/people/<int:member_id>")
@needs(Perm.MEMBER_MEND)
def member(member_id: int) -> Any:
    """All about one member, as far as the reader's role sees it."""
    return member_page(member_or_404(member_id, Perm.MEMBER_MEND))


def facts_form(row: Any, *, bound: bool) -> MemberForm:
    """What the reader may correct: all for who keeps the roster, phone and flow for the secretary."""
    kind = MemberForm if may(signed(), Perm.ROSTER_MANAGE, row.unit_id) else ContactForm
    if bound:
        return kind()
    stored = row._asdict() | {"phone": "", "version": members.version_of(row)}
    return kind(formdata=None, data=stored)


def member_page(row: Any, code: int = 422, **given: Any) -> Any:
    """The page of a member; `given` holds a form that came back with errors: `code` is the answer then.

    `opened` are facts in full, `wrote` the reason of the care list as the reader has just written it: both
    in this answer only; `stale` the two versions after a lost race.
    """
    person, today = signed(), clock.today()
    manages = may(person, Perm.ROSTER_MANAGE, row.unit_id)
    roles = posts.roles_in(person, row.unit_id)
    care, held = lists.spans_of(row.id)
    stale, opened, wrote = (given.pop(name, None) for name in ("stale", "opened", "wrote"))
    forms = {
        "facts": given.get("facts") or facts_form(row, bound=False),
        "transfer": given.get("transfer") or TransferForm(formdata=None, data={"on": today}),
        "post": (given.get("post") or post_form(row, bound=False)) if manages else None,
        "care": given.get("care") or CareForm(formdata=None, data={"valid_from": today}),
        "status": given.get("status") or StatusForm(formdata=None, data={"valid_from": today}),
        "leave": given.get("leave") or LeaveForm(formdata=None, data={"on": today}),
        "show": given.get("show") or show_form(row),
    }
    text = render_template(
        "home/admin_member.html",
        member=row,
        forms=forms,
        folded=next(iter(given), ""),
        stale=stale,
        opened=opened,
        wrote=wrote,
        homes=lists.homes_of(row.id),
        posts=lists.posts_of(row.id),
        care=care,
        statuses=held,
        sees_reason=personal.shown(roles, "care_reason") is personal.Shown.FULL,
        kinds=POSTS,
        words={"stage": STAGES, "category": CATEGORIES, "flow": FLOWS, "status": STATUSES},
        day=today,
        names=lists.unit_names(person, Perm.ROSTER_MANAGE, WITH_MEMBERS) if manages else (),
        manages=manages,
        can_grant=may(person, Perm.GRANT_MANAGE, row.unit_id),
    )
    return (text, code) if stale is not None or any(form.errors for form in given.values()) else text


def show_form(row: Any, *, bound: bool = False) -> ShowForm:
    """The form to see masked facts in full: those recorded that the reader may ask for."""
    form = ShowForm() if bound else ShowForm(formdata=None)
    stored = {"phone": row.phone, "id_number": row.id_shown}
    asked = [fact for fact in disclosures.may_ask(signed(), row.unit_id) if stored[fact]]
    form.facts.choices = choices([(fact, _(personal.FACTS[fact].label)) for fact in asked])
    return form


def post_form(row: Any, *, bound: bool = True) -> PostForm:
    """The form for a new post: in the member's branch, a unit above it or a temporary branch that the reader
    manages."""
    person = signed()
    units = [unit for unit in queries.path_to(row.unit_id)[::-1] if may(person, Perm.GRANT_MANAGE, unit.id)]
    units += leaders.temporary_branches(person, row.unit_id)
    form = PostForm() if bound else PostForm(formdata=None, data={"valid_from": clock.today()})
    form.unit_id.choices = [(unit.id, unit.name) for unit in units]
    return form


@bp.post("/people/<int:member_id>/edit")
@needs(Perm.MEMBER_MEND)
def member_edit(member_id: int) -> Any:
    """Correct what is known of a member; who was slower sees both versions."""
    row = member_or_404(member_id, Perm.MEMBER_MEND)
    form = facts_form(row, bound=True)
    if form.validate_on_submit():
        with transaction(form):
            done = members.change_member(signed(), member_id, version=form.version.data or "", **form.facts())
            if {"stage", "joined_on"} & set(done):  # what was owed before admission is owed by nobody
                recount(member_id, date.min)
        if not form.errors:
            return saved(member_id, _("Saved."))
    if not form.version.errors:
        return member_page(row, facts=form)
    form.version.errors = ()
    row = member_or_404(member_id, Perm.MEMBER_MEND)
    form.version.data = members.version_of(row)
    return member_page(row, 409, facts=form, stale=both_versions(row, form))


def both_versions(row: Any, form: MemberForm) -> list[tuple[str, str, str]]:
    """Label, what stands now and what was sent, of each fact in which they differ."""
    found = []
    for name, sent in form.facts().items():
        if name in ("phone", "id_number"):
            now = mask_phone(row.phone) if name == "phone" else row.id_shown
            sent = personal.masked("phone", sent) if name == "phone" else mask_id(sent)
        else:
            now = getattr(row, name)
        if (now or "") != (sent or ""):
            found.append((str(form[name].label.text), in_words(name, now), in_words(name, sent)))
    return found


def in_words(name: str, value: Any) -> str:
    """A stored value as a reader knows it."""
    words: dict[str, Any] = {
        "stage": STAGES,
        "category": CATEGORIES,
        "flow": FLOWS,
        "sex": {"M": N_("Male"), "F": N_("Female")},
    }
    if not value:
        return "—"
    return _(words[name][value]) if name in words else str(value)


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
            if form.reason.data:
                return member_page(row, wrote=form.reason.data)
            return saved(member_id, _("%(name)s is on the care list.", name=row.name))
    return member_page(row, care=form)


@bp.route("/care/<int:care_id>/reason", methods=["GET", "POST"])
@needs(Perm.ROSTER_MANAGE)
def care_reason(care_id: int) -> Any:
    """Write a reason anew without reading the one before; the answer shows it as it was written, once."""
    span = db.session.get(CareSpan, care_id) or abort(404)
    row, form = member_or_404(span.member_id), CareReasonForm()
    if form.validate_on_submit():
        with transaction(form):
            services.replace_care_reason(signed(), care_id, form.reason.data or "")
        if not form.errors:
            return member_page(row, wrote=form.reason.data)
    text = render_template("home/care_reason.html", member=row, span=span, form=form)
    return (text, 422) if form.errors else text


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


@bp.post("/people/<int:member_id>/statuses")
@needs(Perm.ROSTER_MANAGE)
def status_set(member_id: int) -> Any:
    """Record that a member is a cadre, suspended or abroad."""
    row, form = member_or_404(member_id), StatusForm()
    if form.validate_on_submit():
        with transaction(form):
            statuses.set_status(signed(), member_id, **form.values())
            recount(member_id, form.valid_from.data or clock.today())
        if not form.errors:
            return saved(member_id, _("Recorded. The targets of these days were worked out anew."))
    return member_page(row, status=form)


@bp.post("/statuses/<int:status_id>/end")
@needs(Perm.ROSTER_MANAGE)
def status_end(status_id: int) -> Response:
    """A member is no cadre, or no longer suspended or abroad, from today."""
    span = db.session.get(StatusSpan, status_id) or abort(404)
    member_or_404(span.member_id)
    with transaction():
        member_id = statuses.end_status(signed(), status_id)
        recount(member_id, clock.today())
    return saved(member_id, _("Ended from today."))


@bp.post("/people/<int:member_id>/leave")
@needs(Perm.ROSTER_MANAGE)
def member_leave(member_id: int) -> Any:
    """Died, left, suspended: out at once, the history stays."""
    row, form = member_or_404(member_id), LeaveForm()
    if form.validate_on_submit():
        with transaction(form):
            if row.account_id == signed().account_id:
                raise RuleError(N_("You cannot do this to yourself."))
            services.set_left(
                signed(), member_id, on=form.on.data or clock.today(), why=form.why.data or "left"
            )
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
