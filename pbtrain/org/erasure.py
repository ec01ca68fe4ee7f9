"""Erasing a person who has left: the data go, the ledger keeps hours under a pseudonym. Part of the services.

With `pseudonym_key` goes the only thing that ties the pseudonym in the ledger to this person; the chain of
hashes holds on, because the pseudonym itself was hashed, never the name.
"""

from typing import Any

from sqlalchemy import delete, func, or_, select, update

from pbtrain.accounts import erasure as accounts
from pbtrain.audit import services as audit
from pbtrain.core import clock
from pbtrain.core.db import UNKEYED, db
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.core.marks import N_
from pbtrain.org import personal, tree
from pbtrain.org.access import Actor
from pbtrain.org.models import Affiliation, CareSpan, DataReport, Member, RoleGrant, RosterRow
from pbtrain.org.names import new_code
from pbtrain.org.roles import Perm

NAME = "已注销"  # is stored, and stands in the ledger's pages where the name was
EMPTIED: dict[str, Any] = {
    "sex": "",
    "born_on": None,
    "joined_on": None,
    "category": "",
    "phone": None,
    "id_number": None,
    "id_lookup": None,
    "id_shown": "",
    "flow": "",
    "flow_place": "",
    "pseudonym_key": None,
}


def check_erasable(actor: Actor | None, member: Any) -> None:
    """Only who has left is erased, once, and by somebody else."""
    if member.erased_at is not None:
        raise Conflict(N_("The data of this person were erased."))
    if member.left_on is None or member.left_on > clock.today():
        raise RuleError(N_("Only who has left the roster is erased. Take the person off the roster first."))
    if actor is not None and actor.member_id == member.id:
        raise RuleError(N_("You cannot do this to yourself."))


def erase(actor: Actor | None, member_id: int, *, reason: str) -> int | None:
    """Empty everything personal, for good; returns the account, whose messages are the caller's to remove.

    Branches, posts and days of care stay, and the day of joining the Party of who stood in a branch before:
    the targets of the years that are over follow from them. What people wrote in free text (titles, reasons,
    the trail) is not searched for names.
    """
    reason = personal.check_reason(reason)
    member = db.session.get(Member, member_id, with_for_update=UNKEYED, populate_existing=True)
    if member is None:
        raise RuleError(N_("This person is not on the roster."))
    tree.demand(actor, Perm.ROSTER_MANAGE, member.unit_id)
    check_erasable(actor, member)
    _forget_lines(member)
    code = new_code("X")
    stood = db.session.scalar(
        select(func.min(Affiliation.valid_from)).where(Affiliation.member_id == member_id)
    )
    admitted = member.joined_on if member.joined_on and stood and member.joined_on > stood else None
    for name, value in (EMPTIED | {"joined_on": admitted}).items():
        setattr(member, name, value)
    member.code, member.erased_at = code, clock.now()
    member.name = f"{NAME}{code[-4:]}"
    member.pinyin = "yizhuxiao yzx"
    db.session.execute(update(CareSpan).where(CareSpan.member_id == member_id).values(reason=""))
    db.session.execute(delete(DataReport).where(DataReport.member_id == member_id))
    if member.account_id is not None:
        _end_roles(member.account_id)
        accounts.forget(member.account_id, name=member.name)
    audit.record(actor, "member.erased", f"member:{member_id}", unit_id=member.unit_id, reason=reason)
    return member.account_id


def _forget_lines(member: Member) -> None:
    """Remove what rosters said of this person; the line that brought the person names only the code."""
    brought = RosterRow.values_json.contains(f'"{member.code}"', autoescape=True)
    db.session.execute(
        delete(RosterRow)
        .where(or_(RosterRow.member_id == member.id, (RosterRow.outcome == "new") & brought))
        .execution_options(synchronize_session=False)
    )


def _end_roles(account_id: int) -> None:
    today = clock.today()
    db.session.execute(
        update(RoleGrant)
        .where(
            RoleGrant.account_id == account_id,
            or_(RoleGrant.valid_until.is_(None), RoleGrant.valid_until > today),
        )
        .values(valid_until=today)
    )
