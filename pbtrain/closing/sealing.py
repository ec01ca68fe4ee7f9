"""Closing a year: a branch's book, then level by level. Part of the services of closing.

Each unit is one transaction: a crash in between leaves units that are closed and units that are not, and
whoever asks again goes on there. Nothing here commits, except `close`, which is made of many of these.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select, update

from pbtrain.accounts import races
from pbtrain.audit import services as audit
from pbtrain.closing import manifest, queries, rules, years
from pbtrain.closing.models import YearSeal
from pbtrain.core import clock
from pbtrain.core.batches import batched
from pbtrain.core.db import db, insert_new, transaction
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.core.marks import N_
from pbtrain.hours import chain, checks, posting, services
from pbtrain.hours.judge import Judge
from pbtrain.hours.models import Book, HourEntry, MemberYear, Policy
from pbtrain.org.access import Actor
from pbtrain.org.kinds import UNIT_KINDS
from pbtrain.org.models import Unit

CLOSED = N_("%(name)s has closed this year already, at %(when)s.")
TOO_LARGE = N_("So many lines are written by command: flask hours export-year UNIT YEAR FILE.")
Tell = Callable[[int, int], None]


@dataclass(frozen=True)
class Check:
    """One point of the checklist: the sentence when it is not met, and how many things are in the way."""

    key: str
    problem: str
    count: int = 0
    what: str = ""

    @property
    def is_met(self) -> bool:
        """Nothing is in the way."""
        return self.count == 0


def checklist(unit_id: int, year: int, since: date, *, inside: bool = False) -> list[Check]:
    """What must be settled before a branch's year is closed; nine statements and the lines of the book.

    `inside` a transaction that holds the book; else it reads at one moment of its own.
    """
    found = queries.months(unit_id, year, since, clock.today())
    wrong = list(_differences(found.book.id, unit_id, year, inside=inside)) if found.book else []
    claims, held = sum(m.claims for m in found.months), sum(m.held for m in found.months)
    return [
        Check("claims", N_("Claims wait for a decision: %(count)s."), claims),
        Check("held", N_("Held lines wait for a decision: %(count)s."), held),
        Check(
            "sheets",
            N_("Rows of sheets of earlier hours wait for the level above: %(count)s."),
            queries.sheet_rows(unit_id, year),
        ),
        Check("months", N_("Months are not signed: %(count)s."), len(found.due)),
        Check(
            "totals",
            N_("The book does not agree with its lines: %(what)s."),
            len(wrong),
            "; ".join(wrong[:3]),
        ),
    ]


def _differences(book_id: int, unit_id: int, year: int, *, inside: bool) -> Iterator[str]:
    """Chain, sums and caches of this book and of the members whose year it closes."""
    members = select(MemberYear.member_id).where(*_of_branch(unit_id, year))
    for finding in checks.check_books((book_id, book_id + 1), inside=inside):
        yield str(finding)
    for finding in checks.check_members((None, None), Judge(), only=members, inside=inside):
        yield str(finding)


def _of_branch(unit_id: int, year: int) -> tuple[Any, ...]:
    """The years that are closed with this branch: of who stands in it and is not closed elsewhere."""
    return (
        MemberYear.custody_unit_id == unit_id,
        MemberYear.credit_year == year,
        MemberYear.sealed_counted.is_(None),
    )


def seal_unit(actor: Actor | None, unit_id: int, year: int, *, empty: bool = False) -> str:
    """Close a unit's year; returns the code. `empty`: nobody is left who could sign its months.

    RuleError names what is in the way, Conflict who was faster.
    """
    rules.check_year(year, clock.today())
    unit = db.session.get_one(Unit, unit_id)
    if queries.seal(unit_id, year) is not None:
        raise closed_already(unit_id, year)
    has_members, has_units = UNIT_KINDS[unit.kind].has_members, UNIT_KINDS[unit.kind].has_units
    written: dict[str, Any] = {}
    if has_members or _has_lines(unit_id, year):  # a level may have been a branch in that year
        written |= _branch(unit, year, empty=empty or not has_members)
    if has_units:
        written |= _level(unit, year)
    own = [written["own"]] if "own" in written else []
    written["totals"] = manifest.summed([*own, *written.pop("parts", [])])
    written |= {
        "pbtrain": "year seal",
        "version": 1,
        "unit": {"id": unit.id, "code": unit.code, "name": unit.name},
        "year": year,
        "sealed_at": clock.now().isoformat(),
        "sealed_by": chain.pseudonym(actor.pseudonym_key if actor else None),
    }
    digest = manifest.digest(written)
    code = manifest.short_code(digest)
    row = {
        "unit_id": unit_id,
        "year": year,
        "code": code,
        "digest": digest,
        "manifest": written,
        "sealed_by_id": actor.account_id if actor else None,
        "sealed_at": clock.now(),
    }
    if db.session.execute(insert_new(YearSeal).values(row).returning(YearSeal.id)).first() is None:
        raise closed_already(unit_id, year)
    if "book" in written:
        db.session.execute(
            update(Book)
            .where(Book.id == written["book"]["id"])
            .values(sealed_at=clock.now(), seal=digest)
            .execution_options(synchronize_session=False)
        )
    audit.record(actor, "year.closed", f"unit:{unit_id}", unit_id=unit_id, year=year, code=code)
    return code


def closed_already(unit_id: int, year: int) -> Conflict:
    """The refusal for whoever closes what is closed: it names who was faster, and when."""
    known = queries.seal(unit_id, year)
    return races.lost(CLOSED, N_("This year has been closed meanwhile."), known.sealed_by_id, known.sealed_at)


def _has_lines(unit_id: int, year: int) -> bool:
    return bool(
        db.session.scalar(select(Book.id).where(Book.unit_id == unit_id, Book.year == year, Book.entries > 0))
    )


def _branch(unit: Unit, year: int, *, empty: bool) -> dict[str, Any]:
    """Judge a branch's members once more, look at everything, fix their figures; what the manifest says."""
    posting.open_books({unit.id}, {year})
    book = db.session.execute(select(Book).where(Book.unit_id == unit.id, Book.year == year)).scalar_one()
    ids = db.session.scalars(
        select(MemberYear.member_id).where(*_of_branch(unit.id, year)).order_by(MemberYear.member_id)
    ).all()
    for some in batched(ids, 500):
        services.refresh_years(some, year)
    for check in checklist(unit.id, year, unit.valid_from, inside=True):
        if not check.is_met and not (empty and check.key == "months"):
            raise RuleError(check.problem, count=check.count, what=check.what)
    figures = db.session.execute(
        update(MemberYear)
        .where(*_of_branch(unit.id, year))
        .values(sealed_counted=MemberYear.counted, sealed_target=MemberYear.target)
        .returning(
            MemberYear.member_id,
            MemberYear.counted,
            MemberYear.target,
            MemberYear.on_care,
            MemberYear.lacks_class,
        )
        .execution_options(synchronize_session=False)
    ).all()
    own = {
        "branches": 1,
        "entries": book.entries,
        "person_times": book.person_times,
        "minutes": book.minutes,
        "credit": book.credit,
        "prior_credit": book.prior_credit,
        "members": len(figures),
        "met": sum(not (f.on_care or f.lacks_class) and f.counted >= f.target > 0 for f in figures),
        "care": sum(f.on_care for f in figures),
        "counted": sum(f.counted for f in figures),
        "target": sum(f.target for f in figures),
    }
    return {
        "book": {"id": book.id, "entries": book.entries, "head": book.head},
        "own": own,
        "members": sorted([f.member_id, f.counted, f.target] for f in figures),
        "signed": [[row.month, row.entries, row.head] for row in queries.sign_offs(book.id)],
        "policies": _policies(unit.id, book.id, year),
    }


