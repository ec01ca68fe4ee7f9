"""How long what claims leave behind is kept, and what goes with a person who is erased. Part of the services.

A claim that became a line is part of the ledger and stays, without pictures and remarks once its person is
erased. Of a sheet of earlier hours stay what was confirmed, its counts and the paper that proves it.
"""

from datetime import datetime

from sqlalchemy import delete, select, update

from pbtrain.audit import services as audit
from pbtrain.claims import rules
from pbtrain.claims.models import Evidence, EvidenceLook, Takeover, TakeoverRow
from pbtrain.claims.services import step
from pbtrain.core.db import db
from pbtrain.core.storage import StoredFile
from pbtrain.hours.models import HourClaim
from pbtrain.org.access import Actor
from pbtrain.org.models import Member

REMARKS = ("note", "near", "overlaps")  # of a row of a sheet, beside day, study and hours
GIVEN_UP = ("refused", "dropped", "undone")  # sheets nobody takes into the ledger, or not any more


def forget(actor: Actor | None, member_id: int) -> None:
    """Somebody is erased: pictures, papers and remarks go, what still waits is withdrawn.

    Before the member's number is emptied: refused rows of sheets know it alone. The contents of the files go
    with the nightly sweep; the history of a claim is append-only and stays.
    """
    claims = select(HourClaim.id).where(HourClaim.member_id == member_id)
    proofs = select(Evidence.id).where(Evidence.claim_id.in_(claims))
    files = db.session.scalars(select(Evidence.file_id).where(Evidence.claim_id.in_(claims))).all()
    waiting = db.session.scalars(claims.where(HourClaim.state.in_(rules.OPEN)).order_by(HourClaim.id)).all()
    quiet = {"synchronize_session": False}
    db.session.execute(
        delete(EvidenceLook).where(EvidenceLook.evidence_id.in_(proofs)).execution_options(**quiet)
    )
    db.session.execute(delete(Evidence).where(Evidence.claim_id.in_(claims)).execution_options(**quiet))
    db.session.execute(delete(StoredFile).where(StoredFile.id.in_(files)).execution_options(**quiet))
    mine = update(HourClaim).where(HourClaim.member_id == member_id).execution_options(**quiet)
    db.session.execute(mine.values(note="", reason="", quantity=None))
    db.session.execute(
        mine.where(HourClaim.id.in_(waiting)).values(state="withdrawn", version=HourClaim.version + 1)
    )
    step(actor, waiting, "withdrawn")
    _forget_rows_of(member_id)


def _forget_rows_of(member_id: int) -> None:
    """Rows of sheets in the ledger keep day, study and hours; refused ones with this person's number go."""
    code = select(Member.code).where(Member.id == member_id).scalar_subquery()
    named = TakeoverRow.values["code"].as_string() == code
    db.session.execute(
        delete(TakeoverRow)
        .where(TakeoverRow.outcome == "refused", named)
        .execution_options(synchronize_session=False)
    )
    rows = db.session.execute(
        select(TakeoverRow.id, TakeoverRow.values)
        .where(TakeoverRow.member_id == member_id)
        .order_by(TakeoverRow.id)
    ).all()
    for row in rows:
        kept = {name: value for name, value in row.values.items() if name not in REMARKS}
        db.session.execute(
            update(TakeoverRow).where(TakeoverRow.id == row.id).values(values=kept, errors=None)
        )


def forget_rows(before: datetime, limit: int) -> int:
    """Remove up to `limit` rows of sheets sent before that moment that nobody will take over: refused rows,
    and all rows of sheets that were given up or never handed in; returns how many.

    A sheet given up lets go of its file and scan; its counts stay. One never handed in is dropped.
    """
    _drop_forgotten(before)
    over = select(Takeover.id).where(Takeover.made_at < before)
    given_up = over.where(Takeover.state.in_(GIVEN_UP))
    some = (
        select(TakeoverRow.id)
        .where(
            (
                TakeoverRow.takeover_id.in_(over.where(Takeover.state != "reading"))
                & (TakeoverRow.outcome == "refused")
            )
            | TakeoverRow.takeover_id.in_(given_up)
        )
        .order_by(TakeoverRow.id)
        .limit(limit)
    )
    gone = db.session.execute(delete(TakeoverRow).where(TakeoverRow.id.in_(some)))
    db.session.execute(
        update(Takeover)
        .where(Takeover.id.in_(given_up), Takeover.file_id.is_not(None) | Takeover.scan_id.is_not(None))
        .values(file_id=None, scan_id=None)
        .execution_options(synchronize_session=False)
    )
    return int(gone.rowcount)  # type: ignore[attr-defined]


def _drop_forgotten(before: datetime) -> None:
    """Sheets that were read and never handed in."""
    dropped = db.session.execute(
        update(Takeover)
        .where(Takeover.made_at < before, Takeover.state == "preview")
        .values(state="dropped", version=Takeover.version + 1)
        .returning(Takeover.id, Takeover.unit_id)
        .execution_options(synchronize_session=False)
    ).all()
    for row in dropped:
        audit.record(None, "takeover.dropped", f"takeover:{row.id}", unit_id=row.unit_id)
