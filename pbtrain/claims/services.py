"""What happens to a claim until somebody decides: write, change, hand in, withdraw, appeal, the host's word.

Nothing here commits or reads the request. Every act adds a ClaimStep and an audit event, and moves the row by
a conditional UPDATE of the version the person saw: who comes second is told who was faster.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, tuple_, update

from pbtrain.accounts import races
from pbtrain.audit import services as audit
from pbtrain.claims import evidence, lookups, queries, rules
from pbtrain.claims.evidence import Piece
from pbtrain.claims.models import ClaimStep, Platform
from pbtrain.core import clock
from pbtrain.core.db import db
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.core.i18n import in_chinese
from pbtrain.core.marks import N_
from pbtrain.hours import posting, sealed
from pbtrain.hours.models import HourClaim
from pbtrain.hours.persons import people
from pbtrain.hours.policy import PolicyRules
from pbtrain.hours.rules import check_reason
from pbtrain.notify.services import Note, enqueue_many
from pbtrain.org.access import Actor

FASTER = N_("%(name)s has changed or decided this claim already, at %(when)s.")
MOVED = N_("Somebody changed this claim meanwhile.")


@dataclass(frozen=True)
class Wanted:
    """What somebody claims. `quantity` is what a platform counted; `host_unit_id` the branch visited."""

    kind: str
    title: str
    day: date
    minutes: int = 0
    note: str = ""
    activity: str = ""  # of a visit to another branch: a key of ACTIVITIES
    platform_id: int | None = None
    quantity: int | None = None
    host_unit_id: int | None = None
    starts_at: datetime | None = None


@dataclass(frozen=True)
class Worth:
    """What a claim would bring, before any cap."""

    unit_id: int
    minutes: int
    credit: int  # hundredths
    policy: PolicyRules
    activity: str
    channel: str
    platform: Platform | None = None


def worth(member_id: int, wanted: Wanted) -> Worth:
    """Convert what is claimed by the policy of the branch of that day; RuleError where that is impossible."""
    rules.check_day(wanted.day, today=clock.today())
    person = people([member_id]).get(member_id)
    unit_id = person.branch_on(wanted.day) if person else None
    if unit_id is None:
        raise RuleError(N_("This member was not on the roster of a branch on that day."), "day")
    sealed.check_open(unit_id, wanted.day.year, "day")
    policy = posting.policies([unit_id]).on(unit_id, wanted.day)
    record_days = rules.limits_of(policy).record_days
    rules.check_day(wanted.day, today=clock.today(), record_days=record_days)
    kind, platform = rules.KINDS[wanted.kind], None
    activity, minutes = kind.activity, wanted.minutes
    if wanted.kind == "platform":
        platform = _platform(unit_id, wanted.platform_id)
        if not wanted.quantity or not 0 < wanted.quantity < 100_000:
            raise RuleError(N_("Say how much the platform has counted."), "quantity")
        minutes = rules.minutes_of(wanted.quantity, platform.per_hour, policy.minutes_per_hour)
        activity = "online_course" if platform.mode == "group" else "self_study"
        if minutes > 24 * 60:
            raise RuleError(N_("That is more than a day of study: claim it day by day."), "quantity")
    else:
        rules.check_minutes(minutes)
    if wanted.kind == "host":
        activity = wanted.activity or kind.activity
        if wanted.host_unit_id is None or wanted.host_unit_id == unit_id:
            raise RuleError(N_("Name the other branch where you studied."), "host")
    return Worth(unit_id, minutes, policy.credit(activity, minutes), policy, activity, kind.channel, platform)


def _platform(unit_id: int, platform_id: int | None) -> Platform:
    found = next((p for p in lookups.platforms_for(unit_id) if p.id == platform_id), None)
    if found is None:
        raise RuleError(N_("Choose one of the platforms of the list."), "platform")
    return found


def _fill(claim: HourClaim, wanted: Wanted, found: Worth) -> None:
    claim.unit_id, claim.kind, claim.title, claim.day = found.unit_id, wanted.kind, wanted.title, wanted.day
    claim.activity, claim.channel, claim.note = found.activity, found.channel, wanted.note
    claim.minutes = claim.uncovered = found.minutes
    claim.credit, claim.proxy_limit = found.credit, rules.limits_of(found.policy).proxy
    claim.platform_id = found.platform.id if found.platform else None
    claim.quantity = wanted.quantity if found.platform else None
    claim.host_unit_id = wanted.host_unit_id if wanted.kind == "host" else None
    claim.starts_at = wanted.starts_at
    claim.ends_at = wanted.starts_at + timedelta(minutes=found.minutes) if wanted.starts_at else None


def make(
    actor: Actor, member_id: int, wanted: Wanted, pieces: Sequence[Piece], *, form_id: str
) -> tuple[int, bool]:
    """Write a draft, once for each form; returns its id and whether it is new.

    The caller has found that the actor is that member, or decides in that member's branch.
    """
    known = db.session.execute(
        select(HourClaim.id, HourClaim.made_by_id).where(HourClaim.form_id == form_id)
    ).first()
    if known is not None:
        if known.made_by_id != actor.account_id:
            raise Conflict(MOVED)
        return known.id, False
    if queries.open_of(member_id) >= rules.MOST_OPEN:
        raise RuleError(
            N_("%(most)s claims are open already. Finish some of them first."), most=rules.MOST_OPEN
        )
    found = worth(member_id, wanted)
    claim = HourClaim(
        member_id=member_id,
        state="draft",
        proof="D",
        form_id=form_id,
        made_by_id=actor.account_id,
        made_at=clock.now(),
        occurrence="",
    )
    _fill(claim, wanted, found)
    db.session.add(claim)
    db.session.flush()  # the occurrence is named after its id
    claim.occurrence = f"claim:{claim.id}"
    evidence.add(actor, claim, pieces)
    claim.proof = _proof(claim, found.platform)
    db.session.flush()
    step(actor, [claim.id], "made")
    audit.record(
        actor, "claim.made", f"claim:{claim.id}", unit_id=claim.unit_id, kind=wanted.kind, files=len(pieces)
    )
    return claim.id, True


def _proof(claim: HourClaim, platform: Platform | None) -> str:
    files = evidence.count(claim.id)
    return rules.proof_of(claim.kind, files=files, platform=platform.proof if platform else None)


def change(actor: Actor, claim_id: int, version: int, wanted: Wanted, pieces: Sequence[Piece]) -> None:
    """Change a draft or what came back; Conflict when somebody changed or decided it meanwhile."""
    claim = _mine(claim_id, version)
    found = worth(claim.member_id, replace(wanted, kind=wanted.kind or claim.kind))
    move(claim_id, version, ("draft", "returned"))
    db.session.refresh(claim)
    _fill(claim, wanted, found)
    evidence.add(actor, claim, pieces)
    claim.proof = _proof(claim, found.platform)
    db.session.flush()
    step(actor, [claim_id], "changed")
    audit.record(actor, "claim.changed", f"claim:{claim_id}", unit_id=claim.unit_id)


def add_file(actor: Actor, claim_id: int, piece: Piece) -> int:
    """Add one piece of evidence while the claim may still change; the same piece again changes nothing.

    Returns the version of the claim afterwards. RuleError when it is decided or has too many already.
    """
    claim = db.session.get(HourClaim, claim_id)
    if claim is None:
        raise faster(claim_id)
    rules.check_mendable(claim)
    if evidence.has(claim_id, piece):
        return claim.version
    move(claim_id, claim.version, ("draft", "returned"))
    db.session.refresh(claim)
    evidence.add(actor, claim, [piece])
    claim.proof = _proof(claim, db.session.get(Platform, claim.platform_id) if claim.platform_id else None)
    db.session.flush()
    if not _changes(actor, claim_id):
        step(actor, [claim_id], "changed")
    audit.record(actor, "claim.file_added", f"claim:{claim_id}", unit_id=claim.unit_id)
    return claim.version


def _changes(actor: Actor, claim_id: int) -> bool:
    """Was the last thing that happened this person's own writing? Nine photos are one change, not nine."""
    last = _last_step(claim_id)
    return last is not None and last.act in ("made", "changed") and last.by_id == actor.account_id


