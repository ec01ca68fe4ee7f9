"""The pages of rules: versions, the editor with its example, publishing, trials down to the names."""

import io
from datetime import date

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from pbtrain.core import queue
from pbtrain.core.db import transaction
from pbtrain.core.queue import Job
from pbtrain.hours import services as hours
from pbtrain.hours.models import Policy
from pbtrain.hours.policy import PolicyRules
from pbtrain.org.models import StatusSpan
from pbtrain.org.roles import Role
from pbtrain.policies import queries
from pbtrain.policies.forms import PolicyForm, shown, written
from pbtrain.policies.models import PolicyDraft


@pytest.fixture
def desk(client_for, editor):
    """The browser of who edits the rules."""
    return client_for(editor)


@pytest.fixture
def draft(db, desk, root):
    """The id of a draft for next year, begun in the browser."""
    answer = desk.post(f"/policies/units/{root.id}/drafts", data={"year": "2027"})
    assert answer.status_code == 303
    return db.session.scalars(select(PolicyDraft.id)).one()


def filled(db, draft_id, **changes):
    """The fields as the browser would send them."""
    row = db.session.get(PolicyDraft, draft_id)
    data = {"version": row.version, "effective_on": row.effective_on.isoformat()}
    for name, value in shown(PolicyRules.from_json(0, row.rules)).items():
        if value is True:
            data[name] = "y"
        elif isinstance(value, list) or name in ("version", "met_share", "cadre_since", "appeal_days"):
            data[name] = value
        elif name.startswith(("minutes", "share", "record", "step_from", "new_post")) or name.endswith(
            "_step"
        ):
            data[name] = "" if value is None else value
        elif value is not None and value is not False:
            data[name] = f"{value / 100:g}"
    return {key: value for key, value in data.items() if value is not None} | changes


def save(desk, db, draft_id, **changes):
    return desk.post(f"/policies/drafts/{draft_id}", data=filled(db, draft_id, **changes))


def rules_of(db, draft_id):
    db.session.rollback()
    return PolicyRules.from_json(0, db.session.get(PolicyDraft, draft_id).rules)


def test_a_form_says_again_what_it_shows(app):
    """Every room that has a field goes through the form unchanged."""
    rules = PolicyRules(
        targets={"member": 4050, "leader": 6000}, class_for=("leader",), excluded=("party_lecture",),
        minutes_by_activity={"theme_day": 60}, self_cap=850, activity_caps={"self_study": 200},
        proof_caps={"D": 400}, proof_shares={"C": 0}, modes={"online_course": "self"}, target_step=100,
        scales={"online_course": ((1, 25), (16, 50), (30, 100))}, two_eyes_above=800, record_days=30,
        new_post_months=6,
    )  # fmt: skip
    with app.test_request_context():
        assert written(PolicyForm(formdata=None, data=shown(rules)), PolicyRules()) == rules
        assert written(PolicyForm(formdata=None, data=shown(PolicyRules())), rules) == PolicyRules()


def test_the_editor_saves_what_is_sent(db, desk, draft):
    page = desk.get(f"/policies/drafts/{draft}").text
    assert "6月12日担任书记的党员： 6月12日起 32 → 56：32×162/365 + 56×203/365 = 45.35，进到 45.5" in page
    changes = {"target_member": "40.5", "self_counts": "y", "self_cap": "8", "proof_D": "4", "share_C": "25"}
    assert save(desk, db, draft, **changes).status_code == 303
    rules = rules_of(db, draft)
    assert (rules.targets["member"], rules.self_cap, rules.proof_caps, rules.proof_shares) == (
        4050, 800, {"D": 400}, {"C": 25},
    )  # fmt: skip
    page = desk.get(f"/policies/drafts/{draft}").text
    assert "20.0 学时的自学，计入 8.0 学时" in page
    assert "40.5" in page


def test_bad_fields_are_said_beside_them(db, desk, draft):
    answer = save(desk, db, draft, target_member="abc", day_cap="8.005", minutes_per_hour="0")
    assert answer.status_code == 422
    assert answer.text.count("最多两位小数") == 2
    assert rules_of(db, draft) == PolicyRules(**{"class_for": rules_of(db, draft).class_for})
    assert save(desk, db, draft, effective_on="2026-12-31").status_code == 422
    assert save(desk, db, draft, version=10**20).status_code == 422
    missing = {key: value for key, value in filled(db, draft).items() if key != "day_cap"}
    assert desk.post(f"/policies/drafts/{draft}", data=missing).status_code == 422
    assert save(desk, db, draft, target_step="0", minutes_theme_day="-1").status_code == 422
    assert save(desk, db, draft, target_member="1e5", counts="nothing").status_code == 422


