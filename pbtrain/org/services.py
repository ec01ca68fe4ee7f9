"""Changing the roster: members, their branch, care list. Units are changed in tree.py, posts in posts.py.

Whoever calls these for a member whose ledger counts also calls `hours.refresh_years` in the same
transaction: hours lie above this package.
"""

from datetime import date
from typing import Any, TypeVar

from sqlalchemy import or_, select, update

from pbtrain.accounts import services as accounts
from pbtrain.accounts.models import Account
from pbtrain.audit import services as audit
from pbtrain.core import clock
from pbtrain.core.db import UNKEYED, db
from pbtrain.core.errors import Conflict, RuleError
from pbtrain.core.marks import N_
from pbtrain.org import rules, tree
from pbtrain.org.access import Actor
from pbtrain.org.models import Affiliation, CareSpan, Member, Post, RoleGrant, StatusSpan
from pbtrain.org.names import new_code, pinyin, username_base
from pbtrain.org.numbers import read_mobile
from pbtrain.org.roles import Perm, Role

Span = TypeVar("Span", CareSpan, StatusSpan)


def member_of(actor: Actor | None, perm: Perm, member_id: int) -> Member:
    """The member, if the actor holds `perm` in the branch; locked, so that two changes come one by one."""
    member = db.session.get(Member, member_id, with_for_update=UNKEYED, populate_existing=True)
    if member is None:
        raise RuleError(N_("This person is not on the roster."))
    tree.demand(actor, perm, member.unit_id)
    if member.erased_at is not None:
        raise RuleError(N_("The data of this person were erased."))
    return member


def add_member(
    actor: Actor | None, *, unit_id: int, name: str, since: date | None = None, **facts: Any
) -> Member:
    """A new member of a branch, with a login that waits for its first slip. Flushes for ids.

    `facts` are columns of Member: sex, born_on, joined_on, stage, category, phone, flow, flow_place, code.
    """
    tree.demand(actor, Perm.ROSTER_MANAGE, unit_id, "unit_id")
    rules.check_home(tree.live(unit_id, "unit_id").kind)
    since = since or clock.today()
    rules.check_from(since, earliest=rules.FOUNDED, today=clock.today())
    if facts.get("phone"):
        facts["phone"] = read_mobile(facts["phone"])
    facts["code"] = facts.get("code") or new_code("M")
    if db.session.scalar(select(Member.id).where(Member.code == facts["code"])) is not None:
        raise RuleError(N_("This number belongs to another member."), field="code")
    member = Member(unit_id=unit_id, name=name, pinyin=pinyin(name), **facts)
    db.session.add(member)
    db.session.flush()  # affiliation and audit event name member.id
    db.session.add(Affiliation(member_id=member.id, unit_id=unit_id, valid_from=since))
    ensure_account(member)
    audit.record(actor, "member.added", f"member:{member.id}", unit_id=unit_id)
    return member


def ensure_account(member: Member) -> int:
    """The id of the member's login, made with a free user name where there is none. Flushes for it."""
    if member.account_id is None:
        account = Account(username=free_username(member.name), name=member.name, phone=member.phone or None)
        db.session.add(account)
        db.session.flush()  # member.account_id
        member.account_id = account.id
    return member.account_id


def free_username(name: str) -> str:
    """'乌云' -> 'wuyun01', or the next number nobody has; inside a transaction."""
    base = username_base(name)
    taken = set(
        db.session.scalars(
            select(Account.username).where(Account.username >= base, Account.username < base + "~")
        )
    )
    number = 1
    while f"{base}{number:02}" in taken:
        number += 1
    return f"{base}{number:02}"


