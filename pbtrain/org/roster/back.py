"""What taking back a written roster would do, person by person, before anybody has to wait. Reads only.

New people vanish while nothing was done with them: nobody signed in, nothing refers to them. Who has signed
in or is referred to is marked as left. Who has hours stays, and so does every value that somebody has changed
since: both are named. A person moved back gets posts and rights of the old branch back as they were.
"""

import base64
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Select, or_, select, union

from pbtrain.accounts.models import Account
from pbtrain.core import bulk, clock
from pbtrain.core.db import db
from pbtrain.core.marks import N_
from pbtrain.org.access import Actor, units_where
from pbtrain.org.models import Affiliation, Member, Post, RoleGrant, RosterImport, RosterRow, Unit
from pbtrain.org.names import pinyin
from pbtrain.org.roles import Perm
from pbtrain.org.roster import tracks
from pbtrain.org.roster.changes import DATES, SETTLES, Finished, Gathered, open_on
from pbtrain.org.roster.match import PLAIN, plain_value
from pbtrain.org.roster.plan import ACCOUNT, GRANT, MEMBER, POST, SPAN, Line, chunks, code_of

HOURS = N_("There are hours in the ledger since, or hours that wait.")
AWAY = N_("Is no longer on the roster.")
SCOPE = N_("Stands in a branch outside your scope by now.")
CHANGED = N_("Has been changed again since; what stands there now stays.")
MOVED = N_("Has been transferred again since.")
OLD_BRANCH = N_("The former branch is no longer there, or outside your scope.")
SECRETARY = N_("The former branch has another secretary by now.")
OWN = {  # looked at one by one
    "affiliation", "roster_row", "member_year", "post", "hour_entry", "hour_claim", "status_span"
}  # fmt: skip
LATE = (Account.activated_at.is_not(None), Account.password_hash.is_not(None))


@dataclass(frozen=True)
class Stay:
    """Something that is not taken back: in which line, who, which column ("" for the whole line), and why."""

    row_id: int
    line: int
    name: str
    field: str
    message: str


@dataclass
class Undoing:
    """All that an undo does."""

    import_id: int
    gone: list[Any] = field(default_factory=list)  # (member, account, branch): vanish
    left: list[Any] = field(default_factory=list)  # the same: are marked as left
    back: set[int] = field(default_factory=set)  # members of whom values go back
    moved: set[int] = field(default_factory=set)  # members who go back to their branch
    stays: list[Stay] = field(default_factory=list)
    gathered: Gathered = field(default_factory=Gathered)
    updates: list[Finished] = field(default_factory=list)  # what was gathered, ready to be sent
    spans: list[int] = field(default_factory=list)  # affiliations that go
    posts: list[int] = field(default_factory=list)  # posts that go
    statuses: list[int] = field(default_factory=list)  # ranks and absences that go
    settle: set[int] = field(default_factory=set)  # whose year is judged anew
    reopened: list[tuple[Line, str, Any, int, str | None]] = field(default_factory=list)

    @property
    def people(self) -> int:
        """How many people it touches."""
        return len(self.gone) + len(self.left) + len(self.back | self.moved)

    def stay(self, line: Any, message: str, name: str = "") -> None:
        """Name what stays."""
        self.stays.append(Stay(line.id, line.line, line.name, name, message))


def _written(import_id: int) -> Select[Any]:
    """The new people of an import, as a subselect."""
    return (
        select(Member.id)
        .join(RosterRow, Member.code == code_of())
        .where(RosterRow.import_id == import_id, RosterRow.outcome == "new")
    )


def of_import(import_id: int) -> Select[Any]:
    """The members an import wrote or moved, as a subselect: whose hours are in the way of taking it back."""
    moved = select(RosterRow.member_id).where(
        RosterRow.import_id == import_id, RosterRow.outcome == "transfer"
    )
    return select(moved.union_all(_written(import_id)).subquery().c.member_id)


