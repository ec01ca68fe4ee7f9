"""Writing rules: a draft for a unit and a year, tried as often as wanted, published once and for good."""

from datetime import date
from typing import Any

from sqlalchemy import delete, select, update

from pbtrain.accounts import races
from pbtrain.audit import services as audit
from pbtrain.core import clock, queue
from pbtrain.core.db import db
from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_
from pbtrain.hours import services as hours
from pbtrain.hours.models import Policy
from pbtrain.hours.policy import PolicyRules
from pbtrain.hours.rulebook import rulebook
from pbtrain.org.access import Actor
from pbtrain.org.models import UnitClosure
from pbtrain.policies import queries, rules
from pbtrain.policies.models import PolicyDraft
from pbtrain.policies.presets import applied

CHANGED = N_("%(name)s has changed this draft at %(when)s. Load it again: nothing of yours was written.")
CHANGED_ALONE = N_("This draft was changed meanwhile. Load it again: nothing of yours was written.")
LOSSES = ("policy.drafted", "policy.draft_changed", "policy.published", "policy.draft_dropped")


def begin_draft(actor: Actor, unit_id: int, year: int, *, copy_of: int | None = None) -> int:
    """A draft of the rules of a unit for a year: of a version that is named, else of what holds there on its
    first day, else of what is shipped. Where there is a draft already, that one; returns its id."""
    rules.check_year(year, clock.today())
    known = db.session.scalar(
        select(PolicyDraft.id).where(PolicyDraft.unit_id == unit_id, PolicyDraft.year == year)
    )
    if known is not None:
        return known
    first = date(year, 1, 1)
    today = clock.today()
    draft = PolicyDraft(
        unit_id=unit_id,
        year=year,
        effective_on=first if year > today.year else max(first, today),
        rules=_begins_as(unit_id, year, copy_of).as_json(),
        changed_by_id=actor.account_id,
    )
    db.session.add(draft)
    db.session.flush()  # the audit event names draft.id
    audit.record(actor, "policy.drafted", f"policy_draft:{draft.id}", unit_id=unit_id, year=year)
    return draft.id


def _begins_as(unit_id: int, year: int, copy_of: int | None) -> PolicyRules:
    if copy_of is not None:
        found = db.session.execute(
            select(Policy.id, Policy.unit_id, Policy.rules).where(Policy.id == copy_of)
        ).first()
        if found is None or found.unit_id not in _line(unit_id):
            raise RuleError(N_("These rules are not those of this unit or of one above it."))
        return PolicyRules.from_json(0, found.rules)
    try:
        return rulebook([unit_id]).on(unit_id, date(year, 1, 1))
    except RuleError:
        return applied(PolicyRules(), "default")


def _line(unit_id: int) -> set[int]:
    """This unit and those above it."""
    return set(db.session.scalars(select(UnitClosure.above_id).where(UnitClosure.below_id == unit_id)))


def change_draft(actor: Actor, draft_id: int, version: int, wanted: PolicyRules, effective_on: date) -> None:
    """Write a draft anew. Conflict when somebody was faster than who read this version of it; RuleError that
    names the field that would be laxer than above."""
    draft = _draft(draft_id, version)
    rules.check_day(effective_on, draft.year)
    rules.check_stricter(wanted, queries.above(draft.unit_id, effective_on))
    _move(actor, draft_id, version, rules=wanted.as_json(), effective_on=effective_on)
    audit.record(
        actor, "policy.draft_changed", f"policy_draft:{draft_id}", unit_id=draft.unit_id, year=draft.year
    )


def use_preset(actor: Actor, draft_id: int, version: int, preset: str) -> None:
    """Set in a draft what a preset says; KeyError for no preset."""
    draft = _draft(draft_id, version)
    wanted = applied(PolicyRules.from_json(0, draft.rules), preset)
    _move(actor, draft_id, version, rules=wanted.as_json())
    audit.record(
        actor,
        "policy.draft_changed",
        f"policy_draft:{draft_id}",
        unit_id=draft.unit_id,
        year=draft.year,
        preset=preset,
    )


