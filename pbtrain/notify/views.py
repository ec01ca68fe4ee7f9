"""The inbox of each person, and the page of jobs and parked messages for who keeps the site running."""

import json

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from pbtrain.core.db import db, transaction
from pbtrain.core.errors import RuleError
from pbtrain.core.i18n import _, say
from pbtrain.core.marks import N_
from pbtrain.core.paging import paged
from pbtrain.core.views import safe_next
from pbtrain.notify import (
    delivery,  # noqa: F401  registers the worker
    password_mail,  # noqa: F401  likewise
    queries,
    services,
)
from pbtrain.notify.channels import CHANNELS
from pbtrain.notify.models import Message
from pbtrain.org.access import needs, signed, signed_in
from pbtrain.org.roles import Perm

bp = Blueprint("notify", __name__)
STATES = {"queued": N_("Queued"), "running": N_("Running"), "done": N_("Done"), "failed": N_("Failed")}
LABELS = {
    "notify.deliver": N_("Send messages"),
    "accounts.password_link": N_("Send a link for a new password"),
    "roster.read": N_("Read a roster"),
}
PARKED_SHOWN = 50


@bp.get("/inbox")
@signed_in
def inbox() -> str:
    """What this reader has been told, the newest first."""
    page = paged(queries.inbox(signed().account_id), size=30)
    return render_template("notify/inbox.html", page=page, unread=queries.unread(signed().account_id))


@bp.post("/inbox/<int:message_id>/open")
@signed_in
def open_message(message_id: int) -> Response:
    """Mark it as read and go where it leads."""
    person = signed()
    row = db.session.execute(
        select(Message.link).where(Message.id == message_id, Message.account_id == person.account_id)
    ).first()
    if row is None:
        abort(404)
    with transaction():
        services.mark_read(person, message_id)
    return redirect(safe_next(row.link) if row.link else url_for(".inbox"), 303)


@bp.post("/inbox/read")
@signed_in
def read_all() -> Response:
    """Mark all as read."""
    with transaction():
        services.mark_all_read(signed())
    return redirect(url_for(".inbox"), 303)


@bp.get("/jobs")
@needs(Perm.JOBS_VIEW)
def jobs() -> str:
    """Long work of the site, and the messages that could not be delivered."""
    state = request.args.get("state", "")
    if state and state not in STATES:
        abort(404)
    return render_template(
        "notify/jobs.html",
        page=paged(queries.jobs(state)),
        state=state,
        states=STATES,
        labels=LABELS,
        parked=db.session.execute(queries.parked().limit(PARKED_SHOWN)).all(),
        channels=CHANNELS,
        explain=explain,
    )


@bp.post("/jobs/<int:job_id>/retry")
@needs(Perm.JOBS_VIEW)
def retry_job(job_id: int) -> Response:
    """Start a failed job again."""
    with transaction():
        services.retry_job(signed(), job_id)
    flash(_("Started again."), "ok")
    return redirect(url_for(".jobs"), 303)


@bp.post("/jobs/deliveries/<int:delivery_id>/retry")
@needs(Perm.JOBS_VIEW)
def retry_delivery(delivery_id: int) -> Response:
    """Send a parked message again."""
    with transaction():
        services.retry_delivery(signed(), delivery_id)
    flash(_("It goes out again in a moment."), "ok")
    return redirect(url_for(".jobs"), 303)


def explain(error: str) -> str:
    """What went wrong with a job: a refusal in the reader's language, anything else as it stands."""
    try:
        refusal = json.loads(error)
        return say(RuleError(refusal["message"], **refusal["params"]))
    except (ValueError, KeyError, TypeError):
        return error
