"""What the ledger tells its people: whose line it cancels, whose own line waits or was decided.

In Chinese, for it is read later and by another.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select

from pbtrain.core import clock
from pbtrain.core.db import db
from pbtrain.core.formatting import hours, short_day
from pbtrain.core.i18n import in_chinese
from pbtrain.core.marks import N_
from pbtrain.hours import rules
from pbtrain.hours.models import HourClaim
from pbtrain.notify.services import Note, enqueue_many
from pbtrain.org.access import Actor
from pbtrain.org.models import Member, Post
from pbtrain.org.queries import is_on


def tell_reversed(actor: Actor | None, lines: Iterable[Any], reason: str) -> None:
    """Tell each member whose lines (id, member_id, day, title, credit) were reversed that they were and why.

    A note for each line, which its link opens; none for who did it, nor for a member without a login. The
    same few statements for any number of lines.
    """
    lines = list(lines)
    rows = db.session.execute(
        select(Member.id, Member.account_id)
        .where(Member.id.in_(sorted({line.member_id for line in lines})), Member.account_id.is_not(None))
        .order_by(Member.id)
    )
    doer = actor.account_id if actor else None
    logins = {row.id: row.account_id for row in rows if row.account_id != doer}
    subject = N_("%(hours)s hours no longer count: %(title)s, %(day)s")
    body = N_("Reason: %(why)s. The line stays in your year, struck out. If you see it otherwise, ask your "
              "branch secretary.")  # fmt: skip
    enqueue_many(
        Note(
            account_id=logins[line.member_id],
            about=f"line:{line.id}:reversed",
            subject=in_chinese(subject, hours=hours(line.credit), title=line.title, day=short_day(line.day)),
            body=in_chinese(body, why=reason.rstrip("。.")),
            link=f"/hours/lines/{line.id}",
        )
        for line in lines
        if line.member_id in logins
    )


def ask_others(actor: Actor, claims: Iterable[dict[str, Any]]) -> None:
    """Ask the others who lead the branch, each once for an occasion, to confirm the recorder's own lines."""
    own = {claim["unit_id"]: claim for claim in claims if claim["kind"] == rules.HELD_OWN}
    rows = db.session.execute(
        select(Post.unit_id, Member.account_id)
        .join(Member, Member.id == Post.member_id)
        .where(Post.unit_id.in_(sorted(own)), is_on(Post, clock.today()))
        .where(Member.account_id.is_not(None), Member.id != actor.member_id)
        .distinct()
        .order_by(Post.unit_id, Member.account_id)
    )
    subject = N_("Please confirm the hours of %(name)s: %(title)s, %(day)s")
    body = N_("%(name)s recorded this meeting and was there. The recorder's own line waits until another "
              "committee member or the level above confirms it.")  # fmt: skip
    enqueue_many(
        Note(
            account_id=row.account_id,
            about=f"{own[row.unit_id]['occurrence']}:own:{actor.member_id}",
            subject=in_chinese(
                subject,
                name=actor.name,
                title=own[row.unit_id]["title"],
                day=short_day(own[row.unit_id]["day"]),
            ),
            body=in_chinese(body, name=actor.name),
            link="/confirm",
        )
        for row in rows
    )


def tell_decided(actor: Actor, claims: Iterable[HourClaim], reason: str = "") -> None:
    """Tell whoever recorded a meeting what became of their own line of it: confirmed, or the `reason`."""
    subject = N_("Not confirmed: %(title)s, %(day)s") if reason else N_("Confirmed: %(title)s, %(day)s")
    body = (
        N_("%(name)s did not confirm your own hours of this meeting: %(why)s.")
        if reason
        else N_("%(name)s confirmed your own hours of this meeting.")
    )
    enqueue_many(
        Note(
            account_id=claim.made_by_id,
            about=f"claim:{claim.id}:decided",
            subject=in_chinese(subject, title=claim.title, day=short_day(claim.day)),
            body=in_chinese(body, name=actor.name, why=reason.rstrip("。.")),
            link="/hours",
        )
        for claim in claims
        if claim.kind == rules.HELD_OWN and claim.made_by_id is not None
    )
