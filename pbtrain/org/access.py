"""May this person do that, there? One rule in three shapes: a guard, a filter for queries, a question.

`@needs(perm)` on the route, `units_where(actor, perm)` inside every query, `may(actor, perm, unit_id)` for
a button. What is out of reach is 404; what is in reach but forbidden is 403. This is the only module that
reads Flask-Login's current user.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import wraps
from typing import Any

from flask import Flask, Response, abort, current_app, g, redirect, request, session, url_for
from flask_login import current_user, login_required
from sqlalchemy import BigInteger, Date, Select, and_, bindparam, or_, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import aliased
from werkzeug.wrappers import Response as BaseResponse

from pbtrain.accounts.models import Account, LoginSession, SecondFactor
from pbtrain.core import clock
from pbtrain.core.db import UTCDateTime, db, prepared, record_apart
from pbtrain.core.extensions import login
from pbtrain.core.guards import View
from pbtrain.core.tokens import fingerprint
from pbtrain.core.views import safe_next
from pbtrain.org.models import Member, RoleGrant, Unit, UnitClosure
from pbtrain.org.roles import MAY, VIEWS, Perm, Role, roles_with

SEEN_EVERY = timedelta(minutes=5)
# For people with a role above member, also one granted after they signed in (trust: shared office computers).
ABOVE_MEMBER_IDLE, ABOVE_MEMBER_LASTS = timedelta(minutes=20), timedelta(hours=8)


@dataclass(frozen=True)
class Grant:
    """A role held today."""

    role: Role
    unit_id: int
    unit_name: str = ""


@dataclass(frozen=True)
class Actor:
    """Who acts: an account, the member it belongs to if any, and the grants of today."""

    account_id: int
    username: str
    name: str
    pseudonym_key: bytes | None = None
    member_id: int | None = None
    unit_id: int | None = None
    unit_name: str = ""
    session_id: int | None = None
    seen_at: datetime | None = None
    token: str = field(default="", repr=False)
    grants: tuple[Grant, ...] = ()
    has_factor: bool = False  # a second factor is set up
    owes_factor: bool = False  # and has yet to be shown, or has to be set up: until then no grant holds
    proved_at: datetime | None = None  # when the password was last given
    left_on: date | None = None  # left the roster: no grant holds, and one page says what is kept

    is_authenticated = is_active = True
    is_anonymous = False

    def get_id(self) -> str:
        """What the cookie holds: the random token of the login session."""
        return self.token

    @property
    def views(self) -> list[str]:
        """The homes this person may open, the most responsible first."""
        held = {MAY[grant.role].view for grant in self.grants}
        return [view for view in VIEWS if view in held]

    def units_with(self, perm: Perm, *, subtree: bool) -> list[int]:
        """The units named in grants that bring `perm`, with or without what is below them."""
        roles = roles_with(perm, subtree=subtree)
        return sorted({grant.unit_id for grant in self.grants if grant.role in roles})


def me() -> Actor | None:
    """Who is signed in, never Flask-Login's proxy; None for a visitor."""
    person = current_user._get_current_object()
    return person if isinstance(person, Actor) else None


def signed() -> Actor:
    """Who is signed in, behind a guard that let nobody else in."""
    person = me()
    if person is None:
        abort(401)
    return person


def _people() -> Select[Any]:
    """Accounts with their member and unit, a row for each grant of `today`, or one without any."""
    today = bindparam("today", type_=Date)
    granted = aliased(Unit)
    held = and_(
        RoleGrant.account_id == Account.id,
        RoleGrant.valid_from <= today,
        or_(RoleGrant.valid_until.is_(None), RoleGrant.valid_until > today),
    )
    return (
        select(
            Account.id.label("account_id"),
            Account.username,
            Account.name,
            Account.pseudonym_key,
            Account.disabled_at,
            Member.id.label("member_id"),
            Member.unit_id,
            Member.left_on,
            Unit.name.label("unit_name"),
            RoleGrant.role,
            RoleGrant.unit_id.label("granted_id"),
            granted.name.label("granted_name"),
        )
        .outerjoin(Member, Member.account_id == Account.id)
        .outerjoin(Unit, Unit.id == Member.unit_id)
        .outerjoin(RoleGrant, held)
        .outerjoin(granted, granted.id == RoleGrant.unit_id)
        .order_by(RoleGrant.id)
    )


