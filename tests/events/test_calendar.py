"""The calendar of a branch: plans, fixed days, themes, several hosts, amendments, the grid."""

import re
from datetime import date, time
from uuid import uuid4

import pytest
from sqlalchemy import select, update

from pbtrain.core import clock
from pbtrain.core.db import db as database
from pbtrain.core.db import transaction
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.events import (
    activities,
    amending,
    amendments,
    joint,
    overview,
    plan_rules,
    planning,
    queries,
    services,
    themes,
)
from pbtrain.events.door.people import expect_branch
from pbtrain.events.models import ActivityRow, Attendance, Event, EventAmendment
from pbtrain.events.planning import Plan
from pbtrain.events.services import Meeting
from pbtrain.hours.models import HourEntry
from pbtrain.notify.models import Message
from pbtrain.org.models import Post
from pbtrain.org.roles import Role
from pbtrain.reminders.jobs import enqueue_due
from tests.events.conftest import count

SOON = clock.at(date(2026, 9, 25), 16)


@pytest.fixture
def actor(make, secretary):
    return make.actor(secretary)


@pytest.fixture
def admin(make, committee):
    return make.person(Role.UNIT_ADMIN, committee)


def test_a_planned_meeting_is_recorded_once(actor, branch, people, record):
    with transaction():
        event_id = planning.plan_event(actor, Plan(branch.id, "theme_day", "示例", SOON, 60))
        assert expect_branch(event_id) == 4, "the door was open before"
    form_id = str(uuid4())
    held = Meeting(branch.id, "theme_day", "示例", clock.at(clock.today(), 9), 60)
    with transaction():
        done = services.record_event(actor, held, people[:2], form_id=form_id, planned_id=event_id)
        again = services.record_event(actor, held, people[:2], form_id=form_id, planned_id=event_id)
    assert (done.event_id, again.event_id, again.same) == (event_id, event_id, True)
    assert (count(Event), count(HourEntry)) == (1, 2)
    with pytest.raises(Conflict, match="recorded or cancelled"), transaction():
        services.record_event(actor, held, people, form_id=str(uuid4()), planned_id=event_id)
    with pytest.raises(Conflict), transaction():
        planning.cancel_event(actor, event_id, 1, reason="示例")


def test_what_earns_nothing_is_recorded_and_posts_nothing(actor, branch, people, make):
    meeting = Meeting(branch.id, "committee_meeting", "研究发展党员", clock.at(clock.today(), 9), 60)
    with transaction():
        done = services.record_event(actor, meeting, people, form_id=str(uuid4()))
        services.correct_event(actor, done.event_id, people[:1], reason="误勾", version=1)
    assert (done.posted.entry_ids, count(HourEntry)) == ([], 0)
    make.save(
        Post(member_id=people[0], unit_id=branch.id, kind="committee_member", valid_from=date(2026, 1, 1))
    )
    assert queries.committee(branch.id, clock.today()) == {people[0]}


def test_the_year_plan_is_made_once_and_a_cancelled_month_again(actor, branch):
    found = plan_rules.proposals(
        activities.settings_for(branch.id).values(), set(), year=2026, today=clock.today(), every="day:15"
    )
    titles = dict.fromkeys((one.activity for one in found), "{月份}月活动")

    def plan():
        with transaction():
            return planning.plan_year(actor, branch.id, found, titles, begins=time(15), minutes=90, place="")

    assert (plan(), plan()) == (len(found), 0)
    first = next(e for e in overview.year_of(branch.id, 2026) if e.activity == "theme_day")
    assert first.title == "10月活动"
    with transaction():
        planning.cancel_event(actor, first.id, 1, reason="会议室停电")
    assert plan() == 1


def test_a_fixed_day_is_moved_cancelled_and_ended(actor, branch):
    with transaction():
        planning.start_series(
            actor, branch.id, activity="theme_day", title="{月份}月主题党日", every="nth:2:5",
            begins=time(15), minutes=90, place="活动室", since=clock.today(), until=date(2026, 12, 31),
        )  # fmt: skip
    events = overview.year_of(branch.id, 2026)
    assert [event.day.isoformat() for event in events] == ["2026-10-09", "2026-11-13", "2026-12-11"]
    moved = {"starts_at": clock.at(date(2026, 10, 12), 15), "minutes": 90, "place": "", "reason": "寒潮"}
    with transaction():
        planning.move_event(actor, events[0].id, 1, **moved)
    assert amendments.of_event(events[0].id)[0].was == "2026-10-09 15:00 活动室"
    with pytest.raises(Conflict), transaction():
        planning.move_event(actor, events[0].id, 1, **moved)
    with pytest.raises(RuleError, match="over"), transaction():
        planning.move_event(actor, events[1].id, 1, **moved | {"starts_at": clock.at(date(2026, 9, 1), 15)})
    series = overview.series_of(branch.id)[0]
    with transaction():
        assert planning.end_series(actor, series.id, 1) == 3
    assert {event.state for event in overview.year_of(branch.id, 2026)} == {"cancelled"}


