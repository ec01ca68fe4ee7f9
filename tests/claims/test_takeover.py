"""Sheets of earlier hours: read, handed in, confirmed, written once whatever happens, taken back."""

from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest
import time_machine
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select, update

from pbtrain.accounts.models import Account
from pbtrain.claims import rules
from pbtrain.claims.models import Platform
from pbtrain.claims.takeover import queries as takeover_queries
from pbtrain.claims.takeover import rules as takeover_rules
from pbtrain.claims.takeover import services as takeover_services
from pbtrain.claims.takeover import work as takeover_work
from pbtrain.closing import sealing
from pbtrain.core import queue
from pbtrain.core.db import db as database
from pbtrain.core.db import transaction
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.core.queue import Job
from pbtrain.hours.activities import EARNING, WORDS
from pbtrain.hours.models import HourClaim, HourEntry
from pbtrain.org.models import Member
from tests.claims.takeovers import act, as_csv, batch, hand_in, row, rows_of, send, standing
from tests.roster import sheets


def messages(one):
    return [error[1] for error in one.errors or ()]


def test_a_sheet_goes_the_whole_way_and_back(db, place, people):
    forms = ("党课", "微党课", "送学上门")
    rows = [row(one, 学习形式=form) for one, form in zip(people, forms, strict=True)]
    batch_id = send(place.secretary, place.branch.id, sheets.xlsx(rows))
    assert (batch(batch_id).state, batch(batch_id).rows, batch(batch_id).refused) == ("preview", 3, 0)
    assert {one.values["credit"] for one in rows_of(batch_id)} == {200}
    hand_in(place.secretary, batch_id)
    act(takeover_services.confirm, place.above, batch_id)
    assert standing() == 0
    queue.run_waiting()
    assert standing() == 600
    held = database.session.scalars(select(HourEntry.activity).order_by(HourEntry.id))
    assert list(held) == ["party_lecture", "micro_lecture", "home_lesson"]
    entry = database.session.scalars(select(HourEntry).order_by(HourEntry.id)).first()
    assert entry.source == f"takeover:{batch_id}/2/member:{entry.member_id}#1"
    assert (entry.proof, entry.posted_by_id) == ("B", place.above.account_id)
    act(takeover_services.undo, place.above, batch_id, reason="台账抄错了年份")
    queue.run_waiting()
    assert batch(batch_id).state == "undone"
    assert standing() == 0
    assert takeover_queries.lines_that_stand(batch_id) == 0


def test_posting_that_was_killed_goes_on_and_nothing_posts_twice(db, place, people, monkeypatch):
    monkeypatch.setattr(takeover_work, "BATCH", 1)
    batch_id = send(place.secretary, place.branch.id, as_csv([row(one) for one in people]))
    hand_in(place.secretary, batch_id)
    act(takeover_services.confirm, place.above, batch_id)
    real, calls = takeover_work._post_some, []

    def killed(*args):
        calls.append(args)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(*args)

    monkeypatch.setattr(takeover_work, "_post_some", killed)
    with pytest.raises(KeyboardInterrupt):
        queue.run_waiting()
    assert standing() == 200
    monkeypatch.setattr(takeover_work, "_post_some", real)
    for _ in range(2):  # the second time there is nothing left
        with transaction() as session:
            session.execute(
                update(Job).where(Job.kind == takeover_work.POST).values(state="queued", lease_until=None)
            )
        queue.run_waiting()
        assert standing() == 600
        assert database.session.scalar(select(func.count(HourEntry.id))) == 3


def test_of_two_who_confirm_at_once_one_is_told_who_was_faster(db, place, people, at_once):
    batch_id = send(place.secretary, place.branch.id, as_csv([row(people[0])]))
    hand_in(place.secretary, batch_id)
    version = batch(batch_id).version

    def confirming(actor):
        def go():
            with transaction():
                takeover_services.confirm(actor, batch_id, version)
            return "done"

        return go

    results = at_once(confirming(place.above), confirming(place.admin))
    lost = [one for one in results if isinstance(one, Conflict)]
    assert results.count("done") == 1
    assert len(lost) == 1
    winner = place.above if batch(batch_id).decided_by_id == place.above.account_id else place.admin
    assert lost[0].params["name"] == winner.name
    queue.run_waiting()
    assert standing() == 200


def test_nobody_confirms_their_own_sheet_or_hours(db, make, place, people):
    batch_id = send(place.admin, place.root.id, as_csv([row(people[0])]))
    hand_in(place.admin, batch_id)
    with pytest.raises(RuleError, match="yourself"):
        act(takeover_services.confirm, place.admin, batch_id)
    with transaction() as session:
        session.execute(
            update(Member).where(Member.id == people[0].id).values(account_id=place.above.account_id)
        )
    above = make.actor(db.session.get_one(Account, place.above.account_id))
    with pytest.raises(RuleError, match="own hours"):
        act(takeover_services.confirm, above, batch_id)


