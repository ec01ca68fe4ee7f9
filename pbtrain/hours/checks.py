"""What `flask hours verify` looks at, some books or some members at a time, each at one moment.

Everything is recomputed from the stored columns. PostgreSQL recomputes a span of books by itself (`sound`),
and only where something is wrong the lines are walked here, which names it; SQLite's are always walked. A
member's year is judged here (`judge`); on PostgreSQL its lines are read only if no equal year was.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, String, cast, or_, select, text

from pbtrain.accounts.models import Account
from pbtrain.core import clock
from pbtrain.core.batches import batched
from pbtrain.core.db import db, is_postgresql
from pbtrain.core.errors import RuleError
from pbtrain.hours import chain, posting, sealed, sound
from pbtrain.hours.activities import PARTS
from pbtrain.hours.judge import NOTHING, Case, Facts, Judge, Mark, facts_of
from pbtrain.hours.models import Book, HourEntry, MemberYear
from pbtrain.hours.persons import Person, custody, people
from pbtrain.hours.policy import Rules
from pbtrain.hours.rulebook import Rulebook
from pbtrain.hours.sound import Span
from pbtrain.org.models import Member

CHUNK = 2000  # lines read at a time
MIRRORED = ("member_id", "day", "credit_year", "mode", "proof", "activity")


@dataclass(frozen=True)
class Finding:
    """Something that differs: where, and what."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


def one_moment() -> None:
    """What is read from here on until the next call belongs to one moment, whoever writes meanwhile."""
    db.session.rollback()
    if is_postgresql():
        db.session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        db.session.execute(text("SET LOCAL jit = off"))  # to compile a statement takes longer than a span


def within(column: Any, span: Span) -> list[ColumnElement[bool]]:
    """Conditions for the ids of a span."""
    first, after = span
    bounds = [] if first is None else [column >= first]
    return bounds if after is None else [*bounds, column < after]


def raw(statement: Any) -> Iterator[list[tuple[Any, ...]]]:
    """The rows as the database's own module hands them over, some at a time: no column here needs more, and
    wrapping thirty million rows takes longer than hashing them."""
    connection = db.session.connection()
    query = statement.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
    driver: Any = connection.connection.driver_connection
    with closing(driver.cursor(name="verify") if is_postgresql() else driver.cursor()) as cursor:
        cursor.execute(str(query))
        while rows := cursor.fetchmany(CHUNK):
            yield rows


# --- Books ------------------------------------------------------------------------------------------

ENTRY = HourEntry.__table__.c
LINE = (
    ENTRY.id, ENTRY.hash, ENTRY.member_id, ENTRY.posted_by_id, ENTRY.title, ENTRY.note,
    ENTRY.prev, ENTRY.book_id, ENTRY.seq, ENTRY.person, cast(ENTRY.day, String), ENTRY.credit_year,
    ENTRY.activity, ENTRY.channel, ENTRY.mode, ENTRY.minutes, ENTRY.credit, ENTRY.policy_id, ENTRY.proof,
    ENTRY.source, ENTRY.reverses_id, ENTRY.posted_by, ENTRY.posted_at, ENTRY.starts_at, ENTRY.ends_at,
)  # fmt: skip


@dataclass
class Tally:
    """A book while its lines pass by: what its row says, and what its lines add up to."""

    id: int
    unit_id: int
    year: int
    stored: tuple[Any, ...]  # entries, person_times, minutes, credit, prior_credit, head
    seq: int = 0
    head: str = field(init=False)
    people: int = 0
    minutes: int = 0
    credit: int = 0
    prior: int = 0

    def __post_init__(self) -> None:
        self.head = chain.genesis(self.unit_id, self.year)

    def close(self) -> Iterator[Finding]:
        """The row against its lines."""
        if self.stored != (self.seq, self.people, self.minutes, self.credit, self.prior, self.head):
            yield Finding(f"book {self.id}", "its count, sums or head do not equal its lines")


def check_books(span: Span, *, inside: bool = False) -> Iterator[Finding]:
    """The books with these ids and every line whose id says that it stands in one of them; `inside` a
    transaction that holds them."""
    if not inside:
        one_moment()
    if is_postgresql() and sound.proved(span) and are_named(sound.named(span)):
        return
    known = Known()
    columns = (
        Book.id, Book.unit_id, Book.year, Book.entries, Book.person_times, Book.minutes, Book.credit,
        Book.prior_credit, Book.head,
    )  # fmt: skip
    rows = db.session.execute(select(*columns).where(*within(Book.id, span)).order_by(Book.id))
    books = {row[0]: Tally(row[0], row[1], row[2], tuple(row[3:])) for row in rows}
    ids: Span = tuple(None if bound is None else bound << chain.SEQ_BITS for bound in span)  # type: ignore[assignment]
    for lines in raw(select(*LINE).where(*within(ENTRY.id, ids)).order_by(ENTRY.id)):
        known.meet((line[2] for line in lines), (line[3] for line in lines))
        yield from _follow(lines, books, known)
    for book in books.values():
        yield from book.close()


