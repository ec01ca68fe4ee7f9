"""Two at once never count twice: one wins, the others are told who was faster."""

import pytest
from sqlalchemy import func, select

from pbtrain.claims import deciding, queries, services
from pbtrain.core.db import transaction
from pbtrain.core.errors import Conflict
from pbtrain.hours.models import Book, HourEntry
from pbtrain.org.roles import Role
from tests.claims.conftest import claim, do, handed_in, look_at_all, make, piece


def approving(actor, claim_id, version):
    def go():
        with transaction():
            return deciding.approve(actor, [(claim_id, version)])

    return go


def lines(db):
    db.session.rollback()
    return db.session.scalar(select(func.count(HourEntry.id)))


def test_twenty_identical_approvals_at_once_are_one_entry(db, place, at_once):
    claim_id = handed_in(place.member, None, piece(1))
    look_at_all(place.secretary, claim_id)
    version = claim(claim_id).version
    results = at_once(*[approving(place.secretary, claim_id, version)] * 20)
    won = [one for one in results if isinstance(one, deciding.Outcome)]
    assert [one.posted for one in won] == [[claim_id]]
    assert all(isinstance(one, Conflict) for one in results if one not in won), results
    assert lines(db) == 1
    assert db.session.scalar(select(Book.entries)) == 1


def test_of_two_secretaries_one_approves_and_the_other_is_told_who(db, make, place, at_once):
    deputy = make.actor(make.person(Role.BRANCH_SECRETARY, place.branch))
    claim_id = handed_in(place.member)
    version = claim(claim_id).version
    for actor in (place.secretary, deputy):
        look_at_all(actor, claim_id)
    results = at_once(*[approving(actor, claim_id, version) for actor in (place.secretary, deputy)])
    refused = [one for one in results if isinstance(one, Conflict)]
    assert len(refused) == 1, results
    winner = claim(claim_id).decided_by_id
    name = place.secretary.name if winner == place.secretary.account_id else deputy.name
    assert refused[0].params["name"] == name
    assert lines(db) == 1


def test_approving_and_withdrawing_at_once(db, place, at_once):
    claim_id = handed_in(place.member)
    version = claim(claim_id).version

    def take_away():
        with transaction():
            services.withdraw(place.member, claim_id, version)

    at_once(approving(place.secretary, claim_id, version), take_away)
    assert (claim(claim_id).state, lines(db)) in {("approved", 1), ("withdrawn", 0)}


def test_two_judges_of_one_appeal(db, place, at_once):
    claim_id = handed_in(place.member)
    do(deciding.reject, place.secretary, claim_id, reason="不是学习内容")
    do(services.appeal, place.member, claim_id, reason="请再看看")
    version = claim(claim_id).version

    def judging(actor, grant):
        def go():
            with transaction():
                return deciding.judge(actor, claim_id, version, grant=grant, reason="核对过了")

        return go

    results = at_once(judging(place.above, True), judging(place.admin, False))
    assert sum(isinstance(one, Conflict) for one in results) == 1, results
    assert lines(db) == (1 if claim(claim_id).state == "approved" else 0)


def test_one_form_sent_five_times_at_once_is_one_claim(db, place, at_once):
    form = "0b7e9d7e-0000-4000-8000-000000000005"

    def write():
        return make(place.member, None, form_id=form)

    results = at_once(*[write] * 5)
    made = {one for one in results if isinstance(one, int)}
    assert len(made) == 1, results
    db.session.rollback()
    assert db.session.execute(queries.mine(place.member)).all()[0].id in made


@pytest.mark.parametrize("act", [deciding.send_back, deciding.reject])
def test_refusing_and_approving_at_once(db, place, at_once, act):
    claim_id = handed_in(place.member)
    version = claim(claim_id).version

    def refuse():
        with transaction():
            act(place.secretary, claim_id, version, reason="看不清")

    at_once(approving(place.secretary, claim_id, version), refuse)
    assert (claim(claim_id).state == "approved") == (lines(db) == 1)
