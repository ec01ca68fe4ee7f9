"""Reading rules: the versions of a unit, its drafts, what holds above, and what trials found."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import Select, func, select

from pbtrain.accounts.models import Account
from pbtrain.core.db import db
from pbtrain.core.queue import Job
from pbtrain.hours.models import MemberYear, Policy
from pbtrain.hours.policy import PolicyRules
from pbtrain.hours.rulebook import rulebook
from pbtrain.org.access import Actor, units_where
from pbtrain.org.models import Member, Unit, UnitClosure
from pbtrain.org.roles import Perm
from pbtrain.policies.models import PolicyDraft

TRIAL, RECOMPUTE = "policies.trial", "policies.recompute"  # kinds of jobs
TRIALS_SHOWN = 5


def listed(unit_id: int) -> Select[Any]:
    """The versions that were published for a unit and those above it: the unit's own first, newest first."""
    return (
        select(
            Policy.id, Policy.year, Policy.version, Policy.effective_on, Policy.published_at, Policy.unit_id,
            Unit.name.label("unit_name"), Account.name.label("publisher"), UnitClosure.depth,
        )
        .join(UnitClosure, UnitClosure.above_id == Policy.unit_id)
        .join(Unit, Unit.id == Policy.unit_id)
        .outerjoin(Account, Account.id == Policy.published_by_id)
        .where(UnitClosure.below_id == unit_id)
        .order_by(UnitClosure.depth, Policy.year.desc(), Policy.version.desc(), Policy.id)
    )  # fmt: skip


def own(unit_id: int) -> Select[Any]:
    """The versions a unit published itself, newest first."""
    return listed(unit_id).where(UnitClosure.depth == 0)


def newest_above(unit_id: int) -> list[Any]:
    """The newest version of each unit above that has any, the nearest first."""
    found: dict[int, Any] = {}
    for row in db.session.execute(listed(unit_id).where(UnitClosure.depth > 0)):
        found.setdefault(row.unit_id, row)
    return list(found.values())


def unit_names(unit_ids: Iterable[int]) -> dict[int, str]:
    """What these units are called."""
    rows = db.session.execute(select(Unit.id, Unit.name).where(Unit.id.in_(list(unit_ids))))
    return dict(rows.tuples().all())


def version_in_reach(actor: Actor, policy_id: int) -> Any:
    """A published version of a unit the actor may read the rules of, or of one above it; None elsewhere.

    Whoever reads the rules of a unit reads those above it too: they hold there.
    """
    mine = select(UnitClosure.above_id).where(
        UnitClosure.below_id.in_(units_where(actor, Perm.POLICY_VIEW)), UnitClosure.above_id == Policy.unit_id
    )
    return db.session.execute(
        select(
            Policy.id, Policy.unit_id, Policy.year, Policy.version, Policy.effective_on, Policy.rules,
            Policy.published_at, Unit.name.label("unit_name"), Account.name.label("publisher"),
        )
        .join(Unit, Unit.id == Policy.unit_id)
        .outerjoin(Account, Account.id == Policy.published_by_id)
        .where(Policy.id == policy_id, mine.exists())
    ).first()  # fmt: skip


def before(version: Any) -> Any:
    """The version this unit published before that one: id, year, version, rules; None for the first."""
    return db.session.execute(
        select(Policy.id, Policy.year, Policy.version, Policy.rules)
        .where(Policy.unit_id == version.unit_id)
        .where(
            (Policy.year < version.year)
            | ((Policy.year == version.year) & (Policy.version < version.version))
        )
        .order_by(Policy.year.desc(), Policy.version.desc(), Policy.id)
        .limit(1)
    ).first()


def drafts(actor: Actor, unit_id: int) -> list[Any]:
    """The drafts of a unit the actor edits: id, year, effective_on, changed_at, who."""
    return list(
        db.session.execute(
            _drafts(actor).where(PolicyDraft.unit_id == unit_id).order_by(PolicyDraft.year, PolicyDraft.id)
        )
    )


def draft_in_reach(actor: Actor, draft_id: int) -> Any:
    """A draft of a unit the actor edits the rules of, with its rules, or None."""
    return db.session.execute(
        _drafts(actor).add_columns(PolicyDraft.rules).where(PolicyDraft.id == draft_id)
    ).first()


