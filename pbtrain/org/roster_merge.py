"""Writing a previewed roster, set by set: a constant number of statements for each thousand lines.

Each chunk first looks whether the people it names are still as the preview showed them; if not, Conflict,
and the caller's transaction writes nothing.
"""

import base64
import secrets
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, func, insert, or_, select, update

from pbtrain.accounts.models import Account, new_pseudonym_key
from pbtrain.core import clock
from pbtrain.core.db import db
from pbtrain.core.errors import Conflict
from pbtrain.core.marks import N_
from pbtrain.org import roster_ties
from pbtrain.org.access import Actor, units_where
from pbtrain.org.models import Affiliation, Member, Post, RosterRow, Unit
from pbtrain.org.roles import Perm
from pbtrain.org.roster_known import posts_of
from pbtrain.org.roster_match import PLAIN, plain_value
from pbtrain.org.roster_rules import name_key
from pbtrain.org.roster_ties import MEMBER, SPAN, Line

CHUNK = 1_000
STALE = N_("The roster has changed since this preview. Nothing was written: send the file again.")
DATES = ("born_on", "joined_on")
ACCOUNT: Any = Account.__table__


def write(actor: Actor, import_id: int, read_at: datetime, *, transfers: bool) -> tuple[int, list[int]]:
    """Write new and changed people, and transfers when told to; (rows written, members touched)."""
    outcomes = ["new", "changed"] + (["transfer"] if transfers else [])
    _check_scope(actor, import_id, outcomes)
    today = clock.today()
    newest = db.session.scalar(select(func.max(Member.id))) or 0  # whoever comes after is ours
    written, touched = 0, list[int]()
    for outcome in outcomes:
        for rows in _chunks(import_id, outcome):
            if outcome == "new":
                touched += _add(actor, rows, read_at, newest)
            else:
                touched += _change(actor, rows, today, moving=outcome == "transfer")
            written += len(rows)
    _check_secretaries(import_id, today)
    return written, touched


def _chunks(import_id: int, outcome: str) -> Iterator[list[Line]]:
    last = 0
    while rows := db.session.execute(
        select(
            RosterRow.id, RosterRow.line, RosterRow.member_id, RosterRow.unit_id, Unit.kind,
            RosterRow.values_json, RosterRow.changes_json,
        )
        .outerjoin(Unit, Unit.id == RosterRow.unit_id)
        .where(RosterRow.import_id == import_id, RosterRow.outcome == outcome, RosterRow.line > last)
        .order_by(RosterRow.line)
        .limit(CHUNK)
    ).all():  # fmt: skip
        last = rows[-1].line
        yield [Line(row) for row in rows]


def _check_scope(actor: Actor, import_id: int, outcomes: list[str]) -> None:
    """Every branch named is still the actor's to manage, and still there."""
    today = clock.today()
    allowed = units_where(actor, Perm.ROSTER_MANAGE)
    lost = or_(RosterRow.unit_id.not_in(allowed), Unit.valid_until <= today)
    if db.session.scalar(
        select(RosterRow.id)
        .join(Unit, Unit.id == RosterRow.unit_id)
        .where(RosterRow.import_id == import_id, RosterRow.outcome.in_(outcomes), lost)
        .limit(1)
    ):
        raise Conflict(STALE)


def _check_secretaries(import_id: int, today: date) -> None:
    """No branch ends with two secretaries, whoever gave the other post meanwhile."""
    named = select(RosterRow.unit_id).where(RosterRow.import_id == import_id)
    if db.session.scalar(
        select(Post.unit_id)
        .where(
            Post.kind == "secretary",
            Post.unit_id.in_(named),
            or_(Post.valid_until.is_(None), Post.valid_until > today),
        )
        .group_by(Post.unit_id)
        .having(func.count() > 1)
        .limit(1)
    ):
        raise Conflict(STALE)


def _add(actor: Actor, rows: list[Line], read_at: datetime, newest: int) -> list[int]:
    """New people with login, affiliation and post; returns their ids."""
    _check_still_unknown(rows, read_at, newest)
    now = clock.now()
    names = _usernames([row.values["login"] for row in rows])
    accounts = db.session.execute(
        insert(ACCOUNT).returning(Account.id, Account.username),
        [
            {
                "username": username,
                "name": row.values["name"],
                "phone": row.values.get("phone"),
                "pseudonym_key": new_pseudonym_key(),
                "created_at": now,
            }
            for row, username in zip(rows, names, strict=True)
        ],
    )
    account_of = {username: account_id for account_id, username in accounts}
    codes = [row.values["new_code"] for row in rows]
    members = db.session.execute(
        insert(MEMBER).returning(Member.id, Member.code),
        [
            _new_member(row, account_of[username], code, now)
            for row, username, code in zip(rows, names, codes, strict=True)
        ],
    )
    member_of = {code: member_id for member_id, code in members}
    for row, code in zip(rows, codes, strict=True):
        row.member_id = member_of[code]
    db.session.execute(
        insert(SPAN),
        [
            {"member_id": row.member_id, "unit_id": row.unit_id, "valid_from": row.day("since")}
            for row in rows
        ],
    )
    posts = [
        (row, account_of[username], row.values["post"], row.day("post_since") or clock.today())
        for row, username in zip(rows, names, strict=True)
        if row.values.get("post", "none") != "none"
    ]
    roster_ties.give_posts(actor, posts)
    _each(RosterRow, ("member_id",), [{"row_id": row.id, "new_member_id": row.member_id} for row in rows])
    return list(member_of.values())


