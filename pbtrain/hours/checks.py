"""What `flask hours verify` looks at, some books or some members at a time, each at one moment.

Everything is recomputed from the stored columns. PostgreSQL recomputes a span of books by itself (`sound`),
and only where something is wrong the lines are walked here, which names it; SQLite's are always walked.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, String, cast, or_, select

from pbtrain.accounts.models import Account
from pbtrain.core import clock
from pbtrain.core.batches import batched
from pbtrain.core.db import EPOCH, db, is_postgresql
from pbtrain.hours import chain, posting, sealed, sound
from pbtrain.hours.activities import PARTS
from pbtrain.hours.models import Book, HourEntry, MemberYear
from pbtrain.hours.persons import Person, custody, people
from pbtrain.hours.policy import Rules
from pbtrain.hours.rulebook import Rulebook
from pbtrain.hours.rules import Stretch, Studied, Tie, assess, duties
from pbtrain.hours.sound import Span
from pbtrain.org.models import Member

CHUNK = 2000  # lines read at a time
MOST_KNOWN = 20_000  # distinct years remembered, some kilobytes each
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
    known = Known()
    if is_postgresql() and sound.proved(span) and known.are_named(sound.named(span)):
        return
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


class Known:
    """Pseudonyms of the people in the lines at hand; None for a key that was destroyed or never was."""

    def __init__(self) -> None:
        self.members: dict[int, str | None] = {}
        self.accounts: dict[int | None, str | None] = {None: chain.NOBODY}

    def meet(self, people: Iterable[int], actors: Iterable[int | None]) -> None:
        """Look up these members and accounts, if they are not known yet."""
        self._learn(Member, self.members, set(people))
        self._learn(Account, self.accounts, set(actors))

    def are_named(self, rows: Sequence[Any]) -> bool:
        """Do these (member id, account id, pseudonym, pseudonym) go together?"""
        self.meet((row[0] for row in rows), (row[1] for row in rows))
        return all(
            self.members[member_id] in (None, person) and self.accounts[actor_id] in (None, posted_by)
            for member_id, actor_id, person, posted_by in rows
        )

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
PLACE = {(name.split("_")[0], name[-1].upper()): n for n, name in enumerate(PARTS, 2)}


def check_members(
    span: Span, judge: "Judge", *, only: Select[Any] | None = None, inside: bool = False
) -> Iterator[Finding]:
    """Raw sums, what counts, targets and branches of the members with these ids, in all their years.

    `only`: of those this select names; `inside` a transaction that holds them.
    """
    if not inside:
        one_moment()

    def chosen(column: Any) -> list[ColumnElement[bool]]:
        return within(column, span) if only is None else [*within(column, span), column.in_(only)]

    rows = db.session.execute(
        select(*YEAR)
        .where(*chosen(MemberYear.member_id))
        .order_by(MemberYear.member_id, MemberYear.credit_year)
    ).all()
    lines: dict[tuple[int, int], list[Any]] = defaultdict(list)
    for some in raw(select(*LEARNT).where(*chosen(ENTRY.member_id)).order_by(ENTRY.member_id, ENTRY.id)):
        for line in some:
            lines[line[0], line[1]].append(line)
    persons: dict[int, Person] = {}
    for ids in batched(sorted({row[0] for row in rows}), 500):
        persons |= people(ids)
    rules_for = posting.rules_of(persons)
    for row in rows:
        mine = lines.pop((row[0], row[1]), [])
        yield from _check_year(row, mine, persons.get(row[0]), rules_for, judge)
    for member_id, year in sorted(lines):
        yield Finding(f"member {member_id} year {year}", "has lines but no row of sums")


def _check_year(
    row: Any, lines: list[Any], person: Person | None, rules_for: Rulebook, judge: "Judge"
) -> Iterator[Finding]:
    member_id, year, counted, target, lacks_class, due_on, custody_unit_id, *closed = row[:10]
    sums = list(row[10:])
    where, today = f"member {member_id} year {year}", due_on or clock.today()
    facts = judge.facts(lines)
    if judge.sums(facts) != sums:
        yield Finding(where, "its sums do not equal its lines")
    yield from _check_closed(where, counted, *closed)
    if person is None:
        return
    home = custody(person, year, today)
    if custody_unit_id != home and (home, year) not in sealed.not_theirs([home] if home else [], [year]):
        yield Finding(where, "stands under another branch than the member")
    if person.homes:
        rules = rules_for.of(person.homes, person.unit_id, year)
        if (counted, target, lacks_class) != judge.year(rules, year, today, person.ties, facts):
            yield Finding(where, "what counts or the target was not recomputed")


def _check_closed(
    where: str, counted: int, sealed_counted: int | None, sealed_target: int | None, corrections: int
) -> Iterator[Finding]:
    """What was sealed and what was corrected since make what counts."""
    if (sealed_counted is None) != (sealed_target is None):
        yield Finding(where, "is sealed in part")
    if corrections != (0 if sealed_counted is None else counted - sealed_counted):
        yield Finding(where, "what was sealed and what was corrected since do not make what counts")


Facts = tuple[tuple[Any, ...], ...]  # of each line what LEARNT names from reverses_id on


class Judge:
    """`assess` for people who did the same: distinct years are judged once, the newest are remembered."""

    def __init__(self) -> None:
        self._years: dict[Any, tuple[int, int, bool]] = {}
        self._sums: dict[Facts, list[int]] = {}
        self._stretches: dict[Any, tuple[Stretch, ...]] = {}

    def facts(self, lines: list[Any]) -> Facts:
        """What decides about a year; a line stands for its place in the order of ids."""
        if all(line[3] is None for line in lines):
            return tuple(line[3:] for line in lines)
        places = {line[2]: number for number, line in enumerate(lines)}
        return tuple((places.get(line[3], line[3]), *line[4:]) for line in lines)

    def sums(self, facts: Facts) -> list[int]:
        """Entries, minutes, then the credit of each mode and proof."""
        if facts not in self._sums:
            found = [len(facts), *[0] * (1 + len(PARTS))]
            for _reverses, _day, mode, proof, minutes, credit, *_times in facts:
                found[1] += minutes
                if place := PLACE.get((mode, proof)):
                    found[place] += credit
            _remember(self._sums, facts, found)
        return self._sums[facts]

    def year(
        self, rules: Rules, year: int, today: date, ties: list[Tie], facts: Facts
    ) -> tuple[int, int, bool]:
        """(counted, target, lacks a class) as `assess` judges."""
        key = (rules.key, year, today, self._duties(year, ties), facts)
        if key not in self._years:
            lines = [
                Studied(
                    n, date.fromisoformat(day), mode, proof, minutes, credit, _instant(starts),
                    _instant(ends), reverses, activity,
                )
                for n, fact in enumerate(facts)
                for reverses, day, mode, proof, minutes, credit, starts, ends, activity in (fact,)
            ]  # fmt: skip
            result = assess(rules, key[3], lines, year=year, today=today)
            _remember(self._years, key, (result.counted, result.target, result.lacks_class))
        return self._years[key]

    def _duties(self, year: int, ties: list[Tie]) -> tuple[Stretch, ...]:
        """By ties as far as they touch the year: since when before it somebody has been here is all one."""
        first, after = date(year, 1, 1), date(year + 1, 1, 1)
        near = tuple(
            Tie(
                tie.kind,
                max(tie.since, first),
                None if tie.until is None else min(tie.until, after),
                tie.label,
            )
            for tie in ties
            if tie.since < after and (tie.until is None or tie.until > first)
        )
        if (year, near) not in self._stretches:
            _remember(self._stretches, (year, near), duties(year, near))
        return self._stretches[year, near]


def _remember(known: dict[Any, Any], key: object, value: object) -> None:
    if len(known) >= MOST_KNOWN:
        del known[next(iter(known))]
    known[key] = value


def _instant(stored: int | None) -> datetime | None:
    return None if stored is None else EPOCH + timedelta(microseconds=stored)
