"""Sheets of earlier hours: sent, handed in, confirmed or refused by the level above, taken back.

Nothing here commits or reads the request. The ledger is written by the jobs of `work`. Every act
moves the row by a conditional UPDATE of the version the person saw: who comes second hears who was faster.
"""

from collections.abc import Sequence
from typing import Any, BinaryIO

from sqlalchemy import select, update

from pbtrain.accounts import races
from pbtrain.audit import services as audit
from pbtrain.claims import evidence, lookups
from pbtrain.claims.evidence import Piece
from pbtrain.claims.models import Takeover
from pbtrain.claims.takeover import queries, rules, work
from pbtrain.core import clock, images, papers, storage
from pbtrain.core.db import db
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.core.i18n import in_chinese
from pbtrain.core.marks import N_
from pbtrain.core.storage import StoredFile
from pbtrain.hours.rules import check_reason
from pbtrain.notify.services import Note, enqueue_many
from pbtrain.org.access import Actor
from pbtrain.org.uploads import files
from pbtrain.org.uploads.cells import shown

FASTER = N_("%(name)s has decided on this sheet already, at %(when)s.")
MOVED = N_("Somebody has changed this sheet meanwhile.")
ACTS = (
    "takeover.submitted", "takeover.dropped", "takeover.confirmed", "takeover.refused", "takeover.undone"
)  # fmt: skip
TOLD = {
    "confirmed": N_("Confirmed: %(name)s"),
    "refused": N_("Not confirmed: %(name)s"),
    "undone": N_("Taken back: %(name)s"),
}


def start(
    actor: Actor, unit_id: int, *, platform_id: int | None, year: int, name: str, stream: BinaryIO
) -> int:
    """Take a sheet for a unit in which the caller found that the actor makes them; returns its id.

    RuleError when it is plainly no list, of a wrong year, or a file that was sent before and still stands.
    """
    rules.check_year(year, today=clock.today())
    if platform_id and platform_id not in {one.id for one in lookups.platforms_for(unit_id)}:
        raise RuleError(N_("Choose one of the platforms of the list."), "platform")
    data, sha256 = files.receive(stream)
    known = _sent_before(unit_id, sha256)
    if known is not None:
        raise RuleError(N_("This very file was sent before: sheet %(number)s."), "file", number=known)
    file = StoredFile(
        sha256=storage.put(data),
        size=len(data),
        mime="application/octet-stream",
        name=shown("", name)[:200] or "?",
        unit_id=unit_id,
        made_by_id=actor.account_id,
    )
    db.session.add(file)
    db.session.flush()  # the batch names file.id
    batch = Takeover(
        unit_id=unit_id,
        kind="platform" if platform_id else "takeover",
        platform_id=platform_id or None,
        year=year,
        state="reading",
        file_id=file.id,
        name=file.name,
        made_by_id=actor.account_id,
    )
    db.session.add(batch)
    db.session.flush()  # the job and the audit event name batch.id
    work.ask(work.READ, batch.id, actor)
    audit.record(
        actor, "takeover.uploaded", f"takeover:{batch.id}", unit_id=unit_id, sha256=sha256, kind=batch.kind
    )
    return batch.id


def _sent_before(unit_id: int, sha256: str) -> int | None:
    """The sheet of this unit that came as the very same file and still stands, if any."""
    return db.session.scalar(
        select(Takeover.id)
        .join(StoredFile, StoredFile.id == Takeover.file_id)
        .where(
            StoredFile.sha256 == sha256,
            Takeover.unit_id == unit_id,
            Takeover.state.in_(rules.LIVE),
        )
        .limit(1)
    )


def hand_in(actor: Actor, batch_id: int, version: int, *, piece: Piece | None, reason: str) -> None:
    """Give it to the level above, with a scan of the paper or the reason why there is none."""
    batch = _seen(batch_id, version)
    if batch.made_by_id != actor.account_id:
        raise RuleError(N_("Only who sent the sheet hands it in."))
    if batch.rows == 0:
        raise RuleError(N_("There is no row that can be taken over. Correct the sheet and send it again."))
    rules.check_grounds(scan=piece is not None, reason=reason)
    reason = check_reason(reason) if reason.strip() else ""
    scan_id = _keep(actor, batch.unit_id, piece) if piece else None
    unit_id, rows = batch.unit_id, batch.rows
    _move(batch_id, version, ("preview",), state="submitted", scan_id=scan_id, reason=reason)
    audit.record(actor, "takeover.submitted", f"takeover:{batch_id}", unit_id=unit_id, rows=rows)


def _keep(actor: Actor, unit_id: int, piece: Piece) -> int:
    about: dict[str, Any] = {"unit_id": unit_id, "made_by_id": actor.account_id}
    if piece.picture is not None:
        return int(images.keep(piece.picture, piece.name, **about).id)
    return int(papers.keep(piece.paper, piece.name, **about).id)


