"""The chair's door: the code on a large screen, the list on a phone, closing, corrections of one person."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from flask import abort, current_app, flash, make_response, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from pbtrain.core import clock, qr
from pbtrain.core.db import transaction
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.core.i18n import _, ngettext
from pbtrain.events.door import marking, queries, rules, running, tickets
from pbtrain.events.forms.door import CloseForm, PersonForm, TickForm
from pbtrain.events.views import bp
from pbtrain.org.access import signed, signed_in


def door_key() -> bytes:
    """The key of codes, tickets and devices."""
    return tickets.derived(current_app.config["KEYS"]["link"])


def address(path: str) -> str:
    """A whole address of this site, for a code that is scanned."""
    site = current_app.config["SITE_URL"] or request.host_url
    return f"{site.rstrip('/')}{path}"


def doored(event_id: int) -> Any:
    """The event, or 404 for whoever does not keep its door: the one way in for every page of the chair."""
    return queries.doored(signed(), event_id) or abort(404)


@dataclass(frozen=True)
class Shown:
    """The code of this moment."""

    svg: Markup
    left: int  # seconds it is still good


def shown(event: Any, now: datetime) -> Shown | None:
    """The code as squares; None while none is shown."""
    try:
        rules.check_scan(queries.session_of(event), now, out=event.checks_out)
    except RuleError:
        return None
    code = tickets.code_for(door_key(), event.id, tickets.slot_of(now))
    drawing = qr.drawn(address(url_for(".scan", code=code)), border=4, ink="pb-qr__ink")
    return Shown(drawing, tickets.seconds_left(now))


@bp.get("/door/<int:event_id>")
@signed_in
def door(event_id: int) -> Response:
    """The large screen: the code, how many are here, who is missing. It renews itself."""
    event = doored(event_id)
    if event.door_opened_at is None or event.door_closed_at is not None or event.state != "planned":
        return redirect(url_for(".door_list", event_id=event_id), 303)
    return make_response(render_template("events/door/stage.html", **_stage(event)))


@bp.get("/door/<int:event_id>/now")
@signed_in
def door_now(event_id: int) -> Response:
    """The part of the large screen that changes; 204 when it is as it was (`mark`)."""
    event = doored(event_id)
    values = _stage(event)
    if request.args.get("mark") == values["mark"]:
        return make_response("", 204)
    return make_response(render_template("events/door/_stage.html", **values))


def _stage(event: Any) -> dict[str, Any]:
    now = clock.now()
    live, code = queries.live(event.id), shown(event, now)
    mark = f"{tickets.slot_of(now) if code else 0}-{live.mark}-{event.version}"
    return {"event": event, "crowd": live, "code": code, "mark": mark, "session": queries.session_of(event)}


@bp.post("/door/<int:event_id>/open")
@signed_in
def open_door(event_id: int) -> Response:
    """Show the code from now on."""
    doored(event_id)
    with transaction():
        running.open_door(signed(), event_id)
    return redirect(url_for(".door", event_id=event_id), 303)


@bp.get("/door/<int:event_id>/list")
@signed_in
def door_list(event_id: int) -> str:
    """Everybody with what can be entered, what was flagged, and the way to close or correct."""
    return render_template("events/door/list.html", **_list(doored(event_id)))


@bp.get("/door/<int:event_id>/list/now")
@signed_in
def door_list_now(event_id: int) -> Response:
    """The part of the list that others change; 204 when it is as it was (`mark`). Four statements."""
    values = _list(doored(event_id))
    if request.args.get("mark") == values["mark"]:
        return make_response("", 204)
    return make_response(render_template("events/door/_list.html", **values))


def _list(event: Any) -> dict[str, Any]:
    now, session = clock.now(), queries.session_of(event)
    live, flags, sheets = queries.live(event.id), queries.flagged(event.id), queries.sheets(event.id)
    late = session.late_from < now < session.ends_at
    return {
        "event": event,
        "crowd": live,
        "session": session,
        "running": event.state == "planned" and event.door_closed_at is None,
        "flags": flags,
        "sheets": sheets,
        "standing": lambda row: rules.presence_of(row).standing,
        "names": rules,
        "late": late,
        "new_id": lambda: str(uuid4()),
        "mark": f"{live.mark}-{len(flags)}-{len(sheets)}-{event.version}-{late:d}",
    }


@bp.post("/door/<int:event_id>/tick")
@signed_in
def door_tick(event_id: int) -> Response:
    """Enter that somebody came, or did not."""
    doored(event_id)
    form = TickForm()
    if not form.validate():
        raise RuleError(rules.NOT_AN_ACT)
    with transaction():
        marking.tick(
            signed(),
            event_id,
            form.row.data or 0,
            form.act.data or "",
            was=form.was.data or "",
            record_id=form.record_id.data or "",
        )
    return redirect(f"{url_for('.door_list', event_id=event_id)}#p{form.row.data}", 303)


@bp.route("/door/<int:event_id>/close", methods=["GET", "POST"])
@signed_in
def close_door(event_id: int) -> Response:
    """What closing will post, and closing."""
    event = doored(event_id)
    form = CloseForm(data={"version": event.version})
    if form.validate_on_submit():
        closed = None
        with transaction(form):
            closed = running.close_door(
                signed(),
                event_id,
                version=form.version.data or 0,
                witnessed=bool(form.witnessed.data),
                ended_early=bool(form.ended_early.data),
            )
        if closed is not None:
            flash(_closed_words(closed), "ok")
            return redirect(url_for(".door_list", event_id=event_id), 303)
    session, now = queries.session_of(event), clock.now()
    page = render_template(
        "events/door/close.html",
        event=event,
        form=form,
        crowd=queries.live(event_id),
        session=session,
        early=session.starts_at <= now < session.ends_at,
        until_now=max(0, int((now - session.starts_at).total_seconds()) // 60),
        flags=queries.flagged(event_id),
    )
    return make_response(page, 422 if form.errors else 200)


def _closed_words(closed: running.Closed) -> str:
    said = ngettext("Closed: %(num)s person was here.", "Closed: %(num)s people were here.", closed.here)
    posted, held = len(closed.posted.entry_ids), closed.posted.held
    said += " " + _("Hours of %(count)s people stand in the books of their branches.", count=posted)
    if held:
        said += " " + _(
            "%(count)s people were somewhere else at that time: their branches decide.", count=held
        )
    if closed.posted.own:
        said += " " + _(
            "Your own hours wait until another committee member or the level above confirms them."
        )
    return said


@bp.route("/door/<int:event_id>/person/<int:attendance_id>", methods=["GET", "POST"])
@signed_in
def door_person(event_id: int, attendance_id: int) -> Response:
    """One person: late, left early, on leave; once the list is closed, a correction with its reason."""
    event = doored(event_id)
    row = queries.one_row(event_id, attendance_id) or abort(404)
    closed = event.door_closed_at is not None
    standing = rules.presence_of(row).standing
    form, code = PersonForm(data=_as_it_stands(row, event, standing)), 200
    form.closed = closed
    if form.is_submitted():
        code = 422
        if form.validate():
            try:
                _save_person(event, row, form)
            except Conflict as error:
                form.blame(error)
                code, event = 409, doored(event_id)
                row = queries.one_row(event_id, attendance_id) or abort(404)
                form.version.data, form.was.data = event.version, rules.presence_of(row).standing
            except RuleError as error:
                form.blame(error)
            else:
                flash(_("Saved for %(name)s.", name=row.name), "ok")
                return redirect(f"{url_for('.door_list', event_id=event_id)}#p{attendance_id}", 303)
    page = render_template(
        "events/door/person.html",
        event=event,
        row=row,
        form=form,
        closed=closed,
        session=queries.session_of(event),
        standing=(rules.AFTERWARDS if closed else rules.STANDINGS)[rules.presence_of(row).standing],
        how=rules.HOWS.get(row.how, ""),
    )
    return make_response(page, code)


def _as_it_stands(row: Any, event: Any, standing: str) -> dict[str, Any]:
    return {
        "standing": standing,
        "came": clock.local(row.came_at).time() if row.came_at else None,
        "left": clock.local(row.left_at).time() if row.left_at else None,
        "reason": "" if event.door_closed_at else row.reason,
        "was": standing,
        "version": event.version,
        "record_id": str(uuid4()),
    }


def _save_person(event: Any, row: Any, form: PersonForm) -> None:
    def instant(value: Any) -> datetime | None:
        return None if value is None else clock.at(event.day, value.hour, value.minute)

    session, reason = queries.session_of(event), form.reason.data or ""
    new = rules.stated(
        form.standing.data or "",
        instant(form.came.data),
        instant(form.left.data),
        session,
        reason=reason,
    )
    with transaction():
        if form.closed:
            marking.correct(signed(), event.id, {row.id: new}, reason=reason, version=form.version.data or 0)
        else:
            marking.enter(
                signed(),
                event.id,
                row.id,
                new,
                was=form.was.data or "",
                record_id=form.record_id.data or "",
            )
