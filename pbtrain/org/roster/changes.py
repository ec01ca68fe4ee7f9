"""What an import changes on people who are on the roster: facts, branch, posts, as finished rows. Reads only.

Each row names what it expects to find, so that the writer needs to read nothing, and keeps in the staged line
what stood there before, so that the batch can be undone.
"""

import base64
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import select

from pbtrain.core import bulk, clock
from pbtrain.core.db import db
from pbtrain.core.errors import Conflict
from pbtrain.org import rules
from pbtrain.org.access import Actor, units_where
from pbtrain.org.models import Affiliation, Member, Post, RoleGrant
from pbtrain.org.roles import Perm, Role
from pbtrain.org.roster import tracks
from pbtrain.org.roster.known import posts_of
from pbtrain.org.roster.match import PLAIN, plain_value
from pbtrain.org.roster.plan import ACCOUNT, GRANT, MEMBER, POST, ROW, SPAN, STALE, Line, NewPost, chunks

DATES = ("born_on", "joined_on")
SECRET = ("id_number", "id_lookup", "id_shown")
SETTLES = {"stage", "joined_on", "post", "branch", "away"}  # what a year's hours are judged by


@dataclass
class Updates:
    """UPDATE of some columns of some rows that must still be as expected."""

    table: Any
    columns: tuple[str, ...]
    expect: tuple[str, ...] = ()
    key: str = "id"
    rows: list[tuple[Any, ...]] = field(default_factory=list)

    def finished(self) -> "Finished":
        """The same as the driver wants it."""
        rows = bulk.packed(self.table, (self.key, *self.columns, *self.expect), self.rows)
        return Finished(self.table, self.columns, self.expect, self.key, rows)


@dataclass(frozen=True)
class Finished:
    """An UPDATE of which only the sending is left."""

    table: Any
    columns: tuple[str, ...]
    expect: tuple[str, ...]
    key: str
    rows: bulk.Packed

    def send(self, stale: str = STALE) -> None:
        """Write it; Conflict, with this sentence, when a row does not hold what was expected."""
        done = bulk.update(self.table, self.columns, self.rows, expect=self.expect, key=self.key)
        if self.key == "id" and done != len(self.rows):
            raise Conflict(stale)


@dataclass
class Changes:
    """All that is changed, in the order in which it is written."""

    updates: list[Finished] = field(default_factory=list)
    spans: list[tuple[Any, ...]] = field(default_factory=list)  # (member, branch, first day)
    posts: list[NewPost] = field(default_factory=list)
    statuses: list[tuple[int, str, date]] = field(
        default_factory=list
    )  # (member, kind, first day) that begin
    members: list[int] = field(default_factory=list)
    settle: list[int] = field(default_factory=list)  # whose year is judged anew
    posted: set[int] = field(default_factory=set)  # of whom posts, rank or absence were looked at


class Gathered:
    """The rows of updates, sorted by table and columns."""

    def __init__(self) -> None:
        self.found: dict[Any, Updates] = {}

    def add(
        self,
        table: Any,
        key: Any,
        new: Mapping[str, Any],
        old: Mapping[str, Any] | None = None,
        by: str = "id",
    ) -> None:
        """Set `new` where the row with this key still holds `old`."""
        columns, expect = tuple(new), tuple(old or ())
        kind = (table.name, by, columns, expect)
        if kind not in self.found:
            self.found[kind] = Updates(table, columns, expect, by)
        self.found[kind].rows.append((key, *new.values(), *(old or {}).values()))

    def finished(self) -> list[Finished]:
        """All of them, ready for the driver."""
        return [one.finished() for one in self.found.values()]


@dataclass
class Known:
    """The people of a chunk of lines, and of some of them posts and rights as a secretary."""

    people: dict[int, Any]
    shown: dict[int, tuple[str, date]]
    posts: dict[int, list[Any]]
    rights: dict[int, list[Any]]
    statuses: dict[int, list[Any]]


def changes(actor: Actor, import_id: int, *, transfers: bool) -> Changes:
    """What the changed lines, and the transfers when told to, will do; Conflict when the preview is stale."""
    found, gathered, today = Changes(), Gathered(), clock.today()
    for outcome in ["changed"] + (["transfer"] if transfers else []):
        moving = outcome == "transfer"
        for lines in chunks(import_id, outcome):
            known = _known(actor, lines, today, moving=moving)
            for line in lines:
                person = known.people.get(line.member_id or 0)
                if person is None or not _as_shown(line, person, known, today):
                    raise Conflict(STALE)
                _plan(line, person, known, found, gathered, today, moving=moving)
    found.updates = gathered.finished()
    found.spans = bulk.native(SPAN, ("member_id", "unit_id", "valid_from"), found.spans)
    return found


