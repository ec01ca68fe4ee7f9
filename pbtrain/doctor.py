"""What a site lacks: `flask doctor` examines it and names each thing with what to do about it."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from flask import Flask
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from pbtrain.accounts import breached
from pbtrain.core import keys, schema, site
from pbtrain.core.db import db

GOOD, WARN, BAD = "ok", "warn", "BAD"
ROOM = 1024**3  # bytes that should be free


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: `level` is "ok", "warn" or "BAD"."""

    level: str
    subject: str
    text: str


def examine(app: Flask) -> list[Finding]:
    """Look at everything; never raises for what it finds."""
    found = [*_keys(app), *_files(app)]
    try:
        found += [*_database(), *_site(app)]
    except SQLAlchemyError as error:
        found.append(Finding(BAD, "database", f"does not answer: {getattr(error, 'orig', error)}"))
    return [*found, *_mail(app), *_passwords(app)]


def _keys(app: Flask) -> Iterator[Finding]:
    where = keys.folder(app.instance_path)
    try:
        keys.read(where)
    except keys.KeyProblem as error:
        yield Finding(BAD, "keys", str(error))
    else:
        yield Finding(
            GOOD, "keys", f"four keys in {where}; keep a copy of data and lookup apart from backups"
        )


def _files(app: Flask) -> Iterator[Finding]:
    folder = Path(app.instance_path)
    if not os.access(folder, os.W_OK):
        yield Finding(BAD, "instance folder", f"{folder} cannot be written")
    free = shutil.disk_usage(folder).free
    level = GOOD if free > ROOM else WARN
    yield Finding(level, "disk", f"{free / ROOM:.1f} GiB free under {folder}")
    built = Path(app.root_path, "static/dist/manifest.json").exists()
    yield Finding(GOOD, "front end", "built") if built else Finding(BAD, "front end", "not built: make setup")
    stale = [
        source.parent.parent.name
        for source in Path(app.root_path).glob("translations/*/LC_MESSAGES/*.po")
        if not source.with_suffix(".mo").exists()
    ]
    if stale:
        yield Finding(BAD, "translations", f"{', '.join(stale)} not compiled: make setup")
    else:
        yield Finding(GOOD, "translations", "compiled")


def _database() -> Iterator[Finding]:
    engine = db.engine
    with engine.connect() as connection:
        tables = set(inspect(connection).get_table_names())
        triggers = _triggers(connection)
    yield Finding(GOOD, "database", f"{engine.dialect.name} answers")
    version, head = schema.current(), schema.newest()
    if version == head:
        yield Finding(GOOD, "tables", f"at version {version}")
    else:
        yield Finding(BAD, "tables", f"at version {version}, not {head}: flask db upgrade")
    for table in ("hour_entry", "book", "member_year", "audit_event"):
        if table in tables and table not in triggers:
            yield Finding(BAD, "triggers", f"nothing guards {table}: restore the database or migrate it anew")
    if engine.dialect.name == "postgresql":
        yield from _roles()


def _triggers(connection: Connection) -> set[str]:
    """Tables that have at least one trigger."""
    query = (
        "SELECT DISTINCT event_object_table FROM information_schema.triggers"
        if connection.dialect.name == "postgresql"
        else "SELECT DISTINCT tbl_name FROM sqlite_master WHERE type = 'trigger'"
    )
    return set(connection.execute(text(query)).scalars())


def _roles() -> Iterator[Finding]:
    """The application should not own the ledger: an owner may drop its triggers."""
    owner = "SELECT tableowner = current_user FROM pg_tables WHERE tablename = 'hour_entry'"
    if db.session.execute(text(owner)).scalar():
        yield Finding(
            WARN, "roles", "one role migrates and serves; give the site a lesser one (docs/operations.md)"
        )
    else:
        yield Finding(GOOD, "roles", "the site cannot change its own tables")


def _site(app: Flask) -> Iterator[Finding]:
    kind = site.kind()
    if kind is None:
        yield Finding(WARN, "site", "empty: flask setup")
    elif kind == "loading":
        yield Finding(BAD, "site", "its demo data was not loaded to the end: flask demo drop")
    elif kind == "demo":
        yield Finding(
            WARN, "site", "holds demo data and answers to this machine only: flask demo drop ends that"
        )
    else:
        yield Finding(GOOD, "site", "holds real data")
        if not app.config["SESSION_COOKIE_SECURE"]:
            yield Finding(
                WARN, "cookies", "not limited to https: set PBTRAIN_SESSION_COOKIE_SECURE=true behind https"
            )
        if not app.config["PROXY_HOPS"]:
            yield Finding(WARN, "proxy", "none declared; behind nginx set PBTRAIN_PROXY_HOPS=1")


def _mail(app: Flask) -> Iterator[Finding]:
    if app.config["SMTP_HOST"]:
        yield Finding(GOOD, "mail", f"through {app.config['SMTP_HOST']}:{app.config['SMTP_PORT']}")
    else:
        yield Finding(
            WARN, "mail", "none: reminders stay in the page; set PBTRAIN_SMTP_HOST and PBTRAIN_MAIL_FROM"
        )


def _passwords(app: Flask) -> Iterator[Finding]:
    path = app.config["BREACHED_FILE"]
    if not path:
        yield Finding(
            WARN, "passwords", "no list of stolen ones; set PBTRAIN_BREACHED_FILE (docs/operations.md)"
        )
    elif wrong := breached.trouble(path):
        yield Finding(BAD, "passwords", f"{path} {wrong}")
    else:
        yield Finding(GOOD, "passwords", f"those in {path} are refused")
