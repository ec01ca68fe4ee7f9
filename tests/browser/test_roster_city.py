"""A roster of thousands by the page: wrong lines mended, read again as it is, taken back.

Three thousand each time; `--roster 9000` is the size of a district.
"""

from datetime import date
from io import BytesIO

import pytest
from openpyxl import load_workbook
from sqlalchemy import func, select

from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.hours import services as hours
from pbtrain.org.models import Member
from pbtrain.org.roles import Role
from tests.roster import sheets

BRANCHES = 20
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
WRONG = {
    10: ("身份证号", "150102199003071230"),
    1_500: ("所在支部", "示例第四网格党支部"),
    2_999: ("手机号", "139"),
}


def people(units, count):
    """A line for each; three of them are wrong."""
    for number in range(count):
        born = date(1950 + number % 50, 1 + number % 12, 1 + number % 28)
        row = sheets.person(
            number % 20_000,
            姓名=f"示例{chr(0x4E00 + number)}{'·其木格' if number % 7 == 0 else ''}",
            身份证号=sheets.id_number(f"{born:%Y%m%d}", number % 1_000, area=f"1501{number // 1_000:02}"),
            所在支部=units[number % BRANCHES],
            党内职务="书记" if number < BRANCHES else "",
        )
        if number in WRONG:
            header, value = WRONG[number]
            row[header] = value
        yield row


def corrected(download, right):
    """The lines that were refused, mended as somebody would in Excel, the reasons still beside them."""
    book = load_workbook(BytesIO(download.path().read_bytes()))
    page = book["党员名册"]
    places = {cell.value: cell.column for cell in page[1]}
    assert page.max_row == len(WRONG) + 1
    for line, (number, (header, _)) in enumerate(sorted(WRONG.items()), 2):
        assert header in page.cell(line, page.max_column).value
        page.cell(line, places[header], right[number][header])
    out = BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize("screen", ["desktop"])
def test_roster_city(page, sign_in, make, work, look, accessible, db, screen, request):
    """Import, correct, export, import without a change, undo: each on its page."""
    count = request.config.getoption("--roster")
    right_at_once = f"{count - len(WRONG):,} 人"
    root = make.unit("示例区委员会", kind="committee")
    units = [f"示例第{number}网格社区党支部" for number in range(1, BRANCHES + 1)]
    for name in units:
        make.unit(name, parent=root)
    with transaction():
        hours.publish_default_policy(None, root.id, clock.today().year)
    sign_in(make.person(Role.UNIT_ADMIN, root))
    rows = list(people(units, count))
    right = {number: rows[number] | {} for number in WRONG}
    for number in WRONG:
        born = date(1950 + number % 50, 1 + number % 12, 1 + number % 28)
        right[number]["身份证号"] = sheets.id_number(
            f"{born:%Y%m%d}", number % 1_000, area=f"1501{number // 1_000:02}"
        )
        right[number]["所在支部"] = units[number % BRANCHES]
        right[number]["手机号"] = f"139{number:08d}"

    def send(name, data):
        page.goto("/roster")
        page.get_by_label("名册文件").set_input_files({"name": name, "mimeType": XLSX, "buffer": data})
        page.get_by_role("button", name="上传并核对").click()
        page.get_by_text("马上开始读取").or_(page.get_by_role("progressbar")).first.wait_for()
        work()
        page.get_by_role("heading", name="核对导入结果").wait_for(timeout=30_000)

    def members():
        db.session.rollback()
        return db.session.scalar(select(func.count(Member.id)).where(Member.unit_id.is_not(None)))

    page.set_default_timeout(60_000)
    send("示例区党员名册.xlsx", sheets.xlsx(rows))
    page.get_by_role("heading", name="不能导入 3 行").wait_for()
    look(page, "preview")
    accessible(page)
    with page.expect_download() as refused:
        page.get_by_role("link", name="下载这 3 行").click()
    assert members() == 0
    page.get_by_role("button", name=f"写入 {right_at_once}").click()
    page.get_by_text(f"已写入：{right_at_once}").first.wait_for()
    assert members() == count - len(WRONG)

    send("改好的三行.xlsx", corrected(refused.value, right))
    page.get_by_role("button", name="写入 3 人").click()
    page.get_by_text("已写入：3 人").first.wait_for()
    assert members() == count

    page.goto("/roster")
    with page.expect_download() as out:
        page.get_by_role("link", name="导出名册").click()
    send("导出的名册.xlsx", out.value.path().read_bytes())
    page.get_by_role("heading", name=f"无变化 {count:,} 人").wait_for()
    assert page.get_by_role("button", name="写入").count() == 0
    look(page, "unchanged")
    page.get_by_role("link", name="下一页").first.click()
    page.get_by_text("51").first.wait_for()

    page.goto("/roster")
    page.get_by_role("link", name="示例区党员名册.xlsx").click()
    page.get_by_role("link", name="撤回这次导入").click()
    page.get_by_role("button", name=f"撤回：{right_at_once}").wait_for()
    look(page, "undo")
    accessible(page)
    page.get_by_role("button", name=f"撤回：{right_at_once}").click()
    page.get_by_role("heading", name="导入已撤回").wait_for()
    look(page, "undone")
    assert members() == 3
    page.goto("/roster")
    look(page, "list")
    assert "已撤回" in page.get_by_role("row").filter(has_text="示例区党员名册.xlsx").inner_text()
