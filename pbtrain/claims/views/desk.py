"""The secretary's desk: what waits, one at a time, with its evidence beside it."""

from datetime import date
from typing import Any
from urllib.parse import urlsplit

from flask import abort, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from pbtrain.claims import deciding, evidence, lookups, noticing, queries, rules, services
from pbtrain.claims.views import bp
from pbtrain.claims.views.common import sent_number
from pbtrain.core import badges, clock, formatting, templating
from pbtrain.core.db import db, record_apart, transaction
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.core.forms import clean, number_of
from pbtrain.core.i18n import _, ngettext, say
from pbtrain.core.paging import CURSORS, paged
from pbtrain.hours import queries as hours_queries
from pbtrain.hours import services as hours
from pbtrain.hours.models import HourClaim
from pbtrain.hours.rules import HELD_OWN
from pbtrain.org.access import needs, signed
from pbtrain.org.roles import Perm

SHOWN = 50  # of the queue at a time, the oldest first


@bp.get("/desk")
@needs(Perm.CLAIM_DECIDE)
def desk() -> Response:
    """What waits for the secretary; the oldest is open."""
    return show("desk", None)


@bp.get("/desk/<int:claim_id>")
@needs(Perm.CLAIM_DECIDE)
def desk_claim(claim_id: int) -> Response:
    """One of those that wait; `photo` is the piece of evidence that is shown large, and so looked at."""
    return show("desk", claim_id)


@bp.post("/desk/<int:claim_id>")
@needs(Perm.CLAIM_DECIDE)
def decide(claim_id: int) -> Response:
    """Approve, return, reject, confirm as host, decide what overlaps, or take the last decision back."""
    found = queries.on_desk(signed(), Perm.CLAIM_DECIDE, claim_id)
    if found is None:
        abort(404)
    act = request.form.get("act", "")
    if act not in (ACTS_OF_HELD if rules.is_held(found) else ACTS):
        abort(400)
    return answer("desk", claim_id, act)


@bp.post("/desk/approve")
@needs(Perm.CLAIM_DECIDE)
def approve_all() -> Response:
    """Approve all that are named, as "id:version", at once: none of them when one cannot be."""
    named = [_pair(text) for text in request.form.getlist("claim")][:SHOWN]
    if not named or not queries.all_wait(queue_of("desk"), [claim_id for claim_id, _version in named]):
        abort(404)
    try:
        with transaction():
            done = deciding.approve(signed(), named)
    except Conflict as error:
        if "HX-Request" not in request.headers:
            raise
        return show("desk", None, problem=error, code=409)
    except RuleError as error:
        return show("desk", None, problem=error, code=422)
    count = len(done.posted) + len(done.waiting) + done.held
    said = ngettext("%(num)s claim approved.", "%(num)s claims approved.", count)
    if "HX-Request" in request.headers:
        return show("desk", None, said=said)
    flash(said, "ok")
    return redirect(url_for(".desk", **place()), 303)


def _pair(text: str) -> tuple[int, int]:
    """ "12:3" as numbers; 400 for anything else."""
    one, _colon, version = (number_of(part) for part in text.partition(":"))
    return abort(400) if one is None or version is None else (one, version)


def approve(claim_id: int, version: int, _reason: str) -> str:
    """The sentence that is said afterwards; likewise below."""
    done = deciding.approve(signed(), [(claim_id, version)])
    if done.waiting:
        return _("Agreed. So many hours wait for a second pair of eyes.")
    if done.held:
        return _("Approved, but the time overlaps another line: decide on the minutes that are left.")
    return _("Approved: the hours are in the ledger.")


def send_back(claim_id: int, version: int, reason: str) -> str:
    deciding.send_back(signed(), claim_id, version, reason=reason)
    return _("Returned; the member is told what is missing.")


def reject(claim_id: int, version: int, reason: str) -> str:
    deciding.reject(signed(), claim_id, version, reason=reason)
    return _("Not approved; the member is told why and can appeal.")


def undo(claim_id: int, version: int, _reason: str) -> str:
    deciding.take_back(signed(), claim_id, version)
    return _("Taken back: it waits again.")


