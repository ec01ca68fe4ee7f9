"""Writing a claim: for oneself, or as secretary for a member; changing it; what it would bring."""

from typing import Any
from uuid import uuid4

from flask import abort, flash, make_response, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Response

from pbtrain.claims import evidence, lookups, queries, rules, services
from pbtrain.claims.forms import ClaimForm
from pbtrain.claims.services import Wanted
from pbtrain.claims.views import bp
from pbtrain.claims.views.common import by_script, due_back, in_words, saved_there
from pbtrain.core import clock
from pbtrain.core.db import db, transaction
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.core.forms import clean
from pbtrain.core.i18n import _, say
from pbtrain.core.marks import N_
from pbtrain.hours.activities import ACTIVITIES, PROOFS
from pbtrain.org.access import Actor, needs, signed, signed_in, units_where
from pbtrain.org.models import Member
from pbtrain.org.roles import Perm

USUAL_MINUTES = 90


@bp.route("/claims/new", methods=["GET", "POST"])
@needs(Perm.LEARN)
def new() -> Response:
    """A claim of one's own."""
    person = signed()
    if person.member_id is None or person.unit_id is None:
        abort(404)
    return _write(person.member_id, "", person.unit_id, url_for(".mine"))


@bp.route("/branches/<int:branch_id>/members/<int:member_id>/claims/new", methods=["GET", "POST"])
@needs(Perm.CLAIM_DECIDE)
def new_for(branch_id: int, member_id: int) -> Response:
    """The secretary writes it for a member who cannot."""
    person = signed()
    member = db.session.execute(
        select(Member.id, Member.name, Member.unit_id).where(
            Member.id == member_id,
            Member.unit_id == branch_id,
            Member.unit_id.in_(units_where(person, Perm.CLAIM_DECIDE)),
        )
    ).first()
    if member is None:
        abort(404)
    if member.id == person.member_id:
        return redirect(url_for(".new"), 303)
    back = url_for("hours.member", branch_id=branch_id, member_id=member_id)
    return _write(member.id, member.name, branch_id, back)


@bp.route("/claims/<int:claim_id>/edit", methods=["GET", "POST"])
@signed_in
def edit(claim_id: int) -> Response:
    """Change a draft, or mend what came back."""
    claim = queries.spoken_for(signed(), claim_id)
    if claim is None:
        abort(404)
    rules.check_mendable(claim)
    name = "" if claim.member_id == signed().member_id else claim.member_name
    return _write(claim.member_id, name, claim.unit_id, url_for(".claim", claim_id=claim_id), claim)


def _kind(claim: Any) -> str:
    kind = claim.kind if claim is not None else request.values.get("kind", "paper")
    return kind if kind in rules.KINDS else abort(404)


def _write(member_id: int, name: str, unit_id: int, back: str, claim: Any = None) -> Response:
    kind = _kind(claim)
    platforms = lookups.platforms_for(unit_id) if kind == "platform" else []
    form = ClaimForm(data=_usual(claim))
    form.offer(kind, platforms)
    clash = None
    if request.method == "POST" and form.validate():
        try:
            answer = _save(form, kind, member_id, claim)
        except Conflict as error:
            clash = queries.spoken_for(signed(), claim.id) if claim is not None else None
            if clash is None or clash.state not in ("draft", "returned"):
                raise
            form.blame(error)
            form.version.raw_data, form.version.data = None, clash.version
        else:
            if answer is not None:
                return answer
    page = render_template(
        "claims/write.html",
        form=form,
        kind=kind,
        kinds=rules.KINDS,
        name=name,
        back_url=back,
        claim=claim,
        member_id=member_id,
        unit_id=unit_id,
        platforms=platforms,
        files=queries.files(claim.id) if claim is not None else [],
        most=rules.MOST_FILES,
        estimate=_estimate(member_id, kind, form),
        due_back=due_back(claim),
        today=clock.today(),
        clash=clash,
    )
    return make_response(page, 409 if clash else 422 if form.errors else 200)


def _usual(claim: Any) -> dict[str, Any]:
    if claim is None:
        typed = {key: clean(request.args[key])[:500] for key in ("title", "note") if key in request.args}
        return {"day": clock.today(), "minutes": USUAL_MINUTES, "form_id": str(uuid4()), **typed}
    return {
        "title": claim.title,
        "day": claim.day,
        "minutes": claim.minutes,
        "time": clock.local(claim.starts_at).time() if claim.starts_at else None,
        "platform": claim.platform_id,
        "quantity": claim.quantity,
        "host": claim.host_name,
        "activity": claim.activity,
        "note": claim.note,
        "form_id": str(uuid4()),
        "version": claim.version,
    }


def _wanted(form: ClaimForm, kind: str) -> Wanted:
    values, start = form.values(), None
    if values.get("time") and values.get("day"):
        start = clock.at(values["day"], values["time"].hour, values["time"].minute)
    return Wanted(
        kind=kind,
        title=values["title"] or "",
        day=values["day"],
        minutes=values.get("minutes") or 0,
        note=values["note"] or "",
        activity=values.get("activity") or "",
        platform_id=values.get("platform"),
        quantity=values.get("quantity"),
        host_unit_id=_host(values.get("host")) if kind == "host" else None,
        starts_at=start,
    )


def _host(text: str | None) -> int:
    found = lookups.branch_called(text or "")
    if not found:
        raise RuleError(
            N_("No branch has this name or number. Write the full name, or ask for its number."), "host"
        )
    if len(found) > 1:
        raise RuleError(N_("Several branches have this name: give the number."), "host")
    return int(found[0].id)


