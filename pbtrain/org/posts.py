"""Posts and roles: who leads what, and who may do what where. Part of the services of org."""

from collections.abc import Iterable
from datetime import date, timedelta

from sqlalchemy import or_, select, true

from pbtrain.accounts import races
from pbtrain.audit import services as audit
from pbtrain.core import clock
from pbtrain.core.db import UNKEYED, db
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.core.marks import N_
from pbtrain.org import leaders, rules, services, tree
from pbtrain.org.access import Actor
from pbtrain.org.kinds import UNIT_KINDS
from pbtrain.org.models import Member, Post, RoleGrant, UnitClosure
from pbtrain.org.roles import MAY, Perm, Role

ENDED = N_("This role has ended already.")


def give_post(
    actor: Actor | None,
    member_id: int,
    *,
    unit_id: int,
    kind: str,
    valid_from: date,
    valid_until: date | None = None,
) -> Post:
    """A dated post, with the role it brings for the same days. Flushes for its id.

    Its holder stands in this unit or below it. A temporary branch may have no members of its own: whoever
    stands below the unit above it, or in the actor's reach, leads it and stays in their own branch.
    """
    member = services.member_of(actor, Perm.ROSTER_MANAGE, member_id)
    tree.demand(actor, Perm.GRANT_MANAGE, unit_id, "unit_id")
    unit = tree.live(unit_id, "unit_id")
    from_reach = actor is not None and unit.kind == leaders.TEMPORARY  # `member_of` has asked for the reach
    whose = leaders.led_from(unit_id).where(UnitClosure.below_id == member.unit_id)
    inside = from_reach or db.session.scalar(whose.limit(1)) is not None
    if not inside or member.left_on is not None:
        raise RuleError(N_("The member does not belong to this unit."), field="unit_id")
    same = select(Post.valid_from, Post.valid_until).where(Post.unit_id == unit_id, Post.kind == kind)
    if kind != "secretary":
        same = same.where(Post.member_id == member_id)
    taken = [(row.valid_from, row.valid_until) for row in db.session.execute(same.order_by(Post.id))]
    rules.check_post(kind, unit.kind, (valid_from, valid_until), taken)
    post = Post(
        member_id=member_id, unit_id=unit_id, kind=kind, valid_from=valid_from, valid_until=valid_until
    )
    db.session.add(post)
    db.session.flush()  # the grant names post.id
    if role := rules.role_of_post(kind, unit.kind):
        db.session.add(
            RoleGrant(
                account_id=services.ensure_account(member),
                unit_id=unit_id,
                role=role,
                post_id=post.id,
                valid_from=valid_from,
                valid_until=valid_until,
                granted_by_id=actor.account_id if actor else None,
            )
        )
    audit.record(
        actor, "post.given", f"member:{member_id}", unit_id=unit_id, kind=kind, since=valid_from.isoformat()
    )
    return post


def end_post(actor: Actor | None, post_id: int, *, on: date | None = None) -> int:
    """End a post and its role; `on` is the first day without. Returns the member's id."""
    post = db.session.get(Post, post_id, with_for_update=UNKEYED, populate_existing=True)
    if post is None:
        raise RuleError(N_("This post does not exist."))
    tree.demand(actor, Perm.GRANT_MANAGE, post.unit_id)
    if post.valid_until is not None and post.valid_until <= clock.today():
        raise races.lost_to(
            N_("%(name)s has ended this post already, at %(when)s."),
            N_("This post has ended already."),
            f"member:{post.member_id}",
            "post.ended",
            kind=post.kind,
            on=post.valid_until.isoformat(),
        )
    day = on or clock.today()
    rules.check_from(day, earliest=post.valid_from, today=clock.today() + timedelta(days=366))
    services.close_post(post, day)
    audit.record(
        actor,
        "post.ended",
        f"member:{post.member_id}",
        unit_id=post.unit_id,
        kind=post.kind,
        on=day.isoformat(),
    )
    return post.member_id


def hand_over(
    actor: Actor | None, unit_id: int, member_id: int, *, on: date, valid_until: date | None = None
) -> list[int]:
    """Name a new secretary: the present one's post, and whoever acts, ends the day the new one begins.

    Returns the members whose posts changed. The same person may go on for a new term. Flushes for ids.
    """
    tree.demand(actor, Perm.GRANT_MANAGE, unit_id, "unit_id")
    now_held, acting = leaders.ending(unit_id, on)
    rules.check_handover(on, held_since=[row.valid_from for row in now_held], today=clock.today())
    changed = {member_id}
    for row in now_held:
        services.close_post(db.session.get_one(Post, row.id, with_for_update=UNKEYED), on)
        audit.record(
            actor,
            "post.ended",
            f"member:{row.member_id}",
            unit_id=unit_id,
            kind="secretary",
            on=on.isoformat(),
        )
        changed.add(row.member_id)
    db.session.flush()  # the old post has ended before the new one is checked against it
    give_post(actor, member_id, unit_id=unit_id, kind="secretary", valid_from=on, valid_until=valid_until)
    for row in acting:
        services.end_grant(actor, db.session.get_one(RoleGrant, row.id, with_for_update=UNKEYED), on)
    return sorted(changed)