def _known(actor: Actor, lines: Sequence[Line], today: date, *, moving: bool) -> Known:
    ids = [line.member_id for line in lines if line.member_id is not None]
    people = {
        person.id: person
        for person in db.session.execute(
            select(
                Member.id, Member.account_id, Member.unit_id, *(getattr(Member, name) for name in SECRET),
                *(getattr(Member, name) for name in PLAIN),
                Affiliation.id.label("span_id"), Affiliation.valid_from.label("since"),
            )
            .outerjoin(Affiliation, (Affiliation.member_id == Member.id) & Affiliation.valid_until.is_(None))
            .where(
                Member.id.in_(bulk.among(ids)),
                Member.left_on.is_(None),
                Member.unit_id.in_(units_where(actor, Perm.ROSTER_MANAGE)),
            )
            .order_by(Member.id)
        )
    }  # fmt: skip
    posted = [
        line.member_id for line in lines if line.member_id is not None and (moving or "post" in line.changes)
    ]
    logins = [people[key].account_id for key in posted if key in people] if moving else []
    tracked = [line.member_id for line in lines if line.member_id and line.changes.keys() & tracks.TRACKS]
    statuses = tracks.spans_of(tracked)
    return Known(people, posts_of(posted, today), _posts_held(posted), _rights_held(logins), statuses)


def _posts_held(member_ids: Sequence[int]) -> dict[int, list[Any]]:
    """All posts of these members."""
    found: dict[int, list[Any]] = defaultdict(list)
    for post in db.session.execute(
        select(Post.id, Post.member_id, Post.unit_id, Post.kind, Post.valid_from, Post.valid_until)
        .where(Post.member_id.in_(bulk.among(member_ids)))
        .order_by(Post.id)
    ):
        found[post.member_id].append(post)
    return found


def _rights_held(account_ids: Sequence[int | None]) -> dict[int, list[Any]]:
    """Rights as a secretary that somebody gave by hand to these logins; those of posts go with the posts."""
    found: dict[int, list[Any]] = defaultdict(list)
    for right in db.session.execute(
        select(
            RoleGrant.id, RoleGrant.account_id, RoleGrant.unit_id, RoleGrant.valid_from, RoleGrant.valid_until
        )
        .where(
            RoleGrant.account_id.in_(bulk.among(key for key in account_ids if key is not None)),
            RoleGrant.role == Role.BRANCH_SECRETARY,
            RoleGrant.post_id.is_(None),
        )
        .order_by(RoleGrant.id)
    ):
        found[right.account_id].append(right)
    return found


def _as_shown(line: Line, person: Any, known: Known, today: date) -> bool:
    """Is everything that the line changes still as the preview showed it?"""
    post = known.shown.get(person.id)
    if person.unit_id != int(line.values.get("from_unit", line.unit_id or 0)):
        return False
    for name, (old, _) in line.changes.items():
        if name in PLAIN and plain_value(getattr(person, name)) != old:
            return False
        if name == "id_number" and person.id_shown != old:
            return False
        if name == "post" and old != ([post[0], post[1].isoformat()] if post else ["none", ""]):
            return False
        if name in tracks.TRACKS and old != tracks.in_sheet(_held(name, known, person.id, today)):
            return False
    return True


def _held(track: str, known: Known, member_id: int, today: date) -> Any:
    return tracks.standing(track, known.statuses.get(member_id, ()), today)


def _plan(
    line: Line, person: Any, known: Known, found: Changes, gathered: Gathered, today: date, *, moving: bool
) -> None:
    before: dict[str, Any] = {}
    found.members.append(person.id)
    if line.changes.keys() & SETTLES:
        found.settle.append(person.id)
    _facts(line, person, gathered, before, moving=moving)
    if moving or "post" in line.changes:
        found.posted.add(person.id)
    if moving:
        _move(line, person, known, found, gathered, before)
    if "post" in line.changes:
        _post(line, person, known, found, gathered, before, today, moving=moving)
    for track in line.changes.keys() & tracks.TRACKS:
        found.posted.add(person.id)
        held = _held(track, known, person.id, today)
        begins = tracks.plan(track, line.changes[track], held, gathered, before)
        found.statuses += [(person.id, *begins)] if begins else []
    if before:
        values = line.values | {"before": before}
        gathered.add(ROW, line.id, {"values_json": json.dumps(values, ensure_ascii=False)})


