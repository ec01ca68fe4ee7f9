"""What is taken out and read in again changes nothing; two people who press the button write once."""

import threading
from datetime import date
from io import BytesIO
from itertools import count
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from pbtrain.accounts.models import Account
from pbtrain.core import crypto
from pbtrain.core.db import db as database
from pbtrain.core.db import transaction
from pbtrain.core.errors import Conflict
from pbtrain.core.forms import clean
from pbtrain.home import roster_work
from pbtrain.hours.models import MemberYear
from pbtrain.org import posts
from pbtrain.org import services as org
from pbtrain.org.kinds import CATEGORIES, FLOWS, RANKS, STAGES
from pbtrain.org.models import Affiliation, CareSpan, Member, Post, RoleGrant, StatusSpan
from pbtrain.org.roles import Role
from pbtrain.org.roster import queries
from pbtrain.org.roster.columns import (
    AWAY_WORDS,
    CATEGORY_WORDS,
    COLUMNS,
    FLOW_WORDS,
    POST_WORDS,
    RANK_WORDS,
    SEX_WORDS,
    STAGE_WORDS,
)
from pbtrain.org.roster.match import ID_PURPOSE
from pbtrain.org.roster.sheets import TEMPLATE
from pbtrain.org.roster.tracks import AWAY
from pbtrain.org.statuses import set_status
from pbtrain.org.uploads import sheets as list_sheets
from pbtrain.org.uploads.cells import CONTROL, mask_id
from tests.roster import sheets

LETTERS = st.one_of(
    st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5),
    st.characters(min_codepoint=0x20000, max_codepoint=0x2A6DF),  # rare hanzi, four bytes each
    st.sampled_from("㐂\uf900\u2e80ᠪᠠᠲᠤᠮᠣᠩᠭᠣᠯÄéß"),  # also Mongolian script, a compatibility hanzi, a radical
)
BETWEEN = st.sampled_from(
    "·•・‧∙⋅･ '-.=@+_,\"<>&%12\u180e\u180b\u3000"
)  # dots, and what a formula begins with


def _name(parts):
    return "".join(parts).strip()[:60]


NAMES = st.one_of(
    st.lists(st.one_of(LETTERS, BETWEEN), min_size=1, max_size=14).map(_name),
    st.builds(lambda one, dot, two: f"{one}{dot}{two}", LETTERS, BETWEEN, LETTERS),  # 乌云·其木格
    st.lists(LETTERS, min_size=60, max_size=60).map(_name),
    st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn", "Co")), min_size=1, max_size=60).map(clean),
).filter(lambda name: any(ch.isalpha() for ch in name) and not CONTROL.search(name))
PLACES = st.one_of(st.sampled_from(["", "示例市，“=1+1”", "ｱ示例　市"]), NAMES)
DAYS = st.dates(min_value=date(1930, 1, 1), max_value=date(2005, 12, 31))
numbers = count(1)


def id_number(born):
    """Another one each time."""
    number = next(numbers)
    return sheets.id_number(f"{born:%Y%m%d}", number % 1_000, area=f"15{number // 1_000 % 10_000:04}")


def written(day):
    return f"{day:%Y}-{day:%m}-{day:%d}" if day else ""


@st.composite
def people(draw):
    """Lines of different people, each with some of the columns filled."""
    lines = []
    for number in range(draw(st.integers(1, 6))):
        born = draw(DAYS)
        with_id = draw(st.booleans())
        post = draw(st.sampled_from(["", "副书记", "委员"]))
        flow = draw(st.sampled_from(["", *FLOW_WORDS.values()]))
        lines.append(
            {
                "姓名": draw(NAMES),
                "性别": "" if with_id else draw(st.sampled_from(list(SEX_WORDS.values()))),
                "出生日期": written(born),
                "身份证号": id_number(born) if with_id else "",
                "手机号": draw(st.sampled_from(["", f"1390000000{number}"])),
                "党员类别": draw(st.sampled_from(list(STAGE_WORDS.values()))),
                "所在支部": draw(st.integers(0, 2)),
                "党内职务": post,
                "任职日期": "2026-03-01" if post else "",
                "干部级别": (rank := draw(st.sampled_from(["", *RANK_WORDS.values()]))),
                "级别起始日期": "2026-04-01" if rank not in ("", "无") else "",
                "停止党籍或出国": (away := draw(st.sampled_from(["", *AWAY_WORDS.values()]))),
                "停止或出国日期": "2026-05-01" if away not in ("", "无") else "",
                "职业类别": draw(st.sampled_from(["", *CATEGORY_WORDS.values()])),
                "流动情况": flow,
                "流动地点": draw(PLACES) if flow in ("流入", "流出") else "",
            }
        )
    return lines


