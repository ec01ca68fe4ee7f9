"""PostgreSQL looks at a span of books by itself: every hash, link, number and sum, in one statement; and it
makes of what was done in a member's year a digest, by which equal years are known without their lines.

It says only whether all is well. Where something is not, `checks` walks the same lines in Python and names
it, so that nothing is explained here. Functions are those of `pg_catalog`, whatever a schema may hold.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, literal, select, text
from sqlalchemy.dialects.postgresql import aggregate_order_by

from pbtrain.core.db import db
from pbtrain.hours.chain import SEQ_BITS
from pbtrain.hours.judge import ELSEWHERE
from pbtrain.hours.models import HourEntry

Span = tuple[int | None, int | None]  # ids of books from the first on, below the second; None: no bound
LEAST, MOST = -(2**63), 2**63 - 1
SHA = "pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to({}, 'UTF8')), 'hex')"
PROSE = SHA.format("e.title || pg_catalog.chr(10) || e.note")
WRITTEN = (  # the bytes of chain.written
    "pg_catalog.concat_ws('|', '1', prev, book_id, seq, person, CAST(day AS text), credit_year, activity,"
    " channel, mode, minutes, credit, policy_id, proof, source, coalesce(CAST(reverses_id AS text), ''),"
    " posted_by, posted_at, coalesce(CAST(starts_at AS text), ''), coalesce(CAST(ends_at AS text), ''),"
    " told.prose)"
)
GENESIS = SHA.format("'book|' || b.unit_id || '|' || b.year")
PROVED = f"""
WITH hashed AS (
  SELECT id, seq, prev, hash, reverses_id, minutes, credit, credit_year,
    id = (CAST(book_id AS bigint) << {SEQ_BITS}) + seq AND hash = {SHA.format(WRITTEN)} AS fits
  FROM hour_entry AS e
    CROSS JOIN LATERAL (SELECT {PROSE} AS prose OFFSET 0) AS told -- the same for all at an occasion: kept
  WHERE id BETWEEN :low AND :high ORDER BY id OFFSET 0 -- the window sees narrow rows only
), line AS (
  SELECT id >> {SEQ_BITS} AS shelf, seq, prev, reverses_id, minutes, credit, credit_year, fits,
    lag(id) OVER w = id - 1 AND lag(hash) OVER w = prev AS linked
  FROM hashed WINDOW w AS (ORDER BY id)
), shelf AS (
  SELECT l.shelf, count(*) AS entries, sum(l.minutes) AS minutes,
    sum(CASE WHEN l.reverses_id IS NULL THEN 1 ELSE -1 END) AS people,
    sum(CASE WHEN l.credit_year = b.year THEN l.credit ELSE 0 END) AS credit,
    sum(CASE WHEN l.credit_year = b.year THEN 0 ELSE l.credit END) AS prior,
    bool_and((l.fits AND CASE l.seq WHEN 1 THEN l.prev = {GENESIS} ELSE l.linked END) IS TRUE) AS whole
  FROM line l LEFT JOIN book b ON b.id = l.shelf AND b.id BETWEEN :first AND :last GROUP BY l.shelf
), kept AS (
  SELECT b.*, b.head = coalesce(
    (SELECT e.hash FROM hour_entry e WHERE e.id = (CAST(b.id AS bigint) << {SEQ_BITS}) + b.entries),
    {GENESIS}) AS ends
  FROM book b WHERE b.id BETWEEN :first AND :last
)
SELECT coalesce(bool_and((
    k.ends AND coalesce(s.whole, true)
    AND (k.entries, k.person_times, k.minutes, k.credit, k.prior_credit) = (coalesce(s.entries, 0),
      coalesce(s.people, 0), coalesce(s.minutes, 0), coalesce(s.credit, 0), coalesce(s.prior, 0))
  ) IS TRUE), true)
FROM kept k FULL JOIN shelf s ON s.shelf = k.id
"""  # noqa: S608 - made of the constants above
NAMED = """
SELECT n.posted_by_id, n.person, n.posted_by,
  (SELECT m.pseudonym_key FROM member m WHERE m.id = n.member_id),
  (SELECT a.pseudonym_key FROM account a WHERE a.id = n.posted_by_id)
FROM (SELECT DISTINCT member_id, posted_by_id, person, posted_by FROM hour_entry
  WHERE id BETWEEN :low AND :high) AS n
"""
PG, ENTRY = func.pg_catalog, HourEntry.__table__


def proved(span: Span) -> bool:
    """Do these books, and every line whose id says that it stands in one of them, prove each other? That the
    lines belong to the people they name is not looked at; one moment is the caller's business."""
    first, last = _ends(span, 0)
    low, high = _ends(span, SEQ_BITS)
    given = {"first": first, "last": last, "low": low, "high": high}
    return bool(db.session.scalar(text(PROVED), given))


def named(span: Span) -> Sequence[Any]:
    """Whom the lines of these books name, each once: (account id, pseudonym of the member and of the account,
    key of the one and of the other); no key where it was destroyed or nobody has this id."""
    low, high = _ends(span, SEQ_BITS)
    return db.session.execute(text(NAMED), {"low": low, "high": high}).all()


def marks(*chosen: ColumnElement[bool]) -> Select[Any]:
    """(member id, year, SHA-256 of what `judge.Facts` says of these lines).

    Other lines have other bytes: each says nine things between bars, nothing for NULL, and quotes its words.
    The place of a reversed line is how many stand before it in that year.
    """
    before = ENTRY.alias()
    place = select(
        case((func.bool_or(before.c.id == ENTRY.c.reverses_id), func.count() - 1), else_=ELSEWHERE)
    ).where(
        before.c.member_id == ENTRY.c.member_id,
        before.c.credit_year == ENTRY.c.credit_year,
        before.c.id <= ENTRY.c.reverses_id,
    )
    numbers = (
        case((ENTRY.c.reverses_id.is_not(None), place.correlate(ENTRY).scalar_subquery())),
        *(ENTRY.c[name] for name in ("day", "minutes", "credit", "starts_at", "ends_at")),
    )
    told = [*numbers, *(PG.quote_literal(ENTRY.c[name]) for name in ("mode", "proof", "activity"))]
    line = PG.concat(*(part for value in told for part in (value, "|")))
    year = PG.string_agg(line, aggregate_order_by(literal(""), ENTRY.c.id))
    return (
        select(ENTRY.c.member_id, ENTRY.c.credit_year, PG.sha256(PG.convert_to(year, "UTF8")))
        .where(*chosen)
        .group_by(ENTRY.c.member_id, ENTRY.c.credit_year)
    )


def _ends(span: Span, bits: int) -> tuple[int, int]:
    """The first and the last id of a span, of books (0 bits) or of their lines."""
    first, after = span
    return LEAST if first is None else first << bits, MOST if after is None else (after << bits) - 1
