"""`flask hours verify`: recompute chains, sums and caches, and name what differs from what is stored.

A changed byte, a deleted or swapped line, a dropped trigger show here. A chain that somebody recomputed
from end to end is consistent again: only an anchor kept outside the database shows that.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, null, or_, select, text

from pbtrain.accounts.models import Account
from pbtrain.core import clock
from pbtrain.core.db import db, is_postgresql, micros
from pbtrain.hours import chain, posting
from pbtrain.hours.models import Book, HourEntry, MemberYear
from pbtrain.hours.rules import assess, duties
from pbtrain.hours.shipped import TRIGGERS
from pbtrain.org.models import Member

BATCH = 500
HASHED = (
    "prev", "book_id", "seq", "person", "day", "credit_year", "activity", "channel", "mode", "minutes",
    "credit", "policy_id", "proof", "source", "reverses_id", "posted_by", "title", "note",
)  # fmt: skip
MIRRORED = ("member_id", "day", "credit_year", "mode", "proof", "activity")


@dataclass(frozen=True)
class Finding:
    """Something that differs: where, and what."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


def verify() -> Iterator[Finding]:
    """Every difference found, triggers first, then book by book, then the years of the members."""
    yield from check_triggers()
    yield from check_books()
    yield from check_years()
    yield from check_caches()


def installed_triggers() -> dict[str, str]:
    """The ledger's triggers as the database has them: name -> SHA-256 of their text."""
    if is_postgresql():
        rows = db.session.execute(
            text(
                "SELECT t.tgname, pg_get_triggerdef(t.oid) || t.tgenabled::text || p.prosrc FROM pg_trigger t"
                " JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_class c ON c.oid = t.tgrelid"
                " WHERE NOT t.tgisinternal AND c.relnamespace = current_schema()::regnamespace"
            )
        )
    else:
        rows = db.session.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"))
    normal = {name: " ".join(body.replace("public.", "").split()) for name, body in rows.tuples()}
    return {name: hashlib.sha256(body.encode()).hexdigest() for name, body in normal.items()}


def check_triggers() -> Iterator[Finding]:
    """A trigger that is missing, switched off or not the shipped one."""
    found = installed_triggers()
    for name, digest in TRIGGERS["postgresql" if is_postgresql() else "sqlite"].items():
        if name not in found:
            yield Finding(f"trigger {name}", "is missing")
        elif found[name] != digest:
            yield Finding(f"trigger {name}", "is switched off or not the shipped one")


def check_books() -> Iterator[Finding]:
    """Each book with its lines in one stream, so that all is seen at one moment."""
    lines = [column for column in HourEntry.__table__.columns if column.name != "posted_at"]
    query = (
        select(
            Book.id.label("b_id"), Book.unit_id.label("b_unit_id"), Book.year.label("b_year"),
            Book.entries.label("b_entries"), Book.person_times.label("b_people"),
            Book.minutes.label("b_minutes"), Book.credit.label("b_credit"),
            Book.prior_credit.label("b_prior"), Book.head.label("b_head"), HourEntry.posted_at, *lines,
            Member.pseudonym_key.label("member_key"), Account.pseudonym_key.label("actor_key"),
        )
        .outerjoin(HourEntry, HourEntry.book_id == Book.id)
        .outerjoin(Member, Member.id == HourEntry.member_id)
        .outerjoin(Account, Account.id == HourEntry.posted_by_id)
        .order_by(Book.id, HourEntry.seq)
        .execution_options(yield_per=2000)
    )  # fmt: skip
    book: _Tally | None = None
    with db.session.execute(query) as rows:
        for row in rows:
            if book is None or row.b_id != book.row.b_id:
                if book is not None:
                    yield from book.close()
                book = _Tally(row)
            if row.id is not None:
                yield from book.take(row)
    if book is not None:
        yield from book.close()
    yield from _check_mirrors()


