"""Reading claims: one's own, one with everything about it, what waits for whom."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, or_, select, true
from sqlalchemy.orm import aliased

from pbtrain.accounts.models import Account
from pbtrain.claims.models import ClaimStep, Evidence, EvidenceLook, Platform
from pbtrain.claims.rules import OPEN
from pbtrain.core import clock
from pbtrain.core.db import db
from pbtrain.core.storage import StoredFile
from pbtrain.hours.figures import WAITING
from pbtrain.hours.models import HourClaim, HourEntry
from pbtrain.hours.rules import HELD, HELD_OWN, RETURN_DAYS
from pbtrain.org.access import Actor, units_where
from pbtrain.org.models import Member, RoleGrant, Unit, UnitClosure
from pbtrain.org.queries import is_on
from pbtrain.org.roles import Perm, Role

CLAIMED = HourClaim.kind.not_in(HELD)
FEW = 100  # a first page counts no further: it says 99+


def someone_may_decide(today: date) -> ColumnElement[bool]:
    """Some secretary of the branch, on that day, may decide on this claim: not on their own hours, and not
    above the proxy limit on what they wrote."""
    holder = aliased(Member)
    return exists(
        select(RoleGrant.id)
        .outerjoin(holder, holder.account_id == RoleGrant.account_id)
        .where(
            RoleGrant.unit_id == HourClaim.unit_id,
            RoleGrant.role == Role.BRANCH_SECRETARY,
            is_on(RoleGrant, today),
            or_(holder.id.is_(None), holder.id != HourClaim.member_id),
            or_(
                HourClaim.made_by_id.is_(None),
                RoleGrant.account_id != HourClaim.made_by_id,
                HourClaim.credit <= HourClaim.proxy_limit,
            ),
        )
        .correlate(HourClaim)
    )


def _claims() -> Select[Any]:
    """The columns every page of claims shows."""
    return _claims_on(clock.today())


@lru_cache(maxsize=2)
def _claims_on(today: date) -> Select[Any]:
    """The same, built once a day: forty columns take longer to be named than to be read."""
    host = aliased(Unit)
    files = select(func.count(Evidence.id)).where(Evidence.claim_id == HourClaim.id).scalar_subquery()
    return (
        select(
            HourClaim.id, HourClaim.member_id, HourClaim.unit_id, HourClaim.kind, HourClaim.state,
            HourClaim.title, HourClaim.activity, HourClaim.channel, HourClaim.proof, HourClaim.day,
            HourClaim.starts_at, HourClaim.ends_at, HourClaim.minutes, HourClaim.uncovered,
            HourClaim.credit, HourClaim.proxy_limit, HourClaim.note, HourClaim.platform_id,
            HourClaim.quantity, HourClaim.host_unit_id, HourClaim.host_by_id, HourClaim.host_at,
            HourClaim.version, HourClaim.overlaps_id, HourClaim.entry_id, HourClaim.made_by_id,
            HourClaim.made_at, HourClaim.submitted_at, HourClaim.decided_by_id, HourClaim.decided_at,
            HourClaim.second_by_id, HourClaim.second_at, HourClaim.appeal_until, HourClaim.reason,
            Member.name.label("member_name"), Unit.name.label("unit_name"), host.name.label("host_name"),
            Platform.name.label("platform_name"), Platform.link.label("platform_link"),
            files.label("files"), someone_may_decide(today).label("branch_may"),
        )
        .join(Member, Member.id == HourClaim.member_id)
        .join(Unit, Unit.id == HourClaim.unit_id)
        .outerjoin(host, host.id == HourClaim.host_unit_id)
        .outerjoin(Platform, Platform.id == HourClaim.platform_id)
    )  # fmt: skip


def mine(actor: Actor, states: Iterable[str] = ()) -> Select[Any]:
    """The claims about this person, the newest first."""
    found = _claims().where(HourClaim.member_id == (actor.member_id or 0), CLAIMED)
    if states:
        found = found.where(HourClaim.state.in_(sorted(states)))
    return found.order_by(HourClaim.id.desc())


def of_year(member_id: int, year: int, states: Iterable[str], *, limit: int) -> list[Any]:
    """The claims about a member in these states whose day lies in a year, overlaps too: those that wait for a
    decision first, so that `limit` leaves none of them out of their sums, then the newest."""
    return list(
        db.session.execute(
            _claims()
            .where(
                HourClaim.member_id == member_id,
                HourClaim.state.in_(sorted(states)),
                HourClaim.day.between(date(year, 1, 1), date(year, 12, 31)),
            )
            .order_by(case((HourClaim.state.in_(WAITING), 0), else_=1), HourClaim.id.desc())
            .limit(limit)
        )
    )


def open_of(member_id: int) -> int:
    """How many of this member's claims are not settled."""
    return (
        db.session.scalar(
            select(func.count(HourClaim.id)).where(
                HourClaim.member_id == member_id, HourClaim.state.in_(OPEN), CLAIMED
            )
        )
        or 0
    )


