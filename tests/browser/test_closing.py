"""December is signed, the year closed up to the top, the file proved offline, a forged copy refused."""

import subprocess
import sys
from datetime import date
from types import SimpleNamespace

import pytest
import time_machine

from pbtrain.closing import services as closing
from pbtrain.core.db import transaction
from pbtrain.hours import services as hours
from pbtrain.hours.jobs import refresh_pace
from pbtrain.hours.services import Line
from pbtrain.org.roles import Role

pytestmark = pytest.mark.at("desktop")


@pytest.fixture
def january(town, make, password_hash):
    """A year of meetings has passed; the committee has an auditor; it is 12 January 2027."""
    make.grant(
        make.account("示例督查员", username="ducha", password_hash=password_hash),
        Role.UNIT_AUDITOR,
        town.root,
    )
    with time_machine.travel("2027-01-12 02:00:00+00:00", tick=False):
        for month in range(1, 13):
            lines = [
                Line(
                    one.id,
                    date(2026, month, 9),
                    "theme_day",
                    90,
                    f"event:9{month}",
                    "主题党日：学习贯彻全会精神",
                )
                for one in (town.secretary, *town.members)
            ]
            with transaction():
                hours.post_many(None, lines)
        other = make.unit("示例山水小区党支部", parent=town.root)
        member = make.member(other, name="示例巴特尔", with_account=False)
        signer = make.actor(town.admin)
        with transaction():
            meeting = Line(member.id, date(2026, 12, 9), "theme_day", 90, "event:99", "主题党日")
            hours.post_many(None, [meeting])
        with transaction():
            closing.sign(signer, other.id, 2026, 12, since=date(2020, 1, 1), seen=1)
        with transaction():
            late = Line(member.id, date(2026, 12, 10), "party_lecture", 45, "event:98", "迟来的党课")
            (entry_id,) = hours.post_many(None, [late]).entry_ids
        refresh_pace()
        yield SimpleNamespace(**vars(town), other=other, late=entry_id)


def test_the_year_is_signed_closed_and_proved(january, enter, accessible, look, tmp_path, work):
    page = enter("shuji")
    look(page, "home")
    page.get_by_role("link", name="核对并签审12月").click()
    look(page, "months")
    accessible(page)
    page.get_by_role("button", name="签审12月").click()
    page.get_by_text("已签审：", exact=False).first.wait_for()
    look(page, "signed")
    page.get_by_role("link", name="封存 2026 年").click()
    look(page, "checklist")
    accessible(page)
    page.get_by_role("button", name="封存 2026 年").click()
    page.get_by_role("heading", name="2026 年已封存").wait_for()
    look(page, "closed")
    accessible(page)

    auditor = enter("ducha")
    auditor.get_by_role("link", name="签审与年度封存").click()
    auditor.goto(auditor.url.rsplit("/", 1)[0] + "/2026")
    look(auditor, "level")
    accessible(auditor)
    auditor.get_by_role("link", name="封存已备齐的支部").click()
    look(auditor, "ready")
    accessible(auditor)
    auditor.get_by_role("button", name="封存这 1 个支部").click()
    auditor.get_by_text("马上开始封存").wait_for()
    look(auditor, "ready-under-way")
    work()
    auditor.get_by_text("已封存 1 个支部。").wait_for()
    look(auditor, "ready-done")
    auditor.goto(f"/branches/{january.other.id}/reports/ledger?year=2026")
    auditor.get_by_role("link", name="只看迟报").click()
    auditor.get_by_role("link", name="迟来的党课").wait_for()
    look(auditor, "late-lines")
    accessible(auditor)
    auditor.goto(f"/units/{january.root.id}/years/2026")
    auditor.get_by_role("button", name="封存 2026 年").click()
    auditor.get_by_role("heading", name="2026 年已封存").wait_for()
    look(auditor, "level-closed")
    with transaction():
        hours.reverse_many(None, [january.late], reason="签到表核对，当天请假未到", after_seal=True)
    for year in (2026, 2027):  # what was closed, and where its correction stands
        auditor.goto(f"/branches/{january.other.id}/reports/ledger?year={year}")
        auditor.get_by_text("签到表核对，当天请假未到", exact=False).first.wait_for()
        look(auditor, f"corrected-{year}")
        accessible(auditor)
    auditor.goto(f"/units/{january.root.id}/years/2026")
    with auditor.expect_download() as given:
        auditor.get_by_role("link", name="下载封存文件").click()
    genuine = tmp_path / "year.txt"
    given.value.save_as(genuine)
    command = [sys.executable, "-m", "pbtrain.closing.manifest", str(genuine)]
    assert subprocess.run(command, check=False, timeout=60).returncode == 0

    auditor.get_by_role("link", name="核验文件").click()
    auditor.get_by_label("封存文件").set_input_files(genuine)
    auditor.get_by_role("button", name="核验", exact=True).click()
    auditor.get_by_text("核验无误", exact=False).wait_for()
    look(auditor, "genuine")
    accessible(auditor)
    forged = tmp_path / "forged.txt"
    forged.write_bytes(genuine.read_bytes().replace(b"|90|200|", b"|95|200|", 1))
    auditor.get_by_label("封存文件").set_input_files(forged)
    auditor.get_by_role("button", name="核验", exact=True).click()
    auditor.get_by_text("这份文件与封存时不一致").wait_for()
    look(auditor, "forged")

    page.goto("/hours/statements")
    look(page, "statements")
    accessible(page)
    with page.expect_download() as paper:
        page.get_by_role("button", name="生成 PDF").click()
    assert paper.value.suggested_filename.endswith(".pdf")
