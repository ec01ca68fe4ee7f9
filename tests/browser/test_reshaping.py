"""An administrator reshapes the organisation by the pages: splits, moves, transfers, merges, takes back."""

import pytest
from sqlalchemy import select

from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.hours import services as hours
from pbtrain.org.models import Affiliation, Member, Unit
from pbtrain.org.roles import Role

pytestmark = pytest.mark.at("desktop")


@pytest.fixture
def league(make, town):
    """Beside the town's branch a committee with one more; a unit administrator of the top."""
    street = make.unit("示例南街道党委", parent=town.root, kind="committee")
    other = make.unit("示例梧桐社区党支部", parent=town.root)
    ids = [make.member(other, name=f"示例居民{n}", with_account=False).id for n in range(3)]
    with transaction():
        hours.refresh_years(ids, clock.today().year)
    admin = make.person(Role.UNIT_ADMIN, town.root)
    return town, street, other, admin


def standing(db, unit_id):
    """Names of those who stand in a branch, as the pages have written it."""
    db.session.rollback()
    return sorted(db.session.scalars(select(Member.name).where(Member.unit_id == unit_id)))


def test_an_administrator_splits_moves_transfers_and_merges(db, league, page, sign_in, accessible, look):
    town, street, other, admin = league
    sign_in(admin)
    split_a_branch(page, town.branch, accessible, look)
    db.session.rollback()  # what the pages have written is seen
    new = db.session.scalars(select(Unit).where(Unit.name == "示例青松二支部")).one()
    new_id = new.id
    assert standing(db, new_id) == ["示例张秀英", "示例苏日娜"]
    assert len(standing(db, town.branch.id)) == 4

    page.goto(f"/units/{new_id}")
    page.get_by_role("link", name="调整隶属关系").click()
    page.get_by_label("上级组织").fill("示例南街道党委")
    look(page, "move")
    page.get_by_role("button", name="调整").click()
    page.wait_for_url(f"**/units/{new_id}")
    db.session.rollback()
    assert db.session.get(Unit, new_id).parent_id == street.id

    transfer_somebody(page, db, other, new_id, look)
    merge_the_rest(page, db, other, new_id, accessible, look)

    page.goto(f"/units/{town.root.id}/tree")
    look(page, "tree")
    accessible(page)
    page.goto(f"/units/{new_id}/history")
    look(page, "history")
    accessible(page)
    assert page.get_by_text("本组织从示例青松社区党支部分出").is_visible()


def split_a_branch(page, branch, accessible, look):
    """Two of six go to a new branch; the page says so before it happens."""
    page.goto(f"/units/{branch.id}")
    page.get_by_role("link", name="拆分 部分党员转入新支部").click()
    page.get_by_label("新组织名称，每行一个").fill("示例青松二支部")
    look(page, "split-names")
    accessible(page)
    page.get_by_role("button", name="下一步").click()
    page.get_by_text("示例苏日娜").click()
    page.get_by_role("searchbox").fill("张秀")
    page.get_by_role("searchbox").press("Enter")
    page.get_by_text("示例张秀英").click()
    look(page, "split-who")
    accessible(page)
    page.get_by_role("button", name="看看会怎样").click()
    page.get_by_text("2 名党员转入").wait_for()
    look(page, "split-check")
    accessible(page)
    page.get_by_role("button", name="拆分", exact=True).click()
    page.get_by_text("新设 1 个组织").wait_for()


def transfer_somebody(page, db, other, new_id, look):
    """One member of the other branch goes to the new one, by the member's own page."""
    who = db.session.scalars(select(Member).where(Member.name == "示例居民0")).one()
    member_id = who.id
    page.goto(f"/people/{member_id}")
    page.get_by_text("转到其他党支部").click()
    page.get_by_label("转入的党支部").fill("示例青松二支部")
    look(page, "transfer")
    page.get_by_role("button", name="转接", exact=True).click()
    page.wait_for_load_state()
    assert "示例居民0" in standing(db, new_id)
    assert "示例居民0" not in standing(db, other.id)


def merge_the_rest(page, db, other, new_id, accessible, look):
    """The other branch is merged into the new one, and it is taken back, and done again."""
    page.goto(f"/units/{other.id}")
    page.get_by_role("link", name="与其他组织合并").click()
    page.get_by_role("searchbox").fill("青松二")
    page.get_by_role("searchbox").press("Enter")
    page.get_by_text("示例青松二支部").first.click()
    look(page, "merge-with")
    accessible(page)
    page.get_by_role("button", name="下一步").click()
    page.get_by_role("radio", name="示例青松二支部").check()
    look(page, "merge-into")
    accessible(page)
    page.get_by_role("button", name="下一步").click()
    page.get_by_text("2 名党员今天起转入示例青松二支部").wait_for()
    look(page, "merge-check")
    accessible(page)
    page.get_by_role("button", name="合并", exact=True).click()
    page.wait_for_url(f"**/units/{new_id}")
    assert standing(db, other.id) == []

    page.goto(f"/units/{other.id}")
    page.get_by_role("link", name="今天可以撤回").click()
    look(page, "take-back")
    accessible(page)
    page.get_by_role("button", name="撤回").click()
    page.get_by_text("已恢复").wait_for()
    assert len(standing(db, other.id)) == 2
    spans = db.session.scalars(select(Affiliation.unit_id).where(Affiliation.valid_until.is_not(None))).all()
    assert other.id in spans, "who was transferred before keeps that day"


def test_a_branch_grows_into_a_general_branch_and_back(db, league, page, sign_in, accessible, look):
    _town, _street, other, admin = league
    sign_in(admin)
    page.goto(f"/units/{other.id}")
    page.get_by_role("link", name="变更组织类别").click()
    accessible(page)
    look(page, "turn")
    page.get_by_label("下设支部名称").fill("示例梧桐社区第一党支部")
    page.get_by_role("button", name="下一步").click()
    page.get_by_text("下设新支部：示例梧桐社区第一党支部").wait_for()
    accessible(page)
    look(page, "turn-check")
    page.get_by_role("button", name="从今天起变更").click()
    page.wait_for_url(f"**/units/{other.id}")
    look(page, "turned")
    assert standing(db, other.id) == []
    page.goto(f"/units/{other.id}/history")
    look(page, "turned-history")
    page.goto(f"/units/{other.id}/turn")
    page.get_by_role("link", name="撤回").click()
    look(page, "turn-back")
    page.get_by_role("button", name="撤回").click()
    page.wait_for_url(f"**/units/{other.id}")
    assert len(standing(db, other.id)) == 3