def _facts(line: Line, person: Any, gathered: Gathered, before: dict[str, Any], *, moving: bool) -> None:
    """Member and login get what the line says."""
    new: dict[str, Any] = {"unit_id": line.unit_id} if moving else {}
    old: dict[str, Any] = {"unit_id": person.unit_id, "left_on": None}
    for name in PLAIN:
        if name in line.changes:
            value = line.changes[name][1]
            new[name] = date.fromisoformat(value) if name in DATES else value
            old[name] = getattr(person, name)
    if "name" in new:
        new["pinyin"] = line.values["pinyin"]
    if "id_number" in line.changes:
        new["id_number"] = base64.b64decode(line.values["id_sealed"])
        new |= {name: line.values[name] for name in ("id_lookup", "id_shown")}
        old["id_lookup"] = person.id_lookup
        sealed = base64.b64encode(person.id_number).decode() if person.id_number else None
        before["id"] = [sealed, person.id_lookup, person.id_shown]
    if new:
        gathered.add(MEMBER, person.id, new, old)
    if person.account_id is not None and new.keys() & {"name", "phone"}:
        login = {name: value for name, value in new.items() if name in ("name", "phone")}
        gathered.add(ACCOUNT, person.account_id, login)


def _move(
    line: Line, person: Any, known: Known, found: Changes, gathered: Gathered, before: dict[str, Any]
) -> None:
    """Close one affiliation and open the next; posts and secretary's rights in the old branch end."""
    day = line.day("since")
    if day is None or person.span_id is None:
        raise Conflict(STALE)
    still = {"unit_id": person.unit_id, "valid_until": None}
    same_day = person.since == day  # moved twice: the day belongs to the last branch
    before["span"] = [person.span_id, same_day]
    if same_day:
        gathered.add(SPAN, person.span_id, {"unit_id": line.unit_id}, still)
    else:
        gathered.add(SPAN, person.span_id, {"valid_until": day}, {"unit_id": person.unit_id})
        found.spans.append((person.id, line.unit_id, day))
    held = [post for post in known.posts.get(person.id, ()) if post.unit_id == person.unit_id]
    _close(held, day, gathered, before)
    for right in known.rights.get(person.account_id, ()):
        if right.unit_id == person.unit_id and open_on(right, day):
            until = max(day, right.valid_from)
            gathered.add(GRANT, right.id, {"valid_until": until}, {"valid_until": right.valid_until})
            before.setdefault("rights", []).append([right.id, _iso(right.valid_until), until.isoformat()])


def _post(
    line: Line,
    person: Any,
    known: Known,
    found: Changes,
    gathered: Gathered,
    before: dict[str, Any],
    today: date,
    *,
    moving: bool,
) -> None:
    """End the post held in the own branch and begin the one the line names, or mend its first day."""
    (old, _), (new, since) = line.changes["post"]
    first = date.fromisoformat(since)
    held = [
        post
        for post in known.posts.get(person.id, ())
        if post.unit_id == person.unit_id and post.kind == old and open_on(post, today)
    ]
    if new == old and not moving:
        for post in held:
            gathered.add(POST, post.id, {"valid_from": first}, {"valid_from": post.valid_from})
            gathered.add(GRANT, post.id, {"valid_from": first}, by="post_id")
            before.setdefault("mended", []).append([post.id, _iso(post.valid_from), since])
        return
    if old != "none" and not moving:
        _close(held, first, gathered, before)
    if new != "none":
        role = rules.role_of_post(new, line.unit_kind)
        found.posts.append(
            NewPost(person.id, person.account_id, line.unit_id, new, first, role.value if role else None)
        )


def _close(posts: Iterable[Any], day: date, gathered: Gathered, before: dict[str, Any]) -> None:
    """End posts, and the rights that came with them; what had not begun by then ends as it begins."""
    for post in posts:
        if open_on(post, day):
            until = max(day, post.valid_from)
            gathered.add(POST, post.id, {"valid_until": until}, {"valid_until": post.valid_until})
            gathered.add(GRANT, post.id, {"valid_until": until}, by="post_id")
            before.setdefault("closed", []).append([post.id, _iso(post.valid_until), until.isoformat()])


def open_on(span: Any, day: date) -> bool:
    """Does a post or right reach beyond this day?"""
    return span.valid_until is None or span.valid_until > day


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