def _new_member(row: Line, account_id: int, code: str, now: datetime) -> dict[str, Any]:
    values = row.values
    sealed = values.get("id_sealed")
    return {
        "account_id": account_id,
        "unit_id": row.unit_id,
        "name": values["name"],
        "pinyin": values["pinyin"],
        "sex": values.get("sex", ""),
        "born_on": row.day("born_on"),
        "joined_on": row.day("joined_on"),
        "stage": values["stage"],
        "phone": values.get("phone"),
        "id_number": base64.b64decode(sealed) if sealed else None,
        "id_lookup": values.get("id_lookup"),
        "id_shown": values.get("id_shown", ""),
        "code": code,
        "pseudonym_key": new_pseudonym_key(),
        "created_at": now,
    }


def _check_still_unknown(rows: Sequence[Line], read_at: datetime, newest: int) -> None:
    """Nobody put one of these people on the roster after the preview was made."""
    lookups = [row.values["id_lookup"] for row in rows if "id_lookup" in row.values]
    names = {row.values["name"] for row in rows}
    since = db.session.execute(
        select(Member.name, Member.born_on, Member.id_lookup).where(
            or_(
                Member.id_lookup.in_(lookups),
                Member.name.in_(names) & (Member.created_at >= read_at) & (Member.id <= newest),
            )
        )
    ).all()
    wanted = {(name_key(row.values["name"]), row.values.get("born_on", "")) for row in rows}
    for person in since:
        if person.id_lookup in lookups or (name_key(person.name), plain_value(person.born_on)) in wanted:
            raise Conflict(STALE)


def _usernames(bases: Sequence[str]) -> list[str]:
    """A free user name for each: its base and four digits; one statement unless some are taken."""
    found: list[str] = [""] * len(bases)
    used: set[str] = set()
    waiting = list(range(len(bases)))
    while waiting:
        for index in waiting:
            while not found[index] or found[index] in used:
                found[index] = f"{bases[index]}{secrets.randbelow(9_000) + 1_000}"
            used.add(found[index])
        wanted = [found[index] for index in waiting]
        taken = set(db.session.scalars(select(Account.username).where(Account.username.in_(wanted))))
        waiting = [index for index in waiting if found[index] in taken]
    return found


def _change(actor: Actor, rows: list[Line], today: date, *, moving: bool) -> list[int]:
    """Changed facts and posts, and the branch when `moving`; returns the members' ids."""
    ids = [row.member_id for row in rows if row.member_id is not None]
    people = {
        person.id: person
        for person in db.session.execute(
            select(
                Member.id, Member.account_id, Member.unit_id, Member.left_on, Member.pinyin, Member.id_number,
                Member.id_lookup, Member.id_shown, *(getattr(Member, name) for name in PLAIN),
                Affiliation.valid_from.label("since"),
            )
            .outerjoin(Affiliation, (Affiliation.member_id == Member.id) & Affiliation.valid_until.is_(None))
            .where(Member.id.in_(ids), Member.unit_id.in_(units_where(actor, Perm.ROSTER_MANAGE)))
            .order_by(Member.id)
            .with_for_update(of=Member)
        )
    }  # fmt: skip
    posts = posts_of(ids, today)
    for row in rows:
        person = people.get(row.member_id or 0)
        if person is None or person.left_on is not None or not _as_shown(row, person, posts.get(person.id)):
            raise Conflict(STALE)
    _update_facts(rows, people)
    if moving:
        roster_ties.move(rows, people)
    roster_ties.change_posts(
        actor, [row for row in rows if "post" in row.changes], people, today, moving=moving
    )
    return ids


def _as_shown(row: Line, person: Any, post: tuple[str, date] | None) -> bool:
    """Is everything that the line changes still as the preview showed it?"""
    stays = int(row.values.get("from_unit", row.unit_id or 0))
    if person.unit_id != stays:
        return False
    for name, (old, _) in row.changes.items():
        if name in PLAIN and plain_value(getattr(person, name)) != old:
            return False
        if name == "id_number" and person.id_shown != old:
            return False
        if name == "post" and old != ([post[0], post[1].isoformat()] if post else ["none", ""]):
            return False
    return True


def _update_facts(rows: Sequence[Line], people: dict[int, Any]) -> None:
    """Member and login get what the lines say; two statements."""
    facts, logins = [], []
    for row in rows:
        person, changes = people[row.member_id or 0], row.changes
        if not (changes.keys() & {*PLAIN, "id_number"}):
            continue
        new = {name: getattr(person, name) for name in PLAIN}
        for name in new.keys() & changes.keys():
            value = changes[name][1]
            new[name] = date.fromisoformat(value) if name in DATES else value
        fact = {f"new_{name}": value for name, value in new.items()}
        fact |= {"row_id": person.id, "new_pinyin": person.pinyin}
        fact |= {f"new_{name}": getattr(person, name) for name in ("id_number", "id_lookup", "id_shown")}
        if "name" in changes:
            fact["new_pinyin"] = row.values["pinyin"]
        if "id_number" in changes:
            fact["new_id_number"] = base64.b64decode(row.values["id_sealed"])
            fact |= {f"new_{name}": row.values[name] for name in ("id_lookup", "id_shown")}
        facts.append(fact)
        if person.account_id is not None and changes.keys() & {"name", "phone"}:
            logins.append({"row_id": person.account_id, "new_name": new["name"], "new_phone": new["phone"]})
    columns = (*PLAIN, "pinyin", "id_number", "id_lookup", "id_shown")
    _each(Member, columns, facts)
    _each(Account, ("name", "phone"), logins)


def _each(model: Any, columns: Sequence[str], rows: list[dict[str, Any]]) -> None:
    """UPDATE one row of `model` for each dict of `rows`: one statement, sent many times in one go."""
    if rows:
        values = {name: bindparam(f"new_{name}", type_=getattr(model, name).type) for name in columns}
        db.session.connection().execute(
            update(model.__table__).where(model.__table__.c.id == bindparam("row_id")).values(values), rows
        )
