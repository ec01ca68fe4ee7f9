"""信息有误: a member says that something recorded is wrong, the branch answers. Part of the services."""

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, update

from pbtrain.accounts import races
from pbtrain.accounts.models import Account
from pbtrain.audit import services as audit
from pbtrain.core import clock, repeats
from pbtrain.core.db import db
from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_
from pbtrain.org import tree
from pbtrain.org.access import Actor, units_where
from pbtrain.org.kinds import REPORTABLE
from pbtrain.org.models import DataReport, Member, RoleGrant, Unit
from pbtrain.org.queries import is_on
from pbtrain.org.roles import MAY, Perm, Role

OPEN_AT_ONCE = 5
ANSWERED = N_("%(name)s has answered this report already, at %(when)s.")
ANSWERS = {"mended": N_("Mended"), "kept": N_("Right as it stands")}
FOR_MANAGERS = [key for key, (_label, mendable) in REPORTABLE.items() if not mendable]


def make_report(actor: Actor, *, subject: str, text: str) -> DataReport:
    """Say that a fact about oneself is wrong; flushes for the id. At most five wait at one time. The very
    same, sent again while it waits, is the one there is."""
    if actor.member_id is None or actor.unit_id is None:
        raise RuleError(N_("You stand in no branch. Tell an administrator."))
    if subject not in REPORTABLE:
        raise RuleError(N_("Choose one of the list."), field="subject")
    repeats.alone_in(Member, actor.member_id)
    known = repeats.earlier(
        DataReport, member_id=actor.member_id, unit_id=actor.unit_id, subject=subject, text=text, state="open"
    )
    if known is not None:
        return db.session.get_one(DataReport, known)
    waiting = db.session.scalar(
        select(func.count()).where(DataReport.member_id == actor.member_id, DataReport.state == "open")
    )
    if (waiting or 0) >= OPEN_AT_ONCE:
        raise RuleError(
            N_("%(count)s reports of yours wait already. Wait for an answer."), count=OPEN_AT_ONCE
        )
    report = DataReport(member_id=actor.member_id, unit_id=actor.unit_id, subject=subject, text=text)
    db.session.add(report)
    db.session.flush()  # the audit event names it
    audit.record(
        actor, "data.reported", f"member:{actor.member_id}", unit_id=actor.unit_id, report=report.id,
        subject=subject,
    )  # fmt: skip
    return report


def answer(actor: Actor, report_id: int, *, state: str, text: str) -> Any:
    """Say what was done; returns member_id, account_id and subject of the report. Conflict when it was
    answered already; nobody answers a report of their own."""
    row = db.session.execute(
        select(DataReport.member_id, DataReport.subject, Member.unit_id, Member.account_id)
        .join(Member, Member.id == DataReport.member_id)
        .where(DataReport.id == report_id)
    ).first()
    if row is None:
        raise RuleError(N_("This report does not exist."))
    tree.demand(actor, Perm.MEMBER_MEND, row.unit_id)
    if row.member_id == actor.member_id:
        raise RuleError(N_("Somebody else answers what you reported yourself."))
    if state not in ANSWERS:
        raise RuleError(N_("Choose one of the list."), field="state")
    moved = db.session.execute(
        update(DataReport)
        .where(DataReport.id == report_id, DataReport.state == "open")
        .values(state=state, answer=text, decided_by_id=actor.account_id, decided_at=clock.now())
    )
    if moved.rowcount != 1:  # type: ignore[attr-defined]
        by, at = db.session.execute(
            select(DataReport.decided_by_id, DataReport.decided_at).where(DataReport.id == report_id)
        ).one()
        raise races.lost(ANSWERED, N_("This report has been answered already."), by, at)
    audit.record(
        actor, "data.answered", f"member:{row.member_id}", unit_id=row.unit_id, report=report_id, state=state
    )
    return row


def waits_for(actor: Actor) -> ColumnElement[bool]:
    """Open reports that are this person's to answer: all of the branches they lead; of the others within
    reach those that only a keeper of the roster can mend, or where nobody else leads the branch."""
    own = {grant.unit_id for grant in actor.grants if MAY[grant.role].view == "secretary"}
    led = (
        select(RoleGrant.id)
        .where(
            RoleGrant.unit_id == Member.unit_id,
            RoleGrant.role == Role.BRANCH_SECRETARY,
            RoleGrant.account_id != Member.account_id,
            is_on(RoleGrant, clock.today()),
        )
        .exists()
    )
    return and_(
        DataReport.state == "open",
        DataReport.member_id != (actor.member_id or 0),
        or_(
            Member.unit_id.in_(own),
            and_(
                Member.unit_id.in_(units_where(actor, Perm.ROSTER_MANAGE)),
                or_(DataReport.subject.in_(FOR_MANAGERS), ~led),
            ),
        ),
    )


def count_waiting(actor: Actor) -> Select[tuple[int]]:
    """How many wait for this person: a statement, to be part of a larger one."""
    return (
        select(func.count(DataReport.id))
        .join(Member, Member.id == DataReport.member_id)
        .where(waits_for(actor))
        .correlate(None)
    )


def _reports() -> Select[Any]:
    return (
        select(
            DataReport.id, DataReport.member_id, DataReport.subject, DataReport.text, DataReport.state,
            DataReport.answer, DataReport.made_at, DataReport.decided_at,
            Member.name, Member.code, Member.unit_id, Unit.name.label("unit_name"),
            Account.name.label("decider"),
        )
        .join(Member, Member.id == DataReport.member_id)
        .join(Unit, Unit.id == Member.unit_id)
        .outerjoin(Account, Account.id == DataReport.decided_by_id)
    )  # fmt: skip


def reports(actor: Actor, show: str = "") -> Select[Any]:
    """Reports within reach: "" what waits for this person, "open" all that wait, "done" the answered ones."""
    inside = and_(
        Member.unit_id.in_(units_where(actor, Perm.MEMBER_MEND)),
        DataReport.member_id != (actor.member_id or 0),
    )
    if show == "done":
        return _reports().where(inside, DataReport.state != "open").order_by(DataReport.id.desc())
    which = and_(inside, DataReport.state == "open") if show == "open" else waits_for(actor)
    return _reports().where(which).order_by(DataReport.id)


def report_in_reach(actor: Actor, report_id: int) -> Any:
    """One report that this person may answer, or None."""
    return db.session.execute(
        _reports().where(DataReport.id == report_id, Member.unit_id.in_(units_where(actor, Perm.MEMBER_MEND)))
    ).first()


def reports_of(member_id: int, limit: int = 50) -> list[Any]:
    """What a member has reported, the newest first, with the answers."""
    return list(
        db.session.execute(
            _reports().where(DataReport.member_id == member_id).order_by(DataReport.id.desc()).limit(limit)
        )
    )
