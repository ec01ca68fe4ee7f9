"""Units, members with what they own, and the visitors who ask."""

from datetime import date, timedelta
from typing import Any

from flask import Flask

from pbtrain.accounts.models import KnownDevice, LoginSession, Slip
from pbtrain.core import clock
from pbtrain.core.queue import Job
from pbtrain.core.tokens import fingerprint, new_token
from pbtrain.notify.models import Delivery, Message
from pbtrain.org.models import (
    CareSpan,
    DataReport,
    Member,
    Post,
    RoleGrant,
    RosterCopy,
    RosterImport,
    RosterRow,
    StatusSpan,
    Unit,
    UnitClosure,
    UnitLink,
)
from pbtrain.org.roles import Role
from tests.support.cast import DAYS, TREE, Visitor, line_of
from tests.support.client import sign
from tests.support.world.classes import add_certificates, add_classes
from tests.support.world.learning import add_learning, add_studies
from tests.support.world.ledger import add_claim, add_policies
from tests.support.world.meetings import add_meeting
from tests.support.world.rows import LONG_AGO, Rows


def add_units(rows: Rows) -> dict[str, Unit]:
    """Both trees with their dated links; by the names of TREE."""
    made: dict[str, Unit] = {}
    for name, (kind, parent) in TREE.items():
        parent_id = made[parent].id if parent else None
        unit = rows.add(
            Unit(
                name=f"示例{name}",
                code=f"U{rows.next():05}",
                kind=kind,
                parent_id=parent_id,
                valid_from=LONG_AGO,
            )
        )
        made[name] = unit
        rows.session.add(UnitLink(unit_id=unit.id, parent_id=parent_id, valid_from=LONG_AGO))
        for depth, above in enumerate([name, *line_of(name)]):
            rows.session.add(UnitClosure(above_id=made[above].id, below_id=unit.id, depth=depth))
    return made


def fill(rows: Rows, unit: Unit, person: Member) -> dict[str, Any]:
    """Everything one place has, with this member in it; the ids under the names routes use."""
    account_id = person.account_id or 0
    author = rows.account("author")
    rows.session.add(
        RoleGrant(account_id=author.id, unit_id=unit.id, role=Role.COURSE_AUTHOR, valid_from=LONG_AGO)
    )
    role = RoleGrant(
        account_id=rows.account("holder").id, unit_id=unit.id, role=Role.UNIT_AUDITOR, valid_from=LONG_AGO
    )
    ids = {
        "unit_id": unit.id,
        "branch_id": unit.id,
        "member_id": person.id,
        "account_id": account_id,
        "author_id": author.id,
        "grant_id": rows.add(role).id,
        "post_id": rows.add(
            Post(member_id=person.id, unit_id=unit.id, kind="committee_member", valid_from=LONG_AGO)
        ).id,
        "care_id": rows.add(CareSpan(member_id=person.id, valid_from=date(2026, 9, 1))).id,
        "status_id": rows.add(
            StatusSpan(member_id=person.id, kind="cadre_township", valid_from=date(2026, 9, 1))
        ).id,
        "report_id": rows.add(
            DataReport(member_id=person.id, unit_id=unit.id, subject="phone", text="示例")
        ).id,
        "year": 2026,
        "code": "short",
        "number": 1,
        "kind": "single",
        "key": "ledger",
        "filename": "dist/none.css",
    }
    ids |= add_policies(rows, unit)
    ids |= add_own(rows, account_id) | add_learning(rows, unit, person) | add_meeting(rows, unit, person)
    ids |= add_office(rows, unit, account_id) | add_classes(rows, unit)
    return ids


def add_own(rows: Rows, account_id: int) -> dict[str, Any]:
    """What belongs to one login."""
    message = rows.add(
        Message(account_id=account_id, about="behind:2026-09", subject="示例提醒", body="示例", link="/")
    )
    token = new_token()
    signed = rows.add(
        LoginSession(
            account_id=account_id,
            token_hash=fingerprint(token),
            ends_at=clock.now() + timedelta(days=1),
            idle_minutes=24 * 60,
            factor_at=clock.now(),
            proved_at=clock.now(),
        )
    )
    known = rows.add(
        KnownDevice(account_id=account_id, token_hash=fingerprint(new_token()), ends_at=signed.ends_at)
    )
    delivery = rows.add(Delivery(message_id=message.id, channel="email", state="parked", next_at=clock.now()))
    return {
        "message_id": message.id,
        "session_id": signed.id,
        "delivery_id": delivery.id,
        "device_id": known.id,
        "token": token,
    }


def add_office(rows: Rows, unit: Unit, account_id: int) -> dict[str, Any]:
    """What lies on the desk of whoever runs this unit: a job, a roster to be checked, a slip, a copy."""
    job = rows.add(Job(kind="示例", state="failed", owner_id=account_id, args={"unit_id": unit.id}))
    roster = rows.add(
        RosterImport(
            unit_id=unit.id,
            actor_id=account_id,
            file_name="示例.xlsx",
            file_hash=f"{rows.next():064x}",
            state="preview",
            job_id=job.id,
        )
    )
    rows.session.add(
        RosterRow(
            import_id=roster.id,
            line=2,
            outcome="refused",
            name="示例",
            values_json="{}",
            errors_json="[]",
        )
    )
    slip = rows.add(
        Slip(
            account_id=account_id,
            code_hash=f"{rows.next():064x}",
            expires_at=clock.now() + timedelta(days=30),
        )
    )
    copy = rows.add(
        RosterCopy(
            unit_id=unit.id,
            taken_by_id=account_id,
            reason="示例理由",
            people=1,
            due_on=date(2026, 12, 31),
        )
    )
    return {"job_id": job.id, "import_id": roster.id, "slip_id": slip.id, "copy_id": copy.id}


def add_visitor(
    rows: Rows,
    app: Flask,
    name: str,
    home: str,
    unit: Unit,
    role: Role | None,
    stands_there: bool,
    ids: dict[str, Any],
) -> Visitor:
    """Somebody signed in at this home, with the role (of the days in DAYS) and things of their own."""
    mine: dict[str, Any] = {}
    if stands_there:
        member = rows.person(name, unit)
        account_id = member.account_id or 0
        mine |= add_studies(rows, member, ids) | {"member_id": member.id}
        draft = add_claim(rows, member.id, unit, "draft")
        mine |= {"draft_claim_id": draft.id} | add_certificates(rows, unit, member.id)
    else:
        account_id = rows.account(name).id
    mine |= add_own(rows, account_id) | {"account_id": account_id}
    if role is not None:
        first, end = DAYS.get(name, (None, None))
        rows.session.add(
            RoleGrant(
                account_id=account_id,
                unit_id=unit.id,
                role=role,
                valid_from=LONG_AGO if first is None else clock.today() + timedelta(days=first),
                valid_until=None if end is None else clock.today() + timedelta(days=end),
            )
        )
    return Visitor(name, home, sign(app, mine.pop("token")), account_id, mine)
