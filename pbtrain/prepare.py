"""Make the site ready to start: keys, newest tables, demo data on an empty database.

It speaks to people on standard error, and to the launcher, in JSON, on standard output.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from pbtrain.app import create_app
from pbtrain.config import ConfigProblem
from pbtrain.core import keys, schema, site
from pbtrain.core.db import db

PRODUCTION = ("SQLALCHEMY_DATABASE_URI", "SMTP_HOST", "PROXY_HOPS", "SESSION_COOKIE_SECURE")


class Refused(RuntimeError):
    """The site must not start like this; the text says why and what to do."""


def say(text: str) -> None:
    """One line for the person at the terminal."""
    print(text, file=sys.stderr, flush=True)


def instance_path() -> str:
    """Where this site keeps its files."""
    return os.environ.get("PBTRAIN_INSTANCE_PATH") or "instance"


def ready(host: str, demo: str) -> dict[str, Any]:
    """Prepare, or raise Refused, KeyProblem or ConfigProblem; what the launcher tells the reader."""
    if made := keys.ensure(keys.folder(instance_path())):
        say(f"Made the keys {', '.join(made)} in {keys.folder(instance_path())}")
    app = create_app()
    with app.app_context():
        schema.migrate()
        kind = site.kind()
        if kind is None and wants_demo(app, host, demo):
            refuse_open_demo(host)
            load_demo()
            kind = site.kind()
        if kind == "demo":
            refuse_open_demo(host)
        return {"kind": kind, "accounts": demo_accounts() if kind == "demo" else []}


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
            f"This site holds demo data, whose passwords are public: it does not answer on HOST={host}. "
            "Use HOST=127.0.0.1, or start an empty site with DEMO=0."
        )


def load_demo() -> None:
    """Fill the empty site with invented people, through the services."""
    from pbtrain.demo import load

    say("Loading the demo data (once)")
    load.load_small(lambda text: say(f"  {text}"))
    db.session.rollback()


def demo_accounts() -> list[dict[str, str]]:
    """One account for each role."""
    from pbtrain.demo import load

    return load.accounts()


def main() -> int:
    """Prepare and report; 1 with a sentence when the site cannot start."""
    try:
        report = ready(os.environ.get("HOST") or "127.0.0.1", os.environ.get("DEMO", ""))
    except (Refused, keys.KeyProblem, ConfigProblem) as error:
        say(f"pbtrain does not start: {error}")
        return 1
    except SQLAlchemyError as error:
        say(f"pbtrain does not start, the database does not answer: {getattr(error, 'orig', error)}")
        return 1
    print(json.dumps(report, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
