"""The long work of a sheet of earlier hours: read it, write its rows into the ledger, take them back.

Each job may be killed at any moment and run again: rows are marked in the transaction that posts them, and
every batch first locks its sheet in the state it needs, so that posting and taking back never mix.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import delete, insert, select, update

from pbtrain.audit import services as audit
from pbtrain.claims import rules
from pbtrain.claims.models import Platform, Takeover, TakeoverRow
from pbtrain.claims.takeover import match, queries
from pbtrain.claims.takeover import rules as takeover_rules
from pbtrain.claims.takeover.match import Found, Matcher, began
from pbtrain.core import clock, queue, storage
from pbtrain.core.batches import batched
from pbtrain.core.db import db, transaction
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.core.marks import N_
from pbtrain.core.storage import StoredFile
from pbtrain.hours import held, persons, posting, sealed
from pbtrain.hours import services as hours
from pbtrain.hours.models import HourClaim, HourEntry
from pbtrain.org.access import Actor, actor_for
from pbtrain.org.uploads import files
from pbtrain.org.uploads.cells import shown

READ, POST, UNDO = "takeover.read", "takeover.post", "takeover.undo"
BATCH = 500  # rows in one transaction; hours.post_many takes 1,000 a book
TRIES = 3  # of a batch somebody came between
GONE = N_("Whoever confirmed this sheet has no login any more. Take it back and have it confirmed again.")


def ask(kind: str, batch_id: int, actor: Actor, **args: Any) -> int:
    """Ask for a job on a sheet, once."""
    args |= {"takeover_id": batch_id}
    return queue.enqueue(kind, args, owner_id=actor.account_id, key=queries.job_key(batch_id, kind))


@queue.handler(READ)
def read_sheet(running: queue.Running) -> dict[str, Any] | None:
    """Read a stored sheet into rows; a second run begins anew, a finished one is left alone."""
    batch_id = running.args["takeover_id"]
    batch = db.session.get(Takeover, batch_id)
    if batch is None or batch.state != "reading":
        return None
    with transaction() as session:
        session.execute(delete(TakeoverRow).where(TakeoverRow.takeover_id == batch_id))
    try:
        good, refused = _stage(running, batch_id)
    except RuleError as error:
        _read(batch_id, state="unreadable")
        return {"refused": [error.message, error.params]}
    _read(batch_id, state="preview", rows=good, refused=refused)
    return {"good": good, "refused": refused}


def _read(batch_id: int, **values: Any) -> None:
    with transaction() as session:
        session.execute(
            update(Takeover).where(Takeover.id == batch_id, Takeover.state == "reading").values(**values)
        )


def _stage(running: queue.Running, batch_id: int) -> tuple[int, int]:
    """Match and store every row; returns how many are good and how many are refused."""
    batch = db.session.get_one(Takeover, batch_id)
    kind, year = batch.kind, batch.year
    file = db.session.get_one(StoredFile, batch.file_id)
    path = storage.path_of(file.sha256)
    with path.open("rb") as stream:
        form = files.kind_of(stream.read(files.HEAD), b"")
    matcher = Matcher(batch)
    good = refused = 0
    with files.run_child(path, form, takeover_rules.LAYOUTS[kind]) as (sheet, lines):
        takeover_rules.check_columns(kind, set(sheet.columns))
        reader = takeover_rules.TakeoverReader(
            kind, sheet.columns, year=year, today=clock.today(), system_1904=sheet.system_1904
        )
        for some in batched(lines, BATCH):
            raw = {number: cells for number, *cells in some}
            rows = [row for number, cells in raw.items() if (row := reader.read(number, cells))]
            found = matcher.match(rows)
            staged = [_stored(batch_id, one, sheet.columns, raw[one.row.line]) for one in found]
            if staged:
                with transaction() as session:
                    session.execute(insert(TakeoverRow), staged)
            refused += sum(one["outcome"] == "refused" for one in staged)
            good += sum(one["outcome"] == "good" for one in staged)
            running.progress(good + refused, sheet.lines)
    if not good + refused:
        raise RuleError(N_("There is no line below the headers."))
    return good, refused


def _stored(batch_id: int, one: Found, columns: Sequence[str], cells: Sequence[Any]) -> dict[str, Any]:
    """A row as it is kept: of a good one what will be posted, of a refused one what the sheet holds."""
    row, values = one.row, dict(one.row.values)
    if row.errors:
        pairs = zip(columns, cells, strict=False)
        values = {name: text for name, cell in pairs if (text := shown(name, cell))}
    else:
        for name in ("name", "code", "id_end", "branch"):
            values.pop(name, None)
    return {
        "takeover_id": batch_id,
        "line": row.line,
        "member_id": None if row.errors else one.member_id,
        "outcome": "refused" if row.errors else "good",
        "values": values,
        "errors": row.errors or None,
    }


@queue.handler(POST)
def post(running: queue.Running) -> dict[str, Any] | None:
    """Write the rows of a confirmed sheet into the ledger, some in each transaction."""
    batch_id = running.args["takeover_id"]
    total = db.session.scalar(select(Takeover.rows).where(Takeover.id == batch_id)) or 0
    sums = {"posted": 0, "held": 0, "left": 0}
    while True:
        done = _again(lambda: _post_some(batch_id, running.owner_id or 0))
        if done is None:
            break
        sums = {name: sums[name] + done[name] for name in sums}
        running.progress(total - queries.waiting(batch_id), total)
    return sums


def _again(work: Any) -> Any:
    """Do one batch; somebody who came between costs another try, not the job."""
    for left in reversed(range(TRIES)):
        try:
            with transaction():
                return work()
        except Conflict:
            if not left:
                raise
    return None


def _locked(batch_id: int, state: str) -> Takeover | None:
    """The sheet, locked until the transaction ends; None in another state."""
    held_fast = db.session.execute(
        update(Takeover)
        .where(Takeover.id == batch_id, Takeover.state == state)
        .values(state=state)
        .returning(Takeover.id)
        .execution_options(synchronize_session=False)
    ).first()
    return db.session.get_one(Takeover, batch_id, populate_existing=True) if held_fast else None


def _post_some(batch_id: int, account_id: int) -> dict[str, int] | None:
    """Post the next rows; None when nothing is left to do."""
    batch = _locked(batch_id, "confirmed")
    if batch is None:
        return None
    rows = queries.next_rows(batch_id, BATCH)
    if not rows:
        return None
    actor = actor_for(account_id)
    if actor is None:
        raise RuleError(GONE)
    shut = _shut(batch, rows)
    _mark(shut, takeover_rules.SEALED, year=batch.year)
    rows = [row for row in rows if row not in shut]
    fits = match.fitting(batch, rows)
    lines, left = _lines(batch, rows, fits)
    posted = hours.post_many(actor, [line for _row, line in lines])
    away = set(posted.without_branch)
    gone = [row for row, line in lines if line.member_id in away]
    _mark(left, takeover_rules.STANDS)
    _mark(gone, takeover_rules.NO_DAY)
    done = [row for row, line in lines if line.member_id not in away]
    db.session.execute(
        update(TakeoverRow).where(TakeoverRow.id.in_([row.id for row in done])).values(outcome="posted")
    )
    if batch.platform_id:
        _remember(actor, batch, done, fits, posted.entry_ids)
    audit.record(
        actor, "takeover.posted", f"takeover:{batch_id}", unit_id=batch.unit_id,
        lines=len(posted.entry_ids), held=posted.held,
    )  # fmt: skip
    return {"posted": len(posted.entry_ids), "held": posted.held, "left": len(shut) + len(left) + len(gone)}


def _shut(batch: Takeover, rows: Sequence[Any]) -> list[Any]:
    """The rows whose branch has closed that year since the preview: they stay out, and in nobody's way."""
    if batch.year >= clock.today().year:
        return []
    known = persons.people({row.member_id for row in rows})
    homes = {row.id: known[row.member_id].branch_on(date.fromisoformat(row.values["day"])) for row in rows}
    closed = sealed.closed((home for home in homes.values() if home), [batch.year])
    return [row for row in rows if (homes[row.id], batch.year) in closed]