def remove_file(actor: Actor, claim_id: int, version: int, evidence_id: int) -> None:
    """Take a piece of evidence away again while the claim may still change."""
    claim = _mine(claim_id, version)
    move(claim_id, version, ("draft", "returned"))
    db.session.refresh(claim)
    if evidence.remove(claim, evidence_id):
        platform = db.session.get(Platform, claim.platform_id) if claim.platform_id else None
        claim.proof = _proof(claim, platform)
        db.session.flush()
        step(actor, [claim_id], "changed")
        audit.record(actor, "claim.file_removed", f"claim:{claim_id}", unit_id=claim.unit_id)


def _mine(claim_id: int, version: int) -> HourClaim:
    claim = db.session.get(HourClaim, claim_id)
    if claim is None or claim.version != version:
        raise faster(claim_id)
    rules.check_mendable(claim)
    return claim


def submit(actor: Actor, claim_id: int, version: int) -> None:
    """Hand it in; from here on somebody else has the word."""
    claim = _mine(claim_id, version)
    sealed.check_open(claim.unit_id, claim.day.year)
    if claim.kind == "platform" and not evidence.count(claim_id):
        raise RuleError(N_("Add a screenshot of the platform: without one nobody can check it."), "files")
    move(
        claim_id,
        version,
        ("draft", "returned"),
        state="submitted",
        submitted_at=clock.now(),
        reason="",
        host_by_id=None,
        host_at=None,
        **NOT_DECIDED,
    )
    step(actor, [claim_id], "submitted")
    audit.record(actor, "claim.submitted", f"claim:{claim_id}", unit_id=claim.unit_id, credit=claim.credit)


