"""The calendar of the demo: themes, fixed days, plans, several hosts, a learning point, an amendment."""

import uuid
from datetime import date, time, timedelta

from sqlalchemy import select

from pbtrain.core import clock, images
from pbtrain.core.db import db
from pbtrain.demo.meetings import Home
from pbtrain.demo.roster import World
from pbtrain.demo.trust import picture
from pbtrain.events import activities, amending, checklist, plan_rules, planning, points, themes
from pbtrain.events import services as events
from pbtrain.events.models import Event
from pbtrain.events.plan_rules import Proposal
from pbtrain.events.planning import Plan
from pbtrain.events.services import Meeting
from pbtrain.org.access import Actor
from pbtrain.org.roles import Role

FORMS = uuid.UUID("5de0c0de-32aa-4000-8000-000000000035")
ROOM = "示例党员活动室"


def fill_calendars(world: World) -> None:
    """Something of every state the calendar shows, in the branches of the small demo."""
    admin = world.actor(world.staff[Role.UNIT_ADMIN])
    root, today = world.units["root"], world.today
    usual = {"steps": {}, "open": True, "version": 0}
    activities.set_activity(admin, root, "warning", label="廉政课堂", per_year=2, **usual)
    point_id = _point(world)
    _theme(world, admin, point_id)
    _joint(world)
    _plans(world)
    _amend(world)
    themes.give_theme(
        admin, world.units["south"], activity="topic_study", title="示例：基层治理专题学习", body="",
        from_day=today, due_on=today + timedelta(days=40),
    )  # fmt: skip


def _scribe(world: World, key: str) -> Actor:
    return world.actor(world.scribe[key])


def _point(world: World) -> int:
    actor, unit_id, host = _scribe(world, "pasture"), world.units["pasture"], world.people["pasture"][1]
    names = {"name": "示例党员中心户", "place": "示例嘎查二组"}
    points.save_point(
        actor, unit_id, None, name="示例老党员中心户", host_id=None, place="示例嘎查一组", open=False
    )
    return points.save_point(actor, unit_id, None, host_id=host.id, **names)


def _theme(world: World, admin: Actor, point_id: int) -> None:
    """A theme that one branch has held at its learning point, one has planned and the others have not."""
    today = world.today
    yesterday, first = today - timedelta(days=1), today - timedelta(days=20)
    theme_id = themes.give_theme(
        admin, world.units["root"], activity="theme_day", title="示例主题：学党章守党规", from_day=first,
        body="示例：通读党章，联系实际谈体会。", due_on=today + timedelta(days=7),
    )  # fmt: skip
    key = "pasture"
    meeting = Meeting(
        world.units[key],
        "theme_day",
        "学党章守党规",
        clock.at(yesterday, 19),
        60,
        "示例嘎查二组",
        channel="home",
        form="practise",
        speaker="示例领学人",
        agenda="一、通读党章\n二、讨论",
        notes="示例：大家轮流读，谈了自己的做法。",
        point_id=point_id,
        theme_id=theme_id,
    )
    _record(world, key, meeting)
    starts = clock.at(today + timedelta(days=5), 15)
    planned = Plan(world.units["school"], "theme_day", "学党章守党规", starts, 90, ROOM, theme_id=theme_id)
    planning.plan_event(_scribe(world, "school"), planned)


def _joint(world: World) -> None:
    """Two branches held one together yesterday, and a committee met: no hours from that."""
    day = world.today - timedelta(days=1)
    hosts = (world.units["community"],)
    joint = Meeting(
        world.units["retired"],
        "site_visit",
        "联合参观示例展馆",
        clock.at(day, 7),
        45,
        "示例展馆",
        hosts=hosts,
    )
    _record(world, "retired", joint, most=12)
    meeting = Meeting(world.units["office"], "committee_meeting", "研究下月计划", clock.at(day, 7), 40, ROOM)
    _record(world, "office", meeting, most=4)


def _record(world: World, key: str, meeting: Meeting, most: int = 20) -> int:
    came = {unit: sorted(Home(unit).on(meeting.day)) for unit in (meeting.unit_id, *meeting.hosts)}
    recorded = events.record_event(
        _scribe(world, key),
        meeting,
        {member_id for ids in came.values() for member_id in ids[:most]},
        form_id=str(uuid.uuid5(FORMS, f"{key}/{meeting.title}")),
        days_back=732,
    )
    return recorded.event_id


def _plans(world: World) -> None:
    """A fixed day in one branch with one meeting moved and one cancelled, a whole year planned in another."""
    today, actor = world.today, _scribe(world, "office")
    end = date(today.year + 1, 6, 30)
    series_id = planning.start_series(
        actor, world.units["office"], activity="theme_day", title="{月份}月主题党日", every="nth:2:5",
        begins=time(15), minutes=90, place=ROOM, since=today, until=end,
    )  # fmt: skip
    coming = db.session.execute(
        select(Event.id, Event.day).where(Event.series_id == series_id).order_by(Event.day).limit(2)
    ).all()
    later = clock.at(coming[0].day + timedelta(days=3), 15)
    planning.move_event(
        actor, coming[0].id, 1, starts_at=later, minutes=90, place=ROOM, reason="示例：寒潮改期"
    )
    planning.cancel_event(actor, coming[1].id, 1, reason="示例：会议室维修")
    theme_day = activities.settings_for(world.units["office"])["theme_day"]
    checklist.tick(actor, coming[0].id, theme_day, "before", 0, done=True)
    unit_id = world.units["firm"]
    settings = activities.settings_for(unit_id)
    found: list[Proposal] = plan_rules.proposals(
        settings.values(), set(), year=today.year + 1, today=date(today.year + 1, 1, 1), every="day:15"
    )
    titles = dict.fromkeys(settings, "{月份}月活动")
    planning.plan_year(
        _scribe(world, "firm"), unit_id, found, titles, begins=time(15), minutes=60, place=ROOM
    )


def _amend(world: World) -> None:
    """The newest record of a branch gets the speaker that was left out, and a photo that came later."""
    row = db.session.execute(
        select(Event.id, Event.version, Event.title, Event.place)
        .where(Event.unit_id == world.units["school"], Event.state == "held")
        .order_by(Event.day.desc(), Event.id.desc())
        .limit(1)
    ).first()
    if row is not None:
        fields = {"speaker": "示例主讲人", "title": row.title, "place": row.place}
        actor = _scribe(world, "school")
        amending.amend_event(actor, row.id, fields, reason="示例：漏填主讲人", version=row.version)
        photo = images.redraw(picture(9)), "示例会场.jpg"
        amending.add_files(actor, row.id, [photo], [], reason="示例：照片后来才收到", version=row.version + 1)