def _drafts(actor: Actor) -> Select[Any]:
    return (
        select(
            PolicyDraft.id, PolicyDraft.unit_id, PolicyDraft.year, PolicyDraft.effective_on,
            PolicyDraft.version, PolicyDraft.changed_at, Unit.name.label("unit_name"),
            Account.name.label("changed_by"),
        )
        .join(Unit, Unit.id == PolicyDraft.unit_id)
        .outerjoin(Account, Account.id == PolicyDraft.changed_by_id)
        .where(PolicyDraft.unit_id.in_(units_where(actor, Perm.POLICY_EDIT)))
    )  # fmt: skip


def in_force(unit_id: int, day: date) -> PolicyRules:
    """The rules that hold in a unit on a day; RuleError where none are published."""
    return rulebook([unit_id]).on(unit_id, day)


def above(unit_id: int, effective_on: date) -> list[PolicyRules]:
    """What rules of this unit must not be laxer than: those in force right above from that day to the end of
    its year; none where nothing is published above."""
    parent_id = db.session.scalar(select(Unit.parent_id).where(Unit.id == unit_id))
    if parent_id is None:
        return []
    return rulebook([parent_id]).during(parent_id, effective_on, date(effective_on.year, 12, 31))


def own_rules_below(unit_id: int) -> list[Any]:
    """The newest version each unit below has published itself: unit_id, name, rules."""
    newest = (
        select(
            Policy.unit_id, Policy.rules, Unit.name,
            func.row_number().over(
                partition_by=Policy.unit_id, order_by=(Policy.year.desc(), Policy.version.desc())
            ).label("place"),
        )
        .join(UnitClosure, UnitClosure.below_id == Policy.unit_id)
        .join(Unit, Unit.id == Policy.unit_id)
        .where(UnitClosure.above_id == unit_id, UnitClosure.depth > 0)
        .subquery()
    )  # fmt: skip
    return list(
        db.session.execute(
            select(newest.c.unit_id, newest.c.name, newest.c.rules)
            .where(newest.c.place == 1)
            .order_by(newest.c.name, newest.c.unit_id)
        )
    )


def ledger_years(unit_id: int) -> list[int]:
    """The years of which people below this unit have figures, newest first."""
    people = select(UnitClosure.below_id).where(UnitClosure.above_id == unit_id)
    return list(
        db.session.scalars(
            select(MemberYear.credit_year)
            .where(MemberYear.custody_unit_id.in_(people))
            .group_by(MemberYear.credit_year)
            .order_by(MemberYear.credit_year.desc())
        )
    )


def trial_in_reach(actor: Actor, job_id: int) -> Job | None:
    """A trial of a unit the actor edits the rules of, or None."""
    job = db.session.get(Job, job_id)
    if job is None or job.kind != TRIAL:
        return None
    unit_id = job.args["unit_id"]
    seen = db.session.scalar(
        select(Unit.id).where(Unit.id == unit_id, Unit.id.in_(units_where(actor, Perm.POLICY_EDIT)))
    )
    return None if seen is None else job


def trial_key(draft_id: int) -> str:
    """How the keys of a draft's trials begin."""
    return f"{TRIAL}:{draft_id}."


def trials(draft_id: int) -> list[Job]:
    """The newest trials of a draft, newest first."""
    return list(
        db.session.scalars(
            select(Job)
            .where(Job.key.startswith(trial_key(draft_id), autoescape=True))
            .order_by(Job.id.desc())
            .limit(TRIALS_SHOWN)
        )
    )


def recomputed(policy_id: int) -> Job | None:
    """The job that judges everybody anew by a version; None for one of a later year."""
    return db.session.scalars(select(Job).where(Job.key == f"{RECOMPUTE}:{policy_id}")).first()


def names_of(member_ids: Iterable[int]) -> dict[int, Any]:
    """Number and name of these members."""
    rows = db.session.execute(
        select(Member.id, Member.code, Member.name, Member.unit_id).where(Member.id.in_(list(member_ids)))
    )
    return {row.id: row for row in rows}


def units_below(unit_id: int) -> Select[Any]:
    """The units right below that still are or once were, without academies: id, name, kind."""
    return (
        select(Unit.id, Unit.name, Unit.kind)
        .where(Unit.parent_id == unit_id, Unit.kind != "academy")
        .order_by(Unit.name, Unit.id)
    )


def unit_within(unit_id: int, top_id: int) -> Any:
    """A unit that stands in or below another: id, name, kind; None elsewhere."""
    return db.session.execute(
        select(Unit.id, Unit.name, Unit.kind)
        .join(UnitClosure, UnitClosure.below_id == Unit.id)
        .where(Unit.id == unit_id, UnitClosure.above_id == top_id)
    ).first()