@st.composite
def members(draw):
    """What pages record of people, also what no sheet holds; some share a name and a phone."""
    found = []
    for _ in range(draw(st.integers(1, 6))):
        born = draw(st.one_of(st.none(), DAYS))
        number = id_number(born) if born and draw(st.booleans()) else ""
        posts = draw(st.lists(st.sampled_from(["deputy", "committee_member"]), unique=True, max_size=2))
        found.append(
            {
                "name": draw(NAMES if not found else st.one_of(NAMES, st.just(found[0]["name"]))),
                "branch": draw(st.integers(0, 2)),
                "since": draw(st.dates(date(1990, 1, 1), date(2026, 9, 25))),
                "born_on": born,
                "id_number": number,
                "sex": draw(st.sampled_from(["M", "F", ""])) if not number else "FM"[int(number[16]) % 2],
                "joined_on": draw(st.one_of(st.none(), st.dates(date(2006, 1, 1), date(2020, 1, 1)))),
                "stage": draw(st.sampled_from(list(STAGES))),
                "category": draw(st.sampled_from(["", *CATEGORIES])),
                "flow": draw(st.sampled_from(["", *FLOWS])),
                "flow_place": draw(PLACES),
                "phone": draw(st.sampled_from([None, "13900000001", "19912345678"])),
                "posts": [(kind, draw(st.dates(date(2026, 1, 1), date(2026, 9, 25)))) for kind in posts],
                "care": draw(st.booleans()),
                "statuses": [draw(st.sampled_from(["", *RANKS])), draw(st.sampled_from(["", *AWAY]))],
            }
        )
    return found


@pytest.fixture
def place(make, office):
    """`place()`: another committee with whoever keeps its roster and three branches, two of one name."""

    def another():
        committee = make.unit(parent=office.root, kind="committee")
        names = ("示例第1党支部", "示例“第2”党支部", "示例第1党支部")
        branches = [make.unit(name, parent=committee) for name in names]
        admin = make.person(Role.UNIT_ADMIN, committee)
        return SimpleNamespace(committee=committee, branches=branches, actor=make.actor(admin))

    return another


def exported(where, *, full=False):
    """The sheet, as its page makes it."""
    rows = list(queries.roster(where.actor, where.committee.id, full=full))
    branches = queries.branch_names(where.actor, where.committee.id)
    return rows, list_sheets.written(TEMPLATE, rows, branches=branches).getvalue()


def everything():
    """All rows of every table about people."""
    database.session.rollback()
    tables = (Member, Account, Affiliation, Post, RoleGrant, CareSpan, StatusSpan, MemberYear)
    return [
        [tuple(row) for row in database.session.execute(select(model.__table__).order_by(model.id))]
        for model in tables
    ]


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(lines=people())
def test_the_round_trip_is_the_identity(send, state, confirm, place, frozen, lines):
    where = place()
    codes = [branch.code for branch in where.branches]
    rows = [line | {"所在支部": codes[line["所在支部"]]} for line in lines]
    import_id = send(rows, actor=where.actor, unit=where.committee)
    people, _ = confirm(import_id, "good_rows", actor=where.actor)
    before = everything()
    first, sheet = exported(where)
    again = send(data=sheet, actor=where.actor, unit=where.committee)
    assert state(again).outcomes == ["same"] * people
    assert confirm(again, actor=where.actor) == (0, [])
    assert everything() == before
    roster_work.undo(where.actor, again)
    assert everything() == before
    roster_work.undo(where.actor, import_id)
    assert exported(where)[0] == []
    assert len(first) == people


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(found=members(), full=st.booleans())
def test_whatever_pages_have_recorded_survives_the_round_trip(
    send, state, confirm, place, frozen, found, full
):
    where = place()
    with transaction():
        for one in found:
            record(where, one)
    before = everything()
    _, sheet = exported(where, full=full)
    again = send(data=sheet, actor=where.actor, unit=where.committee)
    result = state(again)
    assert result.outcomes == ["same"] * len(found), result.errors
    assert confirm(again, actor=where.actor) == (0, [])
    assert everything() == before