def plan(actor: Actor, import_id: int, busy: Collection[int]) -> Undoing:
    """What an undo would do; `busy` are the members of `of_import` with hours since. Reads only."""
    found = Undoing(import_id)
    _new(actor, found, busy)
    for outcome in ("changed", "transfer"):
        for lines in chunks(import_id, outcome):
            _changed(actor, found, lines, busy)
    _reopen(found)
    found.updates = found.gathered.finished()
    found.stays.sort(key=lambda one: (one.line, one.field))
    return found


def _new(actor: Actor, found: Undoing, busy: Collection[int]) -> None:
    mine = Member.unit_id.in_(units_where(actor, Perm.ROSTER_MANAGE))
    lines = db.session.execute(
        select(
            RosterRow.id, RosterRow.line, RosterRow.name, RosterRow.values_json,
            Member.id.label("member_id"), Member.account_id, Member.unit_id, Member.left_on,
            Member.erased_at, or_(*LATE).label("late"), mine.label("mine"),
        )
        .join(Member, Member.code == code_of())
        .outerjoin(Account, Account.id == Member.account_id)
        .where(RosterRow.import_id == found.import_id, RosterRow.outcome == "new")
        .order_by(RosterRow.line)
    ).all()  # fmt: skip
    used = set(db.session.scalars(_used(bulk.among(line.member_id for line in lines))))
    spans = tracks.spans_of(line.member_id for line in lines)
    used |= {
        line.member_id
        for line in lines
        if tracks.away_otherwise(json.loads(line.values_json or "{}").get("away", ""), spans[line.member_id])
    }
    for line in lines:
        person = (line.member_id, line.account_id, line.unit_id)
        if line.erased_at is not None:
            found.stay(line, AWAY)
        elif line.member_id in busy:
            found.stay(line, HOURS)
        elif not line.mine:
            found.stay(line, SCOPE)
        elif not (line.late or line.member_id in used):
            found.gone.append(person)
        elif line.left_on is None:
            found.left.append(person)
        else:
            found.stay(line, AWAY)


def _used(members: Select[Any]) -> Any:
    """Which of these members anything refers to beside branch, posts, statuses and hours; also roles."""
    rights = (
        select(Member.id)
        .join(RoleGrant, RoleGrant.account_id == Member.account_id)
        .where(Member.id.in_(members), RoleGrant.post_id.is_(None))
    )
    references = [
        select(column).where(column.in_(members))
        for table in db.metadata.sorted_tables
        if table.name not in OWN
        for column in table.columns
        if any(key.column is MEMBER.c.id for key in column.foreign_keys)
    ]
    return union(rights, *references)


@dataclass(frozen=True)
class Standing:
    """What stands now of the people of some lines, by id, and which former branches can take them back."""

    people: dict[int, Any]
    posts: dict[int, Any]
    statuses: dict[int, list[Any]]  # by member
    homes: set[int]


def _standing(actor: Actor, lines: Sequence[Line]) -> Standing:
    """Four statements, however many lines."""
    posted = [line.member_id for line in lines if line.member_id is not None and _has_posts(line)]
    posts = db.session.execute(
        select(Post.id, Post.member_id, Post.unit_id, Post.kind, Post.valid_from, Post.valid_until)
        .where(Post.member_id.in_(bulk.among(posted)))
        .order_by(Post.id)
    )
    tracked = (line.member_id for line in lines if line.member_id and line.changes.keys() & tracks.TRACKS)
    return Standing(
        people=_people(actor, [line.member_id for line in lines if line.member_id is not None]),
        posts={row.id: row for row in posts},
        statuses=tracks.spans_of(tracked),
        homes=_homes(actor, {int(line.values["from_unit"]) for line in lines if "from_unit" in line.values}),
    )


def _people(actor: Actor, member_ids: Sequence[int]) -> dict[int, Any]:
    """Facts of these members, the affiliation that is open, and whether the actor manages their branch."""
    mine = Member.unit_id.in_(units_where(actor, Perm.ROSTER_MANAGE))
    found = db.session.execute(
        select(
            Member.id, Member.account_id, Member.unit_id, Member.left_on, Member.erased_at,
            Member.id_lookup, *(getattr(Member, name) for name in PLAIN), mine.label("mine"),
            Affiliation.id.label("span_id"), Affiliation.valid_from.label("since"),
        )
        .outerjoin(Affiliation, (Affiliation.member_id == Member.id) & Affiliation.valid_until.is_(None))
        .where(Member.id.in_(bulk.among(member_ids)))
        .order_by(Member.id)
    )  # fmt: skip
    return {row.id: row for row in found}


