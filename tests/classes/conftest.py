"""An academy that serves a branch, its administrator, two teachers, two venues and a template of two days."""

from datetime import date
from types import SimpleNamespace

import pytest

from pbtrain.classes.models import ClassTemplate, Teacher, Venue
from pbtrain.core.db import transaction
from pbtrain.hours import services as hours
from pbtrain.org.models import Academy
from pbtrain.org.roles import Role
from tests.support.remembering import remembered

MONDAY = date(2026, 10, 12)
UNITS = (("国门展馆体验教学", 0, "09:00", 150, "visit", 0, 0), ("专题讲授", 0, "14:30", 180, "lecture", 1, 1),
         ("案例教学", 1, "09:00", 180, "case", 1, 0))  # fmt: skip


@pytest.fixture
@remembered
def hall(make, frozen):
    """root › committee › branch; root › academy, which serves the committee."""
    root = make.unit()
    committee = make.unit(parent=root)
    branch = make.unit(parent=committee)
    academy = make.unit(parent=root, kind="academy", name="示例国门党建学院")
    academy_id = make.key(academy)
    with transaction() as session:
        hours.publish_default_policy(None, make.key(root), 2026)
        session.add(Academy(unit_id=academy_id, service_unit_id=make.key(committee)))
        teachers = [
            Teacher(unit_id=academy_id, name=name, pinyin="shili") for name in ("示例白教授", "示例高娃")
        ]
        venues = [
            Venue(unit_id=academy_id, name="示例中共六大展馆", kind="site", capacity=60, list_days=4),
            Venue(unit_id=academy_id, name="第一报告厅", kind="room", capacity=200),
        ]
        session.add_all(teachers + venues)
        session.flush()
        template = ClassTemplate(
            unit_id=academy_id, name="“总体国家安全观”专题班", theme="总体国家安全观", days=2, capacity=35,
            rule={"share": 80},
            sessions=[
                {"title": title, "day": day, "time": time, "minutes": minutes, "mode": mode,
                 "venue_id": venues[venue].id, "teacher_id": teachers[teacher].id}
                for title, day, time, minutes, mode, venue, teacher in UNITS
            ],
        )  # fmt: skip
        session.add(template)
        session.flush()
        ids = SimpleNamespace(
            teachers=[one.id for one in teachers], venues=[one.id for one in venues], template=template.id
        )
    admin = make.person(Role.ACADEMY_ADMIN, academy)
    return SimpleNamespace(
        root=root, committee=committee, branch=branch, academy=academy, academy_id=academy_id, admin=admin,
        actor=make.actor(admin), ids=ids,
    )  # fmt: skip


@pytest.fixture
def begin(hall):
    """`begin(starts_on=…, title=…)` makes a class of the template and returns its id."""
    from uuid import uuid4

    from pbtrain.classes.services import classes
    from pbtrain.classes.services.classes import Wanted

    def made(starts_on=MONDAY, form_id=None, **more):
        with transaction() as session:
            template = session.get_one(ClassTemplate, hall.ids.template)
            return classes.create_class(
                hall.actor, hall.academy_id, Wanted.of_template(template, starts_on, **more),
                form_id=form_id or str(uuid4()), template=template,
            )  # fmt: skip

    return made
