"""Drafts: begun, changed by one at a time, published once; then everybody below is judged anew."""

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import select

from pbtrain.audit.models import AuditEvent
from pbtrain.core import queue
from pbtrain.core.db import transaction
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.core.queue import Job
from pbtrain.home.reshaping import services as reshaping
from pbtrain.hours import custody
from pbtrain.hours import services as hours
from pbtrain.hours.models import HourEntry, MemberYear, Policy
from pbtrain.hours.policy import PolicyRules
from pbtrain.hours.queries import branch_attainment
from pbtrain.hours.verify import verify
from pbtrain.org.models import Affiliation, Member, Post
from pbtrain.policies import queries, services
from pbtrain.policies.models import PolicyDraft
from pbtrain.policies.views.trials import changed_in

FIRST = date(2026, 1, 1)


def begin(actor, unit, year=2026, **more):
    with transaction():
        return services.begin_draft(actor, unit.id, year, **more)


def change(db, actor, draft_id, effective_on=None, **fields):
    draft = db.session.get(PolicyDraft, draft_id)
    wanted = replace(PolicyRules.from_json(0, draft.rules), **fields)
    day, version = effective_on or draft.effective_on, draft.version
    with transaction():
        services.change_draft(actor, draft_id, version, wanted, day)


def publish(db, actor, draft_id):
    version = db.session.get(PolicyDraft, draft_id).version
    with transaction():
        return services.publish_draft(actor, draft_id, version)


def run_jobs(db, kind):
    """Do the jobs of this kind that wait; their results."""
    found = []
    for job_id in db.session.scalars(select(Job.id).where(Job.kind == kind, Job.state == "queued")).all():
        assert queue.run(job_id)
        db.session.rollback()
        job = db.session.get(Job, job_id)
        assert job.state == "done", job.error
        found.append(job)
    return found


def year_of(db, member, year=2026):
    db.session.rollback()
    return db.session.scalars(
        select(MemberYear).where(MemberYear.member_id == member.id, MemberYear.credit_year == year)
    ).one()


def test_a_draft_begins_with_what_holds_and_holds_for_nobody(db, actor, root, branch):
    draft_id = begin(actor, branch)
    draft = db.session.get(PolicyDraft, draft_id)
    assert PolicyRules.from_json(0, draft.rules) == PolicyRules()
    assert (draft.effective_on, draft.changed_by_id) == (date(2026, 9, 25), actor.account_id)
    assert begin(actor, branch) == draft_id, "one draft of a unit and year"
    change(db, actor, draft_id, day_cap=600)
    assert queries.in_force(branch.id, date(2026, 12, 31)).day_cap == 800
    next_year = db.session.get(PolicyDraft, begin(actor, branch, 2027))
    assert next_year.effective_on == date(2027, 1, 1)
    with pytest.raises(RuleError, match="2026 to 2028"):
        begin(actor, branch, 2025)


def test_a_draft_may_copy_a_version_of_the_line_and_no_other(db, make, actor, root, branch):
    stranger = make.unit()
    with transaction():
        last = hours.publish_policy(None, root.id, 2025, PolicyRules(day_cap=400))
        other = hours.publish_policy(None, stranger.id, 2025, PolicyRules(day_cap=300))
    draft = db.session.get(PolicyDraft, begin(actor, branch, copy_of=last))
    assert draft.rules["day_cap"] == 400
    with pytest.raises(RuleError):
        begin(actor, root, copy_of=other)


def test_who_comes_second_is_told_who_was_faster(db, make, actor, root):
    draft_id = begin(actor, root)
    version = db.session.get(PolicyDraft, draft_id).version
    change(db, actor, draft_id, day_cap=600)
    slow = PolicyRules(day_cap=500)
    for act in (
        lambda: services.change_draft(actor, draft_id, version, slow, date(2026, 9, 25)),
        lambda: services.publish_draft(actor, draft_id, version),
        lambda: services.drop_draft(actor, draft_id, version),
        lambda: services.use_preset(actor, draft_id, version, "sixty"),
    ):
        with pytest.raises(Conflict) as refusal, transaction():
            act()
        assert refusal.value.params["name"] == actor.name
    assert db.session.get(PolicyDraft, draft_id).rules["day_cap"] == 600


def test_publishing_makes_a_version_from_its_day_and_takes_the_draft_away(db, actor, root, branch):
    draft_id = begin(actor, root)
    change(db, actor, draft_id, date(2026, 7, 1), targets={"member": 4000, "leader": 6000})
    policy_id = publish(db, actor, draft_id)
    found = db.session.get(Policy, policy_id)
    assert (found.year, found.version, found.effective_on) == (2026, 1, date(2026, 7, 1))
    assert found.published_by_id == actor.account_id
    assert db.session.scalars(select(PolicyDraft)).all() == []
    days = (date(2026, 6, 30), date(2026, 7, 1), date(2027, 1, 1))
    assert [queries.in_force(branch.id, day).targets["member"] for day in days] == [3200, 4000, 4000]
    actions = db.session.scalars(select(AuditEvent.action).where(AuditEvent.action.like("policy.%")))
    assert {"policy.drafted", "policy.draft_changed", "policy.published"} <= set(actions)


