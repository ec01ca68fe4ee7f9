"""The migrations build exactly the models, guard the ledger, and can be taken back and made again."""

import re
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask_migrate import downgrade, upgrade
from sqlalchemy import inspect, text

from pbtrain.core import schema

VERSIONS = Path(schema.MIGRATIONS, "versions")


def differences(db) -> list[object]:
    """What autogenerate would still change."""
    options = {"compare_type": True, "render_as_batch": True}
    with db.engine.connect() as connection:
        return compare_metadata(MigrationContext.configure(connection, opts=options), db.metadata)


def triggers(db) -> set[str]:
    query = (
        "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
        if db.engine.dialect.name == "postgresql"
        else "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    )
    with db.engine.connect() as connection:
        return set(connection.execute(text(query)).scalars())


def test_the_migrations_build_the_models(db):
    assert schema.current() == schema.newest() is not None
    assert differences(db) == []


def test_there_is_one_line_of_versions():
    """Numbered, each after the one before: two branches would need a merge nobody reads."""
    numbers = sorted(int(path.name[:4]) for path in VERSIONS.glob("[0-9]*.py"))
    assert numbers == list(range(1, len(numbers) + 1))
    follows = [
        re.search(r"^down_revision = (.+)$", path.read_text(), re.M) for path in sorted(VERSIONS.glob("*.py"))
    ]
    assert [found and found.group(1).strip("'\"") for found in follows] == ["None"] + [
        f"{n:04}" for n in numbers[:-1]
    ]


def test_back_to_nothing_and_up_again(db):
    """Every step can be taken back; afterwards tables and triggers are the same as before."""
    before = triggers(db)
    assert before, "the ledger is guarded"
    db.session.remove()
    db.engine.dispose()
    downgrade(directory=str(schema.MIGRATIONS), revision="base")
    with db.engine.connect() as connection:
        assert set(inspect(connection).get_table_names()) <= {"alembic_version"}
    assert triggers(db) == set()
    db.engine.dispose()
    upgrade(directory=str(schema.MIGRATIONS))
    assert differences(db) == []
    assert triggers(db) == before


def test_the_newest_step_alone(db):
    """What an operator does who must go back once."""
    db.session.remove()
    db.engine.dispose()
    downgrade(directory=str(schema.MIGRATIONS), revision="-1")
    assert schema.current() != schema.newest()
    db.engine.dispose()
    upgrade(directory=str(schema.MIGRATIONS))
    assert differences(db) == []
