"""Lists of logins in a small reach touch the logins within it, however many the site has."""

import re
from datetime import date

import pytest
from sqlalchemy import insert, text

from pbtrain.accounts.models import Account
from pbtrain.core import clock, paging
from pbtrain.core.db import is_postgresql, transaction
from pbtrain.org import lists
from pbtrain.org.models import Member, Unit, UnitClosure
from pbtrain.org.roles import Role

OUTSIDE, EACH, WITHIN = 8_000, 20, 12
SINCE = {"valid_from": date(2020, 1, 1)}


@pytest.fixture
def league(make, db):
    """A committee with a branch of twelve and a guest who teaches; beside it 400 branches of twenty."""
    root = make.unit()
    top = make.unit(parent=root)
    branch, root_id = make.unit(parent=top), root.id
    members = [make.member(branch, name=f"示例{n:02}") for n in range(WITHIN)]
    guest = make.account("示例外聘", username="waipin01")
    make.grant(guest, Role.COURSE_AUTHOR, top)
    make.grant(members[0], Role.UNIT_AUDITOR, top)  # both on the roster and with a role: one line
    now = {"created_at": clock.now()}
    with transaction() as session:
        branches = session.scalars(
            insert(Unit).returning(Unit.id),
            [
                {"name": "示例支部", "code": f"far{n}", "kind": "branch", "parent_id": root_id} | SINCE
                for n in range(OUTSIDE // EACH)
            ],
        ).all()
        session.execute(
            insert(UnitClosure),
            [
                {"above_id": above, "below_id": one, "depth": depth}
                for one in branches
                for above, depth in ((one, 0), (root_id, 1))
            ],
        )
        ids = session.scalars(
            insert(Account).returning(Account.id),
            [{"username": f"far{n:05}", "name": "示例"} | now for n in range(OUTSIDE)],
        ).all()
        session.execute(
            insert(Member),
            [
                {"account_id": one, "unit_id": branches[n // EACH], "name": "示例", "code": f"X{one}"} | now
                for n, one in enumerate(ids)
            ],
        )
    found = make.actor(make.person(Role.UNIT_ADMIN, top)), make.actor(make.person(Role.SYSTEM_ADMIN, root))
    with transaction() as session:
        session.execute(text("ANALYZE"))
    return found


def touched(db, statement):
    """How many logins the database reads for this: counted on PostgreSQL, where whole tables are dear as in
    tests/test_plans.py; on SQLite none or all, by the plan."""
    compiled = statement.compile(db.engine, compile_kwargs={"literal_binds": True})
    if is_postgresql():
        db.session.execute(text("SET LOCAL enable_seqscan = off"))
        [[plan]] = db.session.execute(text(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {compiled}")).all()
        return sum(_read(plan[0]["Plan"]))
    rows = db.session.execute(text(f"EXPLAIN QUERY PLAN {compiled}"))
    return OUTSIDE if any(re.match(r"SCAN account\b", row.detail) for row in rows) else 0


def _read(node):
    if node.get("Relation Name") == "account":
        yield (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
    for child in node.get("Plans", ()):
        yield from _read(child)


def test_a_small_reach_in_a_large_site_reads_its_own(db, league):
    near, _root = league
    for show in ("all", "asleep", "disabled", "roles"):
        listed = lists.logins(near, show=show)
        assert touched(db, listed.limit(lists.PAGE + 1)) <= 4 * WITHIN, show
        assert touched(db, listed.order_by(None)) <= 4 * WITHIN, show  # when they are counted
    walk = lists._listed(Account.name.contains("示例"))
    assert touched(db, walk) >= OUTSIDE  # the measure notices a walk through all


def test_each_stands_there_once_in_the_order_of_names_page_after_page(db, league, client_for, monkeypatch):
    near, root = league
    found = [row.username for row in db.session.execute(lists.logins(near, show="all"))]
    assert len(found) == len(set(found)) == WITHIN + 2  # the guest and the administrator stand on no roster
    assert found == sorted(found)
    monkeypatch.setattr(lists, "PAGE", 5)
    for person in (near, root):
        client, path, pages = client_for(person), "/accounts?show=all", []
        while path and len(pages) < 4:
            text = client.get(path).text
            pages.append(re.findall(r'href="/accounts/(\d+)"', text))
            following = re.search(r'rel="next" href="([^"]+)"', text)
            path = following and following[1].replace("&amp;", "&")
        seen = [one for page in pages for one in page]
        assert len(seen) == len(set(seen))
        assert [len(page) for page in pages] == ([5, 5, 4] if person is near else [5] * 4)


def test_a_large_reach_lists_the_same(db, league, monkeypatch):
    """Beyond so many members the list is walked in its order; what stands in it is the same."""
    queries = [(person, show) for person in league for show in ("all", "asleep", "disabled")]
    small = [
        [row.id for row in db.session.execute(lists.logins(person, show=show))] for person, show in queries
    ]
    monkeypatch.setattr(lists, "EXACT", 3)
    monkeypatch.setattr(paging, "EXACT", 3)
    large = [
        [row.id for row in db.session.execute(lists.logins(person, show=show))] for person, show in queries
    ]
    assert small == large
    assert len(small[3]) > OUTSIDE