@pytest.mark.parametrize(
    ("fields", "column"),
    [
        ({"姓名": ""}, "name"),
        ({"姓名": "示例查无此人"}, "name"),
        ({"党员编号": ""}, "code"),
        ({"党员编号": "X0000"}, "name"),
        ({"身份证后四位": "150102199003071231"}, "id_end"),
        ({"学习日期": "2025-12-30"}, "day"),
        ({"学习日期": "2027-01-01"}, "day"),
        ({"学习日期": "三月"}, "day"),
        ({"开始时间": "晚上"}, "time"),
        ({"学习内容": ""}, "title"),
        ({"学习形式": "聚餐"}, "activity"),
        ({"学习分钟": "0"}, "minutes"),
        ({"学习分钟": "半天"}, "minutes"),
        ({"证明等级": "A"}, "proof"),
        ({"所在支部": "示例别的支部"}, "branch"),
    ],
)
def test_a_row_that_cannot_be_is_refused_at_its_column(db, place, people, fields, column):
    batch_id = send(place.secretary, place.branch.id, as_csv([row(people[0], **fields), row(people[1])]))
    first, second = rows_of(batch_id)
    assert (first.outcome, second.outcome) == ("refused", "good")
    assert [error[0] for error in first.errors] == [column]


def test_a_row_twice_and_a_sheet_twice_are_refused(db, place, people):
    data = as_csv([row(people[0]), row(people[0])])
    batch_id = send(place.secretary, place.branch.id, data)
    assert messages(rows_of(batch_id)[1]) == [takeover_rules.TWICE]
    with pytest.raises(RuleError, match="sent before"):
        send(place.secretary, place.branch.id, data)
    hand_in(place.secretary, batch_id)
    act(takeover_services.confirm, place.above, batch_id)
    queue.run_waiting()
    other = send(place.secretary, place.branch.id, as_csv([row(people[0])], "gb18030"))
    assert messages(rows_of(other)[0]) == [takeover_rules.STANDS]


@pytest.mark.parametrize("data", [b"PK\x03\x04broken", as_csv([{"品名": "苹果"}]), b"\xff\xfeu\0t\0f\0"])
def test_a_sheet_that_cannot_be_read_says_so(db, place, data):
    batch_id = send(place.secretary, place.branch.id, data)
    assert batch(batch_id).state == "unreadable"
    assert takeover_queries.job(batch_id, takeover_work.READ).result["refused"]


def test_more_than_twenty_thousand_rows_are_refused(db, place):
    lines = "姓名,党员编号,学习日期,学习内容,学习形式,学习分钟\n" + "示例,M1,2026-03-05,课,党课,90\n" * 20_001
    batch_id = send(place.secretary, place.branch.id, lines.encode())
    assert batch(batch_id).state == "unreadable"


def test_a_scan_or_a_reason_is_asked_for(db, place, people):
    batch_id = send(place.secretary, place.branch.id, as_csv([row(people[0])]))
    with pytest.raises(RuleError) as refused:
        act(takeover_services.hand_in, place.secretary, batch_id, piece=None, reason=" ")
    assert refused.value.field == "scan"


def test_what_overlaps_is_held(db, place, people):
    rows = [row(people[0], 开始时间="19:00"), row(people[0], 学习内容="同时的另一课", 开始时间="19:30")]
    batch_id = send(place.secretary, place.branch.id, as_csv(rows))
    hand_in(place.secretary, batch_id)
    act(takeover_services.confirm, place.above, batch_id)
    queue.run_waiting()
    database.session.rollback()
    held = database.session.scalars(select(HourClaim)).one()
    assert (held.state, held.uncovered) == ("held", 30)
    act(takeover_services.undo, place.above, batch_id, reason="重新整理台账")
    queue.run_waiting()
    database.session.refresh(held)
    assert held.state == "rejected"


def test_an_export_of_a_platform_stops_at_its_cap(db, place, people):
    with transaction() as session:
        platform = Platform(
            unit_id=place.root.id, name="示例平台", counts_in="points", per_hour=30, year_cap=300,
            proof="C", mode="self",
        )  # fmt: skip
        session.add(platform)
    lines = [
        {"姓名": people[0].name, "党员编号": people[0].code, "学习日期": f"2026-03-0{n}", "平台数量": "60"}
        for n in (1, 2, 3)
    ]
    batch_id = send(place.admin, place.root.id, as_csv(lines), platform_id=platform.id)
    assert [one.outcome for one in rows_of(batch_id)] == ["good", "good", "refused"]
    assert rows_of(batch_id)[1].values["cut"] == 100
    hand_in(place.admin, batch_id)
    act(takeover_services.confirm, place.above, batch_id)
    queue.run_waiting()
    assert standing() == 300
    claims = list(database.session.scalars(select(HourClaim).order_by(HourClaim.id)))
    assert [one.state for one in claims] == ["approved", "approved"]
    assert all(one.entry_id and one.takeover_id == batch_id for one in claims)


