"""Who on the roster is meant by a line of the sheet, and what would change: reads, never writes.

A person is found by member number, by ID number, by name and birth date, or by name within the branch. A line
that could mean two people is refused; nobody gets a second account in silence.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import or_, select

from pbtrain.core import clock, crypto
from pbtrain.core.db import db
from pbtrain.core.formatting import mask_phone
from pbtrain.core.marks import N_
from pbtrain.org.access import Actor, units_where
from pbtrain.org.models import Affiliation, Member, Post, Unit
from pbtrain.org.numbers import WANTS_ID, WANTS_PHONE
from pbtrain.org.roles import Perm
from pbtrain.org.roster import tracks
from pbtrain.org.roster.known import Known, Scope, posts_of, text_key
from pbtrain.org.roster.rules import PLACE_ALONE
from pbtrain.org.uploads.cells import mask_id, name_key, name_variants
from pbtrain.org.uploads.reader import Row

ID_PURPOSE = "member.id_number"
RAW_PURPOSE = "roster_row.id_number"  # as it stood in the sheet, until the line is forgotten
PLAIN = ("name", "sex", "born_on", "joined_on", "stage", "phone", "category", "flow", "flow_place")
CLASH = {
    "rank": N_("Another rank is recorded for some of these days. Mend it on the member's page."),
    "away": N_("Another absence is recorded for some of these days. Mend it on the member's page."),
}
AS_WRITTEN = ("name", "flow_place")  # spelled the same but for what nobody sees: unchanged


@dataclass
class Staged:
    """What a line would do: new, changed, same, transfer or refused."""

    row: Row
    outcome: str = "refused"
    member_id: int | None = None
    unit_id: int | None = None
    changes: dict[str, list[Any]] = field(default_factory=dict)


class Matcher:
    """Classifies lines chunk by chunk; remembers who has already been met in this sheet."""

    def __init__(self, actor: Actor, scope: Scope) -> None:
        self.actor, self.scope, self.today = actor, scope, clock.today()
        self.met_members: dict[int, int] = {}
        self.met_ids: dict[str, int] = {}
        self.met_names: dict[tuple[str, str], tuple[int, bool]] = {}
        self.outside: set[str] = set()
        self.secretaries: dict[int, list[tuple[int, int | None]]] = defaultdict(list)  # branch: line, member
        self.freed: set[tuple[int | None, int]] = set()  # branch, member: no secretary any more by the sheet

    def classify(self, rows: Sequence[Row]) -> list[Staged]:
        """What each line would do; three statements for any number of lines up to a chunk."""
        for row in rows:
            self._hash_id(row)
        self._look_outside(rows)
        known = self._load(rows)
        return [self._one(row, known) for row in rows]

    def _hash_id(self, row: Row) -> None:
        number = row.values.get("id_number", "")
        if number and "*" not in number:
            row.values["id_lookup"] = crypto.lookup(number, ID_PURPOSE)
            row.values["id_shown"] = mask_id(number)

    def _look_outside(self, rows: Iterable[Row]) -> None:
        """Which unknown branches exist elsewhere: the reason is another one then."""
        names = {row.values["branch"] for row in rows if row.values.get("branch")}
        if unknown := {name for name in names if text_key(name) not in self.scope.by_text}:
            found = db.session.execute(
                select(Unit.name, Unit.code).where(or_(Unit.name.in_(unknown), Unit.code.in_(unknown)))
            )
            self.outside |= {text for row in found for text in row}

    def _load(self, rows: Sequence[Row]) -> Known:
        values = [row.values for row in rows]
        names = {name for one in values if "name" in one for name in name_variants(one["name"])}
        codes = {one["code"] for one in values if "code" in one}
        lookups = {one["id_lookup"] for one in values if "id_lookup" in one}
        mine = Member.unit_id.in_(units_where(self.actor, Perm.ROSTER_MANAGE)).label("mine")
        found = db.session.execute(
            select(
                *(getattr(Member, name) for name in ("id", "code", "id_lookup", "id_shown", *PLAIN)),
                Member.unit_id, Member.left_on,
                Unit.name.label("unit_name"), Affiliation.valid_from.label("since"), mine,
            )
            .outerjoin(Unit, Unit.id == Member.unit_id)
            .outerjoin(Affiliation, (Affiliation.member_id == Member.id) & Affiliation.valid_until.is_(None))
            .where(or_(Member.code.in_(codes), Member.id_lookup.in_(lookups), Member.name.in_(names)))
            .order_by(Member.id)
        ).all()  # fmt: skip
        ids = [person.id for person in found]
        return Known(found, posts_of(ids, self.today), tracks.spans_of(ids))

    def _one(self, row: Row, known: Known) -> Staged:
        staged = Staged(row)
        if row.errors:
            return staged
        staged.unit_id = self._branch(row)
        person = None if row.errors else self._person(row, known, staged.unit_id)
        if not row.errors:
            self._met_before(row, person, staged.unit_id)
        if row.errors:
            return staged
        if person is None:
            self._as_new(staged)
        else:
            self._as_known(staged, person, known)
        if not row.errors:
            self._note_secretary(staged, known.posts.get(person.id) if person is not None else None)
        return staged

    def _note_secretary(self, staged: Staged, post: tuple[str, date] | None) -> None:
        held = post[0] if post else "none"
        moved = staged.outcome == "transfer"
        wanted = staged.row.values.get("post") or ("none" if moved else held)
        if wanted == "secretary" and staged.unit_id is not None:
            self.secretaries[staged.unit_id].append((staged.row.line, staged.member_id))
        elif held == "secretary" and not moved and staged.member_id is not None:
            self.freed.add((staged.unit_id, staged.member_id))

    def second_secretaries(self) -> list[int]:
        """Lines that would give a branch a second secretary; asked once, after the last line."""
        holders: dict[int, int] = {}
        branches = sorted(self.secretaries)
        for start in range(0, len(branches), 1_000):
            found = db.session.execute(
                select(Post.unit_id, Post.member_id)
                .where(
                    Post.kind == "secretary",
                    Post.unit_id.in_(branches[start : start + 1_000]),
                    or_(Post.valid_until.is_(None), Post.valid_until > self.today),
                )
                .order_by(Post.id)
            )
            holders |= {
                unit_id: member_id for unit_id, member_id in found if (unit_id, member_id) not in self.freed
            }
        refused = []
        for unit_id, claims in self.secretaries.items():
            holder = holders.get(unit_id)
            keeps = next((line for line, member_id in claims if holder in (None, member_id)), None)
            refused += [line for line, _ in claims if line != keeps]
        return sorted(refused)

    def _branch(self, row: Row) -> int | None:
        text = row.values.get("branch", "")
        if not text:
            return self.scope.only
        ids = self.scope.by_text.get(text_key(text), [])
        if len(ids) == 1:
            return ids[0]
        if ids:
            row.refuse(
                "branch", N_("Several branches have this name. Enter the branch's code instead."), text
            )
        elif text in self.outside:
            row.refuse("branch", N_("This branch is outside the units you manage here."), text)
        elif guess := self.scope.guess(text):
            row.refuse("branch", N_("There is no such branch. Perhaps “%(guess)s”."), text, guess=guess)
        else:
            row.refuse("branch", N_("There is no such branch. Enter its full name or its code."), text)
        return None

    def _person(self, row: Row, known: Known, unit_id: int | None) -> Any:
        values = row.values
        by_code = known.by_code.get(values.get("code", ""))
        by_id = known.by_id.get(values.get("id_lookup", ""))
        if "code" in values and (by_code is None or not by_code.mine):
            row.refuse(
                "code",
                N_("None of your members has this number. Leave it empty for new ones."),
                values["code"],
            )
        elif by_code is not None and by_id is not None and by_code.id != by_id.id:
            row.refuse("id_number", N_("This ID number belongs to another member."), values["id_shown"])
        elif by_code is not None and _someone_else(by_code, values):
            row.refuse(
                "code", N_("This number belongs to a member of another name and birth date."), values["code"]
            )
        elif by_id is not None and not by_id.mine:
            row.refuse(
                "id_number",
                N_("This person stands on another unit's roster. Ask the level above both for the transfer."),
                values["id_shown"],
            )
        elif (person := by_code or by_id) is not None:
            return person
        else:
            return self._by_name(row, known, unit_id)
        return None

    def _by_name(self, row: Row, known: Known, unit_id: int | None) -> Any:
        values = row.values
        born, lookup = values.get("born_on"), values.get("id_lookup")
        found = []
        for person in known.by_name.get(name_key(values["name"]), []):
            if not person.mine or (lookup and person.id_lookup and person.id_lookup != lookup):
                continue
            same_day = born is not None and person.born_on is not None and person.born_on.isoformat() == born
            unsure = (born is None or person.born_on is None) and person.unit_id == unit_id
            if same_day or unsure:
                found.append(person)
        if len(found) > 1:
            found = [person for person in found if person.unit_id == unit_id] or found
        if len(found) > 1:
            row.refuse("name", N_("Several members fit this name. Enter the member number."), values["name"])
            return None
        return found[0] if found else None

    def _met_before(self, row: Row, person: Any, unit_id: int | None) -> None:
        """The same person further up in the sheet: only the first line counts."""
        values = row.values
        lookup = values.get("id_lookup", "")
        key = (name_key(values["name"]), values.get("born_on") or f"unit {unit_id}")
        earlier = self.met_members.get(person.id) if person is not None else None
        earlier = earlier or (self.met_ids.get(lookup) if lookup else None)
        if earlier is None and person is None and key in self.met_names:
            line, had_id = self.met_names[key]
            earlier = None if lookup and had_id else line
        if earlier is not None:
            row.refuse(
                "name",
                N_("The same person as in line %(line)s. Keep one line."),
                values["name"],
                line=earlier,
            )
            return
        if person is not None:
            self.met_members[person.id] = row.line
        if lookup:
            self.met_ids[lookup] = row.line
        self.met_names.setdefault(key, (row.line, bool(lookup)))

    def _as_new(self, staged: Staged) -> None:
        row, values = staged.row, staged.row.values
        if staged.unit_id is None:
            row.refuse("branch", N_("The branch is missing."))
        elif "id_number" in values and "id_lookup" not in values:
            row.refuse(
                "id_number",
                WANTS_ID,
                values["id_number"],
            )
        elif "*" in values.get("phone", ""):
            row.refuse("phone", WANTS_PHONE, values["phone"])
        elif _place_alone(values, ""):
            row.refuse("flow_place", PLACE_ALONE, values["flow_place"])
        else:
            if values.get("flow") == "none":
                del values["flow"]
            values.setdefault("stage", "full")
            values.setdefault("since", date(self.today.year, 1, 1).isoformat())
            staged.outcome = "new"

    def _as_known(self, staged: Staged, person: Any, known: Known) -> None:
        row, values = staged.row, staged.row.values
        staged.member_id = person.id
        if person.left_on is not None and person.left_on <= self.today:
            row.refuse(
                "name",
                N_("This member has left the roster. An import cannot bring anyone back."),
                values["name"],
            )
            return
        if "*" in (phone := values.get("phone", "")):
            if phone != mask_phone(person.phone):
                row.refuse("phone", WANTS_PHONE, phone)
                return
            values["phone_shown"] = values.pop("phone")  # as our export masks it: unchanged
        if _place_alone(values, person.flow):
            row.refuse("flow_place", PLACE_ALONE, values["flow_place"])
            return
        staged.changes = changes_of(person, values, known.posts.get(person.id), self.today)
        for track in tracks.TRACKS:
            self._note_track(track, staged, known.statuses.get(person.id, ()))
        if row.errors:
            return
        if "id_number" in values and "id_lookup" not in values and values["id_number"] != person.id_shown:
            row.refuse(
                "id_number",
                WANTS_ID,
                values["id_number"],
            )
            return
        since = values.get("since")
        if staged.unit_id not in (None, person.unit_id):
            self._as_transfer(staged, person)
        elif since and person.since and since != person.since.isoformat():
            row.refuse(
                "since",
                N_("Recorded is %(day)s; an import does not change it."),
                since,
                day=person.since.isoformat(),
            )
        else:
            staged.unit_id = person.unit_id
            staged.outcome = "changed" if staged.changes else "same"

    def _note_track(self, track: str, staged: Staged, spans: Sequence[Any]) -> None:
        change = tracks.change_of(track, staged.row.values, spans, self.today)
        if change is None:
            return
        staged.changes[track] = change
        if tracks.clashes(track, change, spans, self.today):
            staged.row.refuse(tracks.DAY[track], CLASH[track], change[1][1])

    def _as_transfer(self, staged: Staged, person: Any) -> None:
        values = staged.row.values
        since = values.setdefault("since", self.today.isoformat())
        if person.since and since < person.since.isoformat():
            message = N_("The transfer lies before %(day)s, when the present branch began.")
            staged.row.refuse("since", message, since, day=person.since.isoformat())
            return
        values["from_unit"] = str(person.unit_id)
        target = self.scope.branches[staged.unit_id or 0]
        staged.changes = {"branch": [person.unit_name, target], **staged.changes}
        staged.outcome = "transfer"


def changes_of(
    person: Any, values: dict[str, str], post: tuple[str, date] | None, today: date
) -> dict[str, list[Any]]:
    """{"phone": [old, new]} for what the line says otherwise; an empty cell says nothing."""
    changes: dict[str, list[Any]] = {}
    if values.get("flow") == "none":  # a place belongs to a flow
        values = values | {"flow": "", "flow_place": ""}
    for name in PLAIN:
        old = plain_value(getattr(person, name))
        if name in values and values[name] != old:
            if name in AS_WRITTEN and name_key(old) == name_key(values[name]):
                continue
            changes[name] = [old, values[name]]
    if values.get("id_lookup") and values["id_lookup"] != person.id_lookup:
        changes["id_number"] = [person.id_shown, values["id_shown"]]
    if wanted := values.get("post"):
        kind, since = post or ("none", None)
        begun = since.isoformat() if since else ""
        day = values.get("post_since", "")
        if wanted != kind or (day and day != begun):
            changes["post"] = [[kind, begun], [wanted, day or today.isoformat()]]
    return changes


def _place_alone(values: dict[str, str], stored_flow: str) -> bool:
    """A place is given, but nobody flows."""
    return bool(values.get("flow_place")) and not (values.get("flow") or stored_flow)


def plain_value(value: Any) -> str:
    """A stored value as the sheet would give it."""
    if value is None:
        return ""
    return value.isoformat() if isinstance(value, date) else str(value)


def _someone_else(person: Any, values: dict[str, str]) -> bool:
    """Neither the name nor the birth date fits."""
    born = values.get("born_on")
    other_day = born is not None and person.born_on is not None and person.born_on.isoformat() != born
    return other_day and name_key(person.name) != name_key(values["name"])
