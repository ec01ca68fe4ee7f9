"""What the ledger tells its people: whose line it cancels, whose own line waits or was decided.

In Chinese, for it is read later and by another.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import select

from pbtrain.core.db import db
from pbtrain.core.formatting import hours, short_day
from pbtrain.core.i18n import in_chinese
from pbtrain.core.marks import N_
from pbtrain.hours import confirming, rules
from pbtrain.hours.models import HourClaim
from pbtrain.notify.services import Note, enqueue_many
from pbtrain.org.access import Actor
from pbtrain.org.models import Member


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
    """Ask others, each once for an occasion, to confirm the recorder's own lines: who else leads the branch,
    and where nobody does, the level above."""
    own = {claim["unit_id"]: claim for claim in claims if claim["kind"] == rules.HELD_OWN}
    leading = confirming.who_else_leads(own, actor)
    alone = [unit_id for unit_id in own if unit_id not in leading]
    above = confirming.who_judges(alone, actor) if alone else {}
    by_leader = N_("%(name)s recorded this meeting and was there. The recorder's own line waits until "
                   "another committee member or the level above confirms it.")  # fmt: skip
    from_above = N_("%(name)s recorded this meeting and was there. Nobody else leads this branch: the own "
                    "line waits until you or another of the level above confirm it.")  # fmt: skip
    enqueue_many(
        note
        for asked, body, link in ((leading, by_leader, "/confirm"), (above, from_above, "/appeals"))
        for unit_id, account_ids in asked.items()
        for note in _requests(actor, own[unit_id], account_ids, in_chinese(body, name=actor.name), link)
    )


def _requests(
    actor: Actor, claim: dict[str, Any], account_ids: Iterable[int], body: str, link: str
) -> Iterator[Note]:
    """The note about an own line for each of these accounts."""
    subject = in_chinese(
        N_("Please confirm the hours of %(name)s: %(title)s, %(day)s"),
        name=actor.name,
        title=claim["title"],
        day=short_day(claim["day"]),
    )
    about = f"{claim['occurrence']}:own:{actor.member_id}"
    return (Note(account_id, about, subject, body, link) for account_id in account_ids)


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
