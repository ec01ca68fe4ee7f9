"""What tests of enrolment share: an academy that serves a tree, a class, short ways to act."""

from datetime import date
from itertools import count
from types import SimpleNamespace
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from pbtrain.classes.models import ClassEnrolment, ClassQuota, ClassSession, TrainingClass
from pbtrain.classes.services import enrolment
from pbtrain.core import clock
from pbtrain.core.db import db, transaction
from pbtrain.events.models import Event
from pbtrain.org.models import Academy, Member
from pbtrain.org.roles import Role
from tests import factories

FIRST, LAST = date(2026, 10, 12), date(2026, 10, 13)
_numbers = count(201)


@pytest.fixture
def place(make, frozen):
    """A committee with two branches below different committees, an academy that serves them all."""
    root = make.ruled()
    town, street = make.unit(parent=root, kind="committee"), make.unit(parent=root, kind="committee")
    branch, other = make.unit(parent=town), make.unit(parent=street)
    academy = make.unit(parent=root, kind="academy")
    make.save(Academy(unit_id=academy.id, service_unit_id=root.id))
    return SimpleNamespace(
        root=root, town=town, street=street, branch=branch, other=other, academy=academy,
        chief=make.actor(make.person(Role.ACADEMY_ADMIN, academy)),
        secretary=make.actor(make.person(Role.BRANCH_SECRETARY, branch)),
        admin=make.actor(make.person(Role.UNIT_ADMIN, root)),
    )  # fmt: skip


def training_class(place, capacity=2, quotas=None, **fields):
    """An open class with a session on each of its two days; `quotas`: {unit id or None: seats}; its id."""
    number = next(_numbers)
    fields = {
        "unit_id": place.academy.id, "year": 0, "number": number, "title": "示例专题班", "starts_on": FIRST,
        "ends_on": LAST, "capacity": capacity, "state": "open", "rule": {}, "form_id": str(uuid4()),
    } | fields  # fmt: skip
    with transaction() as session:
        session.add(row := TrainingClass(**fields))
        session.flush()
        for day in (fields["starts_on"], fields["ends_on"]):
            event = Event(
                unit_id=place.academy.id, activity=row.activity or "training_class", title="示例讲授",
                day=day, starts_at=clock.at(day, 9), minutes=180,
                form_id=str(uuid4()), form_hash="", state="planned",
            )  # fmt: skip
            session.add(event)
            session.flush()
            session.add(ClassSession(class_id=row.id, event_id=event.id, mode="lecture"))
        session.add_all(
            ClassQuota(class_id=row.id, unit_id=unit_id, seats=seats)
            for unit_id, seats in (quotas or {}).items()
        )
        return row.id


def members(unit, number):
    """So many members of a branch with logins, written at once."""
    home = factories.key(unit)
    with transaction() as session:
        made = [factories._member(session, home) for _ in range(number)]
        return [one.id for one in made]


def forward(place, class_id, *member_ids, act="nominate", who="branch", actor=None):
    """Put these members forward."""
    with transaction():
        return enrolment.put_forward(actor or place.secretary, class_id, member_ids, act, who=who)


def act(place, class_id, name, *member_ids, who="academy", actor=None, reason=""):
    """One act on the enrolments of these members as they stand now."""
    wanted = versions(class_id, *member_ids)
    with transaction():
        return enrolment.act_on(actor or place.chief, class_id, wanted, name, who=who, reason=reason)


def versions(class_id, *member_ids):
    """(id, version) of the enrolments of these members."""
    db.session.rollback()
    found = select(ClassEnrolment.id, ClassEnrolment.version).where(
        ClassEnrolment.class_id == class_id, ClassEnrolment.member_id.in_(member_ids)
    )
    return list(db.session.execute(found.order_by(ClassEnrolment.id)).tuples())


def states(class_id):
    """{member: state}."""
    db.session.rollback()
    return dict(
        db.session.execute(
            select(ClassEnrolment.member_id, ClassEnrolment.state).where(ClassEnrolment.class_id == class_id)
        )
        .tuples()
        .all()
    )


def taken(class_id):
    """(kept by triggers, counted anew) seats of the class; the same of each quota follows."""
    db.session.rollback()
    seats = select(func.count()).where(ClassEnrolment.class_id == class_id, ClassEnrolment.seat)
    kept = db.session.scalar(select(TrainingClass.taken).where(TrainingClass.id == class_id))
    found = [(kept, db.session.scalar(seats))]
    for row in db.session.execute(
        select(ClassQuota.id, ClassQuota.taken).where(ClassQuota.class_id == class_id).order_by(ClassQuota.id)
    ):
        found.append((row.taken, db.session.scalar(seats.where(ClassEnrolment.quota_id == row.id))))
    return found


def actor_of(member_id):
    """The member, signed in."""
    db.session.rollback()
    return factories.actor(db.session.get(Member, member_id))