@prepared
def _account_of() -> Select[Any]:
    return _people().where(Account.id == bindparam("account_id", type_=BigInteger))


@prepared  # every page asks this
def _session_of() -> Select[Any]:
    return (
        _people()
        .add_columns(
            LoginSession.id.label("session_id"),
            LoginSession.started_at,
            LoginSession.seen_at,
            LoginSession.idle_minutes,
            LoginSession.factor_at,
            LoginSession.proved_at,
            SecondFactor.confirmed_at,
        )
        .join(LoginSession, LoginSession.account_id == Account.id)
        .outerjoin(SecondFactor, SecondFactor.account_id == Account.id)
        .where(
            LoginSession.token_hash == bindparam("token_hash"),
            LoginSession.ended_at.is_(None),
            LoginSession.ends_at > bindparam("now", type_=UTCDateTime),
            Account.disabled_at.is_(None),
        )
    )


def _actor(rows: Sequence[Any], **more: Any) -> Actor:
    row = rows[0]
    held = [Grant(Role(one.role), one.granted_id, one.granted_name) for one in rows if one.role is not None]
    if row.member_id and row.unit_id is not None:
        held.append(Grant(Role.MEMBER, row.unit_id))
    return Actor(
        account_id=row.account_id,
        username=row.username,
        name=row.name,
        pseudonym_key=row.pseudonym_key,
        member_id=row.member_id,
        unit_id=row.unit_id,
        unit_name=row.unit_name or "",
        grants=tuple(held),
        **more,
    )


def actor_for(account_id: int) -> Actor | None:
    """The actor behind an account, for jobs and commands; None when it is disabled or its owner has left."""
    db.session.flush()  # a compiled statement does not: demo and imports ask for people they have just added
    rows = _account_of(account_id=account_id, today=clock.today()).all()
    return _actor(rows) if rows and rows[0].disabled_at is None and not _has_left(rows[0]) else None


def _has_left(row: Any) -> bool:
    return row.left_on is not None and row.left_on <= clock.today()


@login.user_loader
def load_actor(token: str) -> Actor | None:
    """The actor of a live login session: not ended, not idle too long, account not disabled. Who has left the
    roster, and who has yet to show the second factor, holds no grant."""
    now = clock.now()
    rows = _session_of(token_hash=fingerprint(token), now=now, today=clock.today()).all()
    if not rows or rows[0].seen_at + timedelta(minutes=rows[0].idle_minutes) < now:
        return None
    row = rows[0]
    actor = _actor(
        rows,
        session_id=row.session_id,
        seen_at=row.seen_at,
        token=token,
        has_factor=row.confirmed_at is not None,
        proved_at=row.proved_at,
    )
    if _has_left(row):
        actor = replace(actor, grants=(), left_on=row.left_on)
    above = any(grant.role is not Role.MEMBER for grant in actor.grants)
    if above and (row.seen_at + ABOVE_MEMBER_IDLE < now or row.started_at + ABOVE_MEMBER_LASTS < now):
        return None
    if row.factor_at is None and (actor.has_factor or (above and must_have_factor())):
        return replace(actor, grants=(), owes_factor=True)
    return actor


def must_have_factor() -> bool:
    """Does this site ask a second factor of everybody above member? All do but a demo."""
    return not current_app.extensions["pbtrain.site"]().is_demo


