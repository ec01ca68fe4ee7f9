"""The facts behind the signals of a whole desk, each read once for all its claims. Part of the queries."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, or_, select, tuple_
from sqlalchemy.orm import aliased

from pbtrain.claims import likeness, queries, signals
from pbtrain.claims.models import Evidence
from pbtrain.claims.signals import Likeness, Line, Signal
from pbtrain.core import clock
from pbtrain.core.db import db
from pbtrain.hours import posting
from pbtrain.hours.models import HourClaim, HourEntry
from pbtrain.org.access import Actor, units_where
from pbtrain.org.models import Member
from pbtrain.org.roles import Perm


def of_claims(actor: Actor, perm: Perm, claims: Sequence[Any]) -> dict[int, list[Signal]]:
    """What to notice about each of these claims, as {claim id: signals}; six statements for any number."""
    if not claims:
        return {}
    pictures, lines, same = _pictures(actor, perm, claims), _lines(claims), _same_title(claims)
    rules_for = posting.policies({claim.unit_id for claim in claims})
    found = {}
    for claim in claims:
        of_day = lines.get((claim.member_id, claim.day), [])
        typed = clock.local(claim.submitted_at or claim.made_at).date()
        found[claim.id] = [
            *signals.same_pictures(pictures.get(claim.id, [])),
            *signals.two_places(claim.starts_at, claim.ends_at, of_day),
            *signals.over_the_day(claim.credit, rules_for.on(claim.unit_id, claim.day).day_cap, of_day),
            *signals.typed_late(claim.day, typed),
            *signals.everybody(*same.get((claim.unit_id, claim.title), (0, 0))),
        ]
    return found


@dataclass(frozen=True)
class Twin:
    """The same picture at another claim."""

    evidence_id: int
    claim_id: int
    other_claim_id: int
    exact: bool  # the very same file


def twins(claim_ids: Iterable[int]) -> list[Twin]:
    """Pieces of these claims that are, or look like, a piece of another claim; one statement."""
    mine, other = aliased(Evidence), aliased(Evidence)
    bands = [getattr(mine, f"band{n}") == getattr(other, f"band{n}") for n in range(likeness.BANDS)]
    rows = db.session.execute(
        select(
            mine.id, mine.claim_id, other.claim_id, mine.sha256 == other.sha256,
            mine.band0, mine.band1, mine.band2, mine.band3,
            other.band0, other.band1, other.band2, other.band3,
        )
        .join(other, or_(mine.sha256 == other.sha256, *bands))
        .join(HourClaim, HourClaim.id == other.claim_id)
        .where(
            mine.claim_id.in_(sorted(set(claim_ids))),
            other.claim_id != mine.claim_id,
            HourClaim.state.not_in(("draft", "withdrawn")),
        )
        .order_by(mine.id, other.id)
    ).all()  # fmt: skip
    return [
        Twin(row[0], row[1], row[2], bool(row[3]))
        for row in rows
        if row[3] or likeness.distance(list(row[4:8]), list(row[8:12])) <= likeness.ALIKE
    ]


def _pictures(actor: Actor, perm: Perm, claims: Sequence[Any]) -> dict[int, list[Likeness]]:
    ids = [claim.id for claim in claims if claim.files]
    alike = twins(ids) if ids else []
    if not alike:
        return {}
    in_reach = HourClaim.unit_id.in_(units_where(actor, perm)).label("in_reach")
    others = {
        row.id: row
        for row in db.session.execute(
            select(HourClaim.id, HourClaim.member_id, HourClaim.day, Member.name, in_reach)
            .join(Member, Member.id == HourClaim.member_id)
            .where(HourClaim.id.in_(sorted({twin.other_claim_id for twin in alike})))
        )
    }
    numbers: dict[int, list[int]] = defaultdict(list)
    for claim_id, evidence_id in db.session.execute(
        select(Evidence.claim_id, Evidence.id)
        .where(Evidence.claim_id.in_(sorted({twin.claim_id for twin in alike})))
        .order_by(Evidence.id)
    ):
        numbers[claim_id].append(evidence_id)
    whose = {claim.id: claim.member_id for claim in claims}
    found: dict[int, list[Likeness]] = defaultdict(list)
    for twin in alike:
        other = others[twin.other_claim_id]
        like = Likeness(
            number=numbers[twin.claim_id].index(twin.evidence_id) + 1,
            name=other.name if other.in_reach else "",
            day=other.day,
            claim_id=other.id,
            own=other.member_id == whose[twin.claim_id],
        )
        if like not in found[twin.claim_id]:
            found[twin.claim_id].append(like)
    return found


def _lines(claims: Sequence[Any]) -> dict[tuple[int, Any], list[Line]]:
    """What stands in the ledger for these members on these days."""
    back = aliased(HourEntry)
    days = sorted({(claim.member_id, claim.day) for claim in claims})
    found: dict[tuple[int, Any], list[Line]] = defaultdict(list)
    for row in db.session.execute(
        select(HourEntry.member_id, HourEntry.day, HourEntry.title, HourEntry.credit, HourEntry.starts_at,
               HourEntry.ends_at)
        .outerjoin(back, back.reverses_id == HourEntry.id)
        .where(
            HourEntry.member_id.in_(sorted({member_id for member_id, _day in days})),
            HourEntry.credit_year.in_(sorted({day.year for _member_id, day in days})),
            tuple_(HourEntry.member_id, HourEntry.day).in_(days),
            HourEntry.reverses_id.is_(None),
            back.id.is_(None),
        )
        .order_by(HourEntry.id)
    ):  # fmt: skip
        found[row.member_id, row.day].append(Line(row.title, row.credit, row.starts_at, row.ends_at))
    return found


def _same_title(claims: Sequence[Any]) -> dict[tuple[int, str], tuple[int, int]]:
    """How many members of a branch claim the same title, of how many."""
    keys = sorted({(claim.unit_id, claim.title) for claim in claims})
    members = (
        select(func.count(Member.id))
        .where(Member.unit_id == HourClaim.unit_id, Member.left_on.is_(None))
        .scalar_subquery()
    )
    rows = db.session.execute(
        select(HourClaim.unit_id, HourClaim.title, func.count(HourClaim.member_id.distinct()), members)
        .where(
            tuple_(HourClaim.unit_id, HourClaim.title).in_(keys),
            HourClaim.state.in_(("submitted", "approved")),
            queries.CLAIMED,
        )
        .group_by(HourClaim.unit_id, HourClaim.title)
    )
    return {(row[0], row[1]): (row[2], row[3]) for row in rows}


def companions(claim: Any) -> list[Any]:
    """Who of the branch claims the same, and how it stands: member_id, name, state, credit; by name."""
    return list(
        db.session.execute(
            select(HourClaim.id, HourClaim.member_id, Member.name, HourClaim.state, HourClaim.credit)
            .join(Member, Member.id == HourClaim.member_id)
            .where(
                HourClaim.unit_id == claim.unit_id,
                HourClaim.title == claim.title,
                HourClaim.state.in_(("submitted", "approved", "returned", "rejected")),
                queries.CLAIMED,
            )
            .order_by(Member.pinyin, HourClaim.id)
            .limit(100)
        )
    )
