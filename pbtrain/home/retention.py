"""How long each kind of data is kept, from what source, and the daily job that removes what is older.

Every removal is a short transaction of at most 1,000 rows with its own line in the audit trail; a second run
finds nothing. Hours, the trail and the roster itself are not touched here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select

from pbtrain.accounts.models import (
    FactorCode,
    KnownDevice,
    LoginSession,
    LoginTry,
    PasswordLink,
    Slip,
)
from pbtrain.audit import services as audit
from pbtrain.audit.models import AuditEvent
from pbtrain.claims import keeping
from pbtrain.claims.models import Evidence, EvidenceLook
from pbtrain.claims.rules import OPEN
from pbtrain.classes.models import Certificate, CertificateStyle
from pbtrain.classes.papers import NAME as CLASS_FILE
from pbtrain.classes.rules import entry
from pbtrain.classes.rules.enrolment import PHONE_DAYS
from pbtrain.classes.services import entry as entry_lists
from pbtrain.classes.services import keeping as enrolment
from pbtrain.classes.services.guests import forget_phones
from pbtrain.closing.models import StatementLook
from pbtrain.core import clock
from pbtrain.core.db import db, transaction
from pbtrain.core.marks import N_
from pbtrain.core.queue import Job
from pbtrain.core.storage import StoredFile
from pbtrain.hours.models import HourClaim
from pbtrain.notify.models import Delivery, Message
from pbtrain.org.models import Academy, DataReport, RosterImport
from pbtrain.org.roster import old as roster_old
from pbtrain.policies.jobs import TRIAL_FILE

CHUNK = 1_000
REMOVED, RAN = "retention.removed", "retention.ran"
RUNS_SHOWN = 14
PIPL = N_("PIPL Art. 19: no longer than the purpose needs")
SIX_MONTHS = N_("Cybersecurity Law: logs at least six months")


@dataclass(frozen=True)
class Kind:
    """One kind of data: days it is kept (None: for good), why so long, and how what is older is removed."""

    label: str
    source: str
    days: int | None = None
    sweep: Callable[[datetime, int], int] | None = None  # (made before, at most so many rows) -> removed


def _rows(table: Any, old: Callable[[datetime], ColumnElement[bool]]) -> Callable[[datetime, int], int]:
    """Removes rows of one table."""

    def sweep(before: datetime, limit: int) -> int:
        some = select(table.id).where(old(before)).order_by(table.id).limit(limit)
        gone = db.session.execute(delete(table).where(table.id.in_(some)))
        return int(gone.rowcount)  # type: ignore[attr-defined]

    return sweep


def _messages(before: datetime, limit: int) -> int:
    """Messages with what was sent of them; one that is still to go out stays."""
    waits = select(Delivery.id).where(
        Delivery.message_id == Message.id, Delivery.state.in_(("new", "claimed"))
    )
    some = list(
        db.session.scalars(
            select(Message.id)
            .where(Message.created_at < before, ~waits.exists())
            .order_by(Message.id)
            .limit(limit)
        )
    )
    db.session.execute(delete(Delivery).where(Delivery.message_id.in_(some)))
    db.session.execute(delete(Message).where(Message.id.in_(some)))
    return len(some)


def _ended(table: Any, *ends: str) -> Callable[[datetime], ColumnElement[bool]]:
    """Rows one of whose ends lies before that moment."""
    return lambda before: or_(*(getattr(table, name) < before for name in ends))


def _decided_looks(before: datetime) -> ColumnElement[bool]:
    """Looks at pictures of claims nobody decides on any more."""
    decided = select(Evidence.id).join(HourClaim, HourClaim.id == Evidence.claim_id)
    decided = decided.where(HourClaim.state.not_in(OPEN))
    return and_(EvidenceLook.at < before, EvidenceLook.evidence_id.in_(decided))


def _pictured(name: str) -> ColumnElement[str]:
    """A picture that certificates were given with: they are drawn with it for good."""
    return Certificate.facts[name].as_string()


def _loose_files(before: datetime) -> ColumnElement[bool]:
    """Files no row refers to, but for trials, which have days of their own."""
    columns = [
        column
        for table in StoredFile.metadata.sorted_tables
        for column in table.columns
        if any(key.column is StoredFile.__table__.c.id for key in column.foreign_keys)
    ]
    return and_(
        StoredFile.created_at < before,
        StoredFile.name.not_like(f"{TRIAL_FILE}%"),
        *(~exists().where(column == StoredFile.id) for column in columns),
        ~exists().where(Academy.seal == StoredFile.sha256),
        ~exists().where(CertificateStyle.signature == StoredFile.sha256),
        *(~exists().where(_pictured(name) == StoredFile.sha256) for name in ("seal", "signature")),
    )


RETENTION: dict[str, Kind] = {
    "roster_rows": Kind(
        N_("Lines of roster files, and the files"), PIPL, 30, roster_old.forget_rows
    ),
    "login_tries": Kind(
        N_("Failed sign-ins, as the lock-out counts them"), PIPL, 1,
        _rows(LoginTry, lambda before: LoginTry.at < before),
    ),
    "sessions": Kind(
        N_("Sign-ins that have ended: device and time"), SIX_MONTHS, 190,
        _rows(LoginSession, _ended(LoginSession, "ended_at", "ends_at")),
    ),
    "slips": Kind(
        N_("Slips with a code, used or expired"), SIX_MONTHS, 190, _rows(Slip, _ended(Slip, "closed_at"))
    ),
    "links": Kind(
        N_("Links for a new password, used or expired"), PIPL, 30,
        _rows(PasswordLink, _ended(PasswordLink, "used_at", "expires_at")),
    ),
    "codes": Kind(
        N_("One-time codes that were used"), PIPL, 30, _rows(FactorCode, _ended(FactorCode, "used_at"))
    ),
    "devices": Kind(
        N_("Devices that no longer stand for a second factor"), PIPL, 30,
        _rows(KnownDevice, _ended(KnownDevice, "revoked_at", "ends_at")),
    ),
    "messages": Kind(N_("Messages of the inbox"), PIPL, 400, _messages),
    "data_reports": Kind(
        N_("Reports of wrong data that were answered"), PIPL, 400,
        _rows(DataReport, lambda before: and_(DataReport.state != "open", DataReport.decided_at < before)),
    ),
    "jobs": Kind(
        N_("Finished background jobs"), PIPL, 90,
        _rows(
            Job,
            lambda before: and_(
                Job.state.in_(("done", "failed")),
                func.coalesce(Job.finished_at, Job.created_at) < before,
                ~exists().where(RosterImport.job_id == Job.id),
            ),
        ),
    ),
    "takeover_rows": Kind(
        N_("Rows of sheets of earlier hours that were not taken over, and those sheets"), PIPL, 30,
        keeping.forget_rows,
    ),
    "class_lists": Kind(
        N_("Rows of lists of people for a class, and the files"), PIPL, 30, enrolment.forget_rows
    ),
    "guest_phones": Kind(
        N_("Mobile numbers of guests, counted from the end of their class"), PIPL, PHONE_DAYS,
        forget_phones,
    ),
    "evidence_looks": Kind(
        N_("Who looked at the pictures of a claim that is decided"), PIPL, 400,
        _rows(EvidenceLook, _decided_looks),
    ),
    "statement_looks": Kind(
        N_("Who looked at a statement of hours: time and a fingerprint"), SIX_MONTHS, 190,
        _rows(StatementLook, lambda before: StatementLook.at < before),
    ),
    "trials": Kind(
        N_("Files of trials of rules: numbers and hours, no names"), PIPL, 90,
        _rows(
            StoredFile,
            lambda before: and_(StoredFile.name.like(f"{TRIAL_FILE}%"), StoredFile.created_at < before),
        ),
    ),
    "entry_lists": Kind(
        N_("ID numbers on lists of who enters a site, days after the visit"), PIPL, entry.KEPT_DAYS,
        entry_lists.purge,
    ),
    "class_files": Kind(
        N_("Files of classes as one ZIP: names, attendance, photos"), PIPL, 7,
        _rows(
            StoredFile,
            lambda before: and_(StoredFile.name.like(f"{CLASS_FILE}%"), StoredFile.created_at < before),
        ),
    ),
    "files": Kind(
        N_("Files that nothing refers to any more"), PIPL, 30, _rows(StoredFile, _loose_files)
    ),
    "members": Kind(
        N_("The roster: until an administrator erases a person who has left"),
        N_("The duty to keep a roster; PIPL Art. 47"),
    ),
    "trail": Kind(N_("The audit trail"), SIX_MONTHS),
    "ledger": Kind(
        N_("The ledger of hours: of an erased person under a pseudonym"),
        N_("The duty to keep a training ledger"),
    ),
    "certificates": Kind(
        N_("Certificates: of an erased person without name or text, and revoked"),
        N_("The duty to keep a training ledger"),
    ),
    "claims": Kind(
        N_("Claims, what proves them, statements of hours: of an erased person without pictures or names"),
        N_("The duty to keep a training ledger"),
    ),
}  # fmt: skip


def sweep_old() -> dict[str, int]:
    """Remove what has been kept long enough; returns rows by kind. Harmless when repeated or cut short."""
    now, removed = clock.now(), {}
    for key, kind in RETENTION.items():
        if kind.sweep is not None and kind.days is not None:
            removed[key] = _sweep(key, kind.sweep, now - timedelta(days=kind.days))
    with transaction():
        audit.record(None, RAN, "retention:all", removed=removed)
    return removed


def _sweep(key: str, sweep: Callable[[datetime, int], int], before: datetime) -> int:
    total = 0
    while True:
        with transaction():
            count = sweep(before, CHUNK)
            if count:
                audit.record(
                    None, REMOVED, f"retention:{key}", rows=count, before=before.isoformat(timespec="seconds")
                )
        if not count:
            return total
        total += count


def runs() -> list[Any]:
    """The last runs of the job, the newest first: at, and rows removed by kind; one statement."""
    return list(
        db.session.execute(
            select(AuditEvent.at, AuditEvent.detail)
            .where(AuditEvent.target == "retention:all", AuditEvent.action == RAN)
            .order_by(AuditEvent.id.desc())
            .limit(RUNS_SHOWN)
        )
    )
