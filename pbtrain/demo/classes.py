"""Classes of the small demo, one in every state: made through the services, plainly invented."""

import uuid
from datetime import date, timedelta

from sqlalchemy import select, update

from pbtrain.classes.models import ClassTemplate, Teacher, Venue
from pbtrain.classes.queries import classes as queries
from pbtrain.classes.services import catalogue, classes, enrolment, seats
from pbtrain.classes.services.classes import Wanted
from pbtrain.core.db import db
from pbtrain.demo.cast import Person
from pbtrain.demo.roster import MEMBER, World
from pbtrain.events.models import Attendance, Event
from pbtrain.hours import services as hours
from pbtrain.org.access import Actor
from pbtrain.org.roles import Role

TEACHERS = (("示例白教授", "教授", "边疆史"), ("示例包教授", "教授", "总体国家安全观"),
            ("示例高娃", "讲师", "基层党建"),
            ("示例边检教员", "教员", "口岸管理"), ("示例讲解组", "讲解员", "展馆讲解"))  # fmt: skip
VENUES = (  # name, kind, capacity, closed weekdays, days before which a list is due
    ("示例中共六大展馆", "site", 120, "1", 0), ("示例红色后代展厅", "site", 60, "", 0),
    ("示例秘密交通线遗址", "site", 80, "", 0), ("示例限定管理区", "site", 50, "7", 4),
    ("第一报告厅", "room", 200, "", 0), ("研讨室一", "room", 40, "", 0),
)  # fmt: skip
TEMPLATES = (  # name, theme, days, season, units: subject, day, time, minutes, way, venue, teacher
    ("“总体国家安全观”专题班", "总体国家安全观", 3, "", (
        ("国门展馆体验教学", 0, "09:00", 150, "visit", 1, 4),
        ("专题讲授：总体国家安全观", 0, "14:30", 180, "lecture", 4, 1),
        ("限定管理区现场教学", 1, "08:30", 180, "visit", 3, 3),
        ("案例教学：秘密交通线", 1, "14:30", 180, "case", 2, 0),
        ("分组研讨和交流", 2, "08:30", 180, "seminar", 5, 2),
        ("结业测验和结业式", 2, "14:30", 45, "exam", 4, 2))),
    ("铸牢中华民族共同体意识专题班", "民族团结进步", 2, "", (
        ("专题讲授：守望相助", 0, "09:00", 180, "lecture", 4, 0),
        ("红色后代展厅体验教学", 0, "14:30", 120, "visit", 1, 4),
        ("分组研讨", 1, "09:00", 180, "seminar", 5, 2))),
    ("草原现场教学班", "牧区党建", 1, "05-10", (("现场教学", 0, "09:00", 240, "visit", 2, 0),)),
)  # fmt: skip
FORMS = uuid.UUID("5de0c0de-32aa-4000-8000-000000000037")
FIRST_NUMBER = 196
NOTICE = "请于开班当天 8:20 前到示例国门党建学院一楼报到，携带身份证件。食宿由学院安排。"


def hold_classes(world: World) -> None:
    """The catalogue, and a finished, a running, an open, two planned and a cancelled class."""
    actor = world.actor(world.staff[Role.ACADEMY_ADMIN])
    academy, today = world.units["academy"], world.today
    _catalogue(actor, academy)
    number = iter(range(FIRST_NUMBER, FIRST_NUMBER + 10))
    finished = _class(actor, academy, 0, _tuesday(today, -5), next(number))
    _run(actor, finished, world.people["firm"][6:12])
    cancelled = _class(actor, academy, 2, _tuesday(today, -2), next(number))
    classes.move_state(actor, cancelled, 1, "cancel", "示例：寒潮预警，改为线上学习")
    running = _class(actor, academy, 1, today, next(number))
    _enrol(actor, running, world.people["joint"][6:14])
    classes.move_state(actor, running, 1, "open")
    classes.move_state(actor, running, 2, "run")
    opened = _class(actor, academy, 0, _tuesday(today, 3), next(number))
    _enrol(actor, opened, [world.people["office"][MEMBER], *world.people["retired"][6:10]])
    classes.move_state(actor, opened, 1, "open")
    asking = world.people["office"][6]
    enrolment.put_forward(world.actor(asking.account_id), opened, [asking.id], "apply", who="person")
    classes.edit_class(
        actor, opened, 2, notice=NOTICE, contact="示例教务主任 0470-0000000",
        enrol_until=_tuesday(today, 3) - timedelta(days=4),
        party_branch="第199期临时党支部", branch_leader="示例高娃",
    )  # fmt: skip
    _class(actor, academy, 1, _tuesday(today, 3), next(number))  # wants the same teachers: a conflict to mend