def test_what_earns_hours_is_read_by_every_word_of_it_and_offered_by_the_one_of_the_screen():
    fields = row(SimpleNamespace(name="示例", code="M1"))
    columns = {column.header: name for name, column in takeover_rules.COLUMNS["takeover"].items()}
    reader = takeover_rules.TakeoverReader(
        "takeover", [columns[header] for header in fields], year=2026, today=date(2026, 10, 1)
    )
    for activity, words in WORDS.items():
        for word in words:
            read = reader.read(2, list((fields | {"学习形式": word}).values()))
            assert (read.errors, read.values["activity"]) == ([], activity), word
    catalogue = Path(rules.__file__).parents[1] / "translations/zh_Hans_CN/LC_MESSAGES/messages.po"
    with catalogue.open("rb") as file:
        chinese = read_po(file)
    said = {activity: chinese.get(kind.label).string for activity, kind in EARNING.items()}
    assert dict(zip(WORDS, takeover_rules.OFFERED, strict=True)) == said
    assert len(",".join(takeover_rules.OFFERED)) <= 255, "a drop-down of a sheet holds no more"


@given(
    st.lists(
        st.one_of(
            st.none(), st.booleans(), st.text(max_size=30), st.floats(allow_nan=False), st.integers(),
            st.just({"f": True, "text": "=1"}), st.just({"e": "19:00:00"}), st.just({"d": "2026-03-05"}),
            st.just({"long": 5000}),
        ),
        min_size=11, max_size=11,
    )
)  # fmt: skip
def test_any_cells_are_read_or_refused_in_plain_words(cells):
    reader = takeover_rules.TakeoverReader(
        "takeover", list(takeover_rules.COLUMNS["takeover"]), year=2026, today=date(2026, 10, 1)
    )
    read = reader.read(2, cells)
    if read is None or read.errors:
        return
    assert date.fromisoformat(read.values["day"]).year == 2026
    assert 5 <= read.values["minutes"] <= 720
    assert read.values["proof"] in "BD"


def test_of_two_who_take_it_back_at_once_one_does(db, place, people, at_once):
    batch_id = send(place.secretary, place.branch.id, as_csv([row(one) for one in people]))
    hand_in(place.secretary, batch_id)
    act(takeover_services.confirm, place.above, batch_id)
    queue.run_waiting()
    version = batch(batch_id).version

    def undoing(actor):
        def go():
            with transaction():
                takeover_services.undo(actor, batch_id, version, reason="台账抄错了年份")
            return "done"

        return go

    results = at_once(undoing(place.above), undoing(place.admin))
    lost = [one for one in results if isinstance(one, Conflict)]
    assert (results.count("done"), len(lost)) == (1, 1)
    assert lost[0].params["name"] in (place.above.name, place.admin.name)
    database.session.rollback()  # what the others wrote is seen
    queue.run_waiting()
    assert standing() == 0
    assert database.session.scalar(select(func.count(HourEntry.id))) == 6, "each line is reversed once"


def close(place, year):
    """The branch closes a year as it stands."""
    with transaction():
        sealing.seal_unit(place.admin, place.branch.id, year, empty=True)


def test_a_year_that_is_closed_takes_no_sheet_and_gives_none_back(db, place, people, client_for, make):
    elsewhere = make.member(place.other)
    written = send(place.secretary, place.branch.id, as_csv([row(people[0])]))
    late = send(place.admin, place.root.id, as_csv([row(people[1]), row(elsewhere)]))
    waits = send(place.secretary, place.branch.id, as_csv([row(people[2])]))
    hand_in(place.secretary, written)
    hand_in(place.secretary, waits)
    act(takeover_services.confirm, place.above, written)
    queue.run_waiting()
    with time_machine.travel("2027-01-12 03:00:00+00:00", tick=False):
        with pytest.raises(RuleError, match="earlier hours wait for the level above: 1"):
            close(place, 2026)
        act(takeover_services.refuse, place.above, waits, reason="台账里没有这一次")
        close(place, 2026)
        hand_in(place.admin, late)
        act(takeover_services.confirm, place.above, late)
        queue.run_waiting()
        assert [messages(one) for one in rows_of(late)] == [[takeover_rules.SEALED], []]
        assert "已封存" in client_for(place.above).get(f"/takeovers/above/{late}").text
        assert standing() == 400, "one branch that is closed does not keep out the rows of the others"
        with pytest.raises(RuleError, match="closed"):
            act(takeover_services.undo, place.above, written, reason="台账抄错了")
        act(takeover_services.undo, place.above, late, reason="年度已经封存")
        queue.run_waiting()
        assert (batch(late).state, standing()) == ("undone", 200)
        again = send(place.secretary, place.branch.id, as_csv([row(people[2])]))
        assert messages(rows_of(again)[0]) == [takeover_rules.SEALED]
