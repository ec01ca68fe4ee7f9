"""Every route asked by everybody, inside, above, below and beside their own unit, by GET and by POST.

The table below was written by hand and is what we mean; the guards and queries are what we do. A route that
has no line here fails, and so does a line without a route.
"""

import pytest
import time_machine

from tests.support import world as worlds
from tests.support.frozen import USUAL
from tests.support.matrix import Asker, cells, expected, row

# "endpoint" or "endpoint variant": row(guard, who=reach, ...); see support/matrix.py for the words.
TABLE = {
    "static": row("public", get={200, 404}, use={"filename": "file_uuid"}),
    "core.display": row("public", post=303),
    "core.healthz": row("public"),
    "core.readyz": row("public", get={200, 503}),
    "accounts.sign_in": row("public", post=422),
    "accounts.activate": row("public", post=422),
    "accounts.sign_out": row("public", post=303),
    "notify.inbox": row("signed in", everyone="all"),
    "notify.read_all": row("signed in", everyone="all", post=303),
    "notify.open_message": row("signed in", everyone="mine", post=303),
    "notify.jobs": row("jobs:view", system_admin="all"),
    "notify.retry_job": row("jobs:view", system_admin="all", post=303),
    "notify.retry_delivery": row("jobs:view", system_admin="all", post=303),
}
COMPLETE = False  # every route has its line


@pytest.fixture(scope="module")
def asker(backend):
    """The world, built once for all lines of the table."""
    with time_machine.travel(USUAL, tick=False):
        backend.reset()
        app = backend.app()
        yield Asker(app, worlds.build(app))
        backend.release()


def test_every_route_has_a_line_and_every_line_a_route(asker, capsys):
    routes = {rule.endpoint for rule in asker.app.url_map.iter_rules()}
    lines = {key.split()[0] for key in TABLE}
    assert lines - routes == set(), "lines without a route"
    if missing := sorted(routes - lines):
        print("routes without a line:", *missing, sep="\n  ")
    assert not (COMPLETE and missing), missing


def test_every_guard_is_the_one_in_the_table(asker):
    views = asker.app.view_functions
    found = {key: str(getattr(views[key.split()[0]], "guard", "public")) for key in TABLE}
    assert found == {key: line.guard for key, line in TABLE.items()}


@pytest.mark.parametrize("key", sorted(TABLE))
def test_access(asker, key, record_property):
    line, wrong, asked = TABLE[key], [], 0
    for rule in asker.app.url_map.iter_rules(key.split()[0]):
        for cell in cells(asker.world, rule, line):
            answer, want = asker.ask(rule, line, cell), expected(line, cell)
            asked += 1
            if answer.status_code not in want:
                wrong.append(f"{cell}: {answer.status_code}, not {sorted(want)} at {answer.request.path}")
            elif (
                answer.status_code in (302, 303)
                and cell.visitor.name == "anonymous"
                and line.guard != "public"
            ):
                assert answer.location.split("?")[0] == "/login", str(cell)
            if asker.commits and answer.status_code >= 400:
                wrong.append(f"{cell}: answered {answer.status_code} and yet wrote")
    record_property("matrix cells", asked)
    assert not wrong, "\n".join([key, *wrong])