def test_the_example_follows_the_form_and_writes_nothing(db, desk, draft):
    data = filled(db, draft, self_counts="y", self_cap="12.5")
    part = desk.post(f"/policies/drafts/{draft}/example", data=data)
    assert part.status_code == 200
    assert "计入 12.5 学时" in part.text
    assert "<html" not in part.text
    assert "各项填写正确后" in desk.post(f"/policies/drafts/{draft}/example", data={}).text
    whole = desk.post(f"/policies/drafts/{draft}", data=data | {"show": "1"})
    assert whole.status_code == 200
    assert "计入 12.5 学时" in whole.text
    assert rules_of(db, draft).self_cap == 0


def test_a_laxer_branch_is_told_what_holds_above(db, desk, branch):
    desk.post(f"/policies/units/{branch.id}/drafts", data={"year": "2026"})
    draft_id = db.session.scalars(select(PolicyDraft.id)).one()
    answer = save(desk, db, draft_id, target_member="30")
    assert answer.status_code == 422
    assert "上级要求每年不少于 32 学时，这里会是 30" in answer.text


def test_a_preset_is_set_and_a_draft_dropped(db, desk, draft):
    version = db.session.get(PolicyDraft, draft).version
    assert (
        desk.post(
            f"/policies/drafts/{draft}/preset", data={"version": version, "preset": "sixty"}
        ).status_code
        == 303
    )
    assert rules_of(db, draft).minutes_per_hour == 60
    stale = desk.post(f"/policies/drafts/{draft}/drop", data={"version": version})
    assert stale.status_code == 409
    assert desk.post(f"/policies/drafts/{draft}/drop", data={"version": version + 1}).status_code == 303
    assert desk.get(f"/policies/drafts/{draft}").status_code == 404


def test_publishing_shows_the_version_and_what_it_changed(db, desk, draft, root):
    save(desk, db, draft, day_cap="6")
    version = db.session.get(PolicyDraft, draft).version
    answer = desk.post(f"/policies/drafts/{draft}/publish", data={"version": version})
    assert answer.status_code == 303
    page = desk.get(answer.location).text
    assert "2027 年" in page
    assert "6 学时" in page
    assert "这一版改了什么" in page
    listed = desk.get(f"/policies/units/{root.id}").text
    assert "发布于" in listed


def test_the_auditor_reads_versions_and_edits_nothing(db, make, client_for, root, branch, draft):
    auditor = client_for(make.person(Role.UNIT_AUDITOR, branch))
    page = auditor.get(f"/policies/units/{branch.id}")
    assert page.status_code == 200
    assert "起草新办法" not in page.text
    assert auditor.get(f"/policies/units/{root.id}").status_code == 404
    above = db.session.scalars(select(Policy.id).where(Policy.unit_id == root.id)).one()
    assert auditor.get(f"/policies/versions/{above}").status_code == 200, "what holds above holds here"
    assert auditor.get(f"/policies/drafts/{draft}").status_code == 403


def test_versions_of_strangers_and_of_units_below_ones_own_are_not_found(db, make, client_for, root, branch):
    stranger, sister = make.unit(), make.unit(parent=root)
    with transaction():
        ids = [hours.publish_policy(None, unit.id, 2026, PolicyRules()) for unit in (stranger, sister)]
    auditor = client_for(make.person(Role.UNIT_AUDITOR, branch))
    assert [auditor.get(f"/policies/versions/{policy_id}").status_code for policy_id in ids] == [404, 404]


def run_trial(db, desk, draft_id, year=2026):
    version = db.session.get(PolicyDraft, draft_id).version
    answer = desk.post(f"/policies/drafts/{draft_id}/try", data={"version": version, "ledger_year": year})
    assert answer.status_code == 303
    return answer.location


def test_a_trial_shows_its_progress_then_units_then_names(db, make, desk, draft, root, branch, study):
    member = make.member(branch, name="示例甲")
    study(member, 360)
    save(desk, db, draft, day_cap="5")
    where = run_trial(db, desk, draft)
    assert "马上开始试算" in desk.get(where).text
    job_id = db.session.scalars(select(Job.id).where(Job.kind == queries.TRIAL)).one()
    assert "HX-Refresh" not in desk.get(f"{where}/progress").headers
    assert "用 2026 年台账" in desk.get(f"/policies/drafts/{draft}").text, "the way back to it"
    assert queue.run(job_id)
    assert desk.get(f"{where}/progress").headers["HX-Refresh"] == "true"
    page = desk.get(where).text
    assert branch.name in page
    assert "示例甲" not in page
    names = desk.get(f"{where}?unit={branch.id}").text
    assert "示例甲" in names
    assert "8.0 → 5.0" in names
    assert desk.get(f"{where}?unit={make.unit().id}").status_code == 404
    assert desk.get(f"{where}?unit={branch.id}&from=x").status_code == 404