NOT_DECIDED: dict[str, Any] = {
    "decided_by_id": None,
    "decided_by_member_id": None,
    "decided_at": None,
    "second_by_id": None,
    "second_by_member_id": None,
    "second_at": None,
    "appeal_until": None,
}


def withdraw(actor: Actor, claim_id: int, version: int) -> None:
    """Take one's claim back before it is decided; it stays readable."""
    move(claim_id, version, ("draft", "returned", "submitted"), state="withdrawn")
    step(actor, [claim_id], "withdrawn")
    audit.record(actor, "claim.withdrawn", f"claim:{claim_id}")


def appeal(actor: Actor, claim_id: int, version: int, *, reason: str) -> None:
    """Ask the level above to look again, once, within the days the policy gives."""
    claim = _seen(claim_id, version)
    rules.check_appeal(claim.state, claim.appeal_until, today=clock.today())
    reason = check_reason(reason)
    move(claim_id, version, ("rejected",), state="appealed", appeal_until=None)
    step(actor, [claim_id], "appealed", reason)
    audit.record(actor, "claim.appealed", f"claim:{claim_id}", unit_id=claim.unit_id, reason=reason)


def _seen(claim_id: int, version: int) -> HourClaim:
    claim = db.session.get(HourClaim, claim_id)
    if claim is None or claim.version != version:
        raise faster(claim_id)
    return claim


def confirm_host(actor: Actor, claim_id: int, version: int) -> None:
    """The first of two keys: the secretary of the branch visited says that the member was there."""
    claim = _seen(claim_id, version)
    if claim.member_id == actor.member_id:
        raise RuleError(rules.NOT_OWN)
    if claim.kind != "host" or claim.host_at is not None:
        raise faster(claim_id)
    move(claim_id, version, ("submitted",), host_by_id=actor.account_id, host_at=clock.now())
    step(actor, [claim_id], "confirmed")
    audit.record(actor, "claim.host_confirmed", f"claim:{claim_id}", unit_id=claim.host_unit_id)


# -- what every act is made of


def move(claim_id: int, version: int, states: Sequence[str], **values: Any) -> None:
    """Change a claim that still stands as its reader saw it; Conflict naming who was faster otherwise."""
    move_many([(claim_id, version)], states, **values)


def move_many(wanted: Sequence[tuple[int, int]], states: Sequence[str], **values: Any) -> None:
    """The same for several claims, as (id, version), in one statement: all or none."""
    if not wanted:
        return
    moved = db.session.execute(
        update(HourClaim)
        .where(tuple_(HourClaim.id, HourClaim.version).in_(list(wanted)), HourClaim.state.in_(states))
        .values(version=HourClaim.version + 1, **values)
        .returning(HourClaim.id)
        .execution_options(synchronize_session=False)
    ).all()
    if len(moved) != len(wanted):
        raise faster(min({claim_id for claim_id, _version in wanted} - {row.id for row in moved}))
    db.session.expire_all()


def faster(claim_id: int) -> Conflict:
    """The refusal for whoever came second."""
    last = _last_step(claim_id)
    return races.lost(FASTER, MOVED, *((last.by_id, last.at) if last else (None, None)))


def _last_step(claim_id: int) -> Any:
    return db.session.execute(
        select(ClaimStep.act, ClaimStep.by_id, ClaimStep.at)
        .where(ClaimStep.claim_id == claim_id)
        .order_by(ClaimStep.id.desc())
        .limit(1)
    ).first()


def step(actor: Actor | None, claim_ids: Sequence[int], act: str, reason: str = "") -> None:
    """Add what happened to the history of these claims."""
    if not claim_ids:
        return
    usual = {"act": act, "by_id": actor.account_id if actor else None, "at": clock.now(), "reason": reason}
    rows = [usual | {"claim_id": claim_id} for claim_id in claim_ids]
    db.session.execute(insert(ClaimStep.__table__), rows)  # type: ignore[arg-type]


def tell(actor: Actor | None, claims: Sequence[Any], subject: str, **params: Any) -> None:
    """Tell the members of these claims, and whoever wrote them, except who acts; `subject` has %(title)s."""
    logins = lookups.accounts_of(claim.member_id for claim in claims)
    notes = []
    for claim in claims:
        readers = {logins.get(claim.member_id), claim.made_by_id} - {
            None,
            actor.account_id if actor else None,
        }
        notes += [
            Note(
                account_id=reader,
                about=f"claim:{claim.id}:{claim.version}",
                subject=in_chinese(subject, title=claim.title, **params),
                body=params.get("reason", ""),
                link=f"/claims/{claim.id}",
            )
            for reader in sorted(readers)  # type: ignore[type-var]
        ]
    enqueue_many(notes)
