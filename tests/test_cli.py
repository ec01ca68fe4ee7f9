"""Commands: a site begins once, demo and real data never mix, the doctor names what is missing."""

import json
import re

import pytest
from sqlalchemy import select

from pbtrain import doctor
from pbtrain.accounts.models import Account
from pbtrain.core import keys, schema, site
from pbtrain.core.db import db as database
from pbtrain.core.db import transaction
from pbtrain.hours.models import Policy
from pbtrain.org import access
from pbtrain.org.models import Unit
from pbtrain.org.roles import Role


@pytest.fixture
def run(app, db):
    """`run("doctor", "--json")` is what the command said, and its exit status."""

    def invoked(*arguments, **more):
        db.session.remove()
        return app.test_cli_runner().invoke(args=list(arguments), **more)

    return invoked


@pytest.fixture
def own_instance(app, tmp_path, monkeypatch):
    monkeypatch.setattr(app, "instance_path", str(tmp_path))
    return tmp_path


def test_setup_begins_a_real_site_with_one_code(run, client):
    result = run("setup", "--name", "示例旗委", "--admin", "示例管理员")
    assert result.exit_code == 0, result.output
    username = re.search(r"User name\s+(\S+)", result.output).group(1)
    code = re.search(r"Activation code\s+([\w-]+)", result.output).group(1)
    assert re.fullmatch(r"\w{4}-\w{4}-\w{4}", code)

    assert site.kind() == "real"
    root = database.session.scalars(select(Unit)).one()
    assert (root.name, root.parent_id) == ("示例旗委", None)
    admin = access.actor_for(database.session.scalars(select(Account)).one().id)
    assert [(grant.role, grant.unit_id) for grant in admin.grants] == [(Role.SYSTEM_ADMIN, root.id)]
    assert admin.username == username
    assert database.session.scalars(select(Policy.unit_id)).all() == [root.id]  # hours can be posted at once

    again = run("setup", "--name", "x", "--admin", "y")
    assert again.exit_code == 1
    assert "Traceback" not in again.output
    assert database.session.scalars(select(Unit.name)).all() == ["示例旗委"]


@pytest.mark.parametrize("command", [("demo", "load"), ("demo", "drop", "--yes"), ("demo", "accounts")])
def test_demo_commands_leave_real_data_alone(run, db, command):
    with transaction():
        site.mark("real")
    result = run(*command)
    assert result.exit_code == 1
    assert site.kind() == "real"


def test_dropping_a_demo_leaves_an_empty_site(run, db, own_instance):
    with transaction():
        site.mark("demo")
    result = run("demo", "drop", "--yes")
    assert result.exit_code == 0, result.output
    assert site.kind() is None
    assert schema.current() == schema.newest()


def test_a_running_demo_is_not_dropped(app, run, db, own_instance):
    from pbtrain import scheduler

    with transaction():
        site.mark("demo")
    lock = scheduler.lock_for(app)
    assert lock.acquire()
    try:
        assert "running" in run("demo", "drop", "--yes").output
    finally:
        lock.release()
    assert site.kind() == "demo"


def test_doctor_names_what_is_missing(run, own_instance):
    found = json.loads(run("doctor", "--json").output)
    levels = {finding["subject"]: finding["level"] for finding in found}
    assert levels["keys"] == doctor.BAD
    assert levels["database"] == levels["tables"] == doctor.GOOD
    assert levels["site"] == levels["mail"] == levels["passwords"] == doctor.WARN

    keys.ensure(keys.folder(str(own_instance)))
    result = run("doctor")
    assert re.search(r"^ok\s+keys:", result.output, re.M)


def test_doctor_notices_that_nothing_guards_the_ledger(run, db, own_instance, backend, app):
    """Triggers that somebody dropped, with rights the site itself does not have."""
    before = run("doctor").output
    assert "nothing guards" not in before
    unguarded(backend, app)
    after = run("doctor")
    assert after.exit_code == 1
    assert re.search(r"BAD\s+triggers: nothing guards hour_entry", after.output)


def unguarded(backend, app):
    import sqlite3

    import psycopg

    if backend.name == "sqlite":
        with sqlite3.connect(backend.file) as connection:
            names = connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'hour_entry'"
            ).fetchall()
            for (name,) in names:
                connection.execute(f"DROP TRIGGER {name}")
    else:
        with psycopg.connect(backend.address.replace("+psycopg", "")) as connection:
            connection.execute("DROP TRIGGER IF EXISTS x ON hour_entry")
            names = connection.execute(
                "SELECT tgname FROM pg_trigger WHERE tgrelid = 'hour_entry'::regclass AND NOT tgisinternal"
            ).fetchall()
            for (name,) in names:
                connection.execute(f"DROP TRIGGER {name} ON hour_entry")


def test_keys_are_completed_and_replaced(run, own_instance):
    assert "session" in run("keys", "init").output
    folder = keys.folder(str(own_instance))
    before = keys.read(folder)
    assert run("keys", "rotate", "link").exit_code == 0
    after = keys.read(folder)
    assert {name for name in before if before[name] != after[name]} == {"link"}
    assert run("keys", "rotate", "data").exit_code != 0