def test_after_publishing_a_job_judges_everybody_below_anew(db, make, actor, root, branch, study):
    member = make.member(branch)
    study(member, 360)
    draft_id = begin(actor, root)
    change(db, actor, draft_id, FIRST, day_cap=500)
    publish(db, actor, draft_id)
    assert year_of(db, member).counted == 800
    (job,) = run_jobs(db, queries.RECOMPUTE)
    assert (job.result, job.done_steps, job.all_steps) == ({"members": 1}, 1, 1)
    assert year_of(db, member).counted == 500
    assert list(verify()) == []


def test_rules_of_next_year_change_nothing_now(db, make, actor, root, branch):
    make.member(branch)
    publish(db, actor, begin(actor, root, 2027))
    assert run_jobs(db, queries.RECOMPUTE) == []


def test_a_lower_level_is_never_laxer(db, actor, root, branch):
    draft_id = begin(actor, branch)
    with pytest.raises(RuleError) as refusal:
        change(db, actor, draft_id, day_cap=900)
    assert refusal.value.field == "day_cap"
    change(db, actor, draft_id, day_cap=700)
    with transaction():
        hours.publish_policy(None, root.id, 2026, PolicyRules(day_cap=600), effective_on=date(2026, 11, 1))
    with pytest.raises(RuleError, match="6"):
        publish(db, actor, draft_id)
    assert len(queries.above(branch.id, date(2026, 9, 25))) == 2


def test_hours_without_the_class_are_not_met_in_the_figures(db, make, actor, root, branch, study):
    leader = make.member(branch)
    with transaction() as session:
        session.add(Post(member_id=leader.id, unit_id=branch.id, kind="deputy", valid_from=date(2020, 1, 1)))
    for n in range(1, 8):
        study(leader, 360, day=date(2026, 3, n))
    assert branch_attainment(branch.id, 2026).met == 1
    draft_id = begin(actor, root)
    change(db, actor, draft_id, FIRST, class_for=("leader",))
    publish(db, actor, draft_id)
    run_jobs(db, queries.RECOMPUTE)
    assert (year_of(db, leader).lacks_class, branch_attainment(branch.id, 2026).met) == (True, 0)
    assert list(verify()) == []
    study(leader, 90, "training_class", day=date(2026, 4, 1))
    assert branch_attainment(branch.id, 2026).met == 1


