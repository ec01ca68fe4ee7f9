"""Lists of people for a class: whom the rows mean, the list as a preview, whom the tree offers."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row as Found
from sqlalchemy import Select, String, case, func, literal, select

from pbtrain.accounts.models import Account
from pbtrain.classes.kinds import BRANCH_POSTS
from pbtrain.classes.models import ClassEnrolment, ClassImport, ClassImportRow, TrainingClass
from pbtrain.classes.queries import audience
from pbtrain.classes.rules import enrolment as rules
from pbtrain.classes.rules import imports
from pbtrain.core import bulk, clock
from pbtrain.core.db import db
from pbtrain.core.queue import Job
from pbtrain.events.models import Guest
from pbtrain.org.kinds import WITH_MEMBERS
from pbtrain.org.models import Academy, Member, Unit, UnitClosure
from pbtrain.org.roster.known import text_key
from pbtrain.org.uploads.cells import name_key, name_variants
from pbtrain.org.uploads.reader import Row

READ = "classes.import"
SEATS = (*rules.ASKED, "waiting", *rules.OVER)  # states from which a list gives a seat


def job_key(import_id: int) -> str:
    """What makes the reading of a list the only one."""
    return f"class_import:{import_id}"


def job(import_id: int) -> Found[Any] | None:
    """How far the reading is: state, done_steps, all_steps, result, error."""
    return db.session.execute(
        select(Job.state, Job.done_steps, Job.all_steps, Job.result, Job.error).where(
            Job.key == job_key(import_id)
        )
    ).first()


def one(class_id: int, import_id: int) -> Found[Any] | None:
    """A list of this class with who made it."""
    return db.session.execute(
        select(
            ClassImport.id, ClassImport.class_id, ClassImport.kind, ClassImport.state, ClassImport.name,
            ClassImport.good, ClassImport.refused, ClassImport.made_at, ClassImport.version,
            Account.name.label("made_by"),
        )
        .outerjoin(Account, Account.id == ClassImport.made_by_id)
        .where(ClassImport.id == import_id, ClassImport.class_id == class_id)
    ).first()  # fmt: skip


def lists(class_id: int) -> list[Found[Any]]:
    """The latest lists of a class."""
    return list(
        db.session.execute(
            select(
                ClassImport.id, ClassImport.kind, ClassImport.state, ClassImport.name, ClassImport.good,
                ClassImport.refused, ClassImport.made_at,
            )
            .where(ClassImport.class_id == class_id)
            .order_by(ClassImport.id.desc())
            .limit(10)
        )
    )  # fmt: skip


def counts(import_id: int) -> dict[str, int]:
    """How many rows have each outcome."""
    found = dict(
        db.session.execute(
            select(ClassImportRow.outcome, func.count())
            .where(ClassImportRow.import_id == import_id)
            .group_by(ClassImportRow.outcome)
        )
        .tuples()
        .all()
    )
    return {name: found.get(name, 0) for name in imports.OUTCOMES}


def rows(import_id: int, outcome: str) -> Select[Any]:
    """The rows with this outcome in the order of the list, with the branch of the member meant."""
    return (
        select(
            ClassImportRow.line, ClassImportRow.values, ClassImportRow.errors, Member.name, Member.code,
            Unit.name.label("unit_name"),
        )
        .outerjoin(Member, Member.id == ClassImportRow.member_id)
        .outerjoin(Unit, Unit.id == Member.unit_id)
        .where(ClassImportRow.import_id == import_id, ClassImportRow.outcome == outcome)
        .order_by(ClassImportRow.line)
    )  # fmt: skip


class Matcher:
    """Finds the people of one list in the academy's area; a constant number of statements."""

    def __init__(self, row: TrainingClass) -> None:
        self.row, self.seen = row, dict[tuple[str, Any], int]()

    def match(self, read: Sequence[Row]) -> list[dict[str, Any]]:
        """The rows as they are stored, in their order; what seats they get is said by `seated`."""
        by_name = self._people(read)
        guests = self._guests(read)
        return [self._one(row, by_name, guests) for row in read]

    def _people(self, read: Sequence[Row]) -> dict[str, list[Any]]:
        names = {name for row in read if "name" in row.values for name in name_variants(row.values["name"])}
        today = clock.today()
        found: dict[str, list[Any]] = defaultdict(list)
        for person in db.session.execute(
            select(
                Member.id, Member.name, Member.code, Member.id_shown, Unit.name.label("unit_name"),
                Unit.code.label("unit_code"), Member.unit_id, ClassEnrolment.state,
                audience.fits(self.row.audience, today).label("fits"),
            )
            .join(Unit, Unit.id == Member.unit_id)
            .outerjoin(
                ClassEnrolment,
                (ClassEnrolment.member_id == Member.id) & (ClassEnrolment.class_id == self.row.id),
            )
            .where(
                Member.name.in_(bulk.among(sorted(names), String)),
                audience.served(self.row.unit_id),
                audience.on_roster(today),
            )
            .order_by(Member.id)
        ):  # fmt: skip
            found[name_key(person.name)].append(person)
        return found

    def _guests(self, read: Sequence[Row]) -> dict[tuple[str, str], Any]:
        """Guests this academy knows, by name and organisation."""
        return guests_known(
            self.row,
            [row.values["name"] for row in read if row.values.get("outside") and "name" in row.values],
        )

    def _one(self, row: Row, by_name: dict[str, list[Any]], guests: dict[Any, Any]) -> dict[str, Any]:
        values, member, state = dict(row.values), None, ""
        if not row.errors and values.get("outside"):
            key = guest_key(values["name"], values["branch"])
            if known := guests.get(key):
                values["guest_id"], state = known.id, known.state or ""
            self._once(row, ("guest", key))
        elif not row.errors:
            member = self._member(row, by_name)
            if member is not None:
                state = member.state or ""
                self._once(row, ("member", member.id))
        if row.errors:
            outcome = "refused"
        elif state and state not in SEATS:
            outcome = "already"
        else:
            outcome = "guest" if values.get("outside") else "seat"
        return {
            "line": row.line,
            "member_id": member.id if member is not None and not row.errors else None,
            "unit_id": member.unit_id if member is not None else None,
            "outcome": outcome,
            "values": values,
            "errors": row.errors or None,
        }

    def _once(self, row: Row, who: tuple[str, Any]) -> None:
        first = self.seen.setdefault(who, row.line)
        if first != row.line:
            row.refuse("name", imports.TWICE, row.values["name"], line=first)

    def _member(self, row: Row, by_name: dict[str, list[Any]]) -> Any:
        """The member this row means; None, with the reason beside the row, where it is not clear."""
        values = row.values
        some = [
            person
            for person in by_name.get(name_key(values["name"]), ())
            if values.get("code", person.code).upper() == person.code.upper()
            and person.id_shown.endswith(values.get("id_end", ""))
        ]
        if values.get("branch") and "code" not in values:
            key = text_key(values["branch"])
            there = [one for one in some if key in (text_key(one.unit_name), text_key(one.unit_code))]
            if some and not there:
                row.refuse("branch", imports.NOT_THERE, values["branch"])
                return None
            some = there
        if len(some) != 1:
            row.refuse("name", imports.SEVERAL if some else imports.UNKNOWN, values["name"])
            return None
        if not some[0].fits:
            row.refuse("name", rules.NOT_MEANT, values["name"], name=values["name"])
            return None
        return some[0]


