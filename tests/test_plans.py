"""What the lists ask is found by an index on both databases: no table that grows is read from end to end.

On PostgreSQL the planner is told that reading a whole table is dear: what it still reads whole has no index
that serves it. Small tables stay out: units below one parent, courses, rules.
"""

import re

import pytest
from sqlalchemy import Engine, event

from pbtrain.core.db import db, is_postgresql
from tests.test_statements import LISTS, Site

GROWING = {
    "account", "affiliation", "attendance", "audit_event", "event", "hour_claim", "hour_entry",
    "lesson_done", "login_session", "member", "member_year", "message", "post", "unit_closure",
}  # fmt: skip
WHOLE = re.compile(r"\bSCAN (\w+)(?! USING (?:COVERING )?INDEX)")
SEQUENTIAL = re.compile(r"Seq Scan on (\w+)")


@pytest.fixture
def site(make, frozen):
    return Site(make)


@pytest.fixture
def asked():
    """Every SELECT sent, with its parameters."""
    found = []

    def listen(connection, cursor, statement, parameters, context, executemany):
        if statement.lstrip("( \n").upper().startswith(("SELECT", "WITH")):
            found.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", listen)
    yield found
    event.remove(Engine, "before_cursor_execute", listen)


def read_whole(statement, parameters):
    """The growing tables this statement reads from end to end."""
    connection = db.session.connection()
    if is_postgresql():
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        rows = connection.exec_driver_sql(f"EXPLAIN {statement}", parameters).scalars()
        names = {name for row in rows for name in SEQUENTIAL.findall(row)}
    else:
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        names = {name for row in rows for name in WHOLE.findall(row.detail)}
        aliases = dict(re.findall(r"\b(\w+) AS (\w+_\d+)\b", statement))
        names |= {table for table, alias in aliases.items() if alias in names}
    return names & GROWING


@pytest.mark.parametrize(("who", "path", "fill"), LISTS, ids=[path.split("?")[0] for _, path, _ in LISTS])
def test_no_list_reads_a_growing_table_whole(site, client_for, asked, who, path, fill):
    getattr(site, fill)(10)
    client = client_for(getattr(site, who))
    asked.clear()
    assert client.get(path.format(committee=site.committee.id, branch=site.branch.id)).status_code == 200
    pages = list(asked)
    asked.clear()
    found = {statement: read_whole(statement, parameters) for statement, parameters in pages}
    assert not any(found.values()), {
        " ".join(key.split())[:600]: tables for key, tables in found.items() if tables
    }


def test_a_table_that_is_read_whole_is_noticed(db):
    assert read_whole("SELECT count(*) FROM member WHERE stage = 'full'", ()) == {"member"}
    assert read_whole("SELECT id FROM member WHERE unit_id = 1 ORDER BY pinyin, id", ()) == set()
