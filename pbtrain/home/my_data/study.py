"""What 我的资料 takes home of claims, their evidence, sheets of earlier hours and statements of hours."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, select

from pbtrain.accounts.models import Account
from pbtrain.claims import rules
from pbtrain.claims.models import ClaimStep, Evidence, EvidenceLook, Takeover, TakeoverRow
from pbtrain.claims.takeover import rules as takeover_rules
from pbtrain.classes.models import Certificate
from pbtrain.closing.models import Statement, StatementLook
from pbtrain.core.db import db
from pbtrain.core.i18n import N_, _
from pbtrain.core.storage import StoredFile
from pbtrain.hours.activities import ACTIVITIES
from pbtrain.hours.models import HourClaim
from pbtrain.org.models import Unit


@dataclass(frozen=True)
class Part:
    """One table of the file: its label, the columns by key, and the rows."""

    label: str
    columns: dict[str, str]
    rows: Sequence[Sequence[Any]]


def label(table: dict[str, Any], key: str) -> str:
    """The word for a stored key, in the reader's language; "" for none."""
    found = table.get(key, "")
    return _(getattr(found, "label", found)) if found else ""


def everything(member_id: int) -> dict[str, Part]:
    """All tables of study, beside the ledger itself, that name this person; eight statements."""
    return {
        "claims": _claims(member_id),
        "claim_steps": _steps(member_id),
        "evidence": _evidence(member_id),
        "evidence_looks": _looks(
            N_("Who looked at your photos"),
            select(EvidenceLook.at, Account.name, StoredFile.name)
            .join(Evidence, Evidence.id == EvidenceLook.evidence_id)
            .join(StoredFile, StoredFile.id == Evidence.file_id)
            .join(HourClaim, HourClaim.id == Evidence.claim_id)
            .outerjoin(Account, Account.id == EvidenceLook.account_id)
            .where(HourClaim.member_id == member_id)
            .order_by(EvidenceLook.id),
        ),
        "takeover_rows": _takeover_rows(member_id),
        "statements": _statements(member_id),
        "certificates": _certificates(member_id),
        "statement_looks": _looks(
            N_("Looks at your statements"),
            select(StatementLook.at, StatementLook.visitor, Statement.made_at)
            .join(Statement, Statement.id == StatementLook.statement_id)
            .where(Statement.member_id == member_id)
            .order_by(StatementLook.id),
        ),
    }


def _hours(hundredths: int | None) -> Decimal | None:
    return None if hundredths is None else Decimal(hundredths) / 100


def _claims(member_id: int) -> Part:
    query = (
        select(
            HourClaim.id, HourClaim.day, HourClaim.activity, HourClaim.title, HourClaim.minutes,
            HourClaim.credit, HourClaim.proof, HourClaim.state, HourClaim.note, HourClaim.reason,
            HourClaim.made_at, HourClaim.submitted_at, HourClaim.decided_at,
        )
        .where(HourClaim.member_id == member_id)
        .order_by(HourClaim.id)
    )  # fmt: skip
    columns = {
        "number": N_("Number"), "day": N_("Day"), "activity": N_("Kind"), "title": N_("What was studied"),
        "minutes": N_("Minutes"), "hours": N_("Hours"), "proof": N_("Proof level"), "state": N_("State"),
        "note": N_("Remark"), "reason": N_("Reason"), "made": N_("Written"), "sent": N_("Handed in"),
        "decided": N_("Decided"),
    }  # fmt: skip
    rows = [
        [
            row.id, row.day, label(ACTIVITIES, row.activity), row.title, row.minutes, _hours(row.credit),
            row.proof, label(rules.STATES, row.state), *row[8:],
        ]
        for row in db.session.execute(query)
    ]  # fmt: skip
    return Part(N_("Claims"), columns, rows)


def _steps(member_id: int) -> Part:
    query = (
        select(ClaimStep.claim_id, ClaimStep.at, ClaimStep.act, Account.name, ClaimStep.reason)
        .join(HourClaim, HourClaim.id == ClaimStep.claim_id)
        .outerjoin(Account, Account.id == ClaimStep.by_id)
        .where(HourClaim.member_id == member_id)
        .order_by(ClaimStep.id)
    )
    columns = {
        "number": N_("Number"), "at": N_("When"), "what": N_("What"), "who": N_("Who"), "reason": N_("Reason")
    }  # fmt: skip
    rows = [
        [number, at, label(rules.ACTS, act), who, reason]
        for number, at, act, who, reason in db.session.execute(query)
    ]
    return Part(N_("What happened to your claims"), columns, rows)


