"""The secretary sees who would be reminded, reminds them once a day, and nobody elsewhere."""

import pytest
from sqlalchemy import func, select

from pbtrain.hours.models import MemberYear
from pbtrain.notify.models import Message
from pbtrain.org.roles import Role


@pytest.fixture
def branch(make, frozen):
    return make.unit("示例第三网格党支部", parent=make.unit())


@pytest.fixture
def secretary(make, branch):
    return make.person(Role.BRANCH_SECRETARY, branch)


@pytest.fixture
def desk(client_for, secretary):
    return client_for(secretary)


@pytest.fixture
def late(make, branch):
    """Two members behind, one of them without a login, and one on the care list."""

    def put(name, due=2290, **fields):
        member = make.member(branch, name=name, **{k: v for k, v in fields.items() if k == "with_account"})
        make.save(
            MemberYear(
                member_id=member.id, credit_year=2026, counted=2000, due=due, target=3200,
                on_care=fields.get("on_care", False), custody_unit_id=branch.id,
            )
        )  # fmt: skip
        return member

    return [
        put("示例苏日娜"),
        put("示例无账号", with_account=False),
        put("示例照护", on_care=True),
        put("示例赶上", 1999),
    ]


def messages(db):
    return db.session.scalar(select(func.count(Message.id)))


def test_the_preview_names_who_will_hear(desk, branch, late, statements, db):
    with statements() as sent:
        page = desk.get(f"/branches/{branch.id}/remind")
    assert sent.count <= 8, sent
    assert "示例苏日娜" in page.text
    assert "示例无账号" in page.text
    assert "示例照护" not in page.text
    assert "示例赶上" not in page.text
    assert messages(db) == 0


def test_once_a_day_each(desk, branch, late, db, frozen, client_for, secretary):
    address = f"/branches/{branch.id}/remind"
    assert desk.post(address).status_code == 303
    assert messages(db) == 1
    assert "示例第三网格党支部" in db.session.scalar(select(Message.subject))
    assert desk.post(address).status_code == 303
    assert messages(db) == 1
    page = desk.get(address).text
    assert "pb-note--warn" in page, "the refusal is said plainly"
    assert 'method="post" action="' + address not in page, "there is no button any more"
    frozen.shift(hours=12)  # the next morning, signed in anew
    client_for(secretary).post(address)
    assert messages(db) == 2


def test_another_branch_is_out_of_reach(desk, make, branch, late, client_for, db):
    other = make.unit(parent=make.unit())
    stranger = client_for(make.person(Role.BRANCH_SECRETARY, other))
    for number in (branch.id, 10**9):
        assert stranger.get(f"/branches/{number}/remind").status_code == 404
        assert stranger.post(f"/branches/{number}/remind").status_code == 404
    assert client_for(make.member(branch)).post(f"/branches/{branch.id}/remind").status_code == 403
    assert messages(db) == 0
