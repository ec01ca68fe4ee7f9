"""What units are called, by day, and many new ones at once."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.core.errors import RuleError
from pbtrain.org import history, tree
from pbtrain.org.models import (
    UnitName,
)


def test_names_are_kept_by_day(db, league, frozen):
    before = clock.today()
    for name in ("示例早名", "示例午名"):  # twice on one day: the last counts
        with transaction():
            tree.change_unit(None, league.one, name=name)
    frozen.shift(days=3)
    with transaction():
        tree.change_unit(None, league.one, name="示例新名")
    names = {row.name for row in history.tree_on(league.left, before - timedelta(days=1))}
    assert "示例一支部" in names
    assert "示例午名" in {row.name for row in history.tree_on(league.left, before)}
    assert "示例新名" in {row.name for row in history.tree_on(league.left, clock.today())}
    kept = db.session.scalars(
        select(UnitName.name).where(UnitName.unit_id == league.one).order_by(UnitName.valid_from)
    ).all()
    assert kept == ["示例一支部", "示例午名", "示例新名"]


def test_a_name_taken_back_the_same_day_leaves_no_trace(db, league):
    for name in ("示例别名", "示例一支部"):
        with transaction():
            tree.change_unit(None, league.one, name=name)
    assert len(history.names_of(league.one)) == 1


def test_many_branches_at_once(db, league, statements):
    named = [(f"示例第{n}网格党支部", f"W{n:03}") for n in range(138)]
    with statements() as sent, transaction():
        ids = tree.add_units(None, league.left, named, kind="branch", field="community")
    assert len(sent) < 20
    assert len(ids) == 138
    assert {row.unit_id for row in history.tree_on(league.left, clock.today())} >= set(ids)
    for wrong in (
        [],
        [("示例第1网格党支部", "")],
        [("示例新", "W001")],
        [("示例同", ""), ("示例同", "")],
        [("示例甲", "X1"), ("示例乙", "X1")],
        [("长" * 101, "")],
        [(f"示例{n}", "") for n in range(301)],
    ):
        with pytest.raises(RuleError) as refused, transaction():
            tree.add_units(None, league.left, wrong, kind="branch")
        assert refused.value.field == "names"