class _Tally:
    """One book while its lines pass by."""

    def __init__(self, row: Any) -> None:
        self.row, self.seq = row, 0
        self.head = chain.genesis(row.b_unit_id, row.b_year)
        self.people = self.minutes = self.credit = self.prior = 0

    def take(self, line: Any) -> Iterator[Finding]:
        where = f"book {line.book_id} line {line.seq}"
        if line.seq != self.seq + 1:
            yield Finding(where, f"line {self.seq + 1} is missing")
        if line.prev != self.head:
            yield Finding(where, "is not chained to the line before it")
        if line.id != chain.entry_id(line.book_id, line.seq):
            yield Finding(where, "its id was changed")
        if chain.digest(_line(line)) != line.hash:
            yield Finding(where, "was changed: its hash does not fit")
        if line.member_key is not None and chain.pseudonym(line.member_key) != line.person:
            yield Finding(where, "stands under another member than it was written for")
        known = line.actor_key is not None or line.posted_by_id is None
        if known and chain.pseudonym(line.actor_key) != line.posted_by:
            yield Finding(where, "names another actor than the one who wrote it")
        self.seq, self.head = line.seq, line.hash
        self.people += 1 if line.reverses_id is None else -1
        self.minutes += line.minutes
        if line.credit_year == self.row.b_year:
            self.credit += line.credit
        else:
            self.prior += line.credit

    def close(self) -> Iterator[Finding]:
        row = self.row
        stored = (row.b_entries, row.b_people, row.b_minutes, row.b_credit, row.b_prior, row.b_head)
        if stored != (self.seq, self.people, self.minutes, self.credit, self.prior, self.head):
            yield Finding(f"book {row.b_id}", "its count, sums or head do not equal its lines")


def _line(row: Any) -> str:
    values: dict[str, Any] = {name: getattr(row, name) for name in HASHED}
    instants: dict[str, Any] = {
        name: None if getattr(row, name) is None else micros(getattr(row, name))
        for name in ("posted_at", "starts_at", "ends_at")
    }
    return chain.line(**values, **instants)


def _check_mirrors() -> Iterator[Finding]:
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
    )
    for book_id, seq in rows:
        yield Finding(f"book {book_id} line {seq}", "does not mirror the line it reverses")


def _sums() -> Any:
    """The raw sums of every member and year, from the lines."""
    columns: list[Any] = [
        HourEntry.member_id,
        HourEntry.credit_year,
        func.count().label("entries"),
        func.sum(HourEntry.minutes).label("minutes"),
    ]
    for name in posting.PARTS:
        mode, proof = name.split("_")
        fits = (HourEntry.mode == mode) & (HourEntry.proof == proof.upper())
        columns.append(func.coalesce(func.sum(HourEntry.credit).filter(fits), 0).label(name))
    return select(*columns).group_by(HourEntry.member_id, HourEntry.credit_year).subquery()


def check_years() -> Iterator[Finding]:
    """The raw sums of each member's year against the lines."""
    sums = _sums()
    pair = (sums.c.member_id == MemberYear.member_id) & (sums.c.credit_year == MemberYear.credit_year)
    names = ("entries", "minutes", *posting.PARTS)
    differs = or_(*(func.coalesce(sums.c[n], 0) != getattr(MemberYear, n) for n in names))
    for member_id, year in db.session.execute(
        select(MemberYear.member_id, MemberYear.credit_year)
        .outerjoin(sums, pair)
        .where(differs)
        .order_by(MemberYear.member_id, MemberYear.credit_year)
    ):
        yield Finding(f"member {member_id} year {year}", "its sums do not equal its lines")
    for member_id, year in db.session.execute(
        select(sums.c.member_id, sums.c.credit_year)
        .outerjoin(MemberYear, pair)
        .where(MemberYear.id.is_(null()))
        .order_by(sums.c.member_id, sums.c.credit_year)
    ):
        yield Finding(f"member {member_id} year {year}", "has lines but no row of sums")


def check_caches() -> Iterator[Finding]:
    """What `assess` makes of each year, and today's branch, against the stored caches."""
    after = 0
    while rows := db.session.execute(
        select(
            MemberYear.id,
            MemberYear.member_id,
            MemberYear.credit_year,
            MemberYear.counted,
            MemberYear.target,
            MemberYear.due_on,
            MemberYear.custody_unit_id,
        )
        .where(MemberYear.id > after)
        .order_by(MemberYear.id)
        .limit(BATCH)
    ).all():
        after = rows[-1].id
        persons = posting.people(row.member_id for row in rows)
        homes = {home[2] for p in persons.values() for home in p.homes}
        rules_for = posting.policies(homes)
        lines = posting.standing_lines({row.member_id for row in rows}, {row.credit_year for row in rows})
        for row in rows:
            where = f"member {row.member_id} year {row.credit_year}"
            person = persons[row.member_id]
            if row.custody_unit_id != posting.custody(person, row.due_on or clock.today()):
                yield Finding(where, "stands under another branch than the member")
            if not person.homes:
                continue
            result = assess(
                rules_for(
                    posting.home_in(person, row.credit_year, row.due_on or clock.today()), row.credit_year
                ),
                duties(row.credit_year, person.ties),
                [posting.studied(x) for x in lines[row.member_id] if x.credit_year == row.credit_year],
                year=row.credit_year,
                today=row.due_on or clock.today(),
            )
            if (result.counted, result.target) != (row.counted, row.target):
                yield Finding(where, "what counts or the target was not recomputed")