def drop_draft(actor: Actor, draft_id: int, version: int) -> None:
    """Throw a draft away."""
    draft = _draft(draft_id, version)
    _remove(draft_id, version)
    audit.record(
        actor, "policy.draft_dropped", f"policy_draft:{draft_id}", unit_id=draft.unit_id, year=draft.year
    )


def publish_draft(actor: Actor, draft_id: int, version: int) -> int:
    """Publish a draft: a version that never changes, in force from its day; what counts and what is owed
    below is worked out anew by a job. Returns the id of the version."""
    draft = _draft(draft_id, version)
    wanted = PolicyRules.from_json(0, draft.rules)
    rules.check_year(draft.year, clock.today())
    rules.check_day(draft.effective_on, draft.year)
    rules.check_stricter(wanted, queries.above(draft.unit_id, draft.effective_on))
    _remove(draft_id, version)
    policy_id = hours.publish_policy(
        actor, draft.unit_id, draft.year, wanted, effective_on=draft.effective_on
    )
    audit.record(
        actor, "policy.published", f"policy_draft:{draft_id}", unit_id=draft.unit_id, policy_id=policy_id
    )
    if draft.year <= clock.today().year:
        args = {"unit_id": draft.unit_id, "year": draft.year, "policy_id": policy_id}
        queue.enqueue(
            queries.RECOMPUTE, args, owner_id=actor.account_id, key=f"{queries.RECOMPUTE}:{policy_id}"
        )
    return policy_id


def try_draft(actor: Actor, draft_id: int, version: int, ledger_year: int) -> int:
    """Ask for a trial of a draft on the ledger of a year; the same draft on the same ledger on one day is the
    same trial. Returns the job's id."""
    draft = _draft(draft_id, version)
    if ledger_year not in queries.ledger_years(draft.unit_id):
        raise RuleError(N_("There is no ledger of that year."), field="ledger_year")
    args = {
        "unit_id": draft.unit_id,
        "year": draft.year,
        "ledger_year": ledger_year,
        "draft_id": draft_id,
        "version": version,
        "effective_on": draft.effective_on.isoformat(),
        "rules": draft.rules,
    }
    key = f"{queries.trial_key(draft_id)}{version}:{ledger_year}:{clock.now():%Y%m%d%H%M}"
    return queue.enqueue(queries.TRIAL, args, owner_id=actor.account_id, key=key)


def _draft(draft_id: int, version: int) -> Any:
    """The draft as it was read; Conflict naming who has changed it since."""
    found = db.session.execute(
        select(PolicyDraft.unit_id, PolicyDraft.year, PolicyDraft.effective_on, PolicyDraft.rules).where(
            PolicyDraft.id == draft_id, PolicyDraft.version == version
        )
    ).first()
    if found is None:
        raise _lost(draft_id)
    return found


def _lost(draft_id: int) -> Exception:
    return races.lost_to(CHANGED, CHANGED_ALONE, f"policy_draft:{draft_id}", *LOSSES)


def _move(actor: Actor, draft_id: int, version: int, **values: Any) -> None:
    """Write a draft if nobody else has since that version."""
    done = db.session.execute(
        update(PolicyDraft)
        .where(PolicyDraft.id == draft_id, PolicyDraft.version == version)
        .values(version=version + 1, changed_by_id=actor.account_id, changed_at=clock.now(), **values)
        .execution_options(synchronize_session=False)
    )
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise _lost(draft_id)


def _remove(draft_id: int, version: int) -> None:
    done = db.session.execute(
        delete(PolicyDraft)
        .where(PolicyDraft.id == draft_id, PolicyDraft.version == version)
        .execution_options(synchronize_session=False)
    )
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise _lost(draft_id)
