"""Earlier hours by a sheet: sent by the secretary, checked, handed in with a scan, confirmed from above."""

import pytest
from sqlalchemy import select

from pbtrain.core.db import db
from pbtrain.hours.models import HourEntry
from pbtrain.org.roles import Role
from tests.claims.conftest import picture
from tests.roster import sheets

pytestmark = pytest.mark.at("desktop")


def lines(members):
    usual = {"学习内容": "纸质台账：条例学习", "学习形式": "党课", "学习分钟": "90", "证明等级": "B"}
    good = [{"姓名": one.name, "党员编号": one.code, "学习日期": "2026-03-05"} | usual for one in members]
    return [*good, good[0] | {"学习日期": "三月", "学习分钟": "半天"}]


def test_a_sheet_goes_to_the_level_above_and_into_the_ledger(
    town, make, page, sign_in, work, look, accessible
):
    above = make.person(Role.UNIT_AUDITOR, town.root)
    members = [one.member if hasattr(one, "member") else one for one in town.members[:2]]
    sign_in(town.secretary)
    page.goto("/desk")
    page.get_by_role("link", name="期初学时").click()
    page.get_by_role("link", name="上传表格").first.click()
    look(page, "new")
    accessible(page)
    mime = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    page.get_by_label("表格", exact=True).set_input_files(
        {"name": "期初.xlsx", "mimeType": mime, "buffer": sheets.xlsx(lines(members))}
    )
    page.get_by_role("button", name="上传并核对").click()
    work()
    page.get_by_role("heading", name="不能读入").wait_for()
    look(page, "refused")
    accessible(page)
    page.get_by_role("link", name="可以写入").wait_for()
    page.goto(page.url.split("?")[0] + "?show=good")
    look(page, "good")
    page.get_by_label("纸质台账扫描件").set_input_files(
        {"name": "台账.jpg", "mimeType": "image/jpeg", "buffer": picture(1)}
    )
    page.get_by_role("button", name="报送上级").click()
    page.get_by_text("待上级确认").first.wait_for()
    look(page, "handed-in")
    sign_in(above)
    page.goto("/takeovers/above")
    look(page, "list")
    accessible(page)
    page.get_by_role("link", name="期初.xlsx").click()
    look(page, "to-confirm")
    page.get_by_role("button", name="确认", exact=True).click()
    page.get_by_text("马上开始").wait_for()
    work()
    page.get_by_role("heading", name="已入台账").wait_for()
    look(page, "confirmed")
    accessible(page)
    db.session.rollback()
    written = select(HourEntry.member_id, HourEntry.credit, HourEntry.proof).order_by(HourEntry.id)
    assert db.session.execute(written).all() == [(one.id, 200, "B") for one in members]
