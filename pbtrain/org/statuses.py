"""Cadres, and who is suspended or abroad: dated facts that decide what is asked. Part of the services."""

from datetime import date

from sqlalchemy import select

from pbtrain.audit import services as audit
from pbtrain.core.db import db
from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_
from pbtrain.org import rules
from pbtrain.org.access import Actor
from pbtrain.org.kinds import STATUSES
from pbtrain.org.models import StatusSpan
from pbtrain.org.roles import Perm
from pbtrain.org.services import end_span, member_of


def set_status(
    actor: Actor | None, member_id: int, *, kind: str, valid_from: date, valid_until: date | None
) -> StatusSpan:
    """Record that a member is a cadre, suspended or abroad in these days. A new rank ends the one before;
    RuleError where else a span of the same tie covers one of these days."""
    member = member_of(actor, Perm.ROSTER_MANAGE, member_id)
    rules.check_span(valid_from, valid_until)
    tie = STATUSES[kind].tie
    spans = db.session.scalars(
        select(StatusSpan)
        .where(StatusSpan.member_id == member_id)
        .where(StatusSpan.kind.in_([key for key, one in STATUSES.items() if one.tie == tie]))
        .order_by(StatusSpan.id)
    ).all()
    for span in spans:
        if tie == "cadre" and span.kind != kind and span.valid_from < valid_from and not span.valid_until:
            span.valid_until = valid_from
        if rules.overlaps((valid_from, valid_until), (span.valid_from, span.valid_until)):
            raise RuleError(
                N_("Something is recorded for these days already. End it first."), field="valid_from"
            )
    made = StatusSpan(member_id=member_id, kind=kind, valid_from=valid_from, valid_until=valid_until)
    db.session.add(made)
    audit.record(
        actor, "status.set", f"member:{member_id}", unit_id=member.unit_id, kind=kind,
        since=valid_from.isoformat(), until=valid_until.isoformat() if valid_until else None,
    )  # fmt: skip
    return made


def end_status(actor: Actor | None, span_id: int) -> int:
    """End a span today; one that has not begun goes. Returns the member's id."""
    span, member = end_span(actor, StatusSpan, span_id)
    audit.record(actor, "status.ended", f"member:{member.id}", unit_id=member.unit_id, kind=span.kind)
    return member.id