def are_named(rows: Iterable[Any]) -> bool:
    """Do the pseudonyms that `sound.named` found go with the keys?"""
    accounts: dict[bytes | None, str] = {}
    for actor_id, person, posted_by, member_key, account_key in rows:
        if member_key is not None and chain.pseudonym(member_key) != person:
            return False
        if account_key is None and actor_id is not None:
            continue  # it was destroyed
        if account_key not in accounts:
            accounts[account_key] = chain.pseudonym(account_key)
        if accounts[account_key] != posted_by:
            return False
    return True


class Known:
    """Pseudonyms of the people in the lines at hand; None for a key that was destroyed or never was."""

    def __init__(self) -> None:
        self.members: dict[int, str | None] = {}
        self.accounts: dict[int | None, str | None] = {None: chain.NOBODY}

    def meet(self, people: Iterable[int], actors: Iterable[int | None]) -> None:
        """Look up these members and accounts, if they are not known yet."""
        self._learn(Member, self.members, set(people))
        self._learn(Account, self.accounts, set(actors))

    def _learn(self, table: Any, known: dict[Any, str | None], ids: set[Any]) -> None:
        missing = ids - known.keys()
        known.update(dict.fromkeys(missing))
        for some in batched(sorted(missing), 500):
            for row in db.session.execute(
                select(table.id, table.pseudonym_key).where(table.id.in_(some)).order_by(table.id)
            ):
                known[row[0]] = None if row[1] is None else chain.pseudonym(row[1])


def _follow(lines: Iterable[Any], books: dict[int, Tally], known: Known) -> Iterator[Finding]:
    """Let lines pass by in the order of their ids; what is wrong with one is looked for only then."""
    members, accounts = known.members, known.accounts
    for line in lines:
        id_, digest, member_id, actor_id, title, note, *content = line
        prev, book_id, seq, person, _day, credit_year, *_kind, minutes, credit = content[:11]
        reverses_id, posted_by = content[14:16]
        book = books.get(book_id)
        if book is None or id_ != (book_id << chain.SEQ_BITS) + seq:
            yield Finding(f"book {book_id} line {seq}", "its id was changed" if book else "has no book here")
            continue
        content.append(chain.prose(title, note))
        fits = chain.digest(chain.written(*content)) == digest
        whose = members[member_id] in (None, person)
        by_whom = accounts[actor_id] in (None, posted_by)
        if not (seq == book.seq + 1 and prev == book.head and fits and whose and by_whom):
            yield from _explain(book, seq, prev, fits, whose, by_whom)
        book.seq, book.head = seq, digest
        book.people += 1 if reverses_id is None else -1
        book.minutes += minutes
        if credit_year == book.year:
            book.credit += credit
        else:
            book.prior += credit


def _explain(book: Tally, seq: int, prev: str, fits: bool, whose: bool, by_whom: bool) -> Iterator[Finding]:
    where = f"book {book.id} line {seq}"
    if seq != book.seq + 1:
        yield Finding(where, f"line {book.seq + 1} is missing")
    if prev != book.head:
        yield Finding(where, "is not chained to the line before it")
    if not fits:
        yield Finding(where, "was changed: its hash does not fit")
    if not whose:
        yield Finding(where, "stands under another member than it was written for")
    if not by_whom:
        yield Finding(where, "names another actor than the one who wrote it")


def check_mirrors() -> Iterator[Finding]:
    """Every reversal is equal and opposite to one line."""
    one_moment()
    back, entry = HourEntry.__table__.alias(), HourEntry.__table__
    wrong = or_(
        entry.c.id.is_(None),
        entry.c.reverses_id.is_not(None),
        entry.c.minutes != -back.c.minutes,
        entry.c.credit != -back.c.credit,
        *(entry.c[name] != back.c[name] for name in MIRRORED),
    )
    rows = db.session.execute(
        select(back.c.book_id, back.c.seq)
        .outerjoin(entry, entry.c.id == back.c.reverses_id)
        .where(back.c.reverses_id.is_not(None), wrong)
        .order_by(back.c.book_id, back.c.seq)
        .execution_options(yield_per=CHUNK)
    )
    with rows:
        for book_id, seq in rows:
            yield Finding(f"book {book_id} line {seq}", "does not mirror the line it reverses")


# --- Members ----------------------------------------------------------------------------------------

LEARNT = (
    ENTRY.member_id, ENTRY.credit_year, ENTRY.id, ENTRY.reverses_id, cast(ENTRY.day, String), ENTRY.mode,
    ENTRY.proof, ENTRY.minutes, ENTRY.credit, ENTRY.starts_at, ENTRY.ends_at, ENTRY.activity,
)  # fmt: skip
YEAR = (
    MemberYear.member_id, MemberYear.credit_year, MemberYear.counted, MemberYear.target,
    MemberYear.lacks_class, MemberYear.due_on, MemberYear.custody_unit_id, MemberYear.sealed_counted,
    MemberYear.sealed_target, MemberYear.corrections, MemberYear.entries, MemberYear.minutes,
    *(getattr(MemberYear, name) for name in PARTS),
)  # fmt: skip
YEARS = range(1, 9999)  # those a calendar has, the last day of which is before another
Whose = tuple[int, int]  # member, year