def test_the_sheet_of_a_trial_names_everybody_affected(db, make, desk, draft, branch, study):
    for name in ("示例甲", "示例乙"):
        study(make.member(branch, name=name), 360)
    make.member(branch, name="示例丙")
    save(desk, db, draft, day_cap="5")
    where = run_trial(db, desk, draft)
    queue.run(db.session.scalars(select(Job.id).where(Job.kind == queries.TRIAL)).one())
    sheet = load_workbook(io.BytesIO(desk.get(f"{where}/changes.xlsx").data)).active
    rows = [row for row in sheet.iter_rows(values_only=True) if row[2] in ("示例甲", "示例乙", "示例丙")]
    assert [row[2] for row in rows] == ["示例甲", "示例乙"]
    assert rows[0][0] == branch.name
    assert rows[0][3:7] == (32, 32, 8, 5)


def test_a_trial_tells_what_it_asks_of_cadres_in_their_own_account(db, make, desk, draft, branch, study):
    cadre = make.member(branch, name="示例甲")
    make.save(StatusSpan(member_id=cadre.id, kind="cadre_township", valid_from=date(2020, 1, 1)))
    make.member(branch, name="示例乙")
    study(cadre, 90, "cadre_class")
    save(desk, db, draft, cadre_target="100")
    where = run_trial(db, desk, draft)
    queue.run(db.session.scalars(select(Job.id).where(Job.kind == queries.TRIAL)).one())
    names = desk.get(f"{where}?unit={branch.id}").text
    assert "示例乙" not in names, "only whom it changes something for"
    assert "2.0 / 90 → " in names
    sheet = load_workbook(io.BytesIO(desk.get(f"{where}/changes.xlsx").data)).active
    [row] = [row for row in sheet.iter_rows(values_only=True) if row[2] == "示例甲"]
    assert row[3:6] == (32, 32, 0)
    assert row[9:11] == (2, 90)
    assert row[11] > 90


def test_lists_cost_the_same_however_many_versions(db, make, desk, root, statements):
    def count():
        with statements() as sent:
            assert desk.get(f"/policies/units/{root.id}").status_code == 200
        return len(sent)

    few = count()
    with transaction():
        for _ in range(20):
            hours.publish_policy(None, root.id, 2026, PolicyRules())
    assert count() == few


def test_a_version_says_how_far_everybody_is_judged_anew(db, desk, root, branch, make):
    make.member(branch)
    desk.post(f"/policies/units/{root.id}/drafts", data={"year": "2026"})
    draft_id = db.session.scalars(select(PolicyDraft.id)).one()
    version = desk.post(f"/policies/drafts/{draft_id}/publish", data={"version": 1}).location
    assert "正在重新计算" in desk.get(version).text
    assert queue.run(db.session.scalars(select(Job.id).where(Job.kind == queries.RECOMPUTE)).one())
    assert "正在重新计算" not in desk.get(version).text


def test_the_steps_of_a_scale_are_edited_and_checked(db, desk, draft):
    ticked = {"online_by_length": "y", "class_for": "leader"}
    blank = {f"step_{name}_{n}": "" for n in range(1, 6) for name in ("from", "hours")}
    two = blank | {"step_from_1": "20", "step_hours_1": "0.5", "step_from_4": "45", "step_hours_4": "1.25"}
    assert save(desk, db, draft, **ticked, **two).status_code == 303
    assert rules_of(db, draft).scales == {"online_course": ((20, 50), (45, 125))}
    assert 'value="1.25"' in desk.get(f"/policies/drafts/{draft}").text
    for wrong, said in (
        (blank, "至少填一档"),
        (two | {"step_from_4": ""}, "都要填"),
        (two | {"step_hours_4": ""}, "都要填"),
        (two | {"step_from_4": "20"}, "分钟越多"),
        (two | {"step_hours_4": "0.25"}, "分钟越多"),
        (two | {"step_from_4": "2000"}, "1440"),
    ):
        answer = save(desk, db, draft, **ticked, **wrong)
        assert answer.status_code == 422, wrong
        assert said in answer.text, wrong
    assert save(desk, db, draft, online_by_length=None, **blank).status_code == 303
    assert rules_of(db, draft).scales == {}


def test_the_bar_of_a_phone_is_renewed_with_the_example(db, desk, draft):
    assert 'id="peek"' in desk.get(f"/policies/drafts/{draft}").text
    part = desk.post(f"/policies/drafts/{draft}/example", data=filled(db, draft, minutes_per_hour="60")).text
    assert 'hx-swap-oob="true"' in part
    assert part.count("90 分钟的主题党日折 1.5 学时") == 2, "in the example and in the bar"
