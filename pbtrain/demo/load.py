"""Loading the demo, all or nothing, and naming its accounts."""

from collections.abc import Callable

from sqlalchemy import select

from pbtrain.accounts import passwords
from pbtrain.accounts.models import Account
from pbtrain.core import clock, site
from pbtrain.core.db import db, transaction
from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_
from pbtrain.demo import (
    activities,
    certificates,
    class_year,
    classes,
    details,
    door,
    enrolments,
    mail,
    meetings,
    roster,
    study,
    trust,
)
from pbtrain.demo.cast import ACADEMY
from pbtrain.demo.roster import LOGINS, PASSWORD, World
from pbtrain.hours import services as hours
from pbtrain.org.models import Member, RoleGrant, Unit

Tell = Callable[[str], None]
SITE_NAME, ACADEMY_SITE_NAME = "示例区党员学习", "示例国门党建学院"


class NotLoaded(RuntimeError):
    """The load did not come to its end; the text says what to do."""


def load(preset: str, scale: float, tell: Tell) -> None:
    """Fill an empty site with this preset; RuleError when it holds anything, NotLoaded when it broke off."""
    from pbtrain.demo.bulk import load as bulk
    from pbtrain.demo.bulk.shapes import SHAPES

    if preset == "small":
        return load_small(tell)
    if preset == "academy":
        return load_academy(scale, tell)
    _refuse_unless_empty()
    try:
        bulk.load(SHAPES[preset].scaled(scale), tell)
    except bulk.PROBLEMS as error:
        raise NotLoaded(str(error)) from error


def load_small(tell: Tell) -> None:
    """Fill an empty site in one transaction; `tell` hears of each step. RuleError when it holds anything."""
    world = World(clock.today(), password_hash=passwords.make(PASSWORD))
    with transaction():
        _begin(world, SITE_NAME, tell)
        roster.move_people(world)
        roster.open_logins(world)
        details.add_details(world)
        tell("Policies and years")
        _begin_years(world)
        meetings.hold_meetings(world, tell)
        door.keep_doors(world)
        activities.fill_calendars(world)
        study.take_courses(world, study.write_courses(world, tell), tell)
        tell("Classes of the academy")
        classes.hold_classes(world)
        enrolments.fill_class(world)
        certificates.give_certificates(world)
        tell("Claims, sign-offs, rules of next year")
        trust.add_trust(world)
        mail.send_messages(world)
        mail.remind(world)
        mail.leave_failed_job(world)


def load_academy(scale: float, tell: Tell) -> None:
    """An academy, the branches it teaches and a year of its classes, in one transaction."""
    world = World(clock.today(), plans=ACADEMY, password_hash=passwords.make(PASSWORD))
    with transaction():
        _begin(world, ACADEMY_SITE_NAME, tell)
        roster.hire_authors(world)
        roster.open_logins(world)
        tell("Policies and years")
        _begin_years(world)
        study.take_courses(world, study.write_courses(world, tell), tell)
        class_year.hold_classes(world, scale, tell)


def _begin(world: World, name: str, tell: Tell) -> None:
    _refuse_unless_empty()
    site.mark("demo", name)
    tell("Units, members, posts")
    roster.build_units(world)
    roster.hire_staff(world)
    roster.build_members(world, tell)
    roster.give_posts(world)


def _refuse_unless_empty() -> None:
    for table in (site.SiteRow, Account, Unit, Member):
        if db.session.scalar(select(table.id).limit(1)) is not None:
            raise RuleError(N_("This site holds data already. The demo loads only into an empty one."))


def _begin_years(world: World) -> None:
    """Rules for this year and the last, and a row for everybody, also for those who never come."""
    year, root = world.today.year, world.units["root"]
    for each in (year - 1, year):
        hours.publish_default_policy(None, root, each)
    hours.refresh_years([person.id for person in world.everybody()], year)
    hours.refresh_years([person.id for person in world.people[meetings.LAST_YEAR]], year - 1)


def accounts() -> list[dict[str, str]]:
    """One account for each role: role, user name, password and unit."""
    ids = {
        row.username: (row.id, row.unit_id)
        for row in db.session.execute(
            select(Account.username, Account.id, Member.unit_id)
            .outerjoin(Member, Member.account_id == Account.id)
            .where(Account.username.in_(LOGINS.values()))
            .order_by(Account.id)
        )
    }
    granted = dict(
        db.session.execute(
            select(RoleGrant.account_id, RoleGrant.unit_id)
            .where(RoleGrant.account_id.in_([found[0] for found in ids.values()]))
            .order_by(RoleGrant.id)
        )
        .tuples()
        .all()
    )
    where = {*granted.values(), *(unit_id for _account_id, unit_id in ids.values())}
    names = dict(
        db.session.execute(select(Unit.id, Unit.name).where(Unit.id.in_(where)).order_by(Unit.id))
        .tuples()
        .all()
    )
    return [
        {
            "role": str(role),
            "username": username,
            "password": PASSWORD,
            "unit": names[granted.get(ids[username][0]) or ids[username][1]],
        }
        for role, username in LOGINS.items()
        if username in ids
    ]
