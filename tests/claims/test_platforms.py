"""Platforms: which a branch may claim, what their points are worth, how much a year, and their page."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from pbtrain.claims import lookups, services
from pbtrain.claims.models import Platform
from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.core.errors import RuleError
from pbtrain.hours import services as hours
from pbtrain.org import services as org
from tests.claims.conftest import DAY, approve, claim, do, entries, handed_in, make, piece


@pytest.fixture
def platform(db, place):
    with transaction() as session:
        row = Platform(
            unit_id=place.root.id, name="学习强国", counts_in="points", per_hour=30, year_cap=300,
            proof="C", mode="group",
        )  # fmt: skip
        session.add(row)
        session.flush()
        return row.id


def on_platform(place, platform, seed, quantity, day=DAY):
    return handed_in(
        place.member, None, piece(seed), kind="platform", platform_id=platform, quantity=quantity, day=day
    )


def test_points_of_a_platform_are_converted_and_capped_by_the_year(db, place, platform):
    first = on_platform(place, platform, 1, 60)
    assert (claim(first).minutes, claim(first).credit) == (90, 200)
    approve(place.secretary, first)
    second = on_platform(place, platform, 2, 60, DAY + timedelta(days=1))
    approve(place.secretary, second)
    assert [(row.minutes, row.credit) for row in entries()] == [(90, 200), (45, 100)]
    assert claim(second).uncovered == 45, "what the cap has left over"
    third = on_platform(place, platform, 3, 60, DAY + timedelta(days=2))
    with pytest.raises(RuleError, match="used up"):
        approve(place.secretary, third)
    with transaction():
        hours.reverse_many(place.secretary, [claim(second).entry_id], reason="重复")
    assert approve(place.secretary, third).posted == [third], "a reversed line leaves room"


def test_two_claims_of_one_batch_share_the_cap(db, place, platform):
    both = [on_platform(place, platform, n, 60, DAY + timedelta(days=n)) for n in (1, 2)]
    approve(place.secretary, *both)
    assert sum(row.credit for row in entries()) == 300


def test_who_moves_to_a_branch_with_the_same_platform_keeps_its_cap(place, platform):
    """Two committees had written down one platform, and who moved between them had its hours twice."""
    with transaction() as session:
        session.add(own := Platform(
            unit_id=place.branch.id, name="学习强国", counts_in="points", per_hour=30, year_cap=300,
            proof="C", mode="group",
        ))  # fmt: skip
        session.flush()
        own_id = own.id
    approve(place.secretary, on_platform(place, own_id, 1, 60))
    with transaction():
        org.transfer(None, place.member.member_id, unit_id=place.other.id)
    later = on_platform(place, platform, 2, 60, clock.today())
    approve(place.host, later)
    assert [row.credit for row in entries()] == [200, 100]


def test_a_platform_asks_for_a_picture_and_for_one_of_the_list(place, platform):
    claim_id = make(place.member, None, kind="platform", platform_id=platform, quantity=60)
    with pytest.raises(RuleError, match="screenshot"):
        do(services.submit, place.member, claim_id)
    with pytest.raises(RuleError, match="platforms of the list"):
        make(place.member, None, kind="platform", platform_id=platform + 99, quantity=60)


def test_a_closed_platform_is_not_claimed_and_a_nearer_one_counts(db, place, platform):
    with transaction() as session:
        session.add(
            Platform(
                unit_id=place.branch.id,
                name="学习强国",
                counts_in="points",
                per_hour=60,
                year_cap=300,
                proof="C",
                mode="self",
            )
        )
    assert [p.per_hour for p in lookups.platforms_for(place.branch.id)] == [60]
    assert [p.per_hour for p in lookups.platforms_for(place.other.id)] == [30]
    with transaction() as session:
        session.get(Platform, platform).open = False
    assert lookups.platforms_for(place.other.id) == []


def test_the_platforms_of_a_unit(db, client_for, place, member):
    admin, url = client_for(place.admin), f"/units/{place.root.id}/platforms"
    assert admin.post(url).status_code == 303
    page = admin.get(url).text
    for name in ("学习强国", "法宣在线", "干部培训网络学院", "网上3D廉政教育展厅"):
        assert name in page
    assert "学习强国" in member.get("/claims/new?kind=platform").text
    row = db.session.scalars(select(Platform).where(Platform.name == "学习强国")).one()
    fields = {
        "name": "学习强国", "link": "", "counts_in": "points", "per_hour": "60", "year_cap": "4",
        "proof": "C",
        "mode": "self", "open": "0", "version": str(row.version),
    }  # fmt: skip
    assert admin.post(f"/platforms/{row.id}", data=fields).status_code == 303
    assert admin.post(f"/platforms/{row.id}", data=fields).status_code == 409
    assert "学习强国" not in member.get("/claims/new?kind=platform").text
    bad = fields | {"link": "javascript:alert(1)", "per_hour": "0", "name": "法宣在线"}
    assert admin.post(f"/platforms/{row.id}", data=bad).status_code == 422