def seated(
    staged: Sequence[dict[str, Any]], seats: rules.Seats, quota_of: dict[int | None, int | None]
) -> None:
    """Say of each good row whether a seat is free for it, in the order of the list."""
    for row in staged:
        if row["outcome"] in ("seat", "guest") and not seats.take(quota_of.get(row["unit_id"])):
            row["outcome"] = "waiting"


def summed(staged: Sequence[dict[str, Any]]) -> tuple[int, int]:
    """How many rows can be written, and how many are refused."""
    by = Counter(row["outcome"] for row in staged)
    return sum(by[name] for name in imports.GOOD), by["refused"]


def guest_key(name: str, organisation: str) -> tuple[str, str]:
    """By what the guests of an academy are told apart in a sheet."""
    return name_key(name), text_key(organisation)


def guests_known(row: TrainingClass, names: Sequence[str]) -> dict[tuple[str, str], Any]:
    """Guests of these names whom the academy of a class knows and who are nobody's member, by `guest_key`:
    id, name, organisation, and their state in the class if they stand there. One statement at most."""
    if not names:
        return {}
    known = db.session.execute(
        select(Guest.id, Guest.name, Guest.organisation, ClassEnrolment.state)
        .outerjoin(
            ClassEnrolment, (ClassEnrolment.guest_id == Guest.id) & (ClassEnrolment.class_id == row.id)
        )
        .where(
            Guest.unit_id == row.unit_id,
            Guest.member_id.is_(None),
            Guest.name.in_(bulk.among(sorted(set(names)), String)),
        )
        .order_by(Guest.id)
    )
    return {guest_key(one.name, one.organisation): one for one in known}


