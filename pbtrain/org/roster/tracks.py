"""Rank (干部级别) and absence (停止党籍, 出国) in a roster: what stands, what a line changes. Reads only.

Each is a **track**: a column for the kind, one for its first day (`DAY`), and spans of a member that never
overlap. A rank decides which account of cadre training is kept, and nothing of the hours of a Party member:
whoever gets one is not judged anew. Of who is suspended or abroad nothing is asked: those are.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from sqlalchemy import select

from pbtrain.core import bulk
from pbtrain.core.db import db
from pbtrain.org import rules
from pbtrain.org.kinds import RANKS, STATUSES
from pbtrain.org.models import StatusSpan

AWAY = tuple(key for key in STATUSES if key not in RANKS)
TRACKS = {"rank": RANKS, "away": AWAY}  # column: the kinds of spans in it
DAY = {name: f"{name}_since" for name in TRACKS}
STATUS: Any = StatusSpan.__table__
HELD = ("member_id", "kind", "valid_from")  # of a span that begins
Change = list[list[str]]  # [[kind or "none", first day or ""] before, the same after]


def spans_of(member_ids: Iterable[int]) -> dict[int, list[Any]]:
    """All spans of these members with their days, of every track; one statement."""
    found: dict[int, list[Any]] = defaultdict(list)
    for span in db.session.execute(
        select(StatusSpan.id, *(getattr(StatusSpan, name) for name in HELD), StatusSpan.valid_until)
        .where(StatusSpan.member_id.in_(bulk.among(member_ids)))
        .order_by(StatusSpan.id)
    ):
        found[span.member_id].append(span)
    return found


def standing(track: str, spans: Sequence[Any], today: date) -> Any:
    """The span of a track that holds today, or None."""
    for span in _of(track, spans):
        if span.valid_from <= today and (span.valid_until is None or span.valid_until > today):
            return span
    return None


def in_sheet(span: Any) -> list[str]:
    """A span as a sheet has it: [kind, first day]."""
    return [span.kind, span.valid_from.isoformat()] if span else ["none", ""]


def change_of(track: str, values: dict[str, str], spans: Sequence[Any], today: date) -> Change | None:
    """What a line says otherwise; an empty cell says nothing, a new kind without a day begins today."""
    wanted, day = values.get(track), values.get(DAY[track], "")
    held = in_sheet(standing(track, spans, today))
    if not wanted or (wanted == held[0] and day in ("", held[1])):
        return None
    return [held, [wanted, day or today.isoformat()]]


def clashes(track: str, change: Change, spans: Sequence[Any], today: date) -> bool:
    """Would what a line says cover days of another span of the track than that of today?"""
    kind, since = change[1]
    held = standing(track, spans, today)
    others = [(one.valid_from, one.valid_until) for one in _of(track, spans) if one is not held]
    whole = (date.fromisoformat(since), None)
    return kind != "none" and any(
        begun != until and rules.overlaps(whole, (begun, until)) for begun, until in others
    )


def plan(
    track: str, change: Change, held: Any, gathered: Any, before: dict[str, Any]
) -> tuple[str, date] | None:
    """End the span that holds today, or mend it where the new one begins no later; the span that begins, if
    any. `before` keeps what stood there."""
    (old, _), (new, since) = change
    first = date.fromisoformat(since)
    if held is not None and new != "none" and (new == old or first <= held.valid_from):
        expected = {"kind": held.kind, "valid_from": held.valid_from}
        gathered.add(STATUS, held.id, {"kind": new, "valid_from": first}, expected)
        before[f"{track}_mended"] = [held.id, *in_sheet(held)]
        return None
    if held is not None:
        until = max(first, held.valid_from)
        gathered.add(STATUS, held.id, {"valid_until": until}, {"valid_until": held.valid_until})
        ended = held.valid_until.isoformat() if held.valid_until else None
        before[f"{track}_closed"] = [held.id, ended, until.isoformat()]
    return None if new == "none" else (new, first)


def plan_back(
    track: str, change: Change, before: dict[str, Any], spans: Sequence[Any], gathered: Any
) -> list[int] | None:
    """Take a change back: the ids of spans that go; None where somebody has changed them since."""
    kind, since = change[1]
    by_id = {span.id: span for span in spans}
    if mended := before.get(f"{track}_mended"):
        span_id, old, begun = mended
        if in_sheet(by_id.get(span_id)) != [kind, since]:
            return None
        new = {"kind": kind, "valid_from": date.fromisoformat(since)}
        gathered.add(STATUS, span_id, {"kind": old, "valid_from": date.fromisoformat(begun)}, new)
        return []
    given = [span.id for span in spans if in_sheet(span) == [kind, since] and span.valid_until is None]
    if kind != "none" and not given:
        return None
    if closed := before.get(f"{track}_closed"):
        span_id, until, written = closed
        ended = date.fromisoformat(written)
        if span_id not in by_id or by_id[span_id].valid_until != ended:
            return None
        again = date.fromisoformat(until) if until else None
        gathered.add(STATUS, span_id, {"valid_until": again}, {"valid_until": ended})
    return given if kind != "none" else []


def away_otherwise(given: str, spans: Sequence[Any]) -> bool:
    """Is more recorded of where a member is than the sheet gave that brought them?"""
    found = [span.kind for span in _of("away", spans)]
    return found not in ([], [given])


def _of(track: str, spans: Sequence[Any]) -> list[Any]:
    return [span for span in spans if span.kind in TRACKS[track]]
