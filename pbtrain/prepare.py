"""Make a site ready to start: keys, newest tables, demo data on an empty database."""

import os
from dataclasses import dataclass
from pathlib import Path

from flask import Flask

from pbtrain.app import create_app
from pbtrain.core import keys, schema, site
from pbtrain.core.db import db

PRODUCTION = ("SQLALCHEMY_DATABASE_URI", "SMTP_HOST", "PROXY_HOPS", "SESSION_COOKIE_SECURE")


class Refused(RuntimeError):
    """The site must not start like this; the text says why and what to do."""


@dataclass(frozen=True)
class Ready:
    """A site that may start: its kind ("demo", "real" or None while empty) and the accounts to show."""

    app: Flask
    kind: str | None
    accounts: list[dict[str, str]]


def ready(host: str, demo: str) -> Ready:
    """Prepare the site; Refused, KeyProblem or ConfigProblem when it must not start on this host.

    `demo` is "1", "0", or "" for whoever did not say.
    """
    folder = keys.folder(os.environ.get("PBTRAIN_INSTANCE_PATH") or "instance")
    if made := keys.ensure(folder):
        say(f"Made the keys {', '.join(made)} in {folder}")
    app = create_app()
    with app.app_context():
        if schema.current() != schema.newest():
            say("Bringing the database to its newest version")
            schema.migrate()
        kind = site.kind()
        if kind is None and wants_demo(app, host, demo):
            refuse_open_demo(host)
            load_demo()
            kind = site.kind()
        if kind == "loading":
            raise Refused("its demo data was not loaded to the end. Empty it:  .venv/bin/flask demo drop")
        if kind == "demo":
            refuse_open_demo(host)
        accounts = demo_accounts() if kind == "demo" else []
        db.session.remove()
        let_go(app)
    return Ready(app, kind, accounts)


def let_go(app: Flask) -> None:
    """Close every connection, so that processes forked from this one share none."""
    db.engine.dispose()
    if huey := app.extensions.get("pbtrain.huey"):
        huey.storage.close()


def wants_demo(app: Flask, host: str, demo: str) -> bool:
    """DEMO=1 and DEMO=0 decide; unsaid, a site with any production setting starts empty."""
    if demo:
        return demo != "0"
    own = [name for name in PRODUCTION if os.environ.get(f"PBTRAIN_{name}")]
    return not own and site.is_loopback(host) and not Path(app.instance_path, "config.py").exists()


def refuse_open_demo(host: str) -> None:
    """Demo accounts have known passwords: they answer to this machine only."""
    if not site.is_loopback(host):
        raise Refused(
            f"it holds demo data, whose passwords are public, and would answer on HOST={host}. "
            "Use HOST=127.0.0.1, or start an empty site with DEMO=0."
        )


def load_demo() -> None:
    """Fill the empty site with invented people, through the services."""
    from pbtrain.demo import load

    say("Loading the demo data (only once)")
    load.load_small(lambda text: say(f"  {text}"))


def demo_accounts() -> list[dict[str, str]]:
    """One account for each role."""
    from pbtrain.demo import load

    return load.accounts()


def say(text: str) -> None:
    """One line for the person at the terminal, at once."""
    print(text, flush=True)