def transfer(actor: Actor | None, member_id: int, *, unit_id: int, on: date | None = None) -> Member:
    """Move a member to another branch from a day on; posts and secretary's rights in the old one end then.

    Needs the right in both branches. Conflict when somebody else moved the member meanwhile.
    """
    today, day = clock.today(), on or clock.today()
    member = member_of(actor, Perm.ROSTER_MANAGE, member_id)
    tree.demand(actor, Perm.ROSTER_MANAGE, unit_id, "unit_id")
    rules.check_home(tree.live(unit_id, "unit_id").kind)
    if member.left_on is not None:
        raise RuleError(N_("This person has left. Take them back first."))
    if member.unit_id == unit_id:
        raise RuleError(N_("The member is in this branch already."), field="unit_id")
    now_in = db.session.scalars(
        select(Affiliation)
        .where(Affiliation.member_id == member_id, Affiliation.valid_until.is_(None))
        .order_by(Affiliation.id)
    ).first()
    if now_in is None:
        raise Conflict(N_("Somebody has just moved this member."))
    rules.check_from(day, earliest=now_in.valid_from, today=today)
    old = now_in.unit_id
    if day == now_in.valid_from:  # moved twice on one day: the day belongs to the last branch
        _rejoin(now_in, unit_id)
    else:
        now_in.valid_until = day
        db.session.flush()  # the open span ends before the next one opens
        db.session.add(Affiliation(member_id=member_id, unit_id=unit_id, valid_from=day))
    member.unit_id = unit_id
    _end_ties(member, old, day)
    audit.record(
        actor, "member.transferred", f"member:{member_id}", unit_id=unit_id, was=old, on=day.isoformat()
    )
    return member


def _rejoin(span: Affiliation, unit_id: int) -> None:
    """Change the branch of a span that began today; joined to the one before when that is the same branch."""
    before = db.session.scalars(
        select(Affiliation)
        .where(
            Affiliation.member_id == span.member_id,
            Affiliation.unit_id == unit_id,
            Affiliation.valid_until == span.valid_from,
        )
        .order_by(Affiliation.id)
    ).first()
    if before is None:
        span.unit_id = unit_id
        return
    db.session.delete(span)
    db.session.flush()  # one open span at a time
    before.valid_until = None


def _end_ties(member: Member, unit_id: int, day: date) -> None:
    """Posts in that branch end, and the rights that came with them."""
    open_then = Post.valid_until.is_(None) | (Post.valid_until > day)
    for post in db.session.scalars(
        select(Post).where(Post.member_id == member.id, Post.unit_id == unit_id, open_then).order_by(Post.id)
    ):
        close_post(post, day)
    db.session.execute(
        update(RoleGrant)
        .where(
            RoleGrant.account_id == member.account_id,
            RoleGrant.unit_id == unit_id,
            RoleGrant.role == Role.BRANCH_SECRETARY,
            RoleGrant.valid_until.is_(None) | (RoleGrant.valid_until > day),
        )
        .values(valid_until=day)
    )


def close_post(post: Post, day: date) -> None:
    """End a post and the role that came with it; `day` is the first day without."""
    post.valid_until = max(day, post.valid_from)
    db.session.execute(
        update(RoleGrant).where(RoleGrant.post_id == post.id).values(valid_until=post.valid_until)
    )


def end_grant(actor: Actor | None, grant: RoleGrant, day: date) -> None:
    """End a role that came with no post; `day` is the first without."""
    grant.valid_until = max(day, grant.valid_from)
    audit.record(
        actor,
        "role.revoked",
        f"account:{grant.account_id}",
        unit_id=grant.unit_id,
        role=grant.role,
        on=grant.valid_until.isoformat(),
    )


def other_system_admin(grant: RoleGrant) -> bool:
    """Does somebody else hold this role of a system administrator today, and can sign in?"""
    today = clock.today()
    return bool(
        db.session.scalar(
            select(RoleGrant.id)
            .join(Account, Account.id == RoleGrant.account_id)
            .where(
                RoleGrant.role == Role.SYSTEM_ADMIN,
                RoleGrant.id != grant.id,
                RoleGrant.valid_from <= today,
                or_(RoleGrant.valid_until.is_(None), RoleGrant.valid_until > today),
                Account.disabled_at.is_(None),
                Account.activated_at.is_not(None),
            )
            .limit(1)
        )
    )


def set_care(
    actor: Actor | None, member_id: int, *, valid_from: date, valid_until: date | None, reason: str
) -> CareSpan:
    """Put a member on the care list (条例 Art. 23): no target for these days."""
    member = member_of(actor, Perm.ROSTER_MANAGE, member_id)
    rules.check_span(valid_from, valid_until)
    spans = db.session.execute(
        select(CareSpan.valid_from, CareSpan.valid_until)
        .where(CareSpan.member_id == member_id)
        .order_by(CareSpan.id)
    ).all()
    if any(rules.overlaps((valid_from, valid_until), (span[0], span[1])) for span in spans):
        raise RuleError(N_("The member is on the care list in that time already."), field="valid_from")
    span = CareSpan(member_id=member_id, valid_from=valid_from, valid_until=valid_until, reason=reason)
    db.session.add(span)
    audit.record(actor, "care.set", f"member:{member_id}", unit_id=member.unit_id)
    return span