def _pieces(form: ClaimForm) -> tuple[list[evidence.Piece], list[str]]:
    """What was sent, read before any row is locked; and what could not be taken, with the reason."""
    pieces, refused = [], []
    for file in form.files.data or ():
        try:
            pieces.append(evidence.read(file.read(), file.filename or ""))
        except RuleError as error:
            refused.append(f"{clean(file.filename or '')[:60]}: {say(error)}")
    return pieces, refused


def _save(form: ClaimForm, kind: str, member_id: int, claim: Any) -> Response | None:
    """The way on, or None when the form has to be mended. What cannot be taken leaves the rest a draft."""
    person, fresh = signed(), True
    pieces, refused = _pieces(form)
    claim_id = claim.id if claim is not None else 0
    form_id, version = form.form_id.data or "", 0 if claim is None else form.version.data or 0
    try:
        wanted = _wanted(form, kind)
        if claim is None:
            claim_id, fresh = _make(person, member_id, wanted, pieces, form_id)
        else:
            with transaction():
                services.change(person, claim.id, version, wanted, pieces)
    except Conflict:
        raise
    except RuleError as error:
        form.blame(error)
        return None
    here = url_for(".claim", claim_id=claim_id)
    if by_script():
        return saved_there(claim_id)
    if not fresh:
        flash(_("This form was saved before and stands as below."), "warn")
        return redirect(here, 303)
    if refused:
        for text in refused:
            flash(text, "bad")
        flash(_("The rest is kept as a draft."), "warn")
        return redirect(url_for(".edit", claim_id=claim_id), 303)
    if request.form.get("act") == "submit":
        return _hand_in(claim_id, here)
    flash(_("Kept as a draft. Nobody sees it until you hand it in."), "ok")
    return redirect(here, 303)


def _make(
    person: Actor, member_id: int, wanted: Wanted, pieces: list[evidence.Piece], form_id: str
) -> tuple[int, bool]:
    """Write it once: of two double clicks at one instant the second finds what the first has written."""
    try:
        with transaction():
            return services.make(person, member_id, wanted, pieces, form_id=form_id)
    except IntegrityError:
        with transaction():
            return services.make(person, member_id, wanted, pieces, form_id=form_id)


def _hand_in(claim_id: int, here: str) -> Response:
    claim = queries.spoken_for(signed(), claim_id)
    try:
        with transaction():
            services.submit(signed(), claim_id, claim.version)
    except Conflict:
        raise
    except RuleError as error:
        flash(say(error), "bad")
        return redirect(url_for(".edit", claim_id=claim_id), 303)
    flash(_("Handed in. You will be told what was decided."), "ok")
    return redirect(here, 303)


def _estimate(member_id: int, kind: str, form: ClaimForm) -> dict[str, Any] | None:
    """What the claim would bring as it stands; None while that cannot be said."""
    try:
        wanted = Wanted(
            kind=kind,
            title="",
            day=form.day.data or clock.today(),
            minutes=form.minutes.data or 0 if "minutes" in form else 0,
            activity=form.activity.data or "" if "activity" in form else "",
            platform_id=form.platform.data if "platform" in form else None,
            quantity=form.quantity.data if "quantity" in form else None,
            host_unit_id=-1,  # which one does not change what it brings
        )
        found = services.worth(member_id, wanted)
    except RuleError:
        return None
    proof = found.platform.proof if found.platform else rules.KINDS[kind].proof
    return {
        "worth": found,
        "quantity": wanted.quantity,
        "proof": proof,
        "proof_label": PROOFS[proof],
        "cap": found.policy.proof_caps.get(proof),
        "used": lookups.used_of_proof(member_id, wanted.day.year, proof),
        "self": found.policy.mode(found.activity, ACTIVITIES[found.activity].mode) == "self",
        "secretary": lookups.secretary_of(found.unit_id),
        "second": rules.needs_second(found.credit, rules.limits_of(found.policy)),
    }


@bp.get("/claims/estimate/<int:member_id>")
@signed_in
def estimate(member_id: int) -> Response:
    """The same, for what is typed: renewed by the page while somebody writes."""
    person = signed()
    kind = _kind(None)
    if member_id != person.member_id:
        known = select(Member.id).where(
            Member.id == member_id, Member.unit_id.in_(units_where(person, Perm.CLAIM_DECIDE))
        )
        if db.session.scalar(known) is None:
            abort(404)
    form = ClaimForm(formdata=request.args, meta={"csrf": False})
    form.offer(kind, [])
    return make_response(
        render_template("claims/_estimate.html", estimate=_estimate(member_id, kind, form), kind=kind)
    )


@bp.post("/claims/<int:claim_id>/files")
@signed_in
def add_file(claim_id: int) -> Response:
    """Take one photo or paper from the script that sends them singly; again is no harm, 422 says why not."""
    if queries.spoken_for(signed(), claim_id) is None:
        abort(404)
    file = request.files.get("file") or abort(400)
    try:
        piece = evidence.read(file.read(), clean(file.filename or "")[:200])
        with transaction():
            services.add_file(signed(), claim_id, piece)
    except Conflict:
        raise
    except RuleError as error:
        return in_words(error)
    return saved_there(claim_id)


@bp.post("/claims/<int:claim_id>/files/<int:evidence_id>/remove")
@signed_in
def remove_file(claim_id: int, evidence_id: int) -> Response:
    """Take a photo or paper away again."""
    claim = queries.spoken_for(signed(), claim_id)
    if claim is None:
        abort(404)
    with transaction():
        services.remove_file(signed(), claim_id, claim.version, evidence_id)
    return redirect(url_for(".edit", claim_id=claim_id), 303)