def _written_by(actor: Actor) -> ColumnElement[bool]:
    """Claims this person speaks for: their own, and those they wrote as secretary of the branch."""
    wrote = and_(
        HourClaim.made_by_id == actor.account_id,
        HourClaim.unit_id.in_(units_where(actor, Perm.CLAIM_DECIDE)),
    )
    return or_(HourClaim.member_id == actor.member_id, wrote) if actor.member_id else wrote


def _read_by(actor: Actor) -> ColumnElement[bool]:
    """Claims this person may read: those they speak for, or decide on, here or as the branch visited."""
    reach = units_where(actor, Perm.CLAIM_DECIDE)
    return or_(
        _written_by(actor),
        and_(
            HourClaim.state != "draft",
            or_(
                HourClaim.unit_id.in_(reach),
                HourClaim.host_unit_id.in_(reach),
                HourClaim.unit_id.in_(units_where(actor, Perm.CLAIM_JUDGE)),
            ),
        ),
    )


def spoken_for(actor: Actor, claim_id: int) -> Any:
    """A claim this person may change, hand in, withdraw or appeal; None for all others."""
    return db.session.execute(_claims().where(HourClaim.id == claim_id, CLAIMED, _written_by(actor))).first()


def read_by(actor: Actor, claim_id: int) -> Any:
    """A claim this person may read; None out of reach."""
    return db.session.execute(_claims().where(HourClaim.id == claim_id, CLAIMED, _read_by(actor))).first()


def steps(claim_id: int) -> list[Any]:
    """What happened to a claim, the oldest first: act, who, when, reason."""
    return list(
        db.session.execute(
            select(ClaimStep.id, ClaimStep.act, ClaimStep.at, ClaimStep.reason, Account.name.label("by"))
            .outerjoin(Account, Account.id == ClaimStep.by_id)
            .where(ClaimStep.claim_id == claim_id)
            .order_by(ClaimStep.id)
        )
    )


def files(claim_id: int, reader: int = 0) -> list[Any]:
    """The evidence of a claim in the order it came; `seen`: has the account `reader` looked at it?"""
    looked = exists().where(EvidenceLook.evidence_id == Evidence.id, EvidenceLook.account_id == reader)
    return list(
        db.session.execute(
            select(Evidence.id, StoredFile.uuid, StoredFile.name, StoredFile.mime, looked.label("seen"))
            .join(StoredFile, StoredFile.id == Evidence.file_id)
            .where(Evidence.claim_id == claim_id)
            .order_by(Evidence.id)
        )
    )


def file_in_reach(actor: Actor, uuid: str) -> StoredFile | None:
    """A piece of evidence of a claim this person may read; None out of reach."""
    return db.session.scalars(
        select(StoredFile)
        .join(Evidence, Evidence.file_id == StoredFile.id)
        .join(HourClaim, HourClaim.id == Evidence.claim_id)
        .where(StoredFile.uuid == uuid, _read_by(actor))
    ).first()


