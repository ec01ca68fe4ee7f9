"""What the ledger tells a member whose line it cancels: in Chinese, for it is read later and by another."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select

from pbtrain.core.db import db
from pbtrain.core.formatting import hours, short_day
from pbtrain.core.i18n import in_chinese
from pbtrain.core.marks import N_
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