def test_a_branch_that_is_moved_is_judged_by_the_tree_of_each_day(db, make, actor, root, study):
    """Target, caps and conversion follow the committee of the day; what that one publishes later, too."""
    top = make.unit()
    old, new = make.unit(parent=top, kind="committee"), make.unit(parent=top, kind="committee")
    branch = make.unit(parent=old)
    asked = {old.id: PolicyRules(targets={"member": 3650}), new.id: PolicyRules(targets={"member": 7300})}
    for unit_id, rules in asked.items():
        with transaction():
            hours.publish_policy(None, unit_id, 2026, rules)
    member = make.member(branch)
    study(member, 90, day=date(2026, 3, 2))
    assert year_of(db, member).target == 3650
    with transaction():
        assert reshaping.move(None, branch.id, new.id) == 0
    # 267 days to 24 September below the old committee, 98 days below the new one
    days = (date(2026, 9, 25) - date(2026, 1, 1)).days
    expected = days * 10 + (365 - days) * 20
    assert year_of(db, member).target == -(-expected // 50) * 50
    assert list(verify()) == []
    study(member, 60, day=date(2026, 3, 3))
    study(member, 60, day=date(2026, 9, 25))
    used = dict(db.session.execute(select(HourEntry.day, Policy.unit_id).join(Policy)).tuples().all())
    assert used == {
        date(2026, 3, 2): old.id, date(2026, 3, 3): old.id, date(2026, 9, 25): new.id
    }  # fmt: skip
    draft_id = begin(actor, old)
    change(db, actor, draft_id, FIRST, targets={"member": 7300, "leader": 7300})
    publish(db, actor, draft_id)
    run_jobs(db, queries.RECOMPUTE)
    assert year_of(db, member).target == 7300
    assert list(verify()) == []


def test_who_moves_between_rules_is_judged_by_both(db, make, actor, root, branch, study):
    """architecture.md: target and caps by day, from the policies of the affiliations."""
    member, new = make.member(branch), make.unit(parent=root)
    with transaction():
        hours.publish_policy(
            None, new.id, 2026, PolicyRules(targets={"member": 4000, "leader": 6000}, day_cap=300)
        )
    with transaction() as session:
        home = session.scalars(select(Affiliation).where(Affiliation.member_id == member.id)).one()
        home.valid_until = date(2026, 7, 1)
        session.add(Affiliation(member_id=member.id, unit_id=new.id, valid_from=date(2026, 7, 1)))
        session.get(Member, member.id).unit_id = new.id
    study(member, 360, day=date(2026, 6, 30))
    study(member, 360, day=date(2026, 7, 1))
    year = year_of(db, member)
    assert (year.counted, year.target) == (1100, 3650)
    assert list(verify()) == []


@pytest.mark.parametrize("by_job", [True, False], ids=["published", "judged at once"])
def test_who_went_on_is_judged_anew_for_the_days_before(db, make, actor, root, branch, study, by_job):
    """New rules of the old branch from June: half a year of a member who stands elsewhere since July."""
    member, new = make.member(branch), make.unit(parent=root)
    with transaction() as session:
        home = session.scalars(select(Affiliation).where(Affiliation.member_id == member.id)).one()
        home.valid_until = date(2026, 7, 1)
        session.add(Affiliation(member_id=member.id, unit_id=new.id, valid_from=date(2026, 7, 1)))
        session.get(Member, member.id).unit_id = new.id
    study(member, 90)
    before = year_of(db, member).target
    targets = {"member": 4000, "leader": 6000}
    if by_job:
        draft_id = begin(actor, branch)
        change(db, actor, draft_id, effective_on=FIRST, targets=targets)
        publish(db, actor, draft_id)
        run_jobs(db, queries.RECOMPUTE)
    else:
        with transaction():
            hours.publish_policy(None, branch.id, 2026, PolicyRules(targets=targets))
            custody.judge_again([branch.id])
    assert year_of(db, member).target > before
    assert list(verify()) == []


def test_two_who_publish_at_once_make_one_version(db, actor, root, at_once):
    draft_id = begin(actor, root)

    def publish_it():
        with transaction():
            return services.publish_draft(actor, draft_id, 1)

    results = at_once(publish_it, publish_it)
    assert sorted(isinstance(one, Conflict) for one in results) == [False, True]
    db.session.rollback()
    assert len(db.session.scalars(select(Policy).where(Policy.year == 2026)).all()) == 1


# -- trials


def trial_of(db, actor, draft_id, year=2026):
    version = db.session.get(PolicyDraft, draft_id).version
    with transaction():
        services.try_draft(actor, draft_id, version, year)
    (job,) = run_jobs(db, queries.TRIAL)
    return job


def test_a_trial_finds_who_changes_status_and_changes_nothing(db, make, actor, root, branch, study):
    steady, other = make.member(branch), make.member(make.unit(parent=root))
    for n in range(1, 5):
        study(steady, 360, day=date(2026, 3, n))  # 32 in four days
    study(other, 90)
    before = year_of(db, steady).counted
    draft_id = begin(actor, root, 2027)
    change(db, actor, draft_id, day_cap=500)
    job = trial_of(db, actor, draft_id)
    assert job.result["units"][str(root.id)] == [2, 1, 1, 0, 0, 0]
    assert job.result["units"][str(branch.id)] == [1, 1, 1, 0, 0, 0]
    (row,) = changed_in(job, branch.id)
    assert (row.id, row.counted, row.new_counted, row.met, row.new_met) == (
        steady.id,
        3200,
        2000,
        True,
        False,
    )
    assert year_of(db, steady).counted == before
    assert str(other.unit_id) not in job.result["places"], "nothing changes for them"


def test_a_trial_converts_the_minutes_anew_and_respects_nearer_rules(db, make, actor, root, branch, study):
    near = make.unit(parent=root)
    with transaction():
        hours.publish_policy(None, near.id, 2025, PolicyRules(minutes_per_hour=50))
    member, shielded = make.member(branch), make.member(near)
    study(member, 90)
    study(shielded, 90)
    draft_id = begin(actor, root)
    change(db, actor, draft_id, FIRST, minutes_per_hour=60, targets={"member": 4000, "leader": 6000})
    job = trial_of(db, actor, draft_id)
    assert job.result["units"][str(root.id)] == [2, 1, 0, 0, 1, 0]
    (row,) = changed_in(job, branch.id)
    assert (row.counted, row.new_counted, row.new_target) == (200, 150, 4000)


def test_the_whole_of_what_is_published_is_its_own_trial(db, make, actor, root, branch, study):
    """Trying what holds already changes nobody."""
    members = [make.member(branch) for _ in range(3)]
    for n, member in enumerate(members, 1):
        study(member, 90 * n)
    job = trial_of(db, actor, begin(actor, root, 2027))
    assert (job.result["units"][str(root.id)], job.result["places"]) == ([3, 0, 0, 0, 0, 0], {})


def test_there_must_be_a_ledger_to_try_on(db, actor, root):
    draft_id = begin(actor, root)
    with pytest.raises(RuleError, match="no ledger"):
        trial_of(db, actor, draft_id, 2024)
