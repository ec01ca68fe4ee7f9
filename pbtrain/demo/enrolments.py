"""A class of the small demo whose people stand in every state of enrolment: through the services."""

import uuid
from datetime import timedelta

from sqlalchemy import select

from pbtrain.classes.models import ClassEnrolment, ClassSession, TrainingClass
from pbtrain.classes.services import classes, enrolment, guests, leave, quotas, timetable
from pbtrain.classes.services.classes import Wanted
from pbtrain.classes.services.timetable import Unit
from pbtrain.core import clock
from pbtrain.core.db import db
from pbtrain.demo.cast import Person
from pbtrain.demo.roster import MEMBER, World
from pbtrain.org.access import Actor
from pbtrain.org.roles import Role

FORM = uuid.UUID("5de0c0de-32aa-4000-8000-000000000038")
NUMBER, WEEKS, SEATS = 210, 6, 9
SESSIONS = (("专题讲授：党支部工作条例", 0, 9), ("案例教学：一次主题党日", 0, 14), ("分组研讨", 1, 9))


def fill_class(world: World) -> None:
    """Quotas for two units and guests; people who were nominated, applied, wait, were told, come, do not."""
    actor = world.actor(world.staff[Role.ACADEMY_ADMIN])
    class_id = _open_class(world, actor)
    row = db.session.get_one(TrainingClass, class_id)
    shares = [(world.units["south"], 4), (world.units["banner"], 3), (None, 1)]
    quotas.set_quotas(actor, class_id, shares, version=row.version)
    guests.enrol_guest(
        actor, class_id, name="示例乌仁其其格", organisation="额尔古纳市（外地）", phone="13900000000"
    )
    office, school = world.people["office"][8:16], world.people["school"][6:9]
    secretary = world.actor(world.people["office"][0].account_id)
    enrolment.put_forward(secretary, class_id, [one.id for one in office], "nominate", who="branch")
    teachers = world.actor(world.people["school"][0].account_id)
    enrolment.put_forward(teachers, class_id, [one.id for one in school], "nominate", who="branch")
    me = world.people["office"][MEMBER]
    enrolment.put_forward(world.actor(me.account_id), class_id, [me.id], "apply", who="person")
    _act(actor, class_id, office[:4], "approve")
    _act(actor, class_id, office[4:7], "approve")  # they wait
    _act(actor, class_id, [school[0]], "refuse", reason="开学第一周，请改报下一期")
    _act(secretary, class_id, office[:3], "accept", who="branch")
    _act(secretary, class_id, [office[1]], "withdraw", who="branch", reason="家中有事")
    _act(secretary, class_id, [office[3]], "decline", who="branch", reason="当天值班")
    _leave(actor, class_id, office[0])


def _open_class(world: World, actor: Actor) -> int:
    first = world.today - timedelta(days=world.today.weekday()) + timedelta(weeks=WEEKS)
    wanted = Wanted(
        "基层党务骨干培训班", first, first + timedelta(days=1), SEATS, number=NUMBER,
        body="三会一课怎么记、主题党日怎么办、台账怎么看。", rule={"share": 80},
    )  # fmt: skip
    class_id = classes.create_class(actor, world.units["academy"], wanted, form_id=str(FORM))
    row = db.session.get_one(TrainingClass, class_id)
    for title, day, hour in SESSIONS:
        unit = Unit(title, clock.at(first + timedelta(days=day), hour), 150, "lecture", place="第一报告厅")
        timetable.add_unit(actor, row, unit, form_id=str(uuid.uuid5(FORM, title)))
    classes.move_state(actor, class_id, row.version, "open")
    return class_id


def _act(
    actor: Actor, class_id: int, people: list[Person], act: str, *, who: str = "academy", reason: str = ""
) -> None:
    """One act on these people, as they stand now."""
    ids = [person.id for person in people]
    found = db.session.execute(
        select(ClassEnrolment.id, ClassEnrolment.version).where(
            ClassEnrolment.class_id == class_id, ClassEnrolment.member_id.in_(ids)
        )
    ).tuples()
    enrolment.act_on(actor, class_id, found.all(), act, who=who, reason=reason)


def _leave(actor: Actor, class_id: int, person: Person) -> None:
    """Leave from the last session."""
    enrolment_id = db.session.scalar(
        select(ClassEnrolment.id).where(
            ClassEnrolment.class_id == class_id, ClassEnrolment.member_id == person.id
        )
    )
    last = db.session.scalar(
        select(ClassSession.id).where(ClassSession.class_id == class_id).order_by(ClassSession.id.desc())
    )
    leave.take_leave(actor, class_id, enrolment_id or 0, [last or 0], reason="参加乡镇会议", who="academy")
