"""Reading imports and rosters: earlier imports, a preview's figures and lines, the roster as a sheet."""

import base64
import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Row, Select, func, or_, select

from pbtrain.accounts.models import Account
from pbtrain.core import clock, crypto
from pbtrain.core.db import db
from pbtrain.core.formatting import mask_phone
from pbtrain.core.queue import Job
from pbtrain.org.access import Actor, units_where
from pbtrain.org.models import Affiliation, Member, RosterImport, RosterRow, Unit, UnitClosure
from pbtrain.org.roles import Perm
from pbtrain.org.roster import tracks
from pbtrain.org.roster.columns import (
    AWAY_WORDS,
    CATEGORY_WORDS,
    COLUMNS,
    FLOW_WORDS,
    POST_WORDS,
    RANK_WORDS,
    SEX_WORDS,
    STAGE_WORDS,
)
from pbtrain.org.roster.known import posts_of, scope_of, text_key
from pbtrain.org.roster.match import ID_PURPOSE, PLAIN, RAW_PURPOSE, plain_value

OUTCOMES = ("new", "changed", "transfer", "same", "refused")
CHUNK = 1_000
SINCE = {"post": POST_WORDS, "rank": RANK_WORDS, "away": AWAY_WORDS}  # shown with their first day
COLUMNS_OUT = (
    Member.id,
    Member.code,
    Member.unit_id,
    Member.id_shown,
    *(getattr(Member, name) for name in PLAIN),
)


def imports(actor: Actor, q: str = "") -> Select[Any]:
    """The imports into units the actor manages, the newest first; `q`: part of file, unit or sender."""
    statement = (
        select(
            RosterImport.id,
            RosterImport.file_name,
            RosterImport.state,
            RosterImport.created_at,
            RosterImport.written_rows,
            RosterImport.undone_at,
            Unit.name.label("unit_name"),
            Account.name.label("actor_name"),
        )
        .join(Unit, Unit.id == RosterImport.unit_id)
        .join(Account, Account.id == RosterImport.actor_id)
        .where(RosterImport.unit_id.in_(units_where(actor, Perm.ROSTER_MANAGE)))
        .order_by(RosterImport.id.desc())
    )
    if q:
        places = (RosterImport.file_name, Unit.name, Account.name)
        statement = statement.where(or_(*(place.contains(q, autoescape=True) for place in places)))
    return statement


def one_import(actor: Actor, import_id: int) -> Row[Any] | None:
    """An import the actor may see, with its unit and the progress of its job."""
    return db.session.execute(
        select(
            RosterImport,
            Unit.name.label("unit_name"),
            Job.state.label("job_state"),
            Job.done_steps,
            Job.all_steps,
        )
        .join(Unit, Unit.id == RosterImport.unit_id)
        .outerjoin(Job, Job.id == RosterImport.job_id)
        .where(RosterImport.id == import_id, RosterImport.unit_id.in_(units_where(actor, Perm.ROSTER_MANAGE)))
    ).first()


def counts(import_id: int) -> dict[str, int]:
    """Lines by outcome, zeros included."""
    found = db.session.execute(
        select(RosterRow.outcome, func.count())
        .where(RosterRow.import_id == import_id)
        .group_by(RosterRow.outcome)
    )
    return dict.fromkeys(OUTCOMES, 0) | dict(found.tuples().all())


def lines(import_id: int, outcome: str, q: str = "") -> Select[Any]:
    """The staged lines of one outcome, in the order of the sheet; `q`: part of a name, or a line's number."""
    statement = (
        select(
            RosterRow.line,
            RosterRow.name,
            RosterRow.values_json,
            RosterRow.changes_json,
            RosterRow.errors_json,
            Unit.name.label("unit_name"),
        )
        .outerjoin(Unit, Unit.id == RosterRow.unit_id)
        .where(RosterRow.import_id == import_id, RosterRow.outcome == outcome)
        .order_by(RosterRow.line, RosterRow.id)
    )
    if q:
        fits = RosterRow.name.contains(q, autoescape=True)
        if q.isascii() and q.isdigit() and len(q) < 7:
            fits = or_(fits, RosterRow.line == int(q))
        statement = statement.where(fits)
    return statement


