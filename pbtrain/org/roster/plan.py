"""What writing a previewed roster will do, worked out before anybody has to wait. Reads only.

Whoever has changed meanwhile is a Conflict already here; `merge` looks once more when it writes.
"""

import base64
import json
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, String, cast, func, select, type_coerce, union

from pbtrain.accounts.models import Account, new_pseudonym_key
from pbtrain.core import bulk, clock
from pbtrain.core.batches import batched
from pbtrain.core.db import db, is_postgresql
from pbtrain.core.errors import Conflict
from pbtrain.core.marks import N_
from pbtrain.org import rules
from pbtrain.org.models import Affiliation, Member, Post, RoleGrant, RosterRow, Unit
from pbtrain.org.roster.match import plain_value
from pbtrain.org.roster.tracks import DAY
from pbtrain.org.uploads.cells import name_key

CHUNK = 1_000
STALE = N_("The roster has changed since this preview. Nothing was written: send the file again.")
ACCOUNT: Any = Account.__table__
MEMBER: Any = Member.__table__
SPAN: Any = Affiliation.__table__
POST: Any = Post.__table__
GRANT: Any = RoleGrant.__table__
ROW: Any = RosterRow.__table__
LOGIN = ("username", "name", "phone", "pseudonym_key", "created_at")
FACTS = (
    "unit_id", "name", "pinyin", "sex", "born_on", "joined_on", "stage", "phone", "id_number", "id_lookup",
    "id_shown", "code", "category", "flow", "flow_place", "pseudonym_key", "created_at",
)  # fmt: skip
TIE = ("unit_id", "valid_from")


@dataclass(frozen=True)
class NewPost:
    """A post that begins: `who` is a member's id, or for new people their place in the plan."""

    who: int
    account_id: int | None
    unit_id: int
    kind: str
    since: date
    role: str | None


@dataclass(frozen=True)
class Newcomer:
    """A new person as the ledger has to know them."""

    unit_id: int
    since: date
    stage: str
    post: str
    post_since: date | None
    joined_on: date | None


@dataclass
class Newcomers:
    """New people, in the order of the sheet; the rows lack only the ids."""

    people: list[Newcomer] = field(default_factory=list)
    logins: list[tuple[Any, ...]] = field(default_factory=list)
    facts: list[tuple[Any, ...]] = field(default_factory=list)
    ties: list[tuple[Any, ...]] = field(default_factory=list)
    posts: list[NewPost] = field(default_factory=list)
    statuses: list[tuple[int, str, date]] = field(default_factory=list)  # (place, kind of span, first day)
    known_by: set[tuple[str, str]] = field(default_factory=set)  # name and birth date
    lookups: set[str] = field(default_factory=set)


class Line:
    """A staged row, unpacked."""

    __slots__ = ("changes", "id", "line", "member_id", "name", "unit_id", "unit_kind", "values")

    def __init__(self, row: Any) -> None:
        self.id, self.line, self.name = row.id, row.line, row.name
        self.member_id, self.unit_id, self.unit_kind = row.member_id, row.unit_id, row.kind
        self.values: dict[str, Any] = json.loads(row.values_json)
        self.changes: dict[str, list[Any]] = json.loads(row.changes_json) if row.changes_json else {}

    def day(self, name: str) -> date | None:
        """A date of the line, None when it names none."""
        return date.fromisoformat(self.values[name]) if self.values.get(name) else None


def chunks(import_id: int, outcome: str) -> Iterator[list[Line]]:
    """The staged lines of one outcome, a thousand at a time."""
    last = 0
    while rows := db.session.execute(
        select(
            RosterRow.id, RosterRow.line, RosterRow.name, RosterRow.member_id, RosterRow.unit_id, Unit.kind,
            RosterRow.values_json, RosterRow.changes_json,
        )
        .outerjoin(Unit, Unit.id == RosterRow.unit_id)
        .where(RosterRow.import_id == import_id, RosterRow.outcome == outcome, RosterRow.line > last)
        .order_by(RosterRow.line)
        .limit(CHUNK)
    ).all():  # fmt: skip
        last = rows[-1].line
        yield [Line(row) for row in rows]


def code_of() -> Any:
    """The code that the person of a staged line of outcome "new" was given: a line finds its person by it.

    So nothing needs to be written back into the lines. An erasure changes the code, and removes the line.
    """
    kept: Any = RosterRow.values_json
    values: Any = cast(kept, JSON) if is_postgresql() else type_coerce(kept, JSON)
    return values["new_code"].as_string()


def newest(model: Any) -> int:
    """The largest id so far: whoever comes later has a larger one."""
    return db.session.scalar(select(func.max(model.id))) or 0