def _homes(actor: Actor, former: set[int]) -> set[int]:
    """Those of these branches that stand and that the actor manages."""
    if not former:
        return set()
    live = or_(Unit.valid_until.is_(None), Unit.valid_until > clock.today())
    mine = units_where(actor, Perm.ROSTER_MANAGE).where(Unit.id.in_(former), live)
    return set(db.session.scalars(mine))


def _changed(actor: Actor, found: Undoing, lines: Sequence[Line], busy: Collection[int]) -> None:
    lines = [line for line in lines if line.values.get("from_unit") is None or "before" in line.values]
    now = _standing(actor, lines)
    for line in lines:
        person = now.people.get(line.member_id or 0)
        if person is None or person.erased_at is not None or person.left_on is not None:
            found.stay(line, AWAY)
        elif not person.mine:
            found.stay(line, SCOPE)
        elif "from_unit" in line.values:
            _back_to_branch(found, line, person, now, busy)
        else:
            _facts(found, line, person, {})
            _posts(found, line, person, now.posts)
            _tracks(found, line, person, now.statuses)


def _has_posts(line: Line) -> bool:
    return "post" in line.changes or "closed" in line.values.get("before", {})


def _facts(found: Undoing, line: Line, person: Any, new: dict[str, Any]) -> None:
    """Values that still are what the batch wrote go back, on member and login; `new` goes along."""
    old: dict[str, Any] = {"unit_id": person.unit_id}
    for name in PLAIN:
        if name not in line.changes:
            continue
        before, written = line.changes[name]
        if plain_value(getattr(person, name)) != written:
            found.stay(line, CHANGED, name)
            continue
        new[name] = (date.fromisoformat(before) if before else None) if name in DATES else before or None
        if name in ("name", "sex", "stage"):
            new[name] = before
        old[name] = getattr(person, name)
    if "name" in new:
        new["pinyin"] = pinyin(new["name"])
    if "id_number" in line.changes:
        if person.id_lookup != line.values.get("id_lookup") or "id" not in line.values.get("before", {}):
            found.stay(line, CHANGED, "id_number")
        else:
            sealed, new["id_lookup"], new["id_shown"] = line.values["before"]["id"]
            new["id_number"] = base64.b64decode(sealed) if sealed else None
            old["id_lookup"] = person.id_lookup
    if not new:
        return
    found.back.add(person.id)
    found.gathered.add(MEMBER, person.id, new, old)
    if new.keys() & SETTLES:
        found.settle.add(person.id)
    if person.account_id is not None and new.keys() & {"name", "phone"}:
        login = {name: value for name, value in new.items() if name in ("name", "phone")}
        found.gathered.add(ACCOUNT, person.account_id, login)


def _back_to_branch(found: Undoing, line: Line, person: Any, now: Standing, busy: Collection[int]) -> None:
    """A transfer goes back, with posts and rights as they were, unless life has gone on in the new branch."""
    home, day = int(line.values["from_unit"]), line.day("since")
    if person.id in busy:
        found.stay(line, HOURS)
    elif person.unit_id != line.unit_id or person.since != day:
        found.stay(line, MOVED)
    elif home not in now.homes:
        found.stay(line, OLD_BRANCH)
    else:
        span_id, same_day = line.values["before"]["span"]
        if same_day:
            found.gathered.add(
                SPAN, span_id, {"unit_id": home}, {"unit_id": person.unit_id, "valid_until": None}
            )
        else:
            found.spans.append(person.span_id)
            found.gathered.add(SPAN, span_id, {"valid_until": None}, {"unit_id": home, "valid_until": day})
        found.moved.add(person.id)
        found.settle.add(person.id)
        for grant_id, until, written in line.values["before"].get("rights", ()):
            expected = {"valid_until": date.fromisoformat(written)}
            found.gathered.add(GRANT, grant_id, {"valid_until": _day(until)}, expected)
        _facts(found, line, person, {"unit_id": home})
        _posts(found, line, person, now.posts)
        _tracks(found, line, person, now.statuses)


