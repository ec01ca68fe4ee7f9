"""Counts of a unit and all below it: kept or counted at once they are the same, and the age is shown."""

import pytest

from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.org import counts, leaders, rollup
from pbtrain.org import services as org
from pbtrain.org.access import units_where
from pbtrain.org.roles import Perm, Role
from tests.support.pages import said


@pytest.fixture
def tree(make, frozen):
    """A committee with two branches, one of them led; three members, one of whom has signed in."""
    root = make.unit("示例党委")
    led, bare = make.unit("示例一支部", parent=root), make.unit("示例二支部", parent=root)
    make.person(Role.BRANCH_SECRETARY, led)
    make.member(led)
    make.member(led, with_account=False)
    gone = make.member(bare, with_account=False)
    make.member(bare, with_account=False)
    with transaction():
        org.set_left(None, gone.id, on=clock.today())
    return root, led, bare


WHOLE = {"members": 4, "asleep": 2, "branches": 2, "leaderless": 1, "acting": 1}


def plain(found):
    return {name: found[name] for name in counts.COUNTS}


def test_a_small_tree_is_counted_as_it_is_read(tree):
    root, led, bare = tree
    found = counts.of_units([root.id, led.id, bare.id])
    assert plain(found[root.id]) == WHOLE
    assert plain(found[bare.id])["leaderless"] == 1
    assert [one["as_of"] for one in found.values()] == [None] * 3
    assert counts.kept([root.id]) is None


def test_a_large_tree_is_kept_and_shows_the_same(tree, monkeypatch, make, frozen):
    root, led, bare = tree
    monkeypatch.setattr(rollup, "LIVE_UNITS", 1)
    assert plain(counts.of_units([root.id])[root.id]) == WHOLE, "never counted: counted at once"
    counts.refresh()
    begun = clock.now()
    frozen.shift(minutes=2)
    make.member(bare)
    found = counts.of_units([root.id, led.id, bare.id])
    assert plain(found[root.id]) == WHOLE == counts.kept([root.id])
    assert {one["as_of"] for one in found.values()} == {begun}
    counts.refresh()
    assert counts.of_units([root.id])[root.id]["members"] == 5


def test_the_pages_of_a_large_tree(tree, monkeypatch, make, client_for, statements, db):
    root, _led, bare = tree
    admin = make.person(Role.UNIT_ADMIN, root)
    counts.refresh()
    live, kept = [], []
    for found, most in ((live, 50), (kept, 1)):
        monkeypatch.setattr(rollup, "LIVE_UNITS", most)
        for path in ("/", f"/units/{root.id}", "/leaders", "/asleep"):
            client = client_for(admin)
            with statements() as sent:
                answer = client.get(path)
            assert answer.status_code == 200
            taken = sent.of_page.count  # once a process in production
            assert taken <= (6 if path == "/" else 8), str(sent)
            found.append(answer.text)
    for page in kept[:2]:
        assert "截至 2026年9月25日 15:00" in page
        assert bare.name in page
    for page in live[:2]:
        assert "15:00" not in page
    actor = make.actor(admin)
    units = units_where(actor, Perm.SLIP_PRINT)
    for names in (("leaderless", [bare.name]), ("asleep", ["示例一支部", "示例二支部"])):
        listed = db.session.execute(counts.branches_with(names[0], units)).all()
        assert [row.name for row in listed] == names[1]
    seen = [tuple(leaders.asleep_total(actor, kept=how)) for how in (False, True)]
    assert seen[0] == seen[1] == (2, 2)


@pytest.mark.parametrize("most", [50, 1])
def test_who_administers_a_unit_and_one_below_it_reads_every_branch_once(
    tree, monkeypatch, make, client_for, most
):
    """Chips, tiles and lists of two grants agree: all of them of the unit looked at, none counted twice."""
    root, _led, _bare = tree
    below = make.unit("示例二级党委", parent=root, kind="committee")
    make.unit("示例三支部", parent=below)
    admin = make.person(Role.UNIT_ADMIN, root)
    make.grant(admin, Role.UNIT_ADMIN, below)
    counts.refresh()
    monkeypatch.setattr(rollup, "LIVE_UNITS", most)
    client = client_for(admin)
    assert "缺书记 2 代理中 1" in said(client.get("/leaders"))
    for path in ("/leaders", "/terms"):
        assert "缺书记 1 代理中 0" in said(client.get(f"{path}?unit={below.id}"))
    home = client.get(f"/?unit={below.id}")
    assert "缺书记 1 个 代理中 0 个" in said(home)
    assert "示例二支部" not in home.text
    assert f'href="/leaders?unit={below.id}"' in home.text
    home = client.get(f"/?unit={root.id}")
    assert "缺书记 2 个 代理中 1 个" in said(home)
    assert "示例二支部" in home.text