def newcomers(import_id: int, read_at: datetime) -> Newcomers:
    """The new people of an import with login, branch and post; Conflict when one is on the roster by now."""
    found, now = Newcomers(), clock.now()
    more = bulk.defaults(MEMBER, FACTS)
    constant = tuple(more.values())
    taken: set[str] = set()
    for lines in chunks(import_id, "new"):
        _check_unknown(lines, read_at)
        names = usernames([line.values["login"] for line in lines], taken)
        taken.update(names)
        logins, facts = [], []
        for line, username in zip(lines, names, strict=True):
            values = line.values
            _note(found, line)
            logins.append((username, values["name"], values.get("phone"), new_pseudonym_key(), now))
            facts.append((*_facts(line), new_pseudonym_key(), now, *constant))
        found.logins += bulk.native(ACCOUNT, LOGIN, logins)
        found.facts += bulk.native(MEMBER, (*FACTS, *more), facts)
    found.ties = bulk.native(SPAN, TIE, ((one.unit_id, one.since) for one in found.people))
    return found


def _note(found: Newcomers, line: Line) -> None:
    """Keep what is asked of a new person beside the finished rows."""
    values, place = line.values, len(found.people)
    kind = values.get("post", "none")
    since = line.day("post_since") or clock.today() if kind != "none" else None
    found.people.append(
        Newcomer(
            line.unit_id,
            line.day("since") or clock.today(),
            values["stage"],
            kind,
            since,
            line.day("joined_on"),
        )
    )
    for track, day in DAY.items():
        if (kind_of_span := values.get(track, "none")) != "none":
            found.statuses.append((place, kind_of_span, line.day(day) or clock.today()))
    found.known_by.add((name_key(values["name"]), values.get("born_on", "")))
    if "id_lookup" in values:
        found.lookups.add(values["id_lookup"])
    if since is not None:
        role = rules.role_of_post(kind, line.unit_kind)
        found.posts.append(NewPost(place, None, line.unit_id, kind, since, role.value if role else None))


def _facts(line: Line) -> tuple[Any, ...]:
    """FACTS without the last two."""
    values = line.values
    sealed = values.get("id_sealed")
    return (
        line.unit_id,
        values["name"],
        values["pinyin"],
        values.get("sex", ""),
        line.day("born_on"),
        line.day("joined_on"),
        values["stage"],
        values.get("phone"),
        base64.b64decode(sealed) if sealed else None,
        values.get("id_lookup"),
        values.get("id_shown", ""),
        values["new_code"],
        *(values.get(name, "") for name in ("category", "flow", "flow_place")),
    )


def _check_unknown(lines: Sequence[Line], read_at: datetime) -> None:
    """Nobody put one of these people on the roster after the preview was made."""
    lookups = {line.values["id_lookup"] for line in lines if "id_lookup" in line.values}
    names = {line.values["name"] for line in lines}
    wanted = {(name_key(line.values["name"]), line.values.get("born_on", "")) for line in lines}
    who = select(Member.id, Member.name, Member.born_on, Member.id_lookup)
    numbered = who.where(Member.id_lookup.in_(bulk.among(lookups, String)))
    named = who.where(Member.name.in_(bulk.among(names, String)), Member.created_at >= read_at)
    if any(is_one_of(person, wanted, lookups) for person in db.session.execute(union(numbered, named))):
        raise Conflict(STALE)


def is_one_of(person: Any, wanted: set[tuple[str, str]], lookups: set[str]) -> bool:
    """Is this member one of those, by ID number or by name and birth date?"""
    return person.id_lookup in lookups or (name_key(person.name), plain_value(person.born_on)) in wanted


def usernames(bases: Sequence[str], taken: set[str]) -> list[str]:
    """A free user name for each: its base and digits, more of them where a name is crowded."""
    found = [""] * len(bases)
    used, waiting, most = set(taken), list(range(len(bases))), 10_000
    while waiting:
        for index in waiting:
            tries = 0
            while not found[index] or found[index] in used:
                tries += 1
                reach = most * 10 ** (tries // 5)
                found[index] = f"{bases[index]}{secrets.randbelow(reach - reach // 10) + reach // 10}"
            used.add(found[index])
        gone: set[str] = set()
        for some in batched([found[index] for index in waiting], CHUNK):
            known = select(Account.username).where(Account.username.in_(bulk.among(some, String)))
            gone.update(db.session.scalars(known))
        waiting = [index for index in waiting if found[index] in gone]
        most *= 10
    return found


def newer(model: Any, member_ids: set[int], after: int) -> bool:
    """Was one of these members given such a thing (a post, a rank, an absence) meanwhile?"""
    later = db.session.scalars(select(model.member_id).where(model.id > after).order_by(model.id))
    return any(member_id in member_ids for member_id in later)