def line_of(claim_id: int, member_id: int) -> Any:
    """The line of the ledger a claim has become and that stands, as (id, credit); None without one."""
    back = aliased(HourEntry)
    return db.session.execute(
        select(HourEntry.id, HourEntry.credit)
        .outerjoin(back, back.reverses_id == HourEntry.id)
        .where(
            HourEntry.source.startswith(f"claim:{claim_id}/member:{member_id}#", autoescape=True),
            HourEntry.reverses_id.is_(None),
            back.id.is_(None),
        )
        .order_by(HourEntry.id.desc())
    ).first()


def desk(actor: Actor) -> Select[Any]:
    """What waits for this secretary, the oldest first: claims of the branch, words of a host, held lines.

    A claim whose host says nothing in time is here as well: it is refused, or stands in the way of the year.
    """
    reach = units_where(actor, Perm.CLAIM_DECIDE)
    not_own = HourClaim.member_id != actor.member_id if actor.member_id else true()
    silent = HourClaim.submitted_at < clock.now() - timedelta(days=RETURN_DAYS)
    waits = and_(
        HourClaim.state == "submitted",
        HourClaim.unit_id.in_(reach),
        or_(HourClaim.kind != "host", HourClaim.host_at.is_not(None), silent),
        or_(HourClaim.decided_by_id.is_(None), HourClaim.decided_by_id != actor.account_id),
        or_(
            HourClaim.made_by_id.is_(None),
            HourClaim.made_by_id != actor.account_id,
            HourClaim.credit <= HourClaim.proxy_limit,
        ),
    )
    visited = and_(
        HourClaim.state == "submitted",
        HourClaim.kind == "host",
        HourClaim.host_unit_id.in_(reach),
        HourClaim.host_at.is_(None),
    )
    held = and_(HourClaim.state == "held", HourClaim.unit_id.in_(reach))
    return (
        _claims()
        .where(or_(waits, visited, held), not_own)
        .order_by(func.coalesce(HourClaim.submitted_at, HourClaim.made_at), HourClaim.id)
    )


def appeals(actor: Actor) -> Select[Any]:
    """What waits for the level above, the oldest first: appeals, second pairs of eyes, what nobody in the
    branch may decide, and the own lines of recorders, which the others of a committee may confirm as well."""
    return (
        _claims()
        .where(*_above(actor))
        .order_by(func.coalesce(HourClaim.submitted_at, HourClaim.made_at), HourClaim.id)
    )


def few_appeals(actor: Actor) -> Any:
    """How many of these there are, counted no further than FEW: a part of a statement that is sent anyway."""
    some = select(HourClaim.id).where(*_above(actor)).limit(FEW).subquery()
    return select(func.count()).select_from(some).scalar_subquery()


def _above(actor: Actor) -> list[ColumnElement[bool]]:
    """What makes a claim wait for the level above, this person."""
    nobody_may = ~someone_may_decide(clock.today())
    ready = and_(
        HourClaim.state == "submitted",
        or_(HourClaim.kind != "host", HourClaim.host_at.is_not(None)),
        or_(HourClaim.decided_by_id.is_not(None), nobody_may),
    )
    held = and_(HourClaim.state == "held", or_(HourClaim.kind == HELD_OWN, nobody_may))
    return [
        HourClaim.unit_id.in_(units_where(actor, Perm.CLAIM_JUDGE)),
        HourClaim.state.in_(WAITING),  # said apart, for the index: most claims are settled
        or_(and_(CLAIMED, or_(HourClaim.state == "appealed", ready)), held),
        HourClaim.member_id != actor.member_id if actor.member_id else true(),
        or_(HourClaim.decided_by_id.is_(None), HourClaim.decided_by_id != actor.account_id),
    ]


