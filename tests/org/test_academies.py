"""Academies on pages: founded, given an area, a seal and people; who runs one comes in and goes."""

import re
from io import BytesIO

import pytest
from PIL import Image
from sqlalchemy import select

from pbtrain.accounts.models import Account
from pbtrain.audit.models import AuditEvent
from pbtrain.core.storage import StoredFile, path_of
from pbtrain.org.models import Academy, RoleGrant, Unit
from pbtrain.org.roles import Role


@pytest.fixture
def league(make, client_for):
    """A committee with a branch and a member, a stranger's tree, and the administrator's client."""
    top = make.unit("示例党委")
    branch = make.unit("示例一支部", parent=top)
    away = make.unit("别处支部", parent=make.unit("别处党委"))
    return (
        top,
        branch,
        away,
        make.member(branch, name="示例甲"),
        client_for(make.person(Role.UNIT_ADMIN, top)),
    )


@pytest.fixture
def academy(db, league):
    """The id of an academy founded on its page."""
    _top, _branch, _away, _member, client = league
    data = {"name": "示例国门党建学院", "parent_id": "示例党委", "area": "示例党委", "code": ""}
    answer = client.post("/academies/new", data=data)
    assert answer.status_code == 303
    return int(answer.location.rsplit("/", 1)[1])


def picture(kind="PNG", mode="RGBA"):
    out = BytesIO()
    Image.new(mode, (300, 300), (200, 0, 0, 80) if mode == "RGBA" else (200, 0, 0)).save(out, kind)
    return out.getvalue()


def test_an_academy_is_founded_with_its_area(db, league, academy):
    top, *_rest, client = league
    unit = db.session.get(Unit, academy)
    assert (unit.kind, unit.parent_id) == ("academy", top.id)
    assert db.session.scalars(select(Academy.service_unit_id)).one() == top.id
    assert "示例国门党建学院" in client.get("/academies").text
    assert "未设定" not in client.get("/academies").text


@pytest.mark.parametrize(
    "wrong", [{"parent_id": "别处党委"}, {"area": "别处党委"}, {"area": "没有"}, {"name": ""}]
)
def test_an_academy_stays_within_ones_reach(db, league, wrong):
    *_rest, client = league
    data = {"name": "示例党校", "parent_id": "示例党委", "area": "示例党委"} | wrong
    assert client.post("/academies/new", data=data).status_code == 422
    assert db.session.scalar(select(Academy.id)) is None
    assert db.session.scalar(select(Unit.id).where(Unit.kind == "academy")) is None


def test_the_area_changes_and_it_is_recorded(db, league, academy):
    _top, branch, _away, _member, client = league
    path = f"/academies/{academy}/area"
    assert client.post(path, data={"area": "示例一支部"}).status_code == 303
    assert db.session.scalars(select(Academy.service_unit_id)).one() == branch.id
    assert client.post(path, data={"area": "别处支部"}).status_code == 422
    assert client.post(path, data={"area": "示例国门党建学院"}).status_code == 422
    assert db.session.scalars(select(AuditEvent.id).where(AuditEvent.action == "academy.area")).all()


def test_a_seal_is_drawn_anew_and_shown(db, league, academy):
    *_rest, client = league
    path = f"/academies/{academy}/seal"
    assert client.get(path).status_code == 404
    for kind, mode in (("PNG", "RGBA"), ("JPEG", "RGB")):
        sent = picture(kind, mode)
        assert client.post(path, data={"picture": (BytesIO(sent), "公章.png")}).status_code == 303
        shown = client.get(path, buffered=True)  # read to its end, so that the file is closed
        assert shown.mimetype == "image/jpeg"
        assert shown.data != sent
        assert Image.open(BytesIO(shown.data)).size == (300, 300)
    kept = db.session.scalars(select(Academy.seal)).one()
    assert path_of(kept).exists()
    assert kept in db.session.scalars(select(StoredFile.sha256)).all()  # so the sweep leaves it
    assert client.get(f"/academies/{academy}").status_code == 200


@pytest.mark.parametrize("content", [b"", b"<svg onload=alert(1)>", b"\x89PNG\r\n\x1a\nbroken", b"GIF89a"])
def test_what_is_no_picture_is_refused(db, league, academy, content):
    *_rest, client = league
    answer = client.post(f"/academies/{academy}/seal", data={"picture": (BytesIO(content), "a.png")})
    assert answer.status_code == 422
    assert db.session.scalars(select(Academy.seal)).one() is None


def test_people_are_named_and_end(db, make, league, academy, client_for):
    _top, _branch, _away, member, client = league
    path = f"/academies/{academy}/staff"
    assert client_for(member).get("/learners").status_code == 403
    named = {"person": "示例甲", "role": "academy_admin", "guest": ""}
    assert client.post(path, data=named).status_code == 303
    assert client_for(member).get("/learners").status_code == 200
    for wrong in ({"role": "unit_admin"}, {"person": "没有"}, {"role": "academy_admin"}):
        assert client.post(path, data=named | wrong).status_code == 422
    grant = db.session.scalars(select(RoleGrant.id).where(RoleGrant.unit_id == academy)).one()
    assert client.post(f"/grants/{grant}/end", data={"back": "academy"}).location == f"/academies/{academy}"
    assert client_for(member).get("/learners").status_code == 403


def test_somebody_on_no_roster_gets_a_login_and_a_slip(db, league, academy):
    *_rest, client = league
    data = {"person": "示例外聘老师", "role": "course_author", "guest": "1"}
    for code in (303, 422):  # a double click is not two logins
        assert client.post(f"/academies/{academy}/staff", data=data).status_code == code
    made = db.session.scalars(select(Account).where(Account.name == "示例外聘老师")).one()
    sheet = client.post(f"/academies/{academy}/slips/{made.id}")
    assert sheet.status_code == 200
    assert re.search(r'class="pb-code">[A-Z0-9 -]{9,}<', sheet.text)
    assert made.username in sheet.text
    again = client.post(f"/academies/{academy}/slips/{made.id}")  # loaded once more: no new code
    assert again.status_code == 409
    assert "pb-code" not in again.text
    assert client.post(f"/academies/{academy}/slips/{made.id}", data={"seen": "x"}).status_code == 400
    stranger = db.session.scalars(select(Account.id).where(Account.name == "示例甲")).one()
    assert client.post(f"/academies/{academy}/slips/{stranger}").status_code == 404


def test_who_stands_outside_finds_no_academy(make, league, academy, client_for):
    stranger = client_for(make.person(Role.UNIT_ADMIN, make.unit()))
    assert "示例国门党建学院" not in stranger.get("/academies").text
    for method, path in (
        ("get", ""),
        ("post", "/area"),
        ("get", "/seal"),
        ("post", "/seal"),
        ("post", "/staff"),
    ):
        assert getattr(stranger, method)(f"/academies/{academy}{path}").status_code == 404


def test_the_pages_take_few_statements(make, league, academy, statements):
    top, *_rest, client = league
    for number in range(10):
        unit = make.unit(f"示例党校{number}", parent=top, kind="academy")
        make.person(Role.COURSE_AUTHOR, unit)
    for path in ("/academies", f"/academies/{academy}", "/academies/new"):
        client.get(path)
        with statements() as sent:
            assert client.get(path).status_code == 200
        assert sent.count <= 8, f"{path} {sent}"