def from_tree(row: TrainingClass, *, unit_id: int, posts: str, fresh: bool) -> Select[Any]:
    """Members in or below a unit whom the class is for and who do not stand in it, who was in no class this
    year first: id, name, code, unit_id, been (0 or 1). `posts` is a key of BRANCH_POSTS, "" for everybody."""
    today = clock.today()
    here = select(ClassEnrolment.member_id).where(
        ClassEnrolment.class_id == row.id,
        ClassEnrolment.member_id.is_not(None),
        ClassEnrolment.state.in_((*rules.SEATED, "waiting", *rules.ASKED)),
    )
    in_class = audience.been_in_class(row.starts_on.year)
    been = case((in_class, literal(1)), else_=literal(0))
    found = (
        select(Member.id, Member.name, Member.code, Member.unit_id, been.label("been"))
        .where(
            audience.below(unit_id),
            audience.on_roster(today),
            audience.served(row.unit_id),
            audience.fits(row.audience, today),
            Member.id.not_in(here),
        )
        .order_by(been, Member.pinyin, Member.id)
        .limit(imports.MAX_ROWS)
    )
    if posts:
        found = found.where(audience.holds(BRANCH_POSTS[posts], today))
    return found.where(~in_class) if fresh else found


def units_of(row: TrainingClass) -> list[Found[Any]]:
    """The units of the academy's area down to the committees, for choosing: id, name, depth."""
    return list(
        db.session.execute(
            select(Unit.id, Unit.name, UnitClosure.depth)
            .join(UnitClosure, UnitClosure.below_id == Unit.id)
            .join(Academy, Academy.service_unit_id == UnitClosure.above_id)
            .where(
                Academy.unit_id == row.unit_id,
                Unit.valid_until.is_(None),
                Unit.kind.not_in(("academy",)),
                UnitClosure.depth <= 2,
            )
            .order_by(UnitClosure.depth, Unit.code, Unit.id)
            .limit(500)
        )
    )


def branches_of(row: TrainingClass) -> list[str]:
    """The branches of the academy's area, for the drop-down of the template."""
    return list(
        db.session.scalars(
            select(Unit.name)
            .join(UnitClosure, UnitClosure.below_id == Unit.id)
            .join(Academy, Academy.service_unit_id == UnitClosure.above_id)
            .where(
                Academy.unit_id == row.unit_id,
                Unit.valid_until.is_(None),
                Unit.kind.in_(WITH_MEMBERS),
            )
            .order_by(Unit.code, Unit.id)
            .limit(5_000)
        )
    )
