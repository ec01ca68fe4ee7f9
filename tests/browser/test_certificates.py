"""Certificates of a closed class are given; the paper is scanned on a phone; a revoked one says so."""

import pytest
from sqlalchemy import select

from pbtrain.classes.models import Certificate
from pbtrain.core.db import transaction
from pbtrain.org.roles import Role
from tests.classes.schooled import school

pytestmark = pytest.mark.at("desktop")


@pytest.fixture
def academy(db, frozen, make, password_hash):
    """A class that is over, and the academy's administrator."""
    one = school(3, styled=False)
    make.grant(
        make.account("示例院务", username="yuanwu", password_hash=password_hash),
        Role.ACADEMY_ADMIN,
        one.academy,
    )
    return one


def test_given_verified_and_revoked(academy, enter, new_context, new_page, accessible, look, db):
    page = enter("yuanwu")
    page.goto(f"/classes/{academy.class_id}")
    look(page, "class")
    page.locator("section", has=page.get_by_role("heading", name="证书")).get_by_role(
        "link", name="查看"
    ).click()
    page.get_by_role("link", name="去设置文字、编号和签名").click()
    page.locator("#signer").fill("院长 示例白塔娜")
    page.locator("#title").fill("培训结业证书")
    page.locator("#example").get_by_text("培训结业证书").wait_for()
    look(page, "style")
    accessible(page)
    page.get_by_role("button", name="保存").click()
    page.goto(f"/classes/{academy.class_id}/certificates")
    look(page, "before")
    page.get_by_role("button", name="给 4 位达到条件的学员发证书").click()
    page.get_by_text("已发出 4 张证书。").wait_for()
    look(page, "given")
    accessible(page)
    with page.expect_download() as file:
        page.get_by_role("link", name="全部证书（一个 PDF）").click()
    assert file.value.suggested_filename.endswith(".pdf")
    with transaction() as session:
        row = session.scalars(select(Certificate).order_by(Certificate.id).limit(1)).one()
        code, number, name = row.code, row.number, row.facts["name"]

    phone = new_page(new_context(viewport={"width": 390, "height": 844}))
    phone.goto(f"/c/{code}")
    phone.get_by_text("这张证书真实有效。").wait_for()
    assert phone.get_by_text(number).is_visible()
    assert not phone.get_by_text(name).is_visible()
    look(phone, "verified")
    accessible(phone)
    phone.get_by_text("核对收到的 PDF 文件").click()
    phone.get_by_label("证书的 PDF 文件").set_input_files(file.value.path())
    phone.get_by_role("button", name="核验").click()
    phone.get_by_text("没有一个字节被改动").wait_for()
    look(phone, "checked")

    page.get_by_role("row", name=number).get_by_role("link", name="作废").click()
    page.locator("#reason").fill("考勤更正")
    look(page, "revoking")
    page.get_by_role("button", name="作废").click()
    page.get_by_text("已作废", exact=False).first.wait_for()
    phone.goto(f"/c/{code}")
    phone.get_by_text("这张证书已经作废", exact=False).wait_for()
    look(phone, "revoked")

    for path, step in (("/certificates", "all"), ("/classes/statistics?year=2026", "statistics"),
                       (f"/classes/{academy.class_id}/evaluation", "evaluation"),
                       (f"/classes/{academy.class_id}/file", "file")):  # fmt: skip
        page.goto(path)
        look(page, step)
        accessible(page)