class Seen(NamedTuple):
    """The row of a member's year, what was done in it, and by which rules it is judged, if by any."""

    row: Any  # of YEAR
    mark: Mark
    person: Person | None
    today: date
    rules: Rules | None = None
    case: Case | None = None


def check_members(
    span: Span, judge: Judge, *, only: Select[Any] | None = None, inside: bool = False
) -> Iterator[Finding]:
    """Raw sums, what counts, targets and branches of the members with these ids, in all their years.

    `only`: of those this select names; `inside` a transaction that holds them.
    """
    if not inside:
        one_moment()
    judge.forget()

    def chosen(column: Any) -> list[ColumnElement[bool]]:
        return within(column, span) if only is None else [*within(column, span), column.in_(only)]

    rows = db.session.execute(
        select(*YEAR)
        .where(*chosen(MemberYear.member_id))
        .order_by(MemberYear.member_id, MemberYear.credit_year)
    ).all()
    marks = _marks(chosen(ENTRY.member_id), judge)
    persons: dict[int, Person] = {}
    for ids in batched(sorted({row[0] for row in rows}), 500):
        persons |= people(ids)
    rules_for = posting.rules_of(persons)
    years = [
        _see(row, marks.pop((row[0], row[1]), NOTHING), persons.get(row[0]), rules_for, judge) for row in rows
    ]
    facts = _facts(years, judge)
    for seen in years:
        yield from _check_year(seen, judge, facts)
    for member_id, year in sorted(marks):
        yield Finding(f"member {member_id} year {year}", "has lines but no row of sums")


def _marks(chosen: list[ColumnElement[bool]], judge: Judge) -> dict[Whose, Mark]:
    """What tells the years of these lines apart."""
    if is_postgresql() and judge.meets_again:
        return {(row[0], row[1]): row[2] for some in raw(sound.marks(*chosen)) for row in some}
    return dict(_studied(chosen))


def _studied(chosen: list[ColumnElement[bool]]) -> Iterator[tuple[Whose, Facts]]:
    """What was done in each year, of these lines."""
    lines: dict[Whose, list[Any]] = defaultdict(list)
    for some in raw(select(*LEARNT).where(*chosen).order_by(ENTRY.member_id, ENTRY.id)):
        for line in some:
            lines[line[0], line[1]].append(line[2:])
    for whose, done in lines.items():
        yield whose, facts_of(done)


def _see(row: Any, mark: Mark, person: Person | None, rules_for: Rulebook, judge: Judge) -> Seen:
    year, today = row.credit_year, row.due_on or clock.today()
    if person is None or not person.homes or year not in YEARS:
        return Seen(row, mark, person, today)
    try:
        rules = rules_for.of(person.homes, person.unit_id, year)
    except RuleError:  # none were published for such a year
        return Seen(row, mark, person, today)
    case = judge.case(mark, rules, year, today, person.ties)
    return Seen(row, mark, person, today, rules, case)


def _facts(years: list[Seen], judge: Judge) -> dict[Mark, Facts]:
    """What was done in the years that the judge has not met; of equal ones one is read."""
    new = {seen.mark: seen.row for seen in years if not judge.knows(seen.mark, seen.case)}
    judge.meets_again = 2 * len(new) <= len(years)
    facts: dict[Mark, Facts] = {mark: mark for mark in new if not isinstance(mark, bytes)}
    unread: dict[int, dict[int, Mark]] = defaultdict(dict)
    for mark, row in new.items():
        if mark not in facts:
            unread[row.credit_year][row.member_id] = mark
    for year, of in unread.items():
        for whose, done in _studied([ENTRY.credit_year == year, ENTRY.member_id.in_(of)]):
            facts[of[whose[0]]] = done
    return facts


def _check_year(seen: Seen, judge: Judge, facts: dict[Mark, Facts]) -> Iterator[Finding]:
    member_id, year, counted, target, lacks_class, _due_on, custody_unit_id, *closed_and_sums = seen.row
    sealed_counted, sealed_target, corrections, *sums = closed_and_sums
    where = f"member {member_id} year {year}"
    if year not in YEARS:
        yield Finding(where, "is a year that no calendar has")
    if judge.sums(seen.mark, facts) != sums:
        yield Finding(where, "its sums do not equal its lines")
    if (sealed_counted is None) != (sealed_target is None):
        yield Finding(where, "is sealed in part")
    if corrections != (0 if sealed_counted is None else counted - sealed_counted):
        yield Finding(where, "what was sealed and what was corrected since do not make what counts")
    if seen.person is None or year not in YEARS:
        return
    home = custody(seen.person, year, seen.today)
    if custody_unit_id != home and (home, year) not in sealed.not_theirs([home] if home else [], [year]):
        yield Finding(where, "stands under another branch than the member")
    if seen.person.homes:
        judged = judge.year(seen.case, seen.rules, facts) if seen.case and seen.rules else None
        if (counted, target, lacks_class) != judged:
            yield Finding(where, "what counts or the target was not recomputed")