def confirm(claim_id: int, version: int, _reason: str) -> str:
    services.confirm_host(signed(), claim_id, version)
    return _("Confirmed. The member's own branch has the next word.")


def count_held(claim_id: int, _version: int, _reason: str) -> str:
    if hours.decide_held(signed(), claim_id, approve=True) is None:
        return _("Approved, but the time overlaps another line: decide on the minutes that are left.")
    return _("Approved: the minutes that nothing else covers are in the ledger.")


def refuse_held(claim_id: int, _version: int, reason: str) -> str:
    hours.decide_held(signed(), claim_id, approve=False, reason=reason)
    return _("Not counted; the reason is kept with it.")


ACTS = {"approve": approve, "return": send_back, "reject": reject, "undo": undo, "confirm": confirm}
ACTS_OF_HELD = {"approve": count_held, "reject": refuse_held}


def answer(desk: str, claim_id: int, act: str, acts: dict[str, Any] | None = None) -> Response:
    """Do it; then the desk again with the next claim open, whole or only its part for htmx."""
    found = queries.on_desk(signed(), PERMS[desk], claim_id)
    table = ACTS_OF_HELD if rules.is_held(found) else acts or ACTS
    reason, version = clean(request.form.get("reason", "")), sent_number("version")
    said, code = "", 200
    try:
        with transaction():
            said = table[act](claim_id, version, reason)
    except Conflict as error:
        if "HX-Request" not in request.headers:
            raise
        return show(desk, None, problem=error, code=409)
    except RuleError as error:
        return show(desk, claim_id, problem=error, code=422)
    undo_id = claim_id if act in ("approve", "return", "reject") and not rules.is_held(found) else None
    upcoming = claim_id if act == "undo" else number_of(request.form.get("next"))
    if "HX-Request" in request.headers:
        return show(desk, upcoming, said=said, undo_id=undo_id, code=code, lenient=True)
    flash(said, "ok")
    args: dict[str, Any] = (
        {"claim_id": upcoming} if upcoming and queries.waits(queue_of(desk), upcoming) else {}
    )
    if undo_id:
        args["undo"] = undo_id
    endpoint = f".{desk}_claim" if "claim_id" in args else f".{desk}"
    return redirect(url_for(endpoint, **args, **place()), 303)


PERMS = {"desk": Perm.CLAIM_DECIDE, "above": Perm.CLAIM_JUDGE}


def queue_of(desk: str) -> Any:
    """What waits at this desk."""
    return queries.desk(signed()) if desk == "desk" else queries.appeals(signed())


def show(
    desk: str,
    claim_id: int | None,
    *,
    said: str = "",
    problem: RuleError | None = None,
    undo_id: int | None = None,
    code: int = 200,
    lenient: bool = False,
) -> Response:
    """The desk with one claim open: the named one, else the first. Opening a picture is looking at it."""
    waiting = queue_of(desk)
    listed = paged(waiting, size=SHOWN)
    rows = listed.rows
    current = _open(rows, waiting, claim_id, lenient)
    files, photo = _files(current)
    total = _total(desk, waiting)
    others = [current] if current is not None and current not in rows else []
    noticed = noticing.of_claims(signed(), PERMS[desk], [*rows, *others])
    unseen = evidence.unseen(signed(), [row.id for row in rows]) if rows else {}
    position = next((n for n, row in enumerate(rows) if current and row.id == current.id), 0)
    part = "HX-Request" in request.headers
    page = render_template(
        "claims/_desk.html" if part else "claims/desk.html",
        part=part,
        desk=desk,
        rows=rows,
        here=place(),
        later=turned(desk, listed.next_url),
        sooner=turned(desk, listed.prev_url),
        total=total,
        current=current,
        **_around(current),
        files=files,
        photo=photo,
        unseen=sum(not one.seen for one in files),
        noticed=noticed,
        ready=[row for row in rows if TOGETHER[desk](row, unseen, noticed)],
        decided=queries.decided_since(signed(), clock.at(clock.today(), 0)),
        next_id=_after(rows, position),
        before_id=rows[position - 1].id if position else None,
        undone=_undone(desk, undo_id),
        said=said,
        problem=(say(problem), problem.field) if problem else None,
        rules=rules,
        now=clock.now(),
        say_signal=say_signal,
        words_of=ngettext("%(num)s claim waits", "%(num)s claims wait", total),
    )
    return make_response(page, code)