def _lines(
    batch: Takeover, rows: Sequence[Any], fits: dict[int, int]
) -> tuple[list[tuple[Any, hours.Line]], list[Any]]:
    """The lines of these rows, and the rows that stand in the ledger meanwhile or no longer fit."""
    standing = match.standing([row.member_id for row in rows], batch.year)
    lines, left = [], []
    for row in rows:
        values, begins = row.values, began(row.values)
        met = takeover_rules.meets(values, begins, standing[row.member_id])
        if met.same or fits[row.line] <= 0:
            left.append(row)
            continue
        minutes = fits[row.line]
        lines.append(
            (
                row,
                hours.Line(
                    member_id=row.member_id,
                    day=date.fromisoformat(values["day"]),
                    activity=values["activity"],
                    minutes=minutes,
                    occurrence=f"takeover:{batch.id}/{row.line}",
                    title=values["title"],
                    starts_at=begins,
                    ends_at=begins + timedelta(minutes=minutes) if begins else None,
                    channel="phone" if batch.platform_id else None,
                    proof=values["proof"],
                ),
            )
        )
    return lines, left


def _mark(rows: Sequence[Any], message: str, **params: Any) -> None:
    """These rows stay out of the ledger, and say why."""
    if rows:
        db.session.execute(
            update(TakeoverRow)
            .where(TakeoverRow.id.in_([row.id for row in rows]))
            .values(outcome="left", errors=[["day", message, params, ""]])
        )


