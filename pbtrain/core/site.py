"""What kind of site this is. A site that began as a demo stays one, and answers only to this very machine."""

from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address

from flask import Flask, abort, current_app, g, request
from sqlalchemy import CheckConstraint, String, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapped, mapped_column

from pbtrain.core import clock
from pbtrain.core.db import Model, db
from pbtrain.core.errors import Busy
from pbtrain.core.marks import N_

FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip", "Via")


class SiteRow(Model):
    """The one row that says whether this database holds demo or real data."""

    __tablename__ = "site"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    kind: Mapped[str] = mapped_column(String(8))  # "demo", "real", or "loading" until a demo is whole
    name: Mapped[str] = mapped_column(String(100), default="")
    created_at: Mapped[datetime] = mapped_column(default=clock.now)


@dataclass(frozen=True)
class Site:
    """What pages may know of the site."""

    name: str
    is_demo: bool
    is_loading: bool = False


def mark(kind: str, name: str = "") -> None:
    """Say once what this database holds; inside a transaction, on an empty site."""
    db.session.add(SiteRow(id=1, kind=kind, name=name))


def change(kind: str) -> None:
    """What was loading is a demo now; inside a transaction."""
    db.session.execute(update(SiteRow).values(kind=kind))


def kind() -> str | None:
    """'demo', 'real', 'loading' while a demo is not whole, or None while the site is empty."""
    return db.session.scalar(select(SiteRow.kind))


def is_loopback(address: str | None) -> bool:
    """Is this an address of this very machine? 'localhost' is."""
    host = (address or "").strip("[]")
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def host_of(value: str) -> str:
    """'127.0.0.1:8000' -> '127.0.0.1', '[::1]:8000' -> '::1'."""
    if value.startswith("["):
        return value[1:].split("]", 1)[0]
    return value.rsplit(":", 1)[0] if value.count(":") == 1 else value


def stored() -> Site | None:
    """The site as its row says; None before it was founded."""
    row = db.session.execute(select(SiteRow.kind, SiteRow.name)).first()
    if row is None:
        return None
    name = row.name or current_app.config["SITE_NAME"]
    return Site(name=name, is_demo=row.kind != "real", is_loading=row.kind == "loading")


def check_asker(found: Site) -> None:
    """A demo answers this machine alone (403), and nobody while its data is being loaded (Busy)."""
    if not found.is_demo:
        return
    local = is_loopback(request.remote_addr) and is_loopback(host_of(request.host))
    if not local or any(name in request.headers for name in FORWARDED):
        abort(403)
    if found.is_loading and request.endpoint not in ("core.healthz", "static"):
        raise Busy(
            N_("The demo data is being loaded, or was not loaded to its end. If nobody is loading it any"
               " more, stop the site, empty it with flask demo drop and load again.")
        )  # fmt: skip


def init_app(app: Flask) -> None:
    """Know the site, and let nobody but this machine into a demo."""
    known: list[Site] = []

    def site() -> Site:
        if known and not app.testing:
            return known[0]
        if "pb_site" in g:
            return g.pb_site  # type: ignore[no-any-return]
        unknown = Site(name=app.config["SITE_NAME"], is_demo=False)
        if g.get("database_away"):  # on the page that says so
            return unknown
        found = stored()
        if found and not found.is_loading:
            known[:] = [found]
        g.pb_site = found or unknown
        return g.pb_site  # type: ignore[no-any-return]

    app.extensions["pbtrain.site"] = site

    @app.before_request
    def loopback_only() -> None:
        try:
            found = site()
        except SQLAlchemyError:
            if request.endpoint == "core.healthz":  # this process answers, the database does not
                return
            raise
        check_asker(found)
