"""The tree, its members and their ties: posts, care, a transfer, somebody who left, roles and logins."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta

from sqlalchemy import update

from pbtrain.accounts import slips
from pbtrain.accounts.models import Account
from pbtrain.core import clock
from pbtrain.core.db import db
from pbtrain.demo import cast
from pbtrain.demo.cast import Person, UnitPlan, part
from pbtrain.org import academies, posts, services, tree
from pbtrain.org.access import Actor, actor_for
from pbtrain.org.roles import Role

PASSWORD = "demo-32xueshi"  # noqa: S105 - printed at every start; a demo answers to its own machine only
LOGINS = {  # role -> user name
    Role.MEMBER: "member",
    Role.BRANCH_SECRETARY: "secretary",
    Role.UNIT_ADMIN: "unitadmin",
    Role.UNIT_AUDITOR: "auditor",
    Role.ACADEMY_ADMIN: "academy",
    Role.COURSE_AUTHOR: "author",
    Role.SYSTEM_ADMIN: "sysadmin",
}
STAFF = {  # who holds a role without standing on a roster: role -> (name, unit)
    Role.SYSTEM_ADMIN: ("示例系统管理员", "root"),
    Role.UNIT_ADMIN: ("示例区委组织员", "root"),
    Role.UNIT_AUDITOR: ("示例党工委督查员", "south"),
    Role.ACADEMY_ADMIN: ("示例学院教务主任", "academy"),
    Role.COURSE_AUTHOR: ("示例学院课程编写员", "academy"),
}
AUTHORS = ("示例学院党史教研员", "示例学院边境教育教研员", "示例学院基层党建教研员")
MEMBER = 5  # the place on the office's roster of whoever signs in as `member`
ACTIVE = range(4, 16)  # places on the office's roster of those who have set a password
WITH_SLIP = range(16, 22)


@dataclass
class World:
    """What has been built so far."""

    today: date
    plans: tuple[UnitPlan, ...] = cast.UNITS
    units: dict[str, int] = field(default_factory=dict)
    people: dict[str, list[Person]] = field(default_factory=dict)
    staff: dict[Role, int] = field(default_factory=dict)  # account ids
    scribe: dict[str, int] = field(default_factory=dict)  # whose account records a branch's meetings
    password_hash: str = ""
    actors: dict[int, Actor] = field(default_factory=dict)

    def actor(self, account_id: int) -> Actor:
        """This person as the services want them; roles are given before the first deed."""
        if account_id not in self.actors:
            found = actor_for(account_id)
            if found is None:
                raise LookupError(f"account {account_id} is disabled")
            self.actors[account_id] = found
        return self.actors[account_id]

    @property
    def branches(self) -> list[UnitPlan]:
        """Those of its units that have members."""
        return [plan for plan in self.plans if plan.people]

    def everybody(self) -> Iterable[Person]:
        """All members, branch by branch."""
        for branch in self.people.values():
            yield from branch


def build_units(world: World) -> None:
    """The tree, as it has stood for years; one branch is new. The academy serves all of it."""
    for number, plan in enumerate(world.plans):
        since = part(world.today, 0.9) if plan.key == "fresh" else date(2015, 7, 1)
        unit = tree.add_unit(
            None,
            name=plan.name,
            kind=plan.kind,
            parent_id=world.units.get(plan.above),
            code=f"SL{number:03}",
            field=plan.field,
            valid_from=since,
        )
        world.units[plan.key] = unit.id
    academies.set_area(None, world.units["academy"], world.units["root"])


def build_members(world: World, tell: Callable[[str], None]) -> None:
    """People with logins that wait for their first slip."""
    world.people = cast.people(world.today, world.plans)
    world.people["office"][9].since = part(world.today, 0.4)  # joined within the year
    world.people["school"][-1].since = part(world.today, 0.6)
    done = 0
    for plan in world.branches:
        for person in world.people[plan.key]:
            done += 1
            member = services.add_member(
                None, unit_id=world.units[plan.key], name=person.name, since=person.since,
                code=f"SL{world.today.year}{done:04}", **person.facts,
            )  # fmt: skip
            person.id, person.account_id = member.id, member.account_id or 0
        db.session.flush()
        tell(f"{plan.name}: {len(world.people[plan.key])}")


def give_posts(world: World) -> None:
    """Who leads: for years, from the middle of the year on, until last month, one after the other."""
    today, before = world.today, date(world.today.year - 2, 3, 1)
    half = date(today.year, 6, 10)  # 32 and 56 by days make 45.5 from then on
    half = half if half <= today else part(today, 0.5)
    since = {"school": half, "community": part(today, 0.3)}
    until = {"firm": max(part(today, 0.85), before + timedelta(days=1))}
    for plan in world.branches:
        unit_id, branch = world.units[plan.key], world.people[plan.key]
        kinds = ("secretary", "deputy", "committee_member", "committee_member")
        for person, kind in zip(branch, kinds, strict=False):
            begins = since.get(plan.key, before) if kind == "secretary" else before
            ends = until.get(plan.key) if kind == "secretary" else None
            posts.give_post(
                None, person.id, unit_id=unit_id, kind=kind,
                valid_from=max(begins, person.since), valid_until=ends,
            )  # fmt: skip
        world.scribe[plan.key] = branch[0].account_id
    former = world.people["community"][4]
    if since["community"] > max(before, former.since):
        posts.give_post(
            None, former.id, unit_id=world.units["community"], kind="secretary",
            valid_from=max(before, former.since), valid_until=since["community"],
        )  # fmt: skip


def move_people(world: World) -> None:
    """The care list, a transfer within the year, somebody who left."""
    today, admin = world.today, world.actor(world.staff[Role.UNIT_ADMIN])
    long_ago, retired = date(today.year - 1, 1, 1), world.people["retired"]
    for number, reason in (
        (6, "示例：高龄，行动不便"),
        (9, "示例：长期住院治疗"),
        (12, "示例：失能，居家照护"),
    ):
        services.set_care(admin, retired[number].id, valid_from=long_ago, valid_until=None, reason=reason)
    patient = world.people["pasture"][7]
    services.set_care(
        admin, patient.id, valid_from=part(today, 0.7), valid_until=None, reason="示例：手术后休养"
    )
    mover = world.people["community"][8]
    services.transfer(admin, mover.id, unit_id=world.units["office"], on=part(today, 0.5))
    world.people["office"].append(mover)
    services.set_left(admin, world.people["pasture"][10].id, on=part(today, 0.75))


def hire_staff(world: World) -> None:
    """Logins of those who manage, audit and teach, with their roles."""
    for role, (name, unit) in STAFF.items():
        account = Account(username=LOGINS[role], name=name)
        db.session.add(account)
        db.session.flush()  # the grant names account.id
        posts.grant_role(None, account.id, unit_id=world.units[unit], role=role)
        world.staff[role] = account.id


def hire_authors(world: World) -> None:
    """More people who write courses for the academy."""
    for name in AUTHORS:
        account = Account(username=services.free_username(name), name=name)
        db.session.add(account)
        db.session.flush()  # the grant names account.id
        posts.grant_role(None, account.id, unit_id=world.units["academy"], role=Role.COURSE_AUTHOR)


def open_logins(world: World) -> None:
    """One known password for the accounts of the list and a few learners; open slips for some others."""
    office = world.people["office"]
    named = {
        office[0].account_id: LOGINS[Role.BRANCH_SECRETARY],
        office[MEMBER].account_id: LOGINS[Role.MEMBER],
    }
    for account_id, username in named.items():
        db.session.execute(update(Account).where(Account.id == account_id).values(username=username))
    active = {*named, *world.staff.values(), *(office[place].account_id for place in ACTIVE)}
    db.session.execute(
        update(Account)
        .where(Account.id.in_(sorted(active)))
        .values(password_hash=world.password_hash, activated_at=clock.now())
    )
    secretary = world.actor(office[0].account_id)
    slips.make(secretary, [office[place].account_id for place in WITH_SLIP], unit_id=world.units["office"])
