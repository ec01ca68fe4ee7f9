"""Figures of units: regrouped or added up at once they are the same, and the two kinds stay apart."""

from datetime import date, timedelta
from io import BytesIO

import pytest
from openpyxl import load_workbook
from sqlalchemy import select, update

from pbtrain.audit.models import AuditEvent
from pbtrain.closing import services as closing
from pbtrain.core import clock
from pbtrain.core.db import transaction
from pbtrain.home.reshaping import services as reshaping
from pbtrain.hours import figures
from pbtrain.hours import services as hours
from pbtrain.hours.models import HourClaim, MemberYear, UnitYear
from pbtrain.hours.policy import PolicyRules
from pbtrain.org import rollup
from pbtrain.org import services as org
from pbtrain.org.models import CareSpan, Post
from pbtrain.org.roles import Role
from tests.hours.conftest import DAY, line, post, refresh
from tests.support.pages import said
from tests.support.remembering import remembered

YEAR = 2026


@pytest.fixture
@remembered
def tree(make, frozen):
    """Two committees of two branches each; people behind, met and on the care list."""
    root = make.ruled()
    committees = [make.unit(f"示例党委{n}", parent=root, kind="committee") for n in (1, 2)]
    branches = [make.unit(f"示例支部{n}", parent=committees[n // 2]) for n in range(4)]
    people = [make.member(branches[n % 4], with_account=False) for n in range(9)]
    make.save(CareSpan(member_id=people[0].id, valid_from=DAY))
    refresh(*people)
    for number in range(4):  # 6 hours are at most 8 学时 a day: four days meet the year's 32
        post(line(people[1], f"event:{number}", 360, DAY + timedelta(days=number)))
    post(line(people[2], "event:9"), line(people[6], "event:9"))
    return root, committees, branches, people


def stored(db):
    found = db.session.execute(select(UnitYear).where(UnitYear.credit_year == YEAR)).scalars()
    return {row.unit_id: tuple(getattr(row, name) for name in figures.FIGURES) for row in found}


def computed(db):
    return {row[0]: tuple(row[1:]) for row in db.session.execute(figures.regrouped(YEAR))}


def test_the_table_is_what_the_rows_below_add_up_to(db, tree):
    root, committees, branches, _people = tree
    assert figures.refresh_year(YEAR) == 7
    found = stored(db)
    assert found == computed(db)
    names = ("branches", "members", "met", "behind", "on_care")
    top = dict(zip(figures.FIGURES, found[root.id], strict=True))
    assert [top[name] for name in names] == [4, 9, 1, 7, 1]
    assert top["person_times"] == 6
    assert top["credit"] == 4 * 800 + 2 * 200
    assert found[branches[2].id][figures.FIGURES.index("person_times") :][:2] == (2, 400)
    for column in range(len(figures.FIGURES)):
        below = sum(found[unit.id][column] for unit in branches)
        assert below == sum(found[unit.id][column] for unit in committees) == found[root.id][column]


def test_small_and_large_trees_show_the_same(app, db, tree):
    root, committees, *_ = tree
    figures.refresh(YEAR)
    for unit in (root, *committees):
        live, kept = (figures.of(unit.id, YEAR, live=how) for how in (True, False))
        assert (live.attainment, live.activity, live.branches) == (
            kept.attainment, kept.activity, kept.branches,
        )  # fmt: skip
        assert (live.as_of, kept.as_of) == (None, clock.now())
        for sort in ("pace", "behind", "name"):
            seen = [
                [tuple(row) for row in db.session.execute(figures.below(unit.id, YEAR, live=how, sort=sort))]
                for how in (True, False)
            ]
            assert seen[0] == seen[1]
            assert len(seen[0]) == 2


def test_the_order_of_the_units_below(db, tree):
    _root, committees, branches, _people = tree
    figures.refresh(YEAR)

    def order(unit, sort):
        found = db.session.execute(figures.below(unit.id, YEAR, live=False, sort=sort))
        return [row.id for row in found]

    assert order(committees[0], "name") == [branches[0].id, branches[1].id]
    assert order(committees[0], "pace") == [branches[0].id, branches[1].id], "0 of 2, then 1 of 2"
    assert order(committees[0], "behind") == [branches[0].id, branches[1].id], "2, then 1"


def test_only_what_changed_is_written(db, tree):
    figures.refresh(YEAR)
    assert figures.refresh_year(YEAR) == 1, "the top, for its date"
    people = tree[3]
    post(line(people[3], "event:20"))
    assert figures.refresh_year(YEAR) == 3, "the branch, its committee, the top"
    assert stored(db) == computed(db)


def test_the_top_tells_how_old_all_are(db, tree, frozen):
    assert figures.as_of(YEAR) is None
    figures.refresh(YEAR)
    begun = clock.now()
    frozen.shift(minutes=7)
    figures.refresh(YEAR)
    assert figures.as_of(YEAR) == clock.now() == begun + timedelta(minutes=7)
    assert figures.of(tree[2][0].id, YEAR, live=False).as_of == clock.now(), "an unchanged branch too"


def test_it_is_due_after_a_deed_and_every_ten_minutes(db, tree, frozen):
    assert figures.refresh_if_due() == 14, "figures and counts"
    frozen.shift(minutes=3)
    figures.refresh_if_due()  # what was recorded just before may have been committed after
    begun = figures.as_of(YEAR)
    frozen.shift(minutes=3)
    assert figures.refresh_if_due() == 0
    assert figures.as_of(YEAR) == begun, "nothing was recorded: nothing is read"
    post(line(tree[3][4], "event:30"))
    assert figures.refresh_if_due() == 4, "and the date of the counts"
    frozen.shift(minutes=11)
    with transaction() as session:  # the pace moves without a deed
        session.execute(update(MemberYear).where(MemberYear.counted == 0).values(due=0))
    figures.refresh_if_due()
    assert stored(db) == computed(db)


def test_a_transfer_moves_people_and_leaves_what_was_given(db, tree, make):
    root, committees, branches, people = tree
    figures.refresh(YEAR)
    before = {key: dict(zip(figures.FIGURES, row, strict=True)) for key, row in stored(db).items()}
    with transaction():
        org.transfer(None, people[1].id, unit_id=branches[2].id)
        hours.refresh_years([people[1].id], YEAR)
    figures.refresh(YEAR)
    after = {key: dict(zip(figures.FIGURES, row, strict=True)) for key, row in stored(db).items()}
    assert after[root.id] == before[root.id]
    assert after[committees[0].id]["members"] == before[committees[0].id]["members"] - 1
    assert after[committees[1].id]["met"] == 1
    for unit in (*committees, *branches):
        assert after[unit.id]["person_times"] == before[unit.id]["person_times"]


@pytest.mark.parametrize("large", [False, True])
def test_what_a_branch_gave_before_it_ended_stays_in_the_rows(tree, make, client_for, monkeypatch, large):
    """Below a committee the rows add up to all together, on the page and in the workbook."""
    _root, (_first, committee), branches, _people = tree
    empty = make.unit("示例空支部", parent=committee)
    with transaction():
        reshaping.merge(None, [branches[2].id, empty.id], branches[3].id)
    figures.refresh(YEAR)
    if large:
        monkeypatch.setattr(rollup, "LIVE_UNITS", 2)
    client = client_for(make.person(Role.UNIT_AUDITOR, committee))
    page = said(client.get(f"/units/{committee.id}/hours"))
    assert "示例支部2 0 0 0 0 0 2 0 已撤销" in page
    assert "合计 1 4" in page
    assert "示例空支部" not in page, "nothing is counted of it"
    book = load_workbook(BytesIO(client.get(f"/units/{committee.id}/hours.xlsx").data)).active
    rows = {row[0].value: row[10].value for row in book.iter_rows(min_row=4)}
    assert rows == {"示例支部2（已撤销）": 2, "示例支部3": 0}


def test_a_large_tree_shows_its_age_and_what_is_not_counted_yet(
    make, tree, client_for, monkeypatch, frozen, statements
):
    root = tree[0]
    monkeypatch.setattr(rollup, "LIVE_UNITS", 2)
    auditor = client_for(make.person(Role.UNIT_AUDITOR, root))
    assert "正在统计" in auditor.get(f"/units/{root.id}/hours").text
    figures.refresh(YEAR)
    make.unit("示例新党委", parent=root, kind="committee")
    frozen.shift(minutes=4)
    with statements() as sent:
        page = auditor.get(f"/units/{root.id}/hours").text
    assert sent.count <= 8, sent
    assert "截至 2026年9月25日 15:00" in page
    assert "示例新党委" in page
    assert "统计中" in page
    with statements() as sent:
        home = auditor.get("/").text
    assert sent.count <= 6, sent
    assert "截至 2026年9月25日 15:00" in home


def test_people_and_attendances_stand_apart(make, tree, client_for):
    root = tree[0]
    page = client_for(make.person(Role.UNIT_AUDITOR, root)).get(f"/units/{root.id}/hours").text
    assert "人次" in page
    assert "36" in page, "hours given: 4 times 8 and twice 2"


def test_nothing_is_written_where_nothing_is(db, frozen):
    assert figures.refresh(YEAR) == 0
    assert figures.as_of(YEAR) is None
    assert db.session.query(AuditEvent).count() == 0


def claim(make, member, unit, state, **more):
    return make.save(
        HourClaim(
            member_id=member.id, unit_id=unit.id, kind="paper", state=state, occurrence="claim:1",
            title="示例", activity="theme_day", channel="paper", proof="C", minutes=90, uncovered=90,
            **({"day": DAY} | more),
        )
    )  # fmt: skip


def test_claims_that_wait_are_counted_at_every_level(db, tree, make, client_for, monkeypatch):
    root, committees, branches, people = tree
    for state in ("submitted", "appealed", "held", "draft", "returned", "approved", "rejected", "withdrawn"):
        claim(make, people[0], branches[0], state)
    claim(make, people[2], branches[2], "submitted")
    claim(make, people[2], branches[2], "submitted", day=DAY.replace(year=2025))
    figures.refresh(YEAR)
    at = figures.FIGURES.index("waiting")
    found = stored(db)
    waiting = [found[unit.id][at] for unit in (root, *committees, *branches)]
    assert waiting == [4, 3, 1, 3, 0, 1, 0]
    assert found == computed(db)
    order = [
        [row.id for row in db.session.execute(figures.below(root.id, YEAR, live=live, sort="waiting"))]
        for live in (True, False)
    ]
    assert order[0] == order[1] == [unit.id for unit in committees]
    auditor = client_for(make.person(Role.UNIT_AUDITOR, root))
    assert auditor.get(f"/units/{root.id}/hours?sort=waiting").text.count("待审核") >= 3
    page = auditor.get(f"/units/{committees[0].id}/hours").text
    assert f'href="/units/{branches[0].id}/claims">3<' in page
    assert f'href="/branches/{branches[0].id}/members?standing=behind"' in page


@pytest.mark.parametrize("large", [False, True])
def test_the_units_below_as_excel(tree, make, client_for, monkeypatch, large):
    root, committees, branches, people = tree
    claim(make, people[0], branches[0], "submitted")
    figures.refresh(YEAR)
    if large:
        monkeypatch.setattr(rollup, "LIVE_UNITS", 2)
    client = client_for(make.person(Role.UNIT_AUDITOR, root))
    book = load_workbook(BytesIO(client.get(f"/units/{root.id}/hours.xlsx").data)).active
    rows = [[cell.value for cell in row] for row in book.iter_rows(min_row=3)]
    assert rows[0][:5] == ["党组织", "党支部", "达标支部", "班子达标支部", "党员"]
    assert [row[0] for row in rows[1:]] == [unit.name for unit in committees]
    assert [row[9] for row in rows[1:]] == [1, 0]
    assert [row[10] for row in rows[1:]] == [4, 2], "attendances"
    assert client.get(f"/units/{branches[0].id}/hours.xlsx").status_code == 404


def test_branches_that_have_met_the_year_by_the_share_of_their_rules(db, tree, make, client_for):
    """domain.md D.9: of the second branch one of two has met; on the care list nothing is asked."""
    root, committees, branches, people = tree
    top = {"targets": {"member": 3200, "leader": 5600}}

    def met():
        rows = {row[0]: dict(zip(figures.FIGURES, row[1:], strict=True)) for row in
                db.session.execute(figures.regrouped(YEAR))}  # fmt: skip
        figures.refresh_year(YEAR)
        assert stored(db) == computed(db)
        return [rows[unit.id]["met_branches"] for unit in (root, *committees, *branches)]

    assert met() == [0] * 7, "all members are asked by default"
    with transaction():
        hours.publish_policy(None, committees[0].id, YEAR, PolicyRules(met_share=50, **top))
    assert met() == [1, 1, 0, 0, 1, 0, 0]
    with transaction():  # not in force yet, and another's
        later = PolicyRules(met_share=100, **top)
        hours.publish_policy(None, committees[0].id, YEAR, later, effective_on=date(YEAR, 12, 1))
        hours.publish_policy(None, committees[1].id, YEAR, PolicyRules(met_share=1, **top))
    assert met() == [1, 1, 0, 0, 1, 0, 0]
    make.save(CareSpan(member_id=people[5].id, valid_from=DAY))
    with transaction():
        hours.publish_policy(None, branches[1].id, YEAR, PolicyRules(**top))
    refresh(people[5])
    assert met() == [1, 1, 0, 0, 1, 0, 0], "of whom something is asked, all have met it"
    client = client_for(make.person(Role.UNIT_AUDITOR, root))
    text = client.get(f"/units/{root.id}/hours").text
    assert "达标支部（共 4 个）" in text
    assert "达标 1" in text


def test_branches_whose_secretary_and_committee_have_all_met_the_year(db, tree, make, client_for):
    """The second count of domain.md D.9: leaders only, those of today, nobody of whom nothing is asked."""
    root, committees, branches, people = tree

    def led():
        refresh(*people)
        rows = {row.unit_id: row.led_branches for row in db.session.execute(figures.regrouped(YEAR))}
        figures.refresh_year(YEAR)
        assert stored(db) == computed(db)
        return [rows[unit.id] for unit in (root, *committees, *branches)]

    def lead(member, kind, **until):
        make.save(Post(member_id=member.id, unit_id=branches[1].id, kind=kind, valid_from=DAY, **until))

    met, behind, one_branch = people[1], people[5], [1, 1, 0, 0, 1, 0, 0]
    with transaction():  # leaders are asked no more than members here
        hours.publish_policy(None, root.id, YEAR, PolicyRules(targets={"member": 3200, "leader": 3200}))
    assert led() == [0] * 7, "nobody leads"
    lead(behind, "secretary", valid_until=DAY + timedelta(days=9))
    lead(met, "secretary")
    assert led() == one_branch, "who leads today"
    lead(behind, "committee_member")
    assert led() == [0] * 7, "one of the committee is behind"
    make.save(CareSpan(member_id=behind.id, valid_from=DAY))
    assert led() == one_branch, "nothing is asked of who is on the care list"
    text = client_for(make.person(Role.UNIT_AUDITOR, root)).get(f"/units/{root.id}/hours").text
    assert "书记和班子成员全部达标" in text
    assert "班子达标 1" in text


def test_sign_offs_and_who_took_part_are_counted_at_every_level(db, tree, make, client_for, statements):
    root, committees, branches, _people = tree
    signer = make.actor(make.person(Role.BRANCH_SECRETARY, branches[1]))
    with transaction():
        closing.sign(signer, branches[1].id, YEAR, 8, since=DAY.replace(year=2020), seen=4)
    figures.refresh(YEAR)
    found = stored(db)
    assert found == computed(db)
    top = dict(zip(figures.FIGURES, found[root.id], strict=True))
    assert (top["took_part"], top["unsigned"], top["overdue"]) == (3, 3, 3), "of four branches one has signed"
    for live in (True, False):
        shown = [
            [
                row.id
                for row in db.session.execute(figures.below(committees[0].id, YEAR, live=live, show=show))
            ]
            for show in ("", "overdue", "silent")
        ]
        both = [branches[0].id, branches[1].id]
        assert shown == [both, [branches[0].id], [branches[0].id]]
    client = client_for(make.person(Role.UNIT_AUDITOR, root))
    with statements() as sent:
        page = client.get(f"/units/{committees[0].id}/hours").text
    assert sent.count <= 8, sent
    assert "8月已签" in page
    assert "逾期未签审" in page
    make.unit("示例空支部", parent=committees[0])
    make.unit("示例新支部", parent=committees[0], valid_from=clock.today())
    signed = said(client.get(f"/units/{root.id}/years/{YEAR}"))
    assert "8月：2 个支部中 1 个已签审" in signed, (
        "an empty and a new branch are not asked, as on the dashboard"
    )
    assert "示例空支部 不需要" in said(client.get(f"/units/{committees[0].id}/years/{YEAR}"))
    assert "参加过学习" in page
    silent = client.get(f"/units/{committees[0].id}/hours?show=silent").text
    assert branches[0].name in silent
    assert branches[1].name not in silent
    assert "2 个支部逾期" in client.get(f"/units/{root.id}/hours?show=overdue").text
    assert client.get(f"/units/{root.id}/hours?show=other").status_code == 404
