"""Taking back a written roster: all that can be, in one transaction; what stays is named in its line.

People who vanish leave an empty row: the ledger's rows of sums are never deleted, no id is given twice.
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import String, case, cast, delete, func, literal, or_, select, update
from sqlalchemy.exc import IntegrityError

from pbtrain.accounts import races
from pbtrain.accounts.models import Account, LoginSession, Slip
from pbtrain.audit import services as audit
from pbtrain.core import bulk, clock
from pbtrain.core.batches import batched
from pbtrain.core.db import db, is_postgresql
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.core.marks import N_
from pbtrain.org.access import Actor, may
from pbtrain.org.erasure import EMPTIED
from pbtrain.org.models import Affiliation, Member, Post, RoleGrant, RosterImport, StatusSpan
from pbtrain.org.roles import Perm
from pbtrain.org.roster.back import Undoing, state_of
from pbtrain.org.roster.merge import LOCK, doubled
from pbtrain.org.roster.plan import ACCOUNT, MEMBER, ROW

STALE = N_("The roster has just changed. Nothing was taken back: look at the page again.")
TWICE = N_("This import has been taken back already.")
TWICE_BY = N_("%(name)s has taken this import back already, at %(when)s.")
NEVER = N_("This import was not written, so there is nothing to take back.")
OLD = N_("The lines of this import are no longer kept, so it cannot be taken back.")
NOBODY = "已撤回"  # is stored where the name was
CHUNK = 1_000
EMPTY_LOGIN: dict[str, Any] = {
    "name": NOBODY,
    "phone": None,
    "email": None,
    "password_hash": None,
    "pseudonym_key": None,
}


def check(actor: Actor, import_id: int) -> Any:
    """The import, if it can be taken back; RuleError or Conflict says why not."""
    one = state_of(import_id)
    if not may(actor, Perm.ROSTER_MANAGE, one.unit_id):
        raise RuleError(N_("This unit is outside your scope."))
    if one.undone_at is not None:
        raise _twice(import_id)
    if one.state != "written":
        raise Conflict(NEVER)
    if not one.kept:
        raise RuleError(OLD)
    return one


def _twice(import_id: int) -> Conflict:
    return races.lost_to(TWICE_BY, TWICE, f"roster:{import_id}", "roster.undone")


def undo(actor: Actor, found: Undoing) -> None:
    """Take it back, in the caller's transaction; Conflict when somebody was faster or the roster changed.

    The caller also closes the years of those who vanish and settles those of `settle`: hours lie above.
    """
    if is_postgresql():
        db.session.execute(select(func.pg_advisory_xact_lock(LOCK)))
    unit_id = db.session.scalar(
        update(RosterImport)
        .where(
            RosterImport.id == found.import_id,
            RosterImport.state == "written",
            RosterImport.undone_at.is_(None),
        )
        .values(undone_at=clock.now())
        .returning(RosterImport.unit_id)
    )
    if unit_id is None:
        raise _twice(found.import_id)
    try:
        _take_back(found)
        _vanish(found)
    except IntegrityError:
        raise Conflict(STALE) from None
    _leave(found)
    if doubled({post.unit_id for _, _, post, _, _ in found.reopened}, clock.today()):
        raise Conflict(STALE)
    _name_stays(found)
    audit.record(
        actor,
        "roster.undone",
        f"roster:{found.import_id}",
        unit_id=unit_id,
        vanished=len(found.gone),
        left=len(found.left),
        back=len(found.back),
        moved=len(found.moved),
        stayed=len({one.line for one in found.stays}),
    )


def _take_back(found: Undoing) -> None:
    """What the batch gave goes, what it changed is as before; each value must still be as planned."""
    _all(delete(RoleGrant).where(RoleGrant.post_id.in_(bulk.among(found.posts))))
    _exactly(delete(Post).where(Post.id.in_(bulk.among(found.posts))), found.posts)
    _exactly(delete(StatusSpan).where(StatusSpan.id.in_(bulk.among(found.statuses))), found.statuses)
    _exactly(delete(Affiliation).where(Affiliation.id.in_(bulk.among(found.spans))), found.spans)
    for one in found.updates:
        one.send(STALE)


def _vanish(found: Undoing) -> None:
    """Empty the rows of new people and their logins, and remove their ties."""
    now, today = clock.now(), clock.today()
    ids = [member_id for member_id, _, _ in found.gone]
    logins = [account_id for _, account_id, _ in found.gone if account_id is not None]
    members, accounts = bulk.among(ids), bulk.among(logins)
    for owner in (RoleGrant.account_id, Slip.account_id):
        _all(delete(owner.class_).where(owner.in_(accounts)))
    for owner in (Post.member_id, Affiliation.member_id, StatusSpan.member_id):
        _all(delete(owner.class_).where(owner.in_(members)))
    new = EMPTIED | {"name": NOBODY, "pinyin": "", "unit_id": None, "left_on": today, "erased_at": now}
    _exactly(update(Member).where(Member.id.in_(members), Member.erased_at.is_(None)).values(new), ids)
    login = EMPTY_LOGIN | {"disabled_at": now, "username": literal("undone-") + cast(Account.id, String)}
    _exactly(
        update(Account).where(Account.id.in_(accounts), Account.activated_at.is_(None)).values(login), logins
    )


def _all(statement: Any) -> int:
    """How many rows a set-based change reached; no object of the session is looked at for it."""
    done: Any = db.session.execute(statement, execution_options={"synchronize_session": False})
    return int(done.rowcount)


def _exactly(statement: Any, ids: Sequence[int]) -> None:
    """So many rows, or somebody was faster."""
    if _all(statement) != len(ids):
        raise Conflict(STALE)


def _leave(found: Undoing) -> None:
    """Who is already in use leaves the roster today: no login, no posts, the history stays."""
    now, today = clock.now(), clock.today()
    for some in batched(found.left, CHUNK):
        members = [member_id for member_id, _, _ in some]
        accounts = [account_id for _, account_id, _ in some if account_id is not None]
        bulk.update(
            MEMBER, ("left_on",), bulk.native(MEMBER, ("id", "left_on"), [(m, today) for m in members])
        )
        values = bulk.native(ACCOUNT, ("id", "disabled_at"), [(a, now) for a in accounts])
        bulk.update(ACCOUNT, ("disabled_at",), values)
        for table, owner, ids in (
            (Post, Post.member_id, members),
            (RoleGrant, RoleGrant.account_id, accounts),
        ):
            ends = case((table.valid_from > today, table.valid_from), else_=today)
            still = or_(table.valid_until.is_(None), table.valid_until > today)
            db.session.execute(update(table).where(owner.in_(ids), still).values(valid_until=ends))
        entrances: tuple[tuple[Any, Any], ...] = (
            (Slip, Slip.closed_at),
            (LoginSession, LoginSession.ended_at),
        )
        for entrance, closed in entrances:
            mine = (entrance.account_id.in_(accounts), closed.is_(None))
            db.session.execute(update(entrance).where(*mine).values({closed.key: now}))


def _name_stays(found: Undoing) -> None:
    """Keep in each line what was not taken back of it, and why."""
    by_row: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for one in found.stays:
        by_row[one.row_id].append((one.field, one.message))
    bulk.update(ROW, ("errors_json",), [(key, json.dumps(why)) for key, why in by_row.items()])