def test_who_was_reminded_of_a_meeting_hears_of_every_change_until_somebody_has_come(
    make, frozen, actor, branch, people
):
    begins = clock.at(date(2026, 9, 26), 15)
    moved = {
        "starts_at": clock.at(date(2026, 9, 26), 9),
        "minutes": 60,
        "place": "二楼",
        "reason": "示例：寒潮",
    }
    with transaction():
        planning.start_series(
            actor, branch.id, activity="theme_day", title="示例主题", every="day:26", begins=time(15),
            minutes=60, place="", since=date(2026, 9, 26), until=date(2026, 10, 31),
        )  # fmt: skip
        event_id = planning.plan_event(actor, Plan(branch.id, "theme_day", "示例党课", begins, 60))
        gone = planning.plan_event(actor, Plan(branch.id, "theme_day", "示例参观", begins, 60))
    enqueue_due()
    with transaction():
        planning.move_event(actor, event_id, 1, **moved)
        planning.cancel_event(actor, gone, 1, reason="示例：停电")
    heard = set(database.session.execute(select(Message.subject, Message.body)).tuples())
    assert {
        ("改期：示例党课改在2026年9月26日09:00", "示例：寒潮"),
        ("取消：9月26日的示例参观", "示例：停电"),
    } <= heard
    assert count(Message, Message.subject.startswith("改期")) == 4

    of_series = select(Event.id).where(Event.series_id.is_not(None)).order_by(Event.day)
    first, second = database.session.scalars(of_series)
    with transaction():
        for one in (event_id, first):
            expect_branch(one)
            database.session.execute(
                update(Attendance).where(Attendance.event_id == one).values(present=True)
            )
    with pytest.raises(RuleError, match="signed in"), transaction():
        planning.move_event(actor, event_id, 2, **moved | {"starts_at": clock.at(date(2026, 9, 29), 9)})
    with transaction():
        assert planning.end_series(actor, overview.series_of(branch.id)[0].id, 1) == 1
    states = dict(list(database.session.execute(select(Event.id, Event.state)).tuples()))
    assert (states[first], states[second]) == ("planned", "cancelled"), "who has come keeps the meeting"


def test_several_hosts_are_credited_at_home_and_told(make, actor, branch, committee, people):
    other = make.unit("示例第四网格党支部", parent=committee)
    guest, their = make.member(other).id, make.person(Role.BRANCH_SECRETARY, other)
    assert [row.id for row in joint.sisters(branch.id)] == [other.id]
    meeting = Meeting(branch.id, "theme_day", "联合党日", clock.at(clock.today(), 9), 90, hosts=(other.id,))
    with transaction():
        done = services.record_event(actor, meeting, [people[0], guest], form_id=str(uuid4()))
    seen = queries.meeting(make.actor(their), done.event_id)
    assert seen is not None
    assert not seen.own
    assert other.id in {row[0] for row in database.session.execute(select(Event.unit_id).union(
        select(joint.EventHost.unit_id)))}  # fmt: skip
    assert count(Message, Message.about == f"event:{done.event_id}:joint") == 1
    assert overview.months_of([other.id], 2026)[other.id][9]["theme_day"] == 1
    with transaction():
        services.correct_event(actor, done.event_id, [guest], reason="误勾", version=1)
    assert queries.effect(done.event_id).people == 1


def test_a_branch_that_did_not_hold_it_after_all_is_not_credited_with_it(
    make, actor, branch, committee, people
):
    other = make.unit("示例第四网格党支部", parent=committee)
    with transaction():
        plan = Plan(branch.id, "theme_day", "联合党日", SOON, 60, hosts=(other.id,))
        event_id = planning.plan_event(actor, plan)
    held = Meeting(branch.id, "theme_day", "主题党日", clock.at(clock.today(), 9), 60)
    with transaction():
        services.record_event(actor, held, people[:2], form_id=str(uuid4()), planned_id=event_id)
    assert joint.hosts_of(event_id) == ()
    assert overview.months_of([other.id], 2026)[other.id] == {}


