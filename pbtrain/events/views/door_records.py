"""The ticks of a phone that was without a line, as JSON: strictly what we send, or 400."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from flask import abort, jsonify, request
from werkzeug.wrappers import Response

from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.core.forms import SURROGATE, clean
from pbtrain.core.i18n import _
from pbtrain.events.door import offline
from pbtrain.events.views import bp
from pbtrain.events.views.door import doored
from pbtrain.org.access import signed, signed_in

FIELDS = {"record_id", "row", "act", "told_at"}
MOST_BYTES = 200_000


@bp.post("/door/<int:event_id>/records")
@signed_in
def door_records(event_id: int) -> Response:
    """Enter what was ticked without a line; the phone keeps each record until it finds its answer here."""
    doored(event_id)
    if (request.content_length or 0) > MOST_BYTES:
        abort(413)
    try:
        sent_at, ticks = read(request.get_json(silent=True))
    except (TypeError, ValueError, OverflowError, RecursionError):
        abort(400)
    with transaction():
        answers = offline.take_in(signed(), event_id, ticks, slow_by=clock.now() - sent_at)
    return jsonify(
        answers=[
            {
                "record_id": one.record_id,
                "result": one.result,
                "name": one.name,
                "sentence": _(one.sentence) if one.sentence else "",
                "by": _(one.by) if one.by else "",
            }
            for one in answers
        ]
    )


def read(sent: Any) -> tuple[datetime, list[offline.Tick]]:
    """When the phone says it is now, and its ticks; ValueError or TypeError for anything we do not send."""
    if not isinstance(sent, dict) or set(sent) != {"sent_at", "records"}:
        raise ValueError("not a sending")
    if not isinstance(sent["records"], list) or len(sent["records"]) > offline.MOST:
        raise ValueError("not a list of records")
    return _instant(sent["sent_at"]), [_tick(one) for one in sent["records"]]


def _tick(one: Any) -> offline.Tick:
    if not isinstance(one, dict) or set(one) != FIELDS:
        raise ValueError("not a record")
    row, act = one["row"], one["act"]
    if not isinstance(row, int) or isinstance(row, bool) or not 0 < row < 2**31:
        raise ValueError("not a row")
    if not isinstance(act, str) or SURROGATE.search(act):
        raise ValueError("not an act")
    return offline.Tick(str(UUID(one["record_id"])), row, clean(act)[:8], _instant(one["told_at"]))


def _instant(text: Any) -> datetime:
    """An aware instant, to the millisecond, that a database can keep."""
    if not isinstance(text, str):
        raise TypeError("not an instant")
    found = datetime.fromisoformat(text)
    if found.tzinfo is None or not 1990 < found.year < 2200:
        raise ValueError("not an instant")
    return found.astimezone(UTC) + timedelta(0)
