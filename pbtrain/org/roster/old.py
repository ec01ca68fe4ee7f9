"""What is left of an import after its time: counts instead of people. Part of the services of org."""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, update

from pbtrain.audit import services as audit
from pbtrain.core.db import db
from pbtrain.core.marks import N_
from pbtrain.org.models import RosterImport, RosterRow
from pbtrain.org.uploads import files

ROOM = 4_000  # characters of the column


def forget_rows(before: datetime, limit: int) -> int:
    """Remove up to `limit` staged lines of the oldest import made before that moment; returns how many.

    With its last line the import keeps their counts as a remark, a preview nobody wrote is dropped, and the
    uploaded file goes if it still lies there.
    """
    row = db.session.execute(
        select(RosterImport.id, RosterImport.state, RosterImport.file_hash, RosterImport.remarks)
        .where(
            RosterImport.created_at < before,
            select(RosterRow.id).where(RosterRow.import_id == RosterImport.id).exists(),
        )
        .order_by(RosterImport.id)
        .limit(1)
    ).first()
    if row is None:
        return 0
    _keep_counts(row)
    some = select(RosterRow.id).where(RosterRow.import_id == row.id).order_by(RosterRow.id).limit(limit)
    gone = db.session.execute(delete(RosterRow).where(RosterRow.id.in_(some)))
    if row.state == "preview":
        db.session.execute(update(RosterImport).where(RosterImport.id == row.id).values(state="cancelled"))
        audit.record(None, "roster.expired", f"roster:{row.id}")
    files.forget(row.id, row.file_hash)
    return int(gone.rowcount)  # type: ignore[attr-defined]


def _keep_counts(row: Any) -> None:
    """Before the first line goes: how many there were of each outcome."""
    remarks: list[Any] = json.loads(row.remarks or "[]")
    if any(remark[0] == COUNTS for remark in remarks):
        return
    found = dict(
        db.session.execute(
            select(RosterRow.outcome, func.count())
            .where(RosterRow.import_id == row.id)
            .group_by(RosterRow.outcome)
        )
        .tuples()
        .all()
    )
    params = {name: found.get(name, 0) for name in ("new", "changed", "transfer", "same", "refused")}
    text = json.dumps([*remarks, [COUNTS, params]], ensure_ascii=False)
    if len(text) > ROOM:
        text = json.dumps([[COUNTS, params]], ensure_ascii=False)
    db.session.execute(update(RosterImport).where(RosterImport.id == row.id).values(remarks=text))


COUNTS = N_(
    "The lines were removed after 30 days: %(new)s new, %(changed)s changed, %(transfer)s moved, "
    "%(same)s unchanged, %(refused)s refused."
)