def read_scan(content: bytes, name: str) -> Piece:
    """A scan, made harmless like any evidence; RuleError beside its field."""
    try:
        return evidence.read(content, name)
    except RuleError as error:
        raise RuleError(error.message, "scan", **error.params) from error


def drop(actor: Actor, batch_id: int, version: int) -> None:
    """Forget a sheet that was not handed in."""
    batch = _seen(batch_id, version)
    unit_id = batch.unit_id
    _move(batch_id, version, ("preview",), state="dropped")
    queries.forget_rows(batch_id)
    audit.record(actor, "takeover.dropped", f"takeover:{batch_id}", unit_id=unit_id)


def confirm(actor: Actor, batch_id: int, version: int) -> None:
    """The level above confirms: a job writes all rows into the ledger in the confirmer's name."""
    batch = _decided(actor, batch_id, version)
    _move(
        batch_id, version, ("submitted",),
        state="confirmed", decided_by_id=actor.account_id, decided_at=clock.now(),
    )  # fmt: skip
    work.ask(work.POST, batch_id, actor)
    audit.record(actor, "takeover.confirmed", f"takeover:{batch_id}", unit_id=batch.unit_id, rows=batch.rows)
    _tell(batch, "confirmed")


def refuse(actor: Actor, batch_id: int, version: int, *, reason: str) -> None:
    """The level above does not confirm it, and says why."""
    reason = check_reason(reason)
    batch = _decided(actor, batch_id, version)
    _move(
        batch_id, version, ("submitted",),
        state="refused", decided_by_id=actor.account_id, decided_at=clock.now(),
    )  # fmt: skip
    audit.record(actor, "takeover.refused", f"takeover:{batch_id}", unit_id=batch.unit_id, reason=reason)
    _tell(batch, "refused", reason)


def undo(actor: Actor, batch_id: int, version: int, *, reason: str) -> None:
    """Take a confirmed sheet back: a job reverses its lines, each with the reason."""
    reason = check_reason(reason)
    batch = _decided(actor, batch_id, version)
    if batch.state == "confirmed" and not queries.is_over(batch_id, work.POST):
        raise RuleError(N_("Its rows are still being written. Wait until that is done."))
    if queries.is_sealed(batch_id):
        raise RuleError(rules.SEALED, year=batch.year)
    _move(batch_id, version, ("confirmed",), state="undone")
    work.ask(work.UNDO, batch_id, actor, reason=reason)
    audit.record(actor, "takeover.undone", f"takeover:{batch_id}", unit_id=batch.unit_id, reason=reason)
    _tell(batch, "undone", reason)


class _Told:
    """A sheet as it stood before it was moved: moving drops what was read."""

    def __init__(self, batch: Takeover) -> None:
        self.id, self.unit_id, self.name, self.rows = batch.id, batch.unit_id, batch.name, batch.rows
        self.made_by_id, self.version, self.state, self.year = (
            batch.made_by_id, batch.version, batch.state, batch.year,
        )  # fmt: skip


def _decided(actor: Actor, batch_id: int, version: int) -> _Told:
    """The sheet as the person saw it; RuleError for their own sheet or hours."""
    batch = _seen(batch_id, version)
    own = queries.has_rows_of(batch_id, actor.member_id)
    if not queries.is_above(actor, batch.unit_id):
        raise RuleError(N_("The level above decides on this sheet."))
    rules.check_confirmer(batch.made_by_id, actor.account_id, own=own)
    return _Told(batch)


def _seen(batch_id: int, version: int) -> Takeover:
    batch = db.session.get(Takeover, batch_id, populate_existing=True)
    if batch is None or batch.version != version:
        raise faster(batch_id)
    return batch


def _move(batch_id: int, version: int, states: Sequence[str], **values: Any) -> None:
    moved = db.session.execute(
        update(Takeover)
        .where(Takeover.id == batch_id, Takeover.version == version, Takeover.state.in_(states))
        .values(version=Takeover.version + 1, **values)
        .returning(Takeover.id)
        .execution_options(synchronize_session=False)
    ).first()
    if moved is None:
        raise faster(batch_id)
    db.session.expire_all()


def faster(batch_id: int) -> Conflict:
    """The refusal for whoever came second."""
    return races.lost_to(FASTER, MOVED, f"takeover:{batch_id}", *ACTS)


def _tell(batch: _Told, what: str, reason: str = "") -> None:
    if batch.made_by_id is not None:
        enqueue_many(
            [
                Note(
                    account_id=batch.made_by_id,
                    about=f"takeover:{batch.id}:{what}",
                    subject=in_chinese(TOLD[what], name=batch.name[:100]),
                    body=reason,
                    link=f"/takeovers/{batch.id}",
                )
            ]
        )
