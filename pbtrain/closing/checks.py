"""What `flask hours verify` looks at of closed years: manifests, sealed books, sealed figures of members."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import exists, func, or_, select

from pbtrain.closing import manifest
from pbtrain.closing.models import YearSeal
from pbtrain.core import bulk
from pbtrain.core.batches import batched
from pbtrain.core.db import db
from pbtrain.hours.checks import Finding, one_moment
from pbtrain.hours.models import Book, MemberYear
from pbtrain.hours.verify import more

AT_ONCE = 50  # seals


@more
def check_seals() -> Iterator[Finding]:
    """Every difference between what was closed and what its manifest says."""
    one_moment()
    named: Counter[int] = Counter()
    after = 0
    seal = YearSeal.__table__
    while seals := db.session.execute(
        select(seal).where(seal.c.id > after).order_by(seal.c.id).limit(AT_ONCE)
    ).all():
        after = seals[-1].id
        for one in seals:
            named[one.year] += len(one.manifest.get("members", ()))
            yield from _of_itself(one)
        yield from _books([one for one in seals if "book" in one.manifest])
        yield from _members([one for one in seals if "members" in one.manifest])
        yield from _units([one for one in seals if "units" in one.manifest])
    yield from _without_manifest(named)


def _where(seal: Any) -> str:
    return f"closed year {seal.year} of unit {seal.unit_id}"


def _of_itself(seal: Any) -> Iterator[Finding]:
    kept = seal.manifest
    whose = (kept.get("unit", {}).get("id"), kept.get("year"))
    if manifest.digest(kept) != seal.digest or whose != (seal.unit_id, seal.year):
        yield Finding(_where(seal), "its manifest was changed")
    if seal.code != manifest.short_code(seal.digest):
        yield Finding(_where(seal), "its code was changed")


def _books(seals: Sequence[Any]) -> Iterator[Finding]:
    books = {
        (book.unit_id, book.year): book
        for book in db.session.execute(
            select(Book.__table__).where(Book.unit_id.in_([seal.unit_id for seal in seals]))
        )
    }
    for seal in seals:
        book, kept, totals = (
            books.get((seal.unit_id, seal.year)),
            seal.manifest["book"],
            seal.manifest["own"],
        )
        if book is None or book.sealed_at is None or book.seal != seal.digest:
            yield Finding(_where(seal), "its book does not carry the seal")
        elif (book.id, book.head) != (kept["id"], kept["head"]) or any(
            getattr(book, name) != totals[name] for name in manifest.TOTALS[1:6]
        ):
            yield Finding(_where(seal), "its book is not the one that was closed")


def _members(seals: Sequence[Any]) -> Iterator[Finding]:
    wanted = {(row[0], seal.year): (seal, row[1:]) for seal in seals for row in seal.manifest["members"]}
    found: dict[tuple[int, int], list[int | None]] = {}
    for some in batched(sorted({member_id for member_id, _year in wanted}), 2000):
        for row in db.session.execute(
            select(MemberYear.member_id, MemberYear.credit_year, MemberYear.sealed_counted,
                   MemberYear.sealed_target)
            .where(MemberYear.member_id.in_(bulk.among(some)))
        ):  # fmt: skip
            found[row.member_id, row.credit_year] = [row.sealed_counted, row.sealed_target]
    for key, (seal, figures) in wanted.items():
        if found.get(key) != figures:
            yield Finding(_where(seal), f"the figures of member {key[0]} are not those that were closed")


def _units(seals: Sequence[Any]) -> Iterator[Finding]:
    ids = {unit["id"] for seal in seals for unit in seal.manifest["units"]}
    digests = {
        (row.unit_id, row.year): row.digest
        for row in db.session.execute(
            select(YearSeal.unit_id, YearSeal.year, YearSeal.digest).where(
                YearSeal.unit_id.in_(bulk.among(sorted(ids)))
            )
        )
    }
    for seal in seals:
        for unit in seal.manifest["units"]:
            if digests.get((unit["id"], seal.year)) != unit["digest"]:
                yield Finding(_where(seal), f"unit {unit['id']} below is not closed as it was")


def _without_manifest(named: Counter[int]) -> Iterator[Finding]:
    """Seals that nothing stands behind."""
    known = exists().where(YearSeal.unit_id == Book.unit_id, YearSeal.year == Book.year)
    for book_id in db.session.scalars(
        select(Book.id)
        .where(or_(Book.sealed_at.is_not(None), Book.seal.is_not(None)), ~known)
        .order_by(Book.id)
    ):
        yield Finding(f"book {book_id}", "is closed without a manifest")
    for year, count in db.session.execute(
        select(MemberYear.credit_year, func.count())
        .where(MemberYear.sealed_counted.is_not(None))
        .group_by(MemberYear.credit_year)
        .order_by(MemberYear.credit_year)
    ):
        if count != named[year]:
            yield Finding(f"closed year {year}", "other members are closed than the manifests name")