def test_an_amendment_shows_what_stood_there(actor, record, people):
    event_id = record(people).event_id
    fields = {
        "title": "重温入党誓词",
        "place": "",
        "speaker": "示例王建国",
        "form": "",
        "agenda": "",
        "notes": "一",
    }
    with transaction():
        changed = amending.amend_event(actor, event_id, fields, reason="写错", version=1)
    assert changed == ["title", "speaker", "notes"]
    first = amendments.of_event(event_id)[0]
    assert (first.field, first.was) == ("title", "重温入党志愿书")
    with pytest.raises(RuleError, match="Nothing"), transaction():
        amending.amend_event(actor, event_id, fields, reason="写错", version=2)
    with pytest.raises(Conflict), transaction():
        amending.amend_event(actor, event_id, fields | {"notes": "二"}, reason="写错", version=1)
    assert count(EventAmendment) == 3


def test_a_theme_is_opened_by_each_branch_and_who_is_late_is_seen(
    make, actor, admin, branch, committee, people, client_for, frozen
):
    other = make.unit("示例第四网格党支部", parent=committee)
    with transaction():
        theme_id = themes.give_theme(
            make.actor(admin), committee.id, activity="theme_day", title="学党章", body="",
            from_day=clock.today(), due_on=clock.today(),
        )  # fmt: skip
    theme = themes.theme_in_reach(make.actor(admin), theme_id)
    assert [row.title for row in overview.themes_for(branch.id, clock.today())] == ["学党章"]
    assert themes.coverage(theme) == {"held": 0, "planned": 0, "open": 2}
    meeting = Meeting(branch.id, "theme_day", "学党章", clock.at(clock.today(), 9), 60, theme_id=theme_id)
    with transaction():
        services.record_event(actor, meeting, people, form_id=str(uuid4()))
    assert themes.coverage(theme) == {"held": 1, "planned": 0, "open": 1}
    assert [row.standing for row in database.session.execute(themes.branches_of(theme, "open"))] == ["open"]
    assert sum(row.held for row in themes.coverage_map(theme)) == 1
    assert "逾期" not in client_for(admin).get(f"/themes/{theme_id}").text
    frozen.shift(days=1)
    late = client_for(admin).get(f"/themes/{theme_id}?show=open").text
    assert f"/branches/{other.id}/plan" in late
    assert f"/branches/{branch.id}/plan" not in late
    assert "逾期" in late
    with transaction():
        themes.withdraw_theme(make.actor(admin), theme_id, 1)
    assert overview.themes_for(branch.id, clock.today()) == []


def test_the_nearest_level_names_an_activity(make, admin, branch, committee):
    actor, usual = make.actor(admin), {"label": "", "per_year": 2, "steps": {}, "open": True}
    with transaction():
        activities.set_activity(actor, committee.id, "warning", version=0, **usual | {"label": "廉政课堂"})
    assert activities.settings_for(branch.id)["warning"].label == "廉政课堂"
    with pytest.raises(Conflict), transaction():
        activities.set_activity(actor, committee.id, "warning", version=0, **usual)
    with pytest.raises(RuleError, match="steps"), transaction():
        activities.set_activity(
            actor, committee.id, "warning", version=1, **usual | {"steps": {"before": ["长" * 121]}}
        )
    with transaction():
        activities.reset_activity(actor, committee.id, "warning", version=1)
    assert count(ActivityRow) == 0


def test_an_idle_month_is_told_once_from_the_20th(make, branch, record, people, frozen):
    def idle():
        enqueue_due()
        return count(Message, Message.about.like("idle:%"))

    frozen.move_to(clock.at(date(2026, 9, 19), 12))
    assert idle() == 0
    frozen.move_to(clock.at(date(2026, 9, 21), 12))
    assert (idle(), idle()) == (1, 1)
    frozen.move_to(clock.at(date(2026, 10, 25), 12))
    record(people, hour=9)
    assert idle() == 1


PAGES = (
    "/branches/{0}/plan", "/branches/{0}/plan/new", "/branches/{0}/plan/year", "/branches/{0}/series/new",
    "/branches/{0}/points", "/branches/{0}/points/new", "/events/{1}", "/events/{1}/page", "/events",
    "/events/{1}/amend", "/events/new",
)  # fmt: skip
ABOVE = ("/units/{0}/grid", "/units/{0}/activities", "/units/{0}/activities/warning", "/units/{0}/themes")


def test_pages_open_and_cost_the_same_with_many(
    client_for, secretary, admin, record, people, branch, committee, statements
):
    event_id, desk, above = record(people).event_id, client_for(secretary), client_for(admin)

    def costs():
        found = {}
        for client, pages, first in ((desk, PAGES, branch.id), (above, ABOVE, committee.id)):
            for page in pages:
                address = page.format(first, event_id)
                with statements() as sent:
                    assert client.get(address).status_code == 200, address
                found[page] = sent.count
        return found

    before = costs()
    for hour in range(10, 14):
        record(people, hour=hour)
    assert costs() == before
    grid = above.get(f"/units/{committee.id}/grid").text
    months = re.findall(
        r'class="pb-ticks__(\w+)">\s*<span class="pb-ticks__of">(\d+)</span>(?:<b>(\d+))?', grid
    )
    assert ("held", "9", "5") in months, "five in September"
    assert ("missed", "8", "") in months
    assert ("later", "10", "") in months
    assert max(before.values()) <= 10, before


