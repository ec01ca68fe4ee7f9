"""What is taken out and read in again changes nothing; two people who press the button write once."""

import threading
from datetime import date
from io import BytesIO

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select, update

from pbtrain.core.db import db as database
from pbtrain.core.db import transaction
from pbtrain.core.errors import Conflict
from pbtrain.home import roster_work
from pbtrain.org import roster_queries, roster_sheets
from pbtrain.org.models import Affiliation, Member, Post, RoleGrant, RosterImport, RosterRow
from pbtrain.org.roster_columns import COLUMNS, POST_WORDS, SEX_WORDS, STAGE_WORDS
from tests.roster import sheets

NAMES = st.text(
    st.one_of(
        st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5),
        st.sampled_from("·•・ 𠮷㐂ᠪᠠᠲᠤ'-.=@+A z"),
    ),
    min_size=1,
    max_size=12,
).filter(lambda name: any(ch.isalpha() for ch in name))
DAYS = st.dates(min_value=date(1930, 1, 1), max_value=date(2005, 12, 31))


@st.composite
def people(draw):
    """Lines of different people, each with some of the columns filled."""
    lines = []
    for number in range(draw(st.integers(1, 6))):
        born = draw(DAYS)
        with_id = draw(st.booleans())
        post = draw(st.sampled_from(["", "副书记", "委员"]))
        lines.append(
            {
                "姓名": draw(NAMES),
                "性别": "" if with_id else draw(st.sampled_from(list(SEX_WORDS.values()))),
                "出生日期": f"{born:%Y}-{born:%m}-{born:%d}",
                "身份证号": sheets.id_number(f"{born:%Y%m%d}", 100 + number) if with_id else "",
                "手机号": draw(st.sampled_from(["", f"1390000000{number}"])),
                "党员类别": draw(st.sampled_from(list(STAGE_WORDS.values()))),
                "所在支部": draw(st.sampled_from(["示例第1党支部", "B102", "b103"])),
                "党内职务": post,
                "任职日期": "2026-03-01" if post else "",
            }
        )
    return lines


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(lines=people())
def test_the_round_trip_is_the_identity(send, state, confirm, office, lines):
    with transaction() as session:
        session.execute(delete(RoleGrant).where(RoleGrant.account_id != office.admin.id))
        for table in (RosterRow, RosterImport, Post, Affiliation):
            session.execute(delete(table))
        session.execute(update(Member).values(name="", id_lookup=None, unit_id=None))
    written, _ = confirm(send(lines), "good_rows")
    first = list(roster_queries.roster(office.actor, office.committee.id))
    again = send(data=roster_sheets.sheet(first).getvalue())
    assert state(again).outcomes == ["same"] * written
    assert confirm(again) == (0, [])
    assert list(roster_queries.roster(office.actor, office.committee.id)) == first


def test_every_word_of_the_export_can_be_read_in(send, state, confirm):
    words = [*POST_WORDS.values()]
    rows = [sheets.person(n, 党内职务=word, 所在支部=f"B10{n % 3 + 1}") for n, word in enumerate(words, 1)]
    assert state(send(rows)).outcomes == ["new"] * len(words)
    assert set(sheets.headers(rows)) <= {column.header for column in COLUMNS.values()}


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
        thread.join(30)
    assert (won, len(lost)) == ([199], 1)
    assert db.session.scalar(select(func.count(Member.id))) == 199


def test_the_template_can_be_filled_in_and_sent(send, state, office):
    row = {"name": "示例王五", "branch": office.branches[1].name, "born_on": "1990-03-07"}
    names = roster_queries.branch_names(office.actor, office.committee.id)
    sheet = roster_sheets.sheet([row], branches=names, guide=True)
    assert isinstance(sheet, BytesIO)
    found = state(send(data=sheet.getvalue()))
    assert (found.outcomes, found.rows[2].unit_id) == (["new"], office.branches[1].id)
    assert "was read, not" not in found.remarks
