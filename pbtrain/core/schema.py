"""The tables as a whole: bring them to the newest version, say which they have, begin anew."""

import logging
import os
import shutil
from pathlib import Path

from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import create_engine, pool, text

from pbtrain.core.db import db

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


def migrate() -> None:
    """Bring the tables to the newest version."""
    logging.getLogger("alembic").setLevel(logging.WARNING)
    upgrade(directory=str(MIGRATIONS))


def newest() -> str | None:
    """The version this code was written for."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return ScriptDirectory.from_config(config).get_current_head()


def current() -> str | None:
    """The version the database has; None for an empty one."""
    with db.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def recreate(app: Flask) -> None:
    """Drop all that database and uploads hold and build the tables anew; nobody else may be connected."""
    db.session.remove()
    engine = db.engine
    engine.dispose()
    if engine.dialect.name == "sqlite":
        for ending in ("", "-wal", "-shm"):
            Path(f"{engine.url.database}{ending}").unlink(missing_ok=True)
        for file in Path(app.instance_path).glob("huey.sqlite3*"):
            file.unlink()
    else:
        url = os.environ.get("PBTRAIN_MIGRATE_DATABASE_URL") or engine.url
        with create_engine(url, poolclass=pool.NullPool).begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
    shutil.rmtree(Path(app.instance_path, "uploads"), ignore_errors=True)
    migrate()