def record(where, one):
    """A member as the pages would add one, with posts and care."""
    number = one["id_number"]
    sealed = {
        "id_number": crypto.encrypt(number, ID_PURPOSE),
        "id_lookup": crypto.lookup(number, ID_PURPOSE),
        "id_shown": mask_id(number),
    }
    plain = ("sex", "born_on", "joined_on", "stage", "category", "flow", "flow_place", "phone")
    facts = {name: one[name] for name in plain} | (sealed if number else {})
    branch = where.branches[one["branch"]].id
    member = org.add_member(where.actor, unit_id=branch, name=one["name"], since=one["since"], **facts)
    for kind, since in one["posts"]:
        posts.give_post(where.actor, member.id, unit_id=branch, kind=kind, valid_from=since)
    for kind in filter(None, one["statuses"]):
        set_status(where.actor, member.id, kind=kind, valid_from=date(2026, 5, 1), valid_until=None)
    if one["care"]:
        day = date(2026, 6, 1)
        org.set_care(where.actor, member.id, valid_from=day, valid_until=None, reason="示例")


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("党内职务", POST_WORDS),
        ("党员类别", STAGE_WORDS),
        ("职业类别", CATEGORY_WORDS),
        ("流动情况", FLOW_WORDS),
        ("干部级别", RANK_WORDS),
        ("停止党籍或出国", AWAY_WORDS),
    ],
)
def test_every_word_of_the_export_can_be_read_in(send, state, confirm, header, words):
    rows = [
        sheets.person(n, **{header: word, "所在支部": f"B10{n % 3 + 1}"})
        for n, word in enumerate(words.values(), 1)
    ]
    assert state(send(rows)).outcomes == ["new"] * len(words)
    assert set(sheets.headers(rows)) <= {column.header for column in COLUMNS.values()}


def test_every_fact_that_is_a_word_has_its_word():
    assert (CATEGORY_WORDS.keys(), FLOW_WORDS.keys()) == (CATEGORIES.keys(), {*FLOWS, "none"})
    assert RANK_WORDS.keys() == {*RANKS, "none"}
    assert AWAY_WORDS.keys() == {*AWAY, "none"}


def test_two_confirms_at_once_write_one(app, send, office, db):
    import_id = send([sheets.person(number) for number in range(1, 200)])
    database.session.rollback()
    start, won, lost = threading.Barrier(2), [], []

    def press():
        with app.app_context():
            start.wait()
            try:
                won.append(roster_work.write(office.actor, import_id, "all_or_nothing").people)
            except Conflict as error:
                lost.append(str(error))
            finally:
                database.session.remove()

    threads = [threading.Thread(target=press) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert (won, len(lost)) == ([199], 1)
    assert db.session.scalar(select(func.count(Member.id))) == 199


def test_the_template_can_be_filled_in_and_sent(send, state, office):
    row = {"name": "示例王五", "branch": office.branches[1].name, "born_on": "1990-03-07"}
    names = queries.branch_names(office.actor, office.committee.id)
    sheet = list_sheets.written(TEMPLATE, [row], branches=names)
    assert isinstance(sheet, BytesIO)
    found = state(send(data=sheet.getvalue()))
    assert (found.outcomes, found.rows[2].unit_id) == (["new"], office.branches[1].id)
    assert "was read, not" not in found.remarks
