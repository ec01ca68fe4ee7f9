"""Changing hours: post, reverse, decide what overlaps. Nothing here commits, reads the request, or sends."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, func, select, update

from pbtrain.accounts import races
from pbtrain.audit import services as audit
from pbtrain.core import clock
from pbtrain.core.db import db
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.core.marks import N_
from pbtrain.hours import held, notices, posting, rules, sealed
from pbtrain.hours.activities import ACTIVITIES, CHANNELS, PROOFS
from pbtrain.hours.models import Book, HourClaim, HourEntry, MemberYear, Policy
from pbtrain.hours.persons import Person, custody, people
from pbtrain.hours.policy import PolicyRules
from pbtrain.hours.posting import Draft
from pbtrain.hours.rulebook import Rulebook
from pbtrain.org.access import Actor

REVERSED = N_("%(name)s has reversed this line already, at %(when)s.")


@dataclass(frozen=True)
class Line:
    """Hours that somebody earned on one occasion: `occurrence` is "event:12", minutes are whole and real."""

    member_id: int
    day: date
    activity: str
    minutes: int
    occurrence: str
    title: str
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    channel: str | None = None
    proof: str = "B"
    correction: str = ""  # why it is recorded after its year was closed
    rest: bool = False  # a decided overlap: of its hours only what no other line covers by now


@dataclass
class Posted:
    """What became of a batch: new lines, lines that stood already, lines held for an overlap, own lines of
    whoever recorded them, which wait for somebody else, and people without a branch on that day, who get no
    entry."""

    entry_ids: list[int] = field(default_factory=list)
    already: int = 0
    held: int = 0
    own: int = 0
    without_branch: list[int] = field(default_factory=list)


def decide_held(actor: Actor, claim_id: int, *, approve: bool, reason: str = "") -> int | None:
    """Approve the uncovered minutes of a held line, or refuse it with a reason; returns the new line's id,
    None where there is none: it was refused, or another line has come in its way meanwhile."""
    if approve:
        posted = approve_held(actor, [claim_id])
        return posted.entry_ids[0] if posted.entry_ids else None
    notices.tell_decided(actor, held.decide(actor, [claim_id], approve=False, reason=reason), reason)
    return None


def approve_held(actor: Actor, claim_ids: Collection[int]) -> Posted:
    """Approve the uncovered minutes of these held lines together, or of none of them."""
    claims = held.decide(actor, claim_ids, approve=True)
    posted = post_many(actor, [_as_line(claim) for claim in claims])
    ids, years = {claim.member_id for claim in claims}, {claim.day.year for claim in claims}
    held.measure_again(posting.standing_lines(ids, years), years)
    notices.tell_decided(actor, claims)
    return posted


def _as_line(claim: HourClaim) -> Line:
    """What is posted of a held line. It keeps its hours of the clock: what came in its way while it waited is
    found by them, and what comes later finds it."""
    return Line(
        member_id=claim.member_id,
        day=claim.day,
        activity=claim.activity,
        minutes=claim.minutes,
        occurrence=claim.occurrence,
        title=claim.title,
        starts_at=claim.starts_at,
        ends_at=claim.ends_at,
        channel=claim.channel,
        proof=claim.proof,
        rest=claim.kind == rules.HELD_OVERLAP,
    )


def source_base(occurrence: str, member_id: int) -> str:
    """'event:12', 7 -> 'event:12/member:7'; a revision follows after '#'."""
    return f"{occurrence}/member:{member_id}"


def post_many(actor: Actor | None, lines: Sequence[Line], *, own_waits: bool = False) -> Posted:
    """Write the lines into their books, inside a transaction, at most ten statements for any number of them.

    The same occurrence for the same member posts once, whatever is retried; after a reversal it posts
    again as the next revision. A line that overlaps another of its member is held for a decision, and with
    `own_waits` (of a meeting's record) the actor's own line until somebody else, who is told, confirms it.
    Lines of activities that earn nothing are left out. Raises RuleError for a line that cannot be true or a
    closed year; at most 1,000 lines of one book.
    """
    done = Posted()
    lines = _checked(lines)
    persons = people(line.member_id for line in lines)
    homes = {(line.member_id, line.day): _home(persons, line) for line in lines}
    done.without_branch = sorted({key[0] for key, home in homes.items() if home is None})
    lines = [line for line in lines if homes[line.member_id, line.day] is not None]
    if not lines:
        return done
    units = {home for home in homes.values() if home is not None}
    years, ids = {line.day.year for line in lines}, {line.member_id for line in lines}
    shelves = sealed.closed(units, years)
    books = posting.open_books(units, sealed.years_to_open(years, shelves))
    opened, made = posting.open_years(ids, years)
    persons = posting.as_they_stand(persons)
    if any(_home(persons, line) != homes[line.member_id, line.day] for line in lines):
        raise Conflict(N_("Somebody has just moved this member."))
    rules_for = posting.rules_of(persons, units)
    around = held.years_near(lines)
    standing = posting.standing_lines(set() if made and around == years else ids, around)
    drafts, waiting, named = list[Draft](), list[dict[str, Any]](), set[str]()
    mine: dict[int, list[Draft]] = defaultdict(list)
    for line in lines:
        source = source_base(line.occurrence, line.member_id)
        revision = _revision(standing[line.member_id], source)
        if revision is None or source in named:
            done.already += 1
            continue
        known = standing[line.member_id], mine[line.member_id]
        draft = _draft(held.rest(line, *known), homes[line.member_id, line.day] or 0, rules_for)
        if claim := held.put_off(actor, draft, line.occurrence, *known, own_waits=own_waits):
            waiting.append(claim)
            continue
        sealed.route(draft, shelves, correction=bool(line.correction))
        named.add(source)
        draft.source = f"{source}#{revision}"
        drafts.append(draft)
        mine[line.member_id].append(draft)
    done.held, done.own = held.hold(actor, waiting)
    kept = {claim["member_id"] for claim in waiting}
    done.entry_ids = _write(actor, "hours.posted", drafts, books, persons, standing, opened, rules_for, kept)
    return done


def _checked(lines: Sequence[Line]) -> list[Line]:
    """Those of the lines that earn hours, each of which can be true."""
    today = clock.today()
    for line in lines:
        rules.check_line(line.minutes, line.day, line.starts_at, line.ends_at, today=today)
        if line.activity not in ACTIVITIES or line.proof not in PROOFS or not line.occurrence.isascii():
            raise ValueError(f"not a line: {line!r}")
    return [line for line in lines if ACTIVITIES[line.activity].earns]


def reverse_many(
    actor: Actor | None, entry_ids: Iterable[int], *, reason: str, after_seal: bool = False
) -> list[int]:
    """Cancel lines by posting their opposites, with the reason, and tell the members; the new lines' ids.

    Lines of a closed year only as a recorded correction (`after_seal`), into this year's book. Raises
    RuleError for a line that is itself a reversal, Conflict when one was reversed meanwhile.
    """
    reason = rules.check_reason(reason)
    wanted = sorted(set(entry_ids))
    found = db.session.execute(
        select(HourEntry, Book.unit_id)
        .join(Book, Book.id == HourEntry.book_id)
        .where(HourEntry.id.in_(wanted))
        .order_by(HourEntry.id)
    ).all()
    originals = [row.HourEntry for row in found]
    unit_of = {row.HourEntry.id: row.unit_id for row in found}
    if len(originals) != len(wanted):
        raise RuleError(N_("This line is not in the ledger."))
    if not originals:
        return []
    if any(entry.reverses_id is not None for entry in originals):
        raise RuleError(N_("A reversal cannot itself be reversed. Record the hours again instead."))
    ids, years = {e.member_id for e in originals}, {e.credit_year for e in originals}
    persons = people(ids)
    units = set(unit_of.values())
    shelves = sealed.closed(units, years)
    books = posting.open_books(units, sealed.years_to_open(years, shelves))
    opened, _made = posting.open_years(ids, years)
    persons = posting.as_they_stand(persons)
    rules_for = posting.rules_of(persons, units)
    standing = posting.standing_lines(ids, years)
    gone = {row.reverses_id for rows in standing.values() for row in rows}
    if gone & set(wanted):
        raise reversed_already(gone & set(wanted))
    drafts = [_mirror(entry, unit_of[entry.id], reason) for entry in originals]
    for draft in drafts:
        sealed.route(draft, shelves, correction=after_seal)
    written = _write(
        actor, "hours.reversed", drafts, books, persons, standing, opened, rules_for, reason=reason
    )
    held.measure_again(standing, years)
    notices.tell_reversed(actor, originals, reason)
    return written


def reversed_already(entry_ids: Iterable[int]) -> Conflict:
    """The refusal for whoever reverses what is reversed: it names who was faster, and when."""
    by, at = db.session.execute(
        select(HourEntry.posted_by_id, HourEntry.posted_at)
        .where(HourEntry.reverses_id.in_(sorted(entry_ids)))
        .order_by(HourEntry.id)
        .limit(1)
    ).one()
    return races.lost(REVERSED, N_("This line has been reversed already."), by, at)


def live_entries(occurrence: str) -> dict[int, int]:
    """The lines of an occurrence that stand, as {member id: entry id}."""
    reversal = select(HourEntry.reverses_id).where(HourEntry.reverses_id.is_not(None))
    rows = db.session.execute(
        select(HourEntry.member_id, HourEntry.id)
        .where(HourEntry.source >= f"{occurrence}/", HourEntry.source < f"{occurrence}0")
        .where(HourEntry.reverses_id.is_(None), HourEntry.id.not_in(reversal))
        .order_by(HourEntry.id)
    )
    return dict(rows.tuples().all())


def refresh_years(member_ids: Iterable[int], year: int) -> None:
    """Recompute counted, target and custody after a change of post, branch, care list or policy.

    Years are made where missing, so that a member without a single entry is seen to be behind.
    """
    persons = people(member_ids)
    if not persons:
        return
    housed = {key for key, person in persons.items() if person.homes}
    opened, made = posting.open_years(housed, {year})
    persons = {key: one for key, one in posting.as_they_stand(persons).items() if (key, year) in opened}
    lines = posting.standing_lines(set() if made else set(persons), {year})
    posting.settle(persons, opened, lines, posting.rules_of(persons))
    _hand_on(persons, year)


def _hand_on(persons: dict[int, Person], settled: int) -> None:
    """All other years of these members stand with their branch of today, too; most do already."""
    today, table = clock.today(), MemberYear.__table__
    others = select(
        MemberYear.id, MemberYear.member_id, MemberYear.credit_year, MemberYear.custody_unit_id
    ).where(MemberYear.member_id.in_(persons), MemberYear.credit_year != settled)
    moved = {
        row.id: (home, row.credit_year)
        for row in db.session.execute(others.order_by(MemberYear.id))
        if row.custody_unit_id != (home := custody(persons[row.member_id], row.credit_year, today))
    }
    stays = sealed.staying(moved)
    stale = [
        {"row": row_id, "custody": home} for row_id, (home, _year) in moved.items() if row_id not in stays
    ]
    if stale:
        db.session.connection().execute(
            update(table)  # type: ignore[arg-type]
            .where(table.c.id == bindparam("row"))
            .values(custody_unit_id=bindparam("custody")),
            stale,
        )


def publish_policy(
    actor: Actor | None, unit_id: int, year: int, wanted: PolicyRules, *, effective_on: date | None = None
) -> int:
    """Publish a version of the rules for a unit and all below it, from a day of `year` on, else from its
    first; returns its id. The same version twice is refused by its unique key."""
    newest = db.session.scalar(
        select(func.max(Policy.version)).where(Policy.unit_id == unit_id, Policy.year == year)
    )
    policy = Policy(
        unit_id=unit_id,
        year=year,
        version=(newest or 0) + 1,
        effective_on=effective_on,
        rules=wanted.as_json(),
        published_by_id=actor.account_id if actor else None,
    )
    db.session.add(policy)
    db.session.flush()  # the audit event names policy.id
    audit.record(actor, "policy.published", f"policy:{policy.id}", unit_id=unit_id, year=year)
    return policy.id


def publish_default_policy(actor: Actor | None, unit_id: int, year: int) -> int:
    """Publish domain.md D.17: 32 and 56 学时, 45 minutes each, at most 8 a day, self-study shown only."""
    return publish_policy(actor, unit_id, year, PolicyRules())


def _home(persons: dict[int, Person], line: Line) -> int | None:
    person = persons.get(line.member_id)
    return None if person is None else person.branch_on(line.day)


def _draft(line: Line, unit_id: int, rules_for: Rulebook) -> Draft:
    kind = ACTIVITIES[line.activity]
    policy = rules_for.on(unit_id, line.day)
    channel = line.channel or kind.channel
    if channel not in CHANNELS:
        raise ValueError(f"not a channel: {channel!r}")
    return Draft(
        member_id=line.member_id,
        day=line.day,
        activity=line.activity,
        channel=channel,
        mode=policy.mode(line.activity, kind.mode),
        proof=line.proof,
        minutes=line.minutes,
        source=source_base(line.occurrence, line.member_id),
        title=line.title,
        starts_at=line.starts_at,
        ends_at=line.ends_at,
        note=line.correction,
        credit_year=line.day.year,
        unit_id=unit_id,
        credit=policy.credit(line.activity, line.minutes),
        policy_id=policy.id,
    )


def _mirror(entry: HourEntry, unit_id: int, reason: str) -> Draft:
    return Draft(
        member_id=entry.member_id,
        day=entry.day,
        activity=entry.activity,
        channel=entry.channel,
        mode=entry.mode,
        proof=entry.proof,
        minutes=-entry.minutes,
        source=f"{entry.source}/reversal",
        title=entry.title,
        starts_at=entry.starts_at,
        ends_at=entry.ends_at,
        note=reason,
        credit_year=entry.credit_year,
        unit_id=unit_id,
        credit=-entry.credit,
        policy_id=entry.policy_id,
        reverses_id=entry.id,
    )


def _revision(standing: list[Any], base: str) -> int | None:
    """The next revision of this source, None while one stands."""
    same = [row for row in standing if row.reverses_id is None and row.source.rsplit("#", 1)[0] == base]
    if not same:
        return 1
    cancelled = {row.reverses_id for row in standing}
    if any(row.id not in cancelled for row in same):
        return None
    return 1 + max(int(row.source.rsplit("#", 1)[1]) for row in same)


def _write(
    actor: Actor | None,
    action: str,
    drafts: list[Draft],
    books: dict[tuple[int, int], Any],
    persons: dict[int, Person],
    standing: dict[int, list[Any]],
    opened: dict[tuple[int, int], int],
    rules_for: Rulebook,
    also: Collection[int] = (),
    **more: Any,
) -> list[int]:
    """Number and write the drafts, judge anew whose years they are in, and `also` these members: their years
    were opened for lines that wait."""
    rows = posting.number(drafts, books, persons, actor) if drafts else []
    if rows:
        posting.write_lines(rows)
    for row in rows:
        standing[row["member_id"]].append(_Row(row))
    touched = {row["member_id"] for row in rows}.union(also)
    years = {key: row_id for key, row_id in opened.items() if key[0] in touched}
    if years:
        posting.settle(persons, years, standing, rules_for)
    if rows:
        posting.note(actor, action, rows, **more)
    return [row["id"] for row in rows]


class _Row:
    """A line just written, readable like one that was selected."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.__dict__.update(values)
