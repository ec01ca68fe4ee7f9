"""The members of a unit as CSV: whole, some rows at a time, and two at once for one person."""

import csv
import tracemalloc

import pytest
from sqlalchemy import Integer, String, cast, literal, select

from pbtrain.audit.models import AuditEvent
from pbtrain.core import csvfile
from pbtrain.org.roles import Role
from tests.hours.conftest import line, post


@pytest.fixture
def auditor(make, root, client_for):
    return client_for(make.person(Role.UNIT_AUDITOR, root))


def rows_of(answer):
    assert answer.status_code == 200
    assert answer.text.startswith("\ufeff")
    return list(csv.reader(answer.text[1:].splitlines()))


def test_everybody_below_with_their_year(db, make, root, branch, auditor, frozen):
    member = make.member(branch, name="示例苏日娜", code="M-1", with_account=False)
    other = make.member(make.unit("示例二支部", parent=root), with_account=False)
    make.member(make.unit(parent=make.unit()), name="示例外人", with_account=False)
    post(line(member))
    head, *rows = rows_of(auditor.get(f"/units/{root.id}/members.csv"))
    assert head == ["编号", "姓名", "所在支部", "党员类别", "已完成学时", "全年目标", "今天应有", "情况"]
    assert rows[0] == ["M-1", "示例苏日娜", branch.name, "正式党员", "2.0", "32.0", "23.5", "落后"]
    assert rows[1][1:4] == [other.name, "示例二支部", "正式党员"]
    assert rows[1][4:] == ["0.0", "", "", "不作学时要求"]
    assert len(rows) == 2
    event = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "members.exported")).one()
    assert (event.target, event.unit_id) == (f"unit:{root.id}", root.id)


def test_no_cell_is_a_formula(make, branch, auditor, frozen):
    make.member(branch, name="=HYPERLINK(1)", code="+1", with_account=False)
    _head, row = rows_of(auditor.get(f"/units/{branch.id}/members.csv"))
    assert row[:2] == ["'+1", "'=HYPERLINK(1)"]
    assert [csvfile.plain(text) for text in ("＝1+1", " =1", "　－1", "王-丽")] == [
        "'＝1+1", "' =1", "'　－1", "王-丽"
    ]  # fmt: skip


def test_it_comes_in_parts(make, branch, auditor, frozen, monkeypatch):
    monkeypatch.setattr(csvfile, "ROWS", 3)
    for _ in range(8):
        make.member(branch, with_account=False)
    answer = auditor.get(f"/units/{branch.id}/members.csv", buffered=False)
    parts = list(answer.response)
    assert [len(part.decode().splitlines()) for part in parts] == [4, 3, 2]


def test_the_third_waits_until_one_of_two_has_ended(make, root, branch, client_for, frozen):
    path = f"/units/{root.id}/members.csv"
    account = make.person(Role.UNIT_AUDITOR, root)
    first, second, third = (client_for(account) for _ in range(3))
    running = [client.get(path, buffered=False) for client in (first, second)]
    busy = third.get(path)
    assert busy.status_code == 503
    assert busy.headers["Retry-After"]
    assert "正在下载" in busy.text
    other = client_for(make.person(Role.UNIT_AUDITOR, root)).get(path)
    assert other.status_code == 200, "others have two of their own"
    running[0].close()
    assert third.get(path).status_code == 200
    running[1].close()


def test_head_and_whoever_hangs_up_leave_nothing_behind(make, root, branch, auditor, frozen):
    path = f"/units/{root.id}/members.csv"
    for _ in range(3):
        auditor.head(path)
        auditor.get(path, buffered=False).close()
    assert rows_of(auditor.get(path))


def test_it_is_for_who_may_see_members(make, root, branch, client_for):
    path = f"/units/{branch.id}/members.csv"
    assert client_for(make.member(branch)).get(path).status_code == 403
    assert client_for(make.person(Role.SYSTEM_ADMIN, root)).get(path).status_code == 403
    assert client_for(make.person(Role.UNIT_ADMIN, make.unit())).get(path).status_code == 404


def test_memory_does_not_grow_with_the_rows(make, branch, auditor, frozen):
    for _ in range(5):
        make.member(branch, with_account=False)
    sizes = []
    for count in (5_000, 20_000):
        download = csvfile.Download(1)
        tracemalloc.start()
        try:
            sent = sum(len(part) for part in download.parts(_many(count), ["n", "text"], tuple))
            sizes.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
        assert sent > 200 * count
    assert sizes[1] < 1.2 * sizes[0], f"bytes of memory for 5,000 and for 20,000 rows: {sizes}"


def _many(count):
    """So many rows of 200 characters, made by the database."""
    numbers = select(literal(1, Integer).label("n")).cte("numbers", recursive=True)
    numbers = numbers.union_all(select(numbers.c.n + 1).where(numbers.c.n < count))
    return select(numbers.c.n, cast(literal("x" * 200), String))