def _tuesday(today: date, weeks: int) -> date:
    """The Tuesday so many weeks on: on Mondays a museum is closed."""
    return today - timedelta(days=today.weekday() - 1) + timedelta(weeks=weeks)


def _catalogue(actor: Actor, academy: int) -> None:
    teachers = [
        catalogue.create(actor, Teacher, academy, name=name, title=title, topics=topics)
        for name, title, topics in TEACHERS
    ]
    venues = [
        catalogue.create(
            actor, Venue, academy, name=name, kind=kind, capacity=seats_, opens="08:00", closes="18:00",
            closed_on=closed, list_days=days,
        )
        for name, kind, seats_, closed, days in VENUES
    ]  # fmt: skip
    for name, theme, days, season, units in TEMPLATES:
        catalogue.create(
            actor, ClassTemplate, academy, name=name, theme=theme, days=days, season=season, capacity=36,
            rule={"share": 80},
            sessions=[
                {"title": title, "day": day, "time": time, "minutes": minutes, "mode": mode,
                 "venue_id": venues[venue], "teacher_id": teachers[teacher]}
                for title, day, time, minutes, mode, venue, teacher in units
            ],
        )  # fmt: skip


def _class(actor: Actor, academy: int, template: int, first: date, number: int) -> int:
    row = db.session.scalars(
        select(ClassTemplate).where(
            ClassTemplate.unit_id == academy, ClassTemplate.name == TEMPLATES[template][0]
        )
    ).one()
    return classes.create_class(
        actor, academy, Wanted.of_template(row, first, number=number),
        form_id=str(uuid.uuid5(FORMS, str(number))), template=row,
    )  # fmt: skip


def _enrol(actor: Actor, class_id: int, people: list[Person]) -> None:
    room = seats.locked(class_id)
    rows = enrolment.fitness(room.row, [person.id for person in people])
    enrolment.enrol_many(actor, room, [enrolment.person_of(row) for row in rows], answer=False, overflow=True)


def _run(actor: Actor, class_id: int, people: list[Person]) -> None:
    """A class of the past: all came, their hours stand in the books, and it is finished."""
    _enrol(actor, class_id, people)
    lines = []
    for unit in queries.timetable(class_id):
        db.session.execute(
            update(Event)
            .where(Event.id == unit.event_id)
            .values(
                state="held", door_opened_at=unit.starts - timedelta(minutes=20), door_closed_at=unit.ends
            )
        )
        db.session.execute(
            update(Attendance)
            .where(Attendance.event_id == unit.event_id)
            .values(present=True, how="code", came_at=unit.starts - timedelta(minutes=5))
        )
        lines += [
            hours.Line(
                member_id=person.id, day=unit.day, activity="training_class", minutes=unit.study,
                occurrence=f"event:{unit.event_id}", title=unit.title, starts_at=unit.starts,
                ends_at=unit.starts + timedelta(minutes=unit.study), proof="A",
            )
            for person in people
        ]  # fmt: skip
    hours.post_many(actor, lines)
    for version, act in enumerate(("open", "run", "close"), 1):
        classes.move_state(actor, class_id, version, act)