def place() -> dict[str, str]:
    """Which part of the queue the address names: it stays while its claims are decided."""
    return {name: request.args[name] for name in CURSORS if name in request.args}


def turned(desk: str, url: str | None) -> str | None:
    """The desk at another part of its queue; None where there is none."""
    return f"{url_for('.' + desk)}?{urlsplit(url).query}" if url else None


def _total(desk: str, waiting: Any) -> int:
    """How many wait, which from now on stands on the tab of this desk."""
    total, _since = queries.counted(waiting)
    badges.leave(desk, total)
    return total


def _around(current: Any) -> dict[str, Any]:
    """What stands beside the open claim; nothing where none is open."""
    if current is None:
        return {"companions": [], "year": None, "line_in_way": None, "appeal": "", "visited": False}
    return {
        "companions": [] if rules.is_held(current) else noticing.companions(current),
        "year": hours_queries.years_of(current.member_id).get(current.day.year),
        "line_in_way": lookups.line_in_way(current.overlaps_id) if current.overlaps_id else None,
        "appeal": queries.appeal_of(current.id) if current.state == "appealed" else "",
        "visited": queries.is_host(current),
    }


def _open(rows: Any, waiting: Any, claim_id: int | None, lenient: bool) -> Any:
    """The claim to open; 404 for one that does not wait, unless another one does as well."""
    current = next((row for row in rows if row.id == claim_id), None)
    if current is None and claim_id is not None:
        current = db.session.execute(waiting.where(HourClaim.id == claim_id)).first()
        if current is None and not lenient:
            abort(404)
    return current or (rows[0] if rows else None)


def _files(current: Any) -> tuple[list[Any], Any]:
    """The evidence, and the piece that is shown large, which counts as looked at from now on."""
    if current is None:
        return [], None
    account_id = signed().account_id
    files = queries.files(current.id, account_id)
    photo = _photo(files, request.args.get("photo", ""))
    if photo is not None and not photo.seen:
        with record_apart() as apart:
            evidence.look(account_id, photo.id, apart)
        files = queries.files(current.id, account_id)
    return files, photo


def _undone(desk: str, undo_id: int | None) -> Any:
    """The claim whose decision can be taken back: named by the address after a form without script."""
    if undo_id is None:
        undo_id = number_of(request.args.get("undo"))
    found = queries.on_desk(signed(), PERMS[desk], undo_id) if undo_id else None
    return None if found is None or rules.is_held(found) else found


def say_signal(signal: Any) -> str:
    """A signal in the reader's words: hours and days as they are shown elsewhere."""
    shown = {
        name: formatting.hours(value) if name in ("stands", "cap", "left") else value
        for name, value in signal.params
    }
    for name, value in shown.items():
        if isinstance(value, date):
            shown[name] = formatting.short_day(value, english=templating.english())
    return str(_(signal.message, **shown))


def _ready(row: Any, unseen: dict[int, int], noticed: dict[int, Any]) -> bool:
    """Can it be approved together with others: every picture seen, nothing to notice, one's own to decide?"""
    if row.state != "submitted" or queries.is_host(row) or noticed.get(row.id):
        return False
    return not unseen.get(row.id)


def _is_own(row: Any, _unseen: dict[int, int], _noticed: dict[int, Any]) -> bool:
    """From above, the own lines of recorders are confirmed together."""
    return bool(row.kind == HELD_OWN)


TOGETHER = {"desk": _ready, "above": _is_own}


def _photo(files: list[Any], wanted: str) -> Any:
    """The piece shown large: the one asked for, else the first picture."""
    for one in files:
        if str(one.id) == wanted:
            return one
    return next((one for one in files if one.mime.startswith("image/")), None)


def _after(rows: Any, position: int) -> int | None:
    if position + 1 < len(rows):
        return int(rows[position + 1].id)
    return int(rows[0].id) if rows and position else None