def _remember(
    actor: Actor, batch: Takeover, rows: Sequence[Any], fits: dict[int, int], entry_ids: Sequence[int]
) -> None:
    """Keep what a platform brought as approved claims: its yearly cap counts them with all others."""
    platform = db.session.get_one(Platform, batch.platform_id)
    sources = db.session.execute(
        select(HourEntry.id, HourEntry.source).where(HourEntry.id.in_(list(entry_ids)))
    )
    became = {row.source.rsplit("/", 1)[0]: row.id for row in sources}
    people = persons.people({row.member_id for row in rows})
    homes = {row.line: people[row.member_id].branch_on(date.fromisoformat(row.values["day"])) for row in rows}
    policies = posting.policies({home for home in homes.values() if home is not None})
    fresh = []
    for row in rows:
        day, occurrence = date.fromisoformat(row.values["day"]), f"takeover:{batch.id}/{row.line}"
        fresh.append(
            {
                "member_id": row.member_id,
                "unit_id": homes[row.line],
                "kind": "platform",
                "state": "approved",
                "occurrence": occurrence,
                "title": row.values["title"],
                "activity": row.values["activity"],
                "channel": "phone",
                "proof": row.values["proof"],
                "day": day,
                "minutes": row.values["minutes"],
                "uncovered": fits[row.line],
                "credit": row.values["credit"],
                "proxy_limit": rules.limits_of(policies.on(homes[row.line], day)).proxy,
                "note": row.values.get("note", ""),
                "platform_id": platform.id,
                "quantity": row.values["quantity"],
                "takeover_id": batch.id,
                "entry_id": became.get(occurrence),
                "made_by_id": batch.made_by_id,
                "made_at": batch.made_at,
                "submitted_at": batch.made_at,
                "decided_by_id": actor.account_id,
                "decided_by_member_id": actor.member_id,
                "decided_at": batch.decided_at,
                "reason": "",
            }
        )
    if fresh:
        db.session.execute(insert(HourClaim.__table__), fresh)  # type: ignore[arg-type]


@queue.handler(UNDO)
def take_back(running: queue.Running) -> dict[str, Any] | None:
    """Reverse the lines of a sheet that was taken back, and close what was held of it."""
    batch_id, reason = running.args["takeover_id"], running.args["reason"]
    total = queries.lines_that_stand(batch_id)
    gone = 0
    while done := _again(lambda: _reverse_some(batch_id, running.owner_id or 0, reason)):
        gone += done
        running.progress(gone, total)
    return {"reversed": gone}


def _reverse_some(batch_id: int, account_id: int, reason: str) -> int:
    """Reverse the next lines; 0 when none is left."""
    if _locked(batch_id, "undone") is None:
        return 0
    actor = actor_for(account_id)
    if actor is None:
        raise RuleError(GONE)
    ids = db.session.scalars(queries.entries_of(batch_id).order_by(HourEntry.id).limit(BATCH)).all()
    for row in db.session.execute(
        select(HourClaim.occurrence, HourClaim.member_id).where(
            HourClaim.state == "held", *queries.between(HourClaim.occurrence, batch_id)
        )
    ).all():
        held.withdraw(actor, row.occurrence, [row.member_id], reason=reason)
    if ids:
        hours.reverse_many(actor, ids, reason=reason)
    return len(ids)
