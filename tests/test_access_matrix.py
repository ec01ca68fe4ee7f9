"""Every route asked by everybody, inside, above, below and beside their own unit, by GET and by POST.

The tables of `support.access`, written by hand, are what we mean; guards and queries are what we do. A route
without a line there fails, and so does a line without a route.
"""

import re

import pytest
import time_machine

from tests.support import world as worlds
from tests.support.access import AREAS, TABLE
from tests.support.frozen import USUAL
from tests.support.matrix import Asker, cells, expected


@pytest.fixture(scope="module")
def asker(backend):
    """The world, built once for all lines of the table."""
    with time_machine.travel(USUAL, tick=False):
        backend.reset()
        app = backend.app()
        app.testing = False  # the kind of site is read once, as in production
        with Asker(app, worlds.build(app)) as asker:
            yield asker
        backend.release()


def test_every_route_has_a_line_and_every_line_a_route(asker):
    routes = {rule.endpoint for rule in asker.app.url_map.iter_rules()}
    lines = {key.split()[0] for key in TABLE}
    assert routes - lines == set(), "routes without a line: say in support/access who may open them"
    assert lines - routes == set(), "lines without a route"
    assert len(TABLE) == sum(len(area.TABLE) for area in AREAS), "a route has its line in one area"


def test_no_two_routes_share_an_address(asker):
    named = [
        (re.sub("<[^>]*>", "<>", rule.rule), method)
        for rule in asker.app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
    ]
    assert len(set(named)) == len(named), sorted({one for one in named if named.count(one) > 1})


def test_every_guard_is_the_one_in_the_table(asker):
    views = asker.app.view_functions
    found = {key: str(getattr(views[key.split()[0]], "guard", "public")) for key in TABLE}
    assert found == {key: line.guard for key, line in TABLE.items()}


@pytest.mark.parametrize("key", sorted(TABLE))
def test_access(asker, backend, key, record_property):
    line, wrong, asked = TABLE[key], [], 0
    for rule in asker.app.url_map.iter_rules(key.split()[0]):
        for cell in cells(asker.world, rule, line, refused_too=backend.name == "sqlite"):
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
            if asker.wrote and answer.status_code >= 400:
                wrong.append(f"{cell}: answered {answer.status_code} and yet wrote")
    record_property("matrix cells", asked)
    assert not wrong, "\n".join([key, *wrong])
