"""The one way into the ledger. Everything that earns or cancels hours ends in `write`.

Whatever the number of lines it sends the same few statements: who these people are, the policies, missing
books and years, both locked in the order of their ids (unordered, 116 of 120 concurrent postings
deadlocked), what stands already, then the lines, the caches and one audit event.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Integer, String, bindparam, cast, exists, func, literal, select
from sqlalchemy.dialects import postgresql, sqlite

from pbtrain.audit import services as audit
from pbtrain.core import bulk, clock
from pbtrain.core.db import is_postgresql, micros, prepared
from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_
from pbtrain.hours import chain, sealed
from pbtrain.hours.activities import PARTS
from pbtrain.hours.models import Book, HourEntry, MemberYear
from pbtrain.hours.persons import Person, custody, people
from pbtrain.hours.rulebook import Rulebook, rulebook
from pbtrain.hours.rules import Assessment, assess, duties
from pbtrain.org.access import Actor
from pbtrain.org.models import Member, Unit

MOST_LINES = 1000  # of one book in one transaction
SHELF = (Book.id, Book.unit_id, Book.year, Book.entries, Book.head, Book.sealed_at)
YEAR = (MemberYear.member_id, MemberYear.credit_year, MemberYear.id)
policies = rulebook  # what everything that is posted is converted and judged by


@dataclass
class Draft:
    """A line that is about to be written. Book, number, credit and hash are found here."""

    member_id: int
    day: date
    activity: str
    channel: str
    mode: str
    proof: str
    minutes: int
    source: str
    title: str
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    note: str = ""
    credit_year: int = 0
    unit_id: int = 0
    credit: int = 0
    policy_id: int = 0
    reverses_id: int | None = None
    book_year: int = 0  # of the book it goes into; 0: that of its credit year

    @property
    def shelf(self) -> tuple[int, int]:
        """Branch and year of its book."""
        return self.unit_id, self.book_year or self.credit_year


def _insert_missing(model: Any, source: Any, columns: Sequence[str], told: Sequence[Any]) -> Any:
    """INSERT … SELECT of what is not there yet, for `prepared`; it tells these columns of what it made."""
    dialect = postgresql if is_postgresql() else sqlite
    return dialect.insert(model).from_select(columns, source).on_conflict_do_nothing().returning(*told)


def _opened(ids: set[int], years: set[int], locked: Any, missing: Any) -> tuple[Sequence[Any], bool]:
    """The rows of these ids and years, made where missing and locked in their order, and whether all of them
    have been made just now: then they are ours already.

    A single one is there nearly always and has no order: it is looked for before it is made. Several are
    made first, or two postings could each hold what the other waits for.
    """
    listed, wanted = bulk.list_of(ids), bulk.list_of(years)
    if len(ids) == len(years) == 1 and (found := locked(ids=listed, years=wanted).all()):
        return found, False
    made = [row for year in sorted(years) for row in missing(year=year, ids=listed).all()]
    if len(made) == len(ids) * len(years):
        return made, True
    return locked(ids=listed, years=wanted).all(), False


def _genesis(year: Any) -> Any:
    """`chain.genesis` in SQL, for the unit of the row."""
    text = literal("book|") + cast(Unit.id, String) + literal("|") + cast(year, String)
    if is_postgresql():
        return func.encode(func.sha256(func.convert_to(text, "UTF8")), "hex")
    return func.pb_sha256(text)


@prepared
def _missing_books() -> Any:
    year: Any = bindparam("year", type_=Integer)
    missing = (
        select(Unit.id, year, *[literal(0)] * 5, _genesis(year))
        .where(Unit.id.in_(bulk.listed("ids")))
        .where(~exists().where(Book.unit_id == Unit.id, Book.year == year))
        .order_by(Unit.id)
    )
    sums = ["entries", "person_times", "minutes", "credit", "prior_credit"]
    return _insert_missing(Book, missing, ["unit_id", "year", *sums, "head"], SHELF)


@prepared
def _locked_books() -> Any:
    return (
        select(*SHELF)
        .where(Book.unit_id.in_(bulk.listed("ids")), Book.year.in_(bulk.listed("years")))
        .order_by(Book.id)
        .with_for_update(key_share=True)
    )


def open_books(unit_ids: set[int], years: set[int]) -> dict[tuple[int, int], Any]:
    """The books of these branches and years, made where missing, locked in the order of their ids."""
    rows, _made = _opened(unit_ids, years, _locked_books, _missing_books)
    return {(row.unit_id, row.year): row for row in rows}


@prepared
def _missing_years() -> Any:
    year: Any = bindparam("year", type_=Integer)
    missing = (
        select(
            Member.id, year, *[literal(0)] * (len(PARTS) + 5), literal(False), literal(False), Member.unit_id
        )
        .where(Member.id.in_(bulk.listed("ids")))
        .where(~exists().where(MemberYear.member_id == Member.id, MemberYear.credit_year == year))
        .order_by(Member.id)
    )
    sums = ["entries", "minutes", *PARTS, "counted", "target", "due"]
    columns = ["member_id", "credit_year", *sums, "on_care", "lacks_class", "custody_unit_id"]
    return _insert_missing(MemberYear, missing, columns, YEAR)


@prepared
def _locked_years() -> Any:
    return (
        select(*YEAR)
        .where(MemberYear.member_id.in_(bulk.listed("ids")))
        .where(MemberYear.credit_year.in_(bulk.listed("years")))
        .order_by(MemberYear.member_id, MemberYear.credit_year)
        .with_for_update(key_share=True)
    )


def open_years(member_ids: set[int], years: set[int]) -> tuple[dict[tuple[int, int], int], bool]:
    """Ids of the MemberYear rows, made where missing, locked in the order (member, year), and whether all
    were made just now: years that did not exist have no lines."""
    rows, made = _opened(member_ids, years, _locked_years, _missing_years)
    return {(member_id, year): row_id for member_id, year, row_id in rows}, made


def as_they_stand(persons: dict[int, Person]) -> dict[int, Person]:
    """The same people now that their years are locked: whoever moved one meanwhile has committed before, or
    waits for us and judges anew. SQLite has one writer at a time: there they stand as they were read."""
    return people(persons) if is_postgresql() else persons


def rules_of(persons: dict[int, Person], units: Iterable[int] = ()) -> Rulebook:
    """The rules of all branches these people have stood in, and of these units."""
    homes = {home[2] for person in persons.values() for home in person.homes}
    return policies(homes | {p.unit_id for p in persons.values() if p.unit_id is not None} | set(units))


@prepared
def _standing_lines() -> Any:
    return (
        select(
            HourEntry.id,
            HourEntry.member_id,
            HourEntry.credit_year,
            HourEntry.day,
            HourEntry.activity,
            HourEntry.mode,
            HourEntry.proof,
            HourEntry.minutes,
            HourEntry.credit,
            HourEntry.starts_at,
            HourEntry.ends_at,
            HourEntry.reverses_id,
            HourEntry.source,
        )
        .where(HourEntry.member_id.in_(bulk.listed("ids")), HourEntry.credit_year.in_(bulk.listed("years")))
        .order_by(HourEntry.id)
    )


def standing_lines(member_ids: set[int], years: set[int]) -> dict[int, list[Any]]:
    """The lines of these members in these years, by member, in the order of their ids."""
    found: dict[int, list[Any]] = defaultdict(list)
    if not member_ids:
        return found
    for row in _standing_lines(ids=bulk.list_of(member_ids), years=bulk.list_of(years)):
        found[row.member_id].append(row)
    return found


def number(
    drafts: Sequence[Draft],
    books: dict[tuple[int, int], Any],
    persons: dict[int, Person],
    actor: Actor | None,
) -> list[dict[str, Any]]:
    """Give each draft its book, number, credit and hash; rows ready to insert, in the order of the books."""
    now = clock.now()
    names = {member_id: chain.pseudonym(person.key) for member_id, person in persons.items()}
    posted_by = chain.pseudonym(actor.pseudonym_key if actor else None)
    tails: dict[int, tuple[int, str]] = {book.id: (book.entries, book.head) for book in books.values()}
    rows = []
    for draft in sorted(drafts, key=lambda d: books[d.shelf].id):
        book = books[draft.shelf]
        if book.sealed_at is not None:
            raise RuleError(N_("The year %(year)s of this branch is closed."), year=draft.credit_year)
        seq, prev = tails[book.id][0] + 1, tails[book.id][1]
        if seq - book.entries > MOST_LINES:
            raise ValueError(f"more than {MOST_LINES} lines of one book in a transaction")
        row = {
            "book_id": book.id, "seq": seq, "prev": prev, "person": names[draft.member_id],
            "day": draft.day, "starts_at": draft.starts_at, "ends_at": draft.ends_at,
            "credit_year": draft.credit_year, "activity": draft.activity, "channel": draft.channel,
            "mode": draft.mode, "minutes": draft.minutes, "credit": draft.credit,
            "policy_id": draft.policy_id, "proof": draft.proof, "reverses_id": draft.reverses_id,
            "source": draft.source, "title": draft.title, "note": draft.note, "posted_by": posted_by,
            "posted_at": now,
        }  # fmt: skip
        instants = {
            name: None if row[name] is None else micros(row[name])
            for name in ("starts_at", "ends_at", "posted_at")
        }
        digest = chain.digest(chain.line(**(row | instants)))
        rows.append(
            row
            | {
                "id": chain.entry_id(book.id, seq),
                "member_id": draft.member_id,
                "posted_by_id": actor.account_id if actor else None,
                "hash": digest,
            }
        )
        tails[book.id] = (seq, digest)
    return rows


def settle(
    persons: dict[int, Person],
    opened: dict[tuple[int, int], int],
    lines: dict[int, list[Any]],
    rules_for: Rulebook,
) -> dict[tuple[int, int], Assessment]:
    """Recompute the caches of these members' opened years with `assess`, in one statement."""
    today, table = clock.today(), MemberYear.__table__
    judged: dict[tuple[int, int], Assessment] = {}
    homes = {
        row_id: (custody(persons[member_id], year, today), year)
        for (member_id, year), row_id in opened.items()
    }
    stays, values = sealed.staying(homes), []
    for (member_id, year), row_id in opened.items():
        person = persons[member_id]
        stretches = duties(year, person.ties)
        edge = min(today, date(year, 12, 31))
        result = assess(
            rules_for.of(person.homes, person.unit_id, year),
            stretches,
            [row for row in lines.get(member_id, ()) if row.credit_year == year],
            year=year,
            today=today,
        )
        judged[member_id, year] = result
        on_care = any(s.category == "care" and s.since <= edge < s.until for s in stretches)
        home = stays.get(row_id, homes[row_id][0])
        short = result.lacks_class
        values.append((row_id, result.counted, result.target, result.due, today, on_care, short, home))
    names = ("counted", "target", "due", "due_on", "on_care", "lacks_class", "custody_unit_id")
    bulk.update(table, names, bulk.native(table, ("id", *names), values))
    sealed.correct(row_id for (_member_id, year), row_id in opened.items() if year < today.year)
    return judged


def write_lines(rows: list[dict[str, Any]]) -> None:
    """Insert numbered lines; the triggers check each against its book and keep the sums."""
    table, names = HourEntry.__table__, tuple(rows[0])
    bulk.insert(table, names, bulk.native(table, names, (tuple(row.values()) for row in rows)))


def note(actor: Actor | None, action: str, rows: list[dict[str, Any]], **more: Any) -> None:
    """One audit event for the batch."""
    occasions = sorted({row["source"].split("/", 1)[0] for row in rows})
    audit.record(
        actor,
        action,
        occasions[0] if len(occasions) == 1 else f"lines:{len(rows)}",
        lines=len(rows),
        minutes=sum(row["minutes"] for row in rows),
        first=rows[0]["id"],
        last=rows[-1]["id"],
        **more,
    )
