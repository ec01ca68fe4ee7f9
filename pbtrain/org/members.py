"""Changing what is recorded of a member. Part of the services of org.

Two people may have the same form open: each sends the version they saw, and the second is refused.
"""

import hashlib
from datetime import date
from typing import Any

from sqlalchemy import select, update

from pbtrain.accounts.models import Account
from pbtrain.audit import services as audit
from pbtrain.core import clock, crypto, repeats
from pbtrain.core.db import db
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.core.marks import N_
from pbtrain.org import services
from pbtrain.org.access import Actor
from pbtrain.org.kinds import CATEGORIES, FLOWS
from pbtrain.org.models import Member, Unit
from pbtrain.org.names import pinyin
from pbtrain.org.numbers import read_mobile, read_number
from pbtrain.org.roles import Perm
from pbtrain.org.roster.match import ID_PURPOSE
from pbtrain.org.uploads.cells import mask_id

NARROW = ("phone", "flow", "flow_place")  # what the branch itself knows best and may mend
WIDE = ("name", "sex", "born_on", "joined_on", "stage", "category", *NARROW)
STALE = N_("Somebody else has changed this member meanwhile. Compare both below, then save what is right.")
TWIN = N_(
    "%(name)s stands in this branch already, with all that was entered here. For another person of that name "
    "enter the phone or the birthday as well."
)


def version_of(row: Any) -> str:
    """16 hex digits that change with anything one can edit; `row` is a Member or a row of its columns."""
    told = [str(getattr(row, name) or "") for name in (*WIDE, "id_lookup")]
    return hashlib.sha256("\x1f".join(told).encode()).hexdigest()[:16]


def check_new(unit_id: int, facts: dict[str, Any]) -> None:
    """RuleError where somebody of whom the very same is known stands in the branch: a form sent twice, or
    two people whom nothing would tell apart."""
    repeats.alone_in(Unit, unit_id)
    told = facts | ({"phone": read_mobile(facts["phone"])} if facts.get("phone") else {})
    if repeats.earlier(Member, unit_id=unit_id, left_on=None, **told) is not None:
        raise RuleError(TWIN, field="name", name=facts["name"])


def change_member(
    actor: Actor | None,
    member_id: int,
    *,
    version: str | None = None,
    id_number: str | None = None,
    **facts: Any,
) -> list[str]:
    """Correct what is known of a member, and return which facts changed; the login follows name and phone.

    `facts` are columns of WIDE; with those of NARROW alone the branch secretary may do it. `id_number` ""
    removes it. Conflict at the field "version" when the member is not any more what the actor saw.
    """
    narrow = id_number is None and facts.keys() <= set(NARROW)
    member = services.member_of(actor, Perm.MEMBER_MEND if narrow else Perm.ROSTER_MANAGE, member_id)
    if version is not None and version != version_of(member):
        raise Conflict(STALE, field="version")
    _check_words(facts)
    if facts.get("phone"):
        facts["phone"] = read_mobile(facts["phone"])
    changed = [name for name in facts if getattr(member, name) != facts[name]]
    for name in changed:
        setattr(member, name, facts[name])
    if id_number is not None and _set_id_number(member, id_number):
        changed.append("id_number")
    _check_number(member)
    _check_days(member)
    if "name" in changed:
        member.pinyin = pinyin(member.name)
    if member.account_id is not None and {"name", "phone"} & set(changed):
        db.session.execute(
            update(Account)
            .where(Account.id == member.account_id)
            .values(name=member.name, phone=member.phone or None)
        )
    if changed:
        audit.record(actor, "member.changed", f"member:{member_id}", unit_id=member.unit_id, fields=changed)
    return changed


def _check_words(facts: dict[str, Any]) -> None:
    for name, words in (("category", CATEGORIES), ("flow", FLOWS)):
        if facts.get(name) and facts[name] not in words:
            raise RuleError(N_("Choose one of the list."), field=name)
    if "flow" in facts and not facts["flow"]:
        facts["flow_place"] = ""  # a place belongs to a flow


def _check_days(member: Member) -> None:
    """Nobody joined before birth, was born tomorrow or joins tomorrow."""
    today = clock.today()
    for name in ("born_on", "joined_on"):
        day = getattr(member, name)
        if day is not None and day > today:
            raise RuleError(N_("The date lies in the future."), field=name)
    if member.born_on and member.joined_on and member.joined_on <= member.born_on:
        raise RuleError(N_("The joining date lies before the birth date."), field="joined_on")


def _set_id_number(member: Member, text: str) -> bool:
    """Seal a checked ID number (GB 11643-1999); the trail never holds it. False when it is the old one."""
    if not text:
        had = member.id_lookup is not None
        member.id_number, member.id_lookup, member.id_shown = None, None, ""
        return had
    number = read_number(text)
    found = crypto.lookup(number, ID_PURPOSE)
    if found == member.id_lookup:
        return False
    taken = db.session.scalar(select(Member.id).where(Member.id_lookup == found, Member.id != member.id))
    if taken is not None:
        raise RuleError(N_("This ID number belongs to another member."), field="id_number")
    member.id_number, member.id_lookup = crypto.encrypt(number, ID_PURPOSE), found
    member.id_shown = mask_id(number)
    return True


def _check_number(member: Member) -> None:
    """Birth date and sex follow from the ID number where they are not recorded, and never contradict it."""
    if member.id_number is None:
        return
    number = crypto.decrypt(member.id_number, ID_PURPOSE)
    born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    sex = "M" if int(number[16]) % 2 else "F"
    member.born_on, member.sex = member.born_on or born, member.sex or sex
    for field, told in (("born_on", born), ("sex", sex)):
        if getattr(member, field) != told:
            raise RuleError(N_("Does not agree with the ID number."), field=field)


def find_by_number(text: str) -> Any:
    """Conditions that find members by a phone or an ID number, without asking the database for the latter."""
    digits = "".join(ch for ch in text if ch.isalnum())
    if len(digits) == 18:
        return Member.id_lookup == crypto.lookup(read_number(digits), ID_PURPOSE)
    return Member.phone == digits
