"""Closing every branch of a level that is ready in one step: what is told before, done, and refused."""

import pytest
from sqlalchemy import select

from pbtrain.audit.models import AuditEvent
from pbtrain.closing import jobs, ready, sealing
from pbtrain.closing.models import YearSeal
from pbtrain.core import queue
from pbtrain.core.db import db, transaction
from pbtrain.core.errors import RuleError
from pbtrain.hours.models import HourClaim
from pbtrain.org.roles import Role
from tests.closing.conftest import MARCH, line, post, seal, sign_all
from tests.support.pages import said


@pytest.fixture
def level(make, root, branch, january):
    """Four branches with lines: two ready, one with unsigned months, one with a claim that waits."""
    branches = [branch, *(make.unit(f"示例支部{n}", parent=root) for n in "乙丙丁")]
    for one in branches:
        post(line(make.member(one), day=MARCH))
    for one in (*branches[:2], branches[3]):
        sign_all(one)
    claim(make, branches[3])
    make.unit("示例空支部", parent=root)  # is closed with its level, and not named here
    return branches


def claim(make, branch):
    return make.save(
        HourClaim(
            member_id=make.member(branch).id, unit_id=branch.id, kind="paper", state="submitted",
            occurrence="c", title="示例", activity="theme_day", channel="paper", proof="C", minutes=90,
            uncovered=90, day=MARCH,
        )
    )  # fmt: skip


def closed():
    return set(db.session.scalars(select(YearSeal.unit_id)))


def test_it_says_what_will_happen_and_closes_those_that_are_ready(
    level, root, auditor, client_for, statements
):
    client, address = client_for(auditor), f"/units/{root.id}/years/2026/ready"
    assert "封存已备齐的支部" in said(client.get(f"/units/{root.id}/years/2026"))
    with statements() as sent:
        page = said(client.get(address))
    assert sent.of_page.count <= 8, str(sent)
    assert "封存这 2 个支部" in page
    assert "示例支部丙 0 0 0 12" in page
    assert "示例支部丁 1 0 0 0" in page
    assert "示例空支部" not in page
    assert "示例支部乙 0 0 0 0" in said(client.get(address + "?show=ready"))
    assert client.get(address + "?show=other").status_code == 404
    for _ in range(2):  # asked twice, done once
        assert client.post(address).status_code == 303
    assert "马上开始封存" in said(client.get(address))
    assert queue.run_waiting() == 1
    assert client.get(f"{address}/progress").headers["HX-Refresh"] == "true"
    assert closed() == {one.id for one in level[:2]}
    page = said(client.get(address))
    assert "已封存 2 个支部。" in page
    assert "没有已备齐、可以封存的支部" in said(client.post(address), 422)
    asked = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "year.close_asked")).one()
    assert (asked.unit_id, asked.detail["job"]) == (root.id, jobs.READY)
    assert said(client.get(f"/units/{root.id}/years/2027/ready")).count("1月1日起可以封存") == 1
    assert "年度结束后才能封存" in said(client.post(f"/units/{root.id}/years/2027/ready"), 422)


def test_who_is_refused_is_named_and_stands_in_nobodys_way(level, root, auditor, client_for, monkeypatch):
    real, broken = sealing.seal_unit, level[0].id

    def refuses(actor, unit_id, year, **more):
        if unit_id == broken:
            raise RuleError(sealing.N_("The book does not agree with its lines: %(what)s."), what="第 3 笔")
        return real(actor, unit_id, year, **more)

    monkeypatch.setattr(sealing, "seal_unit", refuses)
    client, address = client_for(auditor), f"/units/{root.id}/years/2026/ready"
    client.post(address)
    queue.run_waiting()
    page = said(client.get(address))
    assert "已封存 1 个支部。" in page
    assert "第 3 笔" in page
    assert closed() == {level[1].id}


def test_after_a_crash_the_rest_is_closed_and_all_are_counted(level, root, auditor, make, monkeypatch):
    with transaction():
        job_id = jobs.ask(jobs.READY, make.actor(auditor), root.id, 2026)
    real, calls = sealing.seal_unit, []

    def is_killed(*args, **more):
        calls.append(args)
        if len(calls) == 2:
            raise OSError("killed")
        return real(*args, **more)

    monkeypatch.setattr(sealing, "seal_unit", is_killed)
    queue.run(job_id)
    assert len(closed()) == 1
    queue.run(job_id)
    assert len(closed()) == 2
    assert db.session.get_one(queue.Job, job_id).result == {
        "closed": 2, "levels": 0, "refused": [], "more": 0
    }  # fmt: skip


def test_it_counts_only_what_its_reader_may_close(level, root, auditor, make):
    assert ready.counted(make.actor(auditor), root.id, 2026) == (2, 2)
    elsewhere = make.person(Role.UNIT_AUDITOR, make.unit("示例别处", kind="committee"))
    assert ready.counted(make.actor(elsewhere), root.id, 2026) == (0, 0)
    seal(level[0])
    assert ready.counted(make.actor(auditor), root.id, 2026) == (1, 2)


def test_levels_between_are_closed_in_the_same_step_from_below(make, root, auditor, client_for, january):
    """Two towns under a banner, a branch of one not ready: that town stays open, and the banner with it."""
    banner = make.unit("示例旗委", parent=root, kind="committee")
    good, bad = (make.unit(f"示例{name}镇党委", parent=banner, kind="committee") for name in "东西")
    make.unit("示例空党委", parent=good, kind="committee")
    lone = make.unit("示例总支", parent=root, kind="general_branch")
    branches = [make.unit(f"示例支部{n}", parent=above) for n, above in enumerate((good, bad, lone))]
    for one in branches:
        post(line(make.member(one), day=MARCH))
    for one in (branches[0], branches[2]):
        sign_all(one)
    client, address = client_for(auditor), f"/units/{root.id}/years/2026/ready"
    page = said(client.get(address))
    assert "再封存中间层级的 2 个党组织" in page
    listed = said(client.get(address + "?show=levels"))
    names = ("示例东镇党委", "示例总支", "示例西镇党委", "示例旗委", "示例空党委")
    assert [name in listed for name in names] == [True, True, False, False, False]
    client.post(address)  # without the tick: branches only
    queue.run_waiting()
    assert closed() == {branches[0].id, branches[2].id}
    assert "封存 2 个党组织" in said(client.get(address))
    client.post(address, data={"levels": "1"})
    queue.run_waiting()
    assert "又封存中间层级的 3 个党组织" in said(client.get(address)), "the empty one with its level"
    assert {good.id, lone.id} < closed()
    assert not {banner.id, bad.id, root.id} & closed()
    sign_all(branches[1])
    client.post(address, data={"levels": "1"})
    queue.run_waiting()
    assert {banner.id, bad.id} < closed(), "from below: the town, then the banner above it"
    assert root.id not in closed()
    assert ready.levels_counted(make.actor(auditor), root.id, 2026) == 0