def _posts(found: Undoing, line: Line, person: Any, posts: dict[int, Any]) -> None:
    """The post that the batch gave goes; those it ended or mended are as before."""
    before = line.values.get("before", {})
    for post_id, since, written in before.get("mended", ()):
        post = posts.get(post_id)
        if post is None or post.valid_from.isoformat() != written:
            found.stay(line, CHANGED, "post")
            continue
        found.gathered.add(POST, post_id, {"valid_from": _day(since)}, {"valid_from": post.valid_from})
        found.gathered.add(GRANT, post_id, {"valid_from": _day(since)}, by="post_id")
        _judged(found, person)
    if "post" in line.changes and "mended" not in before:
        kind, since = line.changes["post"][1]
        given = [
            post.id
            for post in posts.values()
            if (post.member_id, post.unit_id, post.kind) == (person.id, line.unit_id, kind)
            and post.valid_from.isoformat() == since
            and post.valid_until is None
        ]
        if kind != "none" and not given:
            found.stay(line, CHANGED, "post")
            return
        found.posts += given
        _judged(found, person)
    for post_id, until, written in before.get("closed", ()):
        post = posts.get(post_id)
        if post is None or post.valid_until is None or post.valid_until.isoformat() != written:
            found.stay(line, CHANGED, "post")
        else:
            found.reopened.append((line, "post", post, person.id, until))


def _tracks(found: Undoing, line: Line, person: Any, statuses: dict[int, list[Any]]) -> None:
    """The rank or absence that the batch gave goes; the one it ended or mended is as before."""
    before, spans = line.values.get("before", {}), statuses.get(person.id, ())
    for track in line.changes.keys() & tracks.TRACKS:
        gone = tracks.plan_back(track, line.changes[track], before, spans, found.gathered)
        if gone is None:
            found.stay(line, CHANGED, track)
            continue
        found.statuses += gone
        found.back.add(person.id)
        if track == "away":
            _judged(found, person)


def _judged(found: Undoing, person: Any) -> None:
    found.back.add(person.id)
    found.settle.add(person.id)


def _reopen(found: Undoing) -> None:
    """Posts that were ended go on, but no branch gets a second secretary by it."""
    today = clock.today()
    led = {post.unit_id for _, _, post, _, _ in found.reopened if post.kind == "secretary"}
    holders = {
        row.unit_id
        for row in db.session.execute(
            select(Post.id, Post.unit_id, Post.valid_until)
            .where(Post.kind == "secretary", Post.unit_id.in_(led))
            .order_by(Post.id)
        )
        if open_on(row, today) and row.id not in found.posts
    }
    for line, name, post, member_id, until in found.reopened:
        if post.kind == "secretary" and post.unit_id in holders:
            found.stay(line, SECRETARY, name)
            continue
        found.gathered.add(POST, post.id, {"valid_until": _day(until)}, {"valid_until": post.valid_until})
        found.gathered.add(GRANT, post.id, {"valid_until": _day(until)}, by="post_id")
        found.back.add(member_id)
        found.settle.add(member_id)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def stays(import_id: int) -> Select[Any]:
    """The lines of an undone import that were not taken back, in the order of the sheet."""
    return (
        select(RosterRow.line, RosterRow.name, RosterRow.errors_json, RosterRow.id)
        .where(RosterRow.import_id == import_id, RosterRow.outcome != "refused", RosterRow.errors_json != "")
        .order_by(RosterRow.line, RosterRow.id)
    )


def state_of(import_id: int) -> Any:
    """Unit, state, when written and when undone, of an import that exists."""
    return db.session.execute(
        select(
            RosterImport.unit_id, RosterImport.state, RosterImport.written_at, RosterImport.undone_at,
            select(RosterRow.id).where(RosterRow.import_id == import_id).exists().label("kept"),
        ).where(RosterImport.id == import_id)
    ).one()  # fmt: skip