def waiting_below(unit_id: int, year: int, *, search: str = "", kind: str = "") -> Select[Any]:
    """What the figures of a unit count as waiting, the longest waiting first.

    Every word of `search` stands in the member's name or pinyin, in the title, or in the branch's name.
    """
    inside = select(UnitClosure.below_id).where(UnitClosure.above_id == unit_id)
    found = _claims().where(
        HourClaim.unit_id.in_(inside),
        HourClaim.state.in_(WAITING),
        HourClaim.day.between(date(year, 1, 1), date(year, 12, 31)),
    )
    if kind:
        found = found.where(HourClaim.kind == kind)
    for word in search.split()[:5]:
        places = (Member.name, Member.pinyin, HourClaim.title, Unit.name)
        found = found.where(or_(*(place.icontains(word, autoescape=True) for place in places)))
    return found.order_by(func.coalesce(HourClaim.submitted_at, HourClaim.made_at), HourClaim.id)


def counted(waiting: Select[Any]) -> tuple[int, Any]:
    """How many wait, and since when the oldest does."""
    some = waiting.order_by(None).with_only_columns(
        HourClaim.id, func.coalesce(HourClaim.submitted_at, HourClaim.made_at).label("since")
    )
    rows = some.subquery()
    found = db.session.execute(select(func.count(), func.min(rows.c.since)).select_from(rows)).one()
    return int(found[0]), found[1]


def on_desk(actor: Actor, perm: Perm, claim_id: int) -> Any:
    """A claim, decided or not, about which somebody with `perm` there may say something; None elsewhere.

    The level above does not see drafts; nobody sees at a desk what is withdrawn.
    """
    reach = units_where(actor, perm)
    there: Any = HourClaim.unit_id.in_(reach)
    if perm is Perm.CLAIM_DECIDE:
        there = or_(there, and_(HourClaim.host_unit_id.in_(reach), HourClaim.kind == "host"))
    return db.session.execute(
        _claims().where(HourClaim.id == claim_id, there, HourClaim.state.not_in(("draft", "withdrawn")))
    ).first()


def waits(waiting: Select[Any], claim_id: int) -> bool:
    """Is this claim among those that wait there?"""
    only = waiting.order_by(None).with_only_columns(HourClaim.id).where(HourClaim.id == claim_id)
    return db.session.scalar(only) is not None


def all_wait(waiting: Select[Any], claim_ids: Sequence[int]) -> bool:
    """Are all of these claims among those that wait there?"""
    only = waiting.order_by(None).with_only_columns(func.count(HourClaim.id))
    return db.session.scalar(only.where(HourClaim.id.in_(claim_ids))) == len(set(claim_ids))


def are_own(actor: Actor, claim_ids: Sequence[int]) -> bool:
    """Are all of these own lines of recorders, decided or not, that this person confirms from above?"""
    found = select(func.count(HourClaim.id)).where(
        HourClaim.id.in_(claim_ids),
        HourClaim.kind == HELD_OWN,
        HourClaim.unit_id.in_(units_where(actor, Perm.CLAIM_JUDGE)),
    )
    return db.session.scalar(found) == len(set(claim_ids))


def appeal_of(claim_id: int) -> str:
    """What the member says in the appeal that waits."""
    said = (
        select(ClaimStep.reason)
        .where(ClaimStep.claim_id == claim_id, ClaimStep.act == "appealed")
        .order_by(ClaimStep.id.desc())
        .limit(1)
    )
    return db.session.scalar(said) or ""


def decided_since(actor: Actor, since: datetime) -> int:
    """How many claims this person has decided since then."""
    acts = ("approved", "agreed", "returned", "rejected", "confirmed", "granted", "upheld")
    return (
        db.session.scalar(
            select(func.count(ClaimStep.claim_id.distinct())).where(
                ClaimStep.by_id == actor.account_id, ClaimStep.at >= since, ClaimStep.act.in_(acts)
            )
        )
        or 0
    )


def is_host(claim: Any) -> bool:
    """Does it wait for the word of the branch that was visited?"""
    return bool(claim.kind == "host" and claim.host_at is None and claim.state == "submitted")