def test_the_table_of_activities_says_what_each_earns_and_how_it_is_studied(client_for, admin, committee):
    table = client_for(admin).get(f"/units/{committee.id}/activities").text
    rows = {
        cells[0].removesuffix("三会一课、主题党日"): cells[1:]
        for row in re.findall(r'<tr role="row">(.*?)</tr>', table, re.S)
        if (
            cells := [re.sub(r"<[^>]+>|\s", "", cell) for cell in re.findall(r"<t[hd].*?</t[hd]>", row, re.S)]
        )
    }
    assert rows["党课"][1:4] == ["集中学习、按年度规则", "讲学", "到会名单、主讲或领学人"]
    assert rows["志愿服务"][1:3] == ["只记积分", "践学"]
    assert rows["支委会"][1] == "无"
    assert {row[2] for row in rows.values()} - {"学习载体", "–"} == {"践学", "讲学", "评学"}


def test_service_counts_for_points_and_never_for_hours(db, record, people, client_for, secretary, make):
    for hour, minutes in ((8, 150), (12, 40)):
        done = record(
            [secretary.id, people[0]], hour=hour, activity="volunteering", title="清扫社区", minutes=minutes
        )
    last = record(people, hour=13, activity="theme_day", minutes=90)
    assert db.session.scalars(select(HourEntry.member_id)).all() == people, "of the theme day alone"
    client = client_for(secretary)
    assert "志愿服务积分：共 2 分，不计学时" in client.get(f"/events/{done.event_id}").text
    assert "志愿服务积分" not in client.get(f"/events/{last.event_id}").text
    mine = re.sub(r"<[^>]+>|\s+", " ", client.get("/me").text)
    assert re.search(r"2026 年志愿服务 +次数 +2 +志愿服务积分 +3 ", mine), "two full hours, and less than one"
    assert "志愿服务" not in client_for(make.person(Role.BRANCH_SECRETARY, make.unit())).get("/me").text


def test_who_looks_from_above_is_told_where_everybody_is_always_present(
    client_for, secretary, admin, record, people, make, branch, committee
):
    everybody = [secretary.id, *people, make.member(branch).id]
    pages = f"/units/{committee.id}/grid", f"/branches/{branch.id}/plan"
    words = "次次全员到会", "应到的人次次到齐"
    above, desk = client_for(admin), client_for(secretary)

    def said(client):
        return [word in client.get(page).text for page, word in zip(pages, words, strict=True)]

    for hour in range(9, 12):
        record(everybody, hour=hour)
    assert said(above) == [False, False], "three times may happen"
    record(everybody, hour=12)
    assert said(above) == [True, True]
    assert words[1] not in desk.get(pages[1]).text, "a signal for who looks from above"
    record(people, hour=13)
    assert said(above) == [False, False]


def test_a_year_is_planned_a_point_kept_and_a_theme_given_by_forms(
    client_for, secretary, admin, branch, committee
):
    desk, above = client_for(secretary), client_for(admin)
    when = {"time": "15:00", "minutes": "90", "place": "活动室"}
    year = when | {"every": "day:15", "kinds": ["theme_day", "group_meeting"], "do": "plan"}
    assert desk.post(f"/branches/{branch.id}/plan/year", data=year).status_code == 303
    assert count(Event, Event.state == "planned") == 6
    assert (
        desk.post(
            f"/branches/{branch.id}/points/new",
            data={"version": 0, "name": "示例中心户", "host": 0, "open": "y"},
        ).status_code
        == 303
    )
    assert "示例中心户" in desk.get(f"/branches/{branch.id}/points").text
    theme = {"activity": "theme_day", "title": "学党章", "from_day": "2026-09-25", "due_on": "2026-10-31"}
    answer = above.post(f"/units/{committee.id}/themes/new", data=theme)
    assert answer.status_code == 303
    assert "学党章" in above.get(answer.location).text
    number = int(answer.location.rsplit("/", 1)[1])
    plan = when | {"activity": "theme_day", "title": "学党章", "day": "2026-10-20", "theme": number}
    assert desk.post(f"/branches/{branch.id}/plan/new", data=plan).status_code == 303
    event = database.session.execute(select(Event.id, Event.theme_id).where(Event.theme_id == number)).one()
    assert f'name="plan" type="hidden" value="{event.id}"' in desk.get(f"/events/new?plan={event.id}").text
    assert desk.post(f"/events/{event.id}/cancel", data={"version": 1, "reason": "停电"}).status_code == 303