def _evidence(member_id: int) -> Part:
    query = (
        select(
            Evidence.claim_id, StoredFile.name, StoredFile.mime, StoredFile.size, Evidence.sha256,
            Evidence.made_at,
        )
        .join(StoredFile, StoredFile.id == Evidence.file_id)
        .join(HourClaim, HourClaim.id == Evidence.claim_id)
        .where(HourClaim.member_id == member_id)
        .order_by(Evidence.id)
    )  # fmt: skip
    columns = {
        "claim": N_("Number of the claim"), "name": N_("File"), "type": N_("Kind"), "bytes": N_("Bytes"),
        "hash": N_("Check code"), "at": N_("Sent"),
    }  # fmt: skip
    return Part(N_("Photos and papers of claims"), columns, [list(row) for row in db.session.execute(query)])


def _looks(what: str, query: Select[Any]) -> Part:
    columns = {"at": N_("When"), "who": N_("Who"), "what": N_("What")}
    return Part(what, columns, [list(row) for row in db.session.execute(query)])


def _takeover_rows(member_id: int) -> Part:
    query = (
        select(Takeover.name, TakeoverRow.line, TakeoverRow.values, TakeoverRow.outcome, Unit.name)
        .join(Takeover, Takeover.id == TakeoverRow.takeover_id)
        .join(Unit, Unit.id == Takeover.unit_id)
        .where(TakeoverRow.member_id == member_id)
        .order_by(TakeoverRow.id)
    )
    columns = {
        "sheet": N_("Sheet"), "unit": N_("Unit"), "line": N_("Line"), "day": N_("Day"),
        "activity": N_("Kind"), "title": N_("What was studied"), "minutes": N_("Minutes"),
        "hours": N_("Hours"), "note": N_("Remark"), "state": N_("State"),
    }  # fmt: skip
    rows = [
        [
            sheet, unit, line, values.get("day"), label(ACTIVITIES, values.get("activity", "")),
            values.get("title"), values.get("minutes"), _hours(values.get("credit")), values.get("note"),
            label(takeover_rules.OUTCOMES, outcome),
        ]
        for sheet, line, values, outcome, unit in db.session.execute(query)
    ]  # fmt: skip
    return Part(N_("Rows of sheets of earlier hours"), columns, rows)


def _statements(member_id: int) -> Part:
    query = (
        select(
            Statement.since, Statement.until, Unit.name.label("unit"), Statement.facts, Statement.made_at,
            Statement.revoked_at, Statement.reason,
        )
        .join(Unit, Unit.id == Statement.unit_id)
        .where(Statement.member_id == member_id)
        .order_by(Statement.id)
    )  # fmt: skip
    columns = {
        "since": N_("First day"), "until": N_("Last day"), "unit": N_("Branch"), "hours": N_("Hours"),
        "at": N_("Made on"), "revoked": N_("Revoked"), "reason": N_("Reason"),
    }  # fmt: skip
    rows = [
        [
            row.since,
            row.until,
            row.unit,
            _hours(row.facts["counted"]),
            row.made_at,
            row.revoked_at,
            row.reason,
        ]
        for row in db.session.execute(query)
    ]
    return Part(N_("Statements of study hours"), columns, rows)


def _certificates(member_id: int) -> Part:
    query = (
        select(
            Certificate.number, Certificate.facts, Certificate.issued_on, Certificate.valid_until,
            Certificate.revoked_at, Certificate.revoked_why,
        )
        .where(Certificate.member_id == member_id)
        .order_by(Certificate.id)
    )  # fmt: skip
    columns = {
        "number": N_("Number"), "title": N_("Title"), "text": N_("Text"), "hours": N_("Hours"),
        "at": N_("Given on"), "until": N_("Valid until"), "revoked": N_("Revoked"), "reason": N_("Reason"),
    }  # fmt: skip
    rows = [
        [number, facts["title"], facts["text"], _hours(facts["credit"]), *rest]
        for number, facts, *rest in db.session.execute(query)
    ]
    return Part(N_("Certificates"), columns, rows)
