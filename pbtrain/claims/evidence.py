"""What proves a claim: photos and PDFs, read and measured before any row is locked. Part of the services.

Pictures are drawn anew without what they carry (place, camera); their fingerprint finds the same picture
elsewhere, whoever sent it.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from pbtrain.claims import likeness, rules
from pbtrain.claims.models import Evidence, EvidenceLook
from pbtrain.core import images, papers
from pbtrain.core.db import db, insert_new
from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_
from pbtrain.core.storage import StoredFile
from pbtrain.hours.models import HourClaim
from pbtrain.org.access import Actor

WRONG_TYPE = N_("Neither a photo nor a PDF: it was not taken.")


@dataclass(frozen=True)
class Piece:
    """One photo or paper that was read: its harmless content, and what it is known by."""

    name: str
    sha256: str  # of what was sent
    bands: tuple[int | None, ...]
    picture: images.Picture | None = None
    paper: bytes = b""


def read(content: bytes, name: str) -> Piece:
    """Make sense of what was sent, by its content; RuleError says what to do where that fails."""
    sha256 = hashlib.sha256(content).hexdigest()
    if papers.is_pdf(content):
        papers.check(content, field="files")
        return Piece(name, sha256, tuple(likeness.bands(None)), paper=content)
    try:
        picture = images.redraw(content, field="files")
    except RuleError as error:
        if error.message == images.NOT_A_PICTURE:
            raise RuleError(WRONG_TYPE, "files") from error
        raise
    return Piece(name, sha256, tuple(likeness.bands(likeness.fingerprint(picture.thumb))), picture=picture)


def add(actor: Actor, claim: HourClaim, pieces: Sequence[Piece]) -> None:
    """Keep the pieces with the claim, those it has already left out; RuleError for too many."""
    known = set(db.session.scalars(select(Evidence.sha256).where(Evidence.claim_id == claim.id)))
    fresh = {piece.sha256: piece for piece in pieces if piece.sha256 not in known}
    rules.check_files(len(known) + len(fresh))
    for piece in fresh.values():
        about = {"unit_id": claim.unit_id, "made_by_id": actor.account_id}
        if piece.picture is not None:
            file = images.keep(piece.picture, piece.name, **about)
        else:
            file = papers.keep(piece.paper, piece.name, **about)
        db.session.add(
            Evidence(
                claim_id=claim.id,
                file_id=file.id,
                sha256=piece.sha256,
                made_by_id=actor.account_id,
                **{f"band{n}": value for n, value in enumerate(piece.bands)},
            )
        )
    db.session.flush()  # the proof level asks how many there are


def has(claim_id: int, piece: Piece) -> bool:
    """Did the claim get the very same file before?"""
    same = select(Evidence.id).where(Evidence.claim_id == claim_id, Evidence.sha256 == piece.sha256)
    return db.session.scalar(same.limit(1)) is not None


def remove(claim: HourClaim, evidence_id: int) -> bool:
    """Take a piece away again; its content goes with the sweep. False when it was gone already."""
    file_id = db.session.scalar(
        select(Evidence.file_id).where(Evidence.id == evidence_id, Evidence.claim_id == claim.id)
    )
    if file_id is None:
        return False
    db.session.execute(delete(EvidenceLook).where(EvidenceLook.evidence_id == evidence_id))
    db.session.execute(delete(Evidence).where(Evidence.id == evidence_id))
    db.session.execute(delete(StoredFile).where(StoredFile.id == file_id))
    return True


def count(claim_id: int) -> int:
    """How many pieces a claim has."""
    return db.session.scalar(select(func.count(Evidence.id)).where(Evidence.claim_id == claim_id)) or 0


def unseen(actor: Actor, claim_ids: Iterable[int]) -> dict[int, int]:
    """How many pieces of these claims this person has not looked at, as {claim id: pieces}."""
    looked = select(EvidenceLook.evidence_id).where(EvidenceLook.account_id == actor.account_id)
    found = db.session.execute(
        select(Evidence.claim_id, func.count(Evidence.id))
        .where(Evidence.claim_id.in_(sorted(set(claim_ids))), Evidence.id.not_in(looked))
        .group_by(Evidence.claim_id)
    )
    return dict(found.tuples().all())


def look(account_id: int, evidence_id: int, session: Session) -> None:
    """Note that this person has looked at the piece; a second look changes nothing."""
    session.execute(insert_new(EvidenceLook).values(evidence_id=evidence_id, account_id=account_id))