def shown_line(row: Any) -> dict[str, Any]:
    """A staged line for the eye: phone numbers masked, changes as (label, old, new)."""
    values = json.loads(row.values_json)
    changes = json.loads(row.changes_json) if row.changes_json else {}
    return {
        "line": row.line,
        "name": row.name,
        "unit_name": row.unit_name or "",
        "values": {
            "sex": SEX_WORDS[values.get("sex", "")],
            "born_on": values.get("born_on", ""),
            "phone": mask_phone(values.get("phone")) or values.get("phone_shown", ""),
            "id_shown": values.get("id_shown", ""),
            "stage": STAGE_WORDS.get(values.get("stage", ""), ""),
            "post": POST_WORDS.get(values.get("post", ""), ""),
        },
        "since": values.get("since", ""),
        "changes": [
            (COLUMNS[name].label, in_words(name, old), in_words(name, new))
            for name, (old, new) in changes.items()
        ],
        "errors": json.loads(row.errors_json) if row.errors_json else [],
    }


def in_words(name: str, value: Any) -> str:
    """An old or new value as people write it."""
    if name in SINCE:
        kind, since = value
        return SINCE[name][kind] + (f"（{since}）" if since and kind != "none" else "")
    if name == "phone":
        return mask_phone(value)
    if name in ("flow", "flow_place"):
        return FLOW_WORDS.get(value or "none", value)
    tables = {"sex": SEX_WORDS, "stage": STAGE_WORDS, "category": CATEGORY_WORDS}
    return tables.get(name, {}).get(value, str(value))


def refused_lines(import_id: int) -> Iterator[tuple[int, dict[str, str], list[list[Any]]]]:
    """(line, what the sheet held by field, errors) of every refused line; the ID number opened again."""
    for row in db.session.execute(lines(import_id, "refused")):
        values = json.loads(row.values_json)
        raw = values.get("raw") or {key: values[key] for key in COLUMNS if key in values}
        if "raw" in values and "id_number" in raw:
            raw["id_number"] = crypto.decrypt(base64.b64decode(raw["id_number"]), RAW_PURPOSE)
        yield row.line, raw, json.loads(row.errors_json)


def branch_names(actor: Actor, unit_id: int) -> list[str]:
    """The branches in and below a unit, as a sheet may name them: by code where two share a name."""
    return list(_branches(actor, unit_id).values())


def _branches(actor: Actor, unit_id: int) -> dict[int, str]:
    scope = scope_of(actor, unit_id)
    shared = {key for key, ids in scope.by_text.items() if len(ids) > 1}
    if not shared:
        return scope.branches
    codes = dict(
        db.session.execute(select(Unit.id, Unit.code).where(Unit.id.in_(scope.branches))).tuples().all()
    )
    return {key: codes[key] if text_key(name) in shared else name for key, name in scope.branches.items()}


def roster(actor: Actor, unit_id: int, *, full: bool = False) -> Iterator[dict[str, str]]:
    """Everybody on the roster in and below a unit, as a sheet has them; phone and ID number masked.

    `full` opens both: for what is given out against a recorded reason (org/disclosures.py).
    """
    today = clock.today()
    branches = _branches(actor, unit_id)
    last = 0
    while rows := db.session.execute(
        select(*COLUMNS_OUT, Member.id_number, Affiliation.valid_from.label("since"))
        .join(UnitClosure, UnitClosure.below_id == Member.unit_id)
        .outerjoin(Affiliation, (Affiliation.member_id == Member.id) & Affiliation.valid_until.is_(None))
        .where(
            UnitClosure.above_id == unit_id,
            Member.unit_id.in_(units_where(actor, Perm.ROSTER_MANAGE)),
            Member.id > last,
            or_(Member.left_on.is_(None), Member.left_on > today),
        )
        .order_by(Member.id)
        .limit(CHUNK)
    ).all():
        posts = posts_of([row.id for row in rows], today)
        statuses = tracks.spans_of(row.id for row in rows)
        for row in rows:
            kind, post_since = posts.get(row.id, ("", None))
            held = {name: tracks.standing(name, statuses[row.id], today) for name in tracks.TRACKS}
            yield {
                "code": row.code,
                "name": row.name,
                "sex": SEX_WORDS[row.sex],
                "born_on": plain_value(row.born_on),
                "id_number": crypto.decrypt(row.id_number, ID_PURPOSE)
                if full and row.id_number
                else row.id_shown,
                "phone": (row.phone or "") if full else mask_phone(row.phone),
                "stage": STAGE_WORDS[row.stage],
                "joined_on": plain_value(row.joined_on),
                "branch": branches.get(row.unit_id, ""),
                "since": plain_value(row.since),
                "post": POST_WORDS[kind] if kind else "",
                "post_since": plain_value(post_since),
                **{name: SINCE[name][span.kind] if span else "" for name, span in held.items()},
                **{tracks.DAY[name]: tracks.in_sheet(span)[1] for name, span in held.items()},
                "category": CATEGORY_WORDS.get(row.category, ""),
                "flow": FLOW_WORDS[row.flow] if row.flow else "",
                "flow_place": row.flow_place if row.flow else "",
            }
        last = rows[-1].id