def name_acting(
    actor: Actor | None, unit_id: int, member_id: int, *, valid_from: date, valid_until: date
) -> RoleGrant:
    """Somebody acts as secretary (代理书记) for these days, with the rights and without the post's target."""
    tree.demand(actor, Perm.GRANT_MANAGE, unit_id, "unit_id")
    if not UNIT_KINDS[tree.live(unit_id, "unit_id").kind].has_members:
        raise RuleError(N_("Only a branch has an acting secretary."), field="unit_id")
    member = services.member_of(actor, Perm.ROSTER_MANAGE, member_id)
    if member.left_on is not None:
        raise RuleError(N_("This person has left. Take them back first."), field="person")
    rules.check_acting(valid_from, valid_until, clock.today())
    return grant_role(
        actor,
        services.ensure_account(member),
        unit_id=unit_id,
        role=Role.BRANCH_SECRETARY,
        valid_from=valid_from,
        valid_until=valid_until,
    )


def grant_role(
    actor: Actor | None,
    account_id: int,
    *,
    unit_id: int,
    role: Role,
    valid_from: date | None = None,
    valid_until: date | None = None,
) -> RoleGrant:
    """Give a role in a unit. Nobody gives what is above their own right to give."""
    tree.demand(actor, Perm.GRANT_MANAGE, unit_id, "unit_id")
    tree.live(unit_id, "unit_id")
    if role is Role.MEMBER or (actor and not rules.may_give(roles_in(actor, unit_id), role)):
        raise RuleError(N_("You cannot give this role."), field="role")
    since = valid_from or clock.today()
    rules.check_span(since, valid_until)
    if db.session.scalar(
        select(RoleGrant.id)
        .where(
            RoleGrant.account_id == account_id,
            RoleGrant.unit_id == unit_id,
            RoleGrant.role == role,
            or_(RoleGrant.valid_until.is_(None), RoleGrant.valid_until > since),
            true() if valid_until is None else RoleGrant.valid_from < valid_until,
        )
        .limit(1)
    ):
        raise RuleError(N_("This person has this role already."), field="role")
    grant = RoleGrant(
        account_id=account_id,
        unit_id=unit_id,
        role=role,
        valid_from=since,
        valid_until=valid_until,
        granted_by_id=actor.account_id if actor else None,
    )
    db.session.add(grant)
    audit.record(actor, "role.granted", f"account:{account_id}", unit_id=unit_id, role=role)
    return grant


def roles_in(actor: Actor, unit_id: int) -> set[Role]:
    """The roles the actor holds in that unit, there or from above."""
    above = set(db.session.scalars(select(UnitClosure.above_id).where(UnitClosure.below_id == unit_id)))
    return {
        grant.role
        for grant in actor.grants
        if grant.unit_id == unit_id or (grant.unit_id in above and MAY[grant.role].subtree)
    }


def revoke(actor: Actor | None, grant_id: int) -> None:
    """End a role today; one that came with a post ends with the post."""
    grant = db.session.get(RoleGrant, grant_id, with_for_update=UNKEYED, populate_existing=True)
    today = clock.today()
    if grant is None:
        raise Conflict(ENDED)
    tree.demand(actor, Perm.GRANT_MANAGE, grant.unit_id)
    if grant.valid_until is not None and grant.valid_until <= today:
        raise races.lost_to(
            N_("%(name)s has ended this role already, at %(when)s."),
            ENDED,
            f"account:{grant.account_id}",
            "role.revoked",
            role=grant.role,
            on=grant.valid_until.isoformat(),
        )
    if grant.post_id is not None:
        raise RuleError(N_("This role comes with a post. End the post."))
    if actor and not rules.may_give(roles_in(actor, grant.unit_id), Role(grant.role)):
        raise RuleError(N_("You cannot take this role."))
    if grant.role == Role.SYSTEM_ADMIN and not services.other_system_admin(grant):
        raise RuleError(N_("The last system administrator stays."))
    services.end_grant(actor, grant, today)


def beyond(actor: Actor, account_ids: Iterable[int]) -> set[int]:
    """Those accounts whose roles the actor could not hand out: they get no new slip from this actor."""
    today = clock.today()
    held = db.session.execute(
        select(RoleGrant.account_id, RoleGrant.unit_id, RoleGrant.role)
        .where(
            RoleGrant.account_id.in_(set(account_ids)),
            or_(RoleGrant.valid_until.is_(None), RoleGrant.valid_until > today),
        )
        .order_by(RoleGrant.id)
    ).all()
    own = {unit_id: roles_in(actor, unit_id) for unit_id in {row.unit_id for row in held}}
    return {row.account_id for row in held if not rules.may_renew(own[row.unit_id], Role(row.role))}


def check_login(actor: Actor, account_id: int) -> int | None:
    """Refuse unless the actor may manage this login; returns the unit it belongs to, for the audit trail."""
    unit_id = db.session.scalar(select(Member.unit_id).where(Member.account_id == account_id))
    if unit_id is not None:
        tree.demand(actor, Perm.GRANT_MANAGE, unit_id)
    if account_id == actor.account_id or beyond(actor, [account_id]):
        raise RuleError(N_("You cannot change this login."))
    return unit_id
