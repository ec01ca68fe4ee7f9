"""Finding learners: within the area, by what they are called, who had no class, and never a phone."""

import re
from datetime import date
from io import BytesIO

import pytest
from openpyxl import load_workbook
from sqlalchemy import update

from pbtrain.core.db import transaction
from pbtrain.hours import services as hours
from pbtrain.org.models import Academy, Member
from pbtrain.org.roles import Role

PHONE = "13900001234"


@pytest.fixture
def area(make, frozen, client_for):
    """An academy that serves one of two committees; the client of its administrator."""
    root = make.ruled("示例区委")
    served = make.unit("示例镇党委", parent=root, kind="committee")
    other = make.unit("别的镇党委", parent=root, kind="committee")
    branch, away = make.unit("示例草原支部", parent=served), make.unit("别的支部", parent=other)
    academy = make.unit("示例党校", parent=root, kind="academy")
    make.save(Academy(unit_id=academy.id, service_unit_id=served.id))
    people = [
        make.member(branch, name="示例乌云", pinyin="shiliwuyun slwy", code="M00WUYUN", phone=PHONE),
        make.member(branch, name="示例白音", pinyin="shilibaiyin slby", code="M0BAIYIN"),
        make.member(away, name="别处的人", pinyin="biechuderen bcdr", code="M0BIECHU"),
    ]
    return branch, people, client_for(make.person(Role.ACADEMY_ADMIN, academy))


def names(answer):
    return re.findall(r'scope="row">(.*?)</th>', answer.text)


def post(member, day, activity):
    line = hours.Line(member.id, day, activity, 90, f"class:{member.id}:{day}", "示例培训班")
    with transaction():
        return hours.post_many(None, [line]).entry_ids[0]


def test_only_the_area_is_searched(area):
    _branch, _people, client = area
    assert names(client.get("/learners")) == ["示例白音", "示例乌云"]
    for q in ("乌云", "slwy", "shiliwuyun", "M00wuy", "草原 乌"):
        assert names(client.get("/learners", query_string={"q": q})) == ["示例乌云"], q
    for q in ("ｓｌｗｙ", "Ｍ００ＷＵＹ"):  # typed with an input method set to full width
        assert names(client.get("/learners", query_string={"q": q})) == ["示例乌云"], q
    with transaction() as session:
        session.execute(update(Member).where(Member.code == "M00WUYUN").values(name="示例乌云·巴特尔"))
    for q in ("乌云•巴", "乌云・巴特尔", "·"):
        assert names(client.get("/learners", query_string={"q": q})) == ["示例乌云·巴特尔"], q
    for q in ("别处", "M0BIECHU", "别的支部", "%", "_"):
        assert names(client.get("/learners", query_string={"q": q})) == [], q


def test_no_phone_is_shown_or_found(area):
    _branch, _people, client = area
    assert PHONE not in client.get("/learners").text
    assert names(client.get("/learners", query_string={"q": PHONE})) == []
    book = load_workbook(BytesIO(client.get("/learners.xlsx").data)).active
    cells = [[cell.value for cell in row] for row in book.iter_rows(min_row=3)]
    assert cells == [
        ["编号", "姓名", "所在支部"],
        ["M0BAIYIN", "示例白音", "示例草原支部"],
        ["M00WUYUN", "示例乌云", "示例草原支部"],
    ]


def test_who_has_been_in_no_class_this_year(area):
    _branch, (wuyun, baiyin, _away), client = area
    path = {"fresh": "1"}
    post(wuyun, date(2025, 5, 8), "theme_day")  # no class, and not this year
    post(baiyin, date(2026, 5, 8), "theme_day")
    assert names(client.get("/learners", query_string=path)) == ["示例白音", "示例乌云"]
    entry = post(wuyun, date(2026, 5, 9), "training_class")
    assert names(client.get("/learners", query_string=path)) == ["示例白音"]
    with transaction():
        hours.reverse_many(None, [entry], reason="示例更正")
    assert names(client.get("/learners", query_string=path)) == ["示例白音", "示例乌云"]


def test_an_academy_without_an_area_finds_nobody(make, area, client_for):
    branch, _people, _client = area
    bare = make.unit("示例新党校", parent=make.unit("另一委"), kind="academy")
    client = client_for(make.person(Role.ACADEMY_ADMIN, bare))
    assert "还没有设定服务范围" in client.get("/learners").text
    assert client.get("/learners.xlsx").status_code == 404
    assert client.get(f"/learners?academy={branch.id}").status_code == 404


def test_of_two_academies_each_finds_its_own_area(make, area, client_for):
    _branch, _people, _client = area
    second = make.unit("示例二党校", parent=make.unit("另一委"), kind="academy")
    far = make.unit("示例远方支部", parent=make.unit("示例远方党委"))
    make.save(Academy(unit_id=second.id, service_unit_id=far.id))
    make.member(far, name="示例远方")
    both = make.person(Role.ACADEMY_ADMIN, second)
    assert names(client_for(both).get(f"/learners?academy={second.id}")) == ["示例远方"]


def test_the_list_takes_few_statements(make, area, statements):
    branch, _people, client = area
    for _ in range(60):
        make.member(branch)
    for path in ("/learners", "/learners?fresh=1&q=示例"):
        client.get(path)
        with statements() as sent:
            assert client.get(path).status_code == 200
        assert sent.count <= 4, f"{path} {sent}"