def replace_care_reason(actor: Actor | None, span_id: int, reason: str) -> int:
    """Write another reason over that of a span that runs or will run, unread; returns the member's id."""
    span = db.session.get(CareSpan, span_id, with_for_update=UNKEYED, populate_existing=True)
    if span is None or (span.valid_until is not None and span.valid_until <= clock.today()):
        raise Conflict(N_("This has ended already."))
    member = member_of(actor, Perm.ROSTER_MANAGE, span.member_id)
    span.reason = reason
    audit.record(actor, "care.reason_replaced", f"member:{member.id}", unit_id=member.unit_id)
    return member.id


def end_span(actor: Actor | None, table: type[Span], span_id: int) -> tuple[Span, Member]:
    """End a dated fact about a member today; one that has not begun goes. Returns both; Conflict where it has
    ended already."""
    span = db.session.get(table, span_id, with_for_update=UNKEYED, populate_existing=True)
    today = clock.today()
    if span is None or (span.valid_until is not None and span.valid_until <= today):
        raise Conflict(N_("This has ended already."))
    member = member_of(actor, Perm.ROSTER_MANAGE, span.member_id)
    if span.valid_from >= today:
        db.session.delete(span)
    else:
        span.valid_until = today
    return span, member


def end_care(actor: Actor | None, span_id: int) -> int:
    """Take a member off the care list today; returns the member's id."""
    _span, member = end_span(actor, CareSpan, span_id)
    audit.record(actor, "care.ended", f"member:{member.id}", unit_id=member.unit_id)
    return member.id


def set_left(actor: Actor | None, member_id: int, *, on: date, why: str = "left") -> Member:
    """Died, left, moved or suspended (a key of kinds.LEAVINGS): no target from this day, out at once, posts
    and roles end; history stays. Why stands in the audit trail alone.

    The login then shows its owner what is kept, and nothing else (`access.at_the_threshold`); that of
    somebody who died is closed. RuleError for the last system administrator.
    """
    member = member_of(actor, Perm.ROSTER_MANAGE, member_id)
    rules.check_from(on, earliest=rules.FOUNDED, today=clock.today())
    if member.left_on is not None:
        raise Conflict(N_("This person has been marked as gone already."))
    member.left_on = on
    for post in db.session.scalars(
        select(Post)
        .where(Post.member_id == member_id, Post.valid_until.is_(None) | (Post.valid_until > on))
        .order_by(Post.id)
    ):
        close_post(post, on)
    if member.account_id is not None:
        _end_roles(actor, member.account_id)
        if why == "died":
            accounts.disable(actor, member.account_id, unit_id=member.unit_id)
        else:
            accounts.put_out(member.account_id)
    audit.record(
        actor, "member.left", f"member:{member_id}", unit_id=member.unit_id, on=on.isoformat(), why=why
    )
    return member


def _end_roles(actor: Actor | None, account_id: int) -> None:
    """The roles that came with no post."""
    today = clock.today()
    for grant in db.session.scalars(
        select(RoleGrant)
        .where(
            RoleGrant.account_id == account_id,
            RoleGrant.post_id.is_(None),
            or_(RoleGrant.valid_until.is_(None), RoleGrant.valid_until > today),
        )
        .order_by(RoleGrant.id)
        .with_for_update(**UNKEYED)
    ):
        if grant.role == Role.SYSTEM_ADMIN and not other_system_admin(grant):
            raise RuleError(N_("The last system administrator stays."))
        end_grant(actor, grant, today)


def take_back(actor: Actor | None, member_id: int) -> Member:
    """Undo `set_left`: a member again, who signs in as before. Posts and roles are given anew."""
    member = member_of(actor, Perm.ROSTER_MANAGE, member_id)
    if member.left_on is None:
        raise Conflict(N_("This person is a member already."))
    member.left_on = None
    if member.account_id is not None:
        accounts.enable(actor, member.account_id, unit_id=member.unit_id)
    audit.record(actor, "member.back", f"member:{member_id}", unit_id=member.unit_id)
    return member