def _policies(unit_id: int, book_id: int, year: int) -> list[dict[str, Any]]:
    """The rules by which the lines were converted and the year was judged."""
    used = select(HourEntry.policy_id).where(HourEntry.book_id == book_id)
    judged = posting.policies([unit_id])(unit_id, year).id
    rows = db.session.scalars(
        select(Policy).where(Policy.id.in_(used) | (Policy.id == judged)).order_by(Policy.id)
    )
    return [
        {
            "id": row.id,
            "unit": row.unit_id,
            "year": row.year,
            "version": row.version,
            "digest": manifest.digest(row.rules),
        }
        for row in rows
    ]


def _level(unit: Unit, year: int) -> dict[str, Any]:
    """What the manifest of a level says: the digests of the units right below, and their totals added up."""
    below = years.below(unit.id, year)
    waiting = [row for row in below if row.digest is None]
    if waiting:
        raise RuleError(
            N_("Units below are not closed yet: %(count)s, the first is %(name)s."),
            count=len(waiting),
            name=waiting[0].name,
        )
    return {
        "units": [{"id": row.id, "code": row.code, "digest": row.digest} for row in below],
        "parts": [row.totals for row in below],
    }


def close(actor: Actor, unit_id: int, year: int, tell: Tell | None = None) -> str:
    """Close what is empty below a unit, deepest first, then the unit itself; each in its own transaction.

    May run again after a crash. Returns the code of the unit.
    """
    empty = years.empty_below(unit_id, year)
    for done, below_id in enumerate(empty):
        if tell is not None and done % 10 == 0:
            tell(done, len(empty) + 1)
        try:
            with transaction():
                seal_unit(actor, below_id, year, empty=True)
        except Conflict:
            continue  # somebody closed it meanwhile
    with transaction():
        return seal_unit(actor, unit_id, year)
