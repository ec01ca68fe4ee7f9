"""Taking back on the same day: everything stands as if nothing had been, or the refusal says why."""

import pytest
from sqlalchemy import func, select

from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.core.errors import RuleError
from pbtrain.home.reshaping import services as reshaping
from pbtrain.hours import services as hours
from pbtrain.hours.models import HourClaim
from pbtrain.hours.verify import verify
from pbtrain.org import history, services, tree
from pbtrain.org.access import may
from pbtrain.org.models import (
    Affiliation,
    Post,
    RoleGrant,
    Unit,
    UnitLink,
)
from pbtrain.org.roles import Perm, Role
from tests.org.conftest import custody, held_line, standing


def test_what_was_merged_today_is_taken_back_whole(db, make, league):
    held_line(make, league.one, league.people[league.one][1])
    held_line(make, league.two, league.people[league.two][1], 10)
    with transaction():
        reshaping.merge(None, [league.one], league.two)
    with transaction():
        reshaping.reopen(None, league.one)
    assert standing(db, league.one) == custody(db, league.one) == set(league.people[league.one])
    assert db.session.get(Unit, league.one).valid_until is None
    assert db.session.scalar(select(func.count()).select_from(Affiliation)) == 6, "as if nothing had been"
    for table in (Post, RoleGrant):
        assert db.session.scalars(select(table.valid_until)).all() == [None, None]
    claims = dict(db.session.execute(select(HourClaim.occurrence, HourClaim.unit_id)).all())
    assert claims == {"event:9": league.one, "event:10": league.two}
    assert history.successions_of([league.one]) == []
    assert [str(finding) for finding in verify()] == []


@pytest.mark.parametrize("since", ["a day", "a transfer", "a line", "the other ended", "the name is taken"])
def test_what_cannot_be_taken_back_any_more(make, league, frozen, since):
    with transaction():
        reshaping.merge(None, [league.one], league.two)
    member_id = league.people[league.one][0]
    with transaction():
        if since == "a transfer":
            third = tree.add_unit(None, name="示例三支部", kind="branch", parent_id=league.left)
            services.transfer(None, member_id, unit_id=third.id)
        elif since == "a line":
            hours.post_many(None, [hours.Line(member_id, clock.today(), "theme_day", 30, "event:5", "示例")])
        elif since == "the other ended":
            reshaping.merge_into_new(None, [league.two], league.left, name="示例三支部")
        elif since == "the name is taken":
            tree.add_unit(None, name="示例一支部", kind="branch", parent_id=league.left)
    if since == "a day":
        frozen.shift(days=1)
    with pytest.raises(RuleError), transaction():
        reshaping.reopen(None, league.one)


def test_what_was_abolished_today_is_taken_back(db, make, league):
    empty = make.unit("示例空支部", parent=db.session.get(Unit, league.left))
    holder = make.person(Role.UNIT_AUDITOR, empty)
    with transaction():
        reshaping.abolish(None, empty.id)
    assert not may(make.actor(holder), Perm.UNITS_VIEW, empty.id)
    with transaction():
        reshaping.reopen(None, empty.id)
    assert may(make.actor(holder), Perm.UNITS_VIEW, empty.id)
    assert db.session.scalar(select(UnitLink.valid_until).where(UnitLink.unit_id == empty.id)) is None