def units_where(actor: Actor, perm: Perm) -> Select[tuple[int]]:
    """Select the ids of the units in which `actor` holds `perm`: use it in every query."""
    own, roots = actor.units_with(perm, subtree=False), actor.units_with(perm, subtree=True)
    reach = UnitClosure.above_id.in_(roots)
    if own:  # one look into the closure for either: an OR of two selects is planned as a scan of all units
        itself = and_(UnitClosure.above_id.in_(own), UnitClosure.depth == 0)
        reach = or_(reach, itself) if roots else itself
    return select(Unit.id).join(UnitClosure, UnitClosure.below_id == Unit.id).where(reach)


def may(actor: Actor | None, perm: Perm, unit_id: int | None = None) -> bool:
    """Does `actor` hold `perm` in that unit, or anywhere when none is named?"""
    if actor is None:
        return False
    own, roots = actor.units_with(perm, subtree=False), actor.units_with(perm, subtree=True)
    if unit_id is None:
        return bool(own or roots)
    if unit_id in own or unit_id in roots:
        return True
    if not roots:
        return False
    return bool(
        db.session.scalar(
            select(UnitClosure.id)
            .where(UnitClosure.above_id.in_(roots), UnitClosure.below_id == unit_id)
            .limit(1)
        )
    )


def needs(perm: Perm) -> Callable[[View], View]:
    """Only for people who hold `perm` somewhere; where exactly is the query's business."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            if first := at_the_threshold():
                return first
            if not may(me(), perm):
                abort(403)
            return view(*args, **kwargs)

        wrapped: View = login_required(guarded)
        wrapped.guard = perm  # type: ignore[attr-defined]
        return wrapped

    return decorate


def signed_in(view: View) -> View:
    """Anyone with an account who has shown what is asked at the entrance."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        return at_the_threshold() or view(*args, **kwargs)

    wrapped: View = login_required(guarded)
    wrapped.guard = "signed in"  # type: ignore[attr-defined]
    return wrapped


def entering(view: View) -> View:
    """Anyone whose password was right, also before the second factor or after leaving: for the pages at the
    threshold."""
    wrapped: View = login_required(view)
    wrapped.guard = "entering"  # type: ignore[attr-defined]
    return wrapped


def at_the_threshold() -> BaseResponse | None:
    """The way to the one page that is open: the second factor for who owes it, what is kept for who has left;
    None for everybody else."""
    person = me()
    if person is None or not (person.owes_factor or person.left_on):
        return None
    page = url_for("home.factor" if person.owes_factor else "left.page")
    if "HX-Request" in request.headers:
        return Response(status=401, headers={"HX-Redirect": page})
    if request.method == "GET" and person.owes_factor:
        session["next"] = safe_next(request.full_path.rstrip("?"))[:500]
    return redirect(page, 302 if request.method == "GET" else 303)


def current_view(actor: Actor) -> str:
    """The home this person looks at now: the one chosen, else the most responsible."""
    wanted = session.get("view")
    return wanted if wanted in actor.views else (actor.views or ["member"])[0]


def init_app(app: Flask) -> None:
    """Pages may ask who reads them; a session seen longer than five minutes ago is marked as seen."""

    @app.context_processor
    def names() -> dict[str, Any]:
        try:
            reader = me()
        except SQLAlchemyError:  # the page that says the database is away
            reader = g._login_user = None
        return {"me": reader, "nav": (), "may": lambda perm, unit_id=None: may(reader, Perm(perm), unit_id)}

    @app.after_request
    def seen(response: Any) -> Any:
        person = g.get("_login_user")
        if isinstance(person, Actor) and person.seen_at is not None:
            now = clock.now()
            if now - person.seen_at > SEEN_EVERY:
                try:
                    mark_seen(person, now)
                except SQLAlchemyError as error:  # the answer is made already; the next one marks it
                    app.logger.warning("last seen not kept: %s", error)
        return response


def mark_seen(person: Actor, now: datetime) -> None:
    """Keep that this session is in use, apart from whatever the request did."""
    with record_apart() as apart:
        apart.execute(
            update(LoginSession)
            .where(LoginSession.id == person.session_id, LoginSession.ended_at.is_(None))
            .values(seen_at=now)
        )
