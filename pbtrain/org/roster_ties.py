"""Affiliations, posts and their roles, for many members at once: a few statements for a thousand lines."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import bindparam, case, insert, or_, select, update

from pbtrain.core.db import db
from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_
from pbtrain.org import rules
from pbtrain.org.access import Actor, units_where
from pbtrain.org.models import Affiliation, Member, Post, RoleGrant, Unit
from pbtrain.org.roles import Perm, Role

SPAN: Any = Affiliation.__table__
POST: Any = Post.__table__
GRANT: Any = RoleGrant.__table__
MEMBER: Any = Member.__table__
DAY = bindparam("day", type_=POST.c.valid_from.type)


class Line:
    """A staged row, unpacked."""

    __slots__ = ("changes", "id", "member_id", "unit_id", "unit_kind", "values")

    def __init__(self, row: Any) -> None:
        self.id, self.member_id, self.unit_id, self.unit_kind = row.id, row.member_id, row.unit_id, row.kind
        self.values: dict[str, Any] = json.loads(row.values_json)
        self.changes: dict[str, list[Any]] = json.loads(row.changes_json) if row.changes_json else {}

    def day(self, name: str) -> date | None:
        """A date of the line, None when it names none."""
        return date.fromisoformat(self.values[name]) if self.values.get(name) else None


def give_posts(actor: Actor, posts: Sequence[tuple[Line, int | None, str, date]]) -> None:
    """Posts of (line, account, kind, first day), each with the role it brings: three statements."""
    if not posts:
        return
    branches = {row.unit_id for row, *_ in posts}
    allowed = units_where(actor, Perm.GRANT_MANAGE).where(Unit.id.in_(branches))
    if set(db.session.scalars(allowed)) != branches:
        raise RuleError(N_("You may not give posts in one of these branches."))
    made = db.session.execute(
        insert(Post).returning(Post.id, Post.member_id),
        [
            {"member_id": row.member_id, "unit_id": row.unit_id, "kind": kind, "valid_from": since}
            for row, _, kind, since in posts
        ],
    )
    post_of = {member_id: post_id for post_id, member_id in made}
    grants = [
        {
            "account_id": account_id,
            "unit_id": row.unit_id,
            "role": role,
            "post_id": post_of[row.member_id],
            "valid_from": since,
            "granted_by_id": actor.account_id,
        }
        for row, account_id, kind, since in posts
        if account_id is not None and (role := rules.role_of_post(kind, row.unit_kind))
    ]
    if grants:
        db.session.execute(insert(RoleGrant), grants)


def move(rows: Sequence[Line], people: Mapping[int, Any]) -> None:
    """Close one affiliation and open the next; posts and secretary's rights in the old branch end."""
    moves = []
    for row in rows:
        person = people[row.member_id or 0]
        moves.append(
            {
                "who": person.id,
                "login": person.account_id,
                "old_unit": person.unit_id,
                "new_unit": row.unit_id,
                "day": row.day("since"),
                "same_day": person.since == row.day("since"),
            }
        )
    now_open = (SPAN.c.member_id == bindparam("who")) & SPAN.c.valid_until.is_(None)
    same_day = [one for one in moves if one["same_day"]]  # moved twice: the day belongs to the last branch
    later = [one for one in moves if not one["same_day"]]
    _send(update(SPAN).where(now_open).values(unit_id=bindparam("new_unit")), same_day, "who", "new_unit")
    _send(update(SPAN).where(now_open).values(valid_until=DAY), later, "who", "day")
    if later:
        spans = [
            {"member_id": one["who"], "unit_id": one["new_unit"], "valid_from": one["day"]} for one in later
        ]
        db.session.execute(insert(Affiliation), spans)
    here = update(MEMBER).where(MEMBER.c.id == bindparam("who")).values(unit_id=bindparam("new_unit"))
    _send(here, moves, "who", "new_unit")
    held = (POST.c.member_id == bindparam("who")) & (POST.c.unit_id == bindparam("old_unit"))
    ends = update(POST).where(held, _open(POST)).values(valid_until=_not_before(POST))
    _send(ends, moves, "who", "old_unit", "day")
    rights = (GRANT.c.account_id == bindparam("login")) & (GRANT.c.unit_id == bindparam("old_unit"))
    ends = update(GRANT).where(rights, GRANT.c.role == Role.BRANCH_SECRETARY, _open(GRANT))
    _send(ends.values(valid_until=_not_before(GRANT)), moves, "login", "old_unit", "day")


def change_posts(
    actor: Actor, rows: Sequence[Line], people: Mapping[int, Any], today: date, *, moving: bool
) -> None:
    """End the post held in the own branch and begin the one the line names, or mend its first day."""
    begin, end, mend = [], [], []
    for row in rows:
        (old, _), (new, since) = row.changes["post"]
        person, first = people[row.member_id or 0], date.fromisoformat(since)
        held = {"who": person.id, "old_unit": person.unit_id, "held": old, "day": first}
        if new == old and not moving:
            mend.append(held)
            continue
        if old != "none" and not moving:
            end.append(held)
        if new != "none":
            begin.append((row, person.account_id, new, first))
    which = (
        (POST.c.member_id == bindparam("who"))
        & (POST.c.unit_id == bindparam("old_unit"))
        & (POST.c.kind == bindparam("held"))
        & or_(POST.c.valid_until.is_(None), POST.c.valid_until > today)
    )
    of_post = GRANT.c.post_id.in_(select(POST.c.id).where(which))
    names = ("who", "old_unit", "held", "day")
    _send(update(GRANT).where(of_post).values(valid_from=DAY), mend, *names)
    _send(update(POST).where(which).values(valid_from=DAY), mend, *names)
    _send(update(GRANT).where(of_post).values(valid_until=_not_before(GRANT)), end, *names)
    _send(update(POST).where(which).values(valid_until=_not_before(POST)), end, *names)
    give_posts(actor, begin)


def _send(statement: Any, rows: Sequence[Mapping[str, Any]], *names: str) -> None:
    """One statement for all rows, each giving the named values."""
    if rows:
        values = [{name: row[name] for name in names} for row in rows]
        db.session.connection().execute(statement, values)


def _open(table: Any) -> Any:
    return or_(table.c.valid_until.is_(None), table.c.valid_until > DAY)


def _not_before(table: Any) -> Any:
    """The day, or the first day of what had not begun by then."""
    return case((table.c.valid_from > DAY, table.c.valid_from), else_=DAY)
