"""Hostile text is found as text, shown as text, and what nobody can see is never stored."""

import importlib
import pkgutil

import pytest
from sqlalchemy import String, inspect, select, text
from wtforms import HiddenField, PasswordField, StringField
from wtforms.fields.core import UnboundField

import pbtrain
from pbtrain.core.db import db as database
from pbtrain.core.forms import UNSEEN, BaseForm, TextField
from pbtrain.org.models import Member, Unit
from pbtrain.org.roles import Role

TERMS = [
    "' OR 1=1 --",
    '"; DROP TABLE member; --',
    "%",
    "_",
    "%' AND '1'='1",
    "\\",
    "{0}{self.__class__}",
    "%s%n%(name)s",
    "{{ 1234567*7 }}",
    "<script>alert(1)</script>",
    "\x00示例",
    "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
    "a" * 6_000,
]


@pytest.fixture
def lists(make, client_for, committee, branch, secretary):
    """The pages that can be searched, each with who may, and a name that stands there without a term."""
    admin = make.person(Role.UNIT_ADMIN, committee)
    academy = make.unit("示例讲堂", parent=committee, kind="academy")
    author = make.person(Role.ACADEMY_ADMIN, academy)
    make.member(branch, name="示例萨仁娜")
    make.course(academy, title="示例课程甲")
    return [
        (client_for(secretary), "/events", None),
        (client_for(secretary), "/courses/", "示例课程甲"),
        (client_for(secretary), f"/branches/{branch.id}/members", "示例萨仁娜"),
        (client_for(secretary), "/reports", "示例第三网格党支部"),
        (client_for(author), "/courses/manage", "示例课程甲"),
        (client_for(admin), f"/units/{committee.id}/members", "示例萨仁娜"),
        (client_for(admin), "/accounts", None),
    ]


def test_a_search_finds_text_and_nothing_else(lists):
    for client, path, name in lists:
        if name is not None:
            assert name in client.get(path).text, path
            assert name in client.get(path, query_string={"q": name[1:4]}).text, path
        for term in TERMS:
            answer = client.get(path, query_string={"q": term})
            assert answer.status_code == 200, (path, term[:40])
            assert "<script>alert" not in answer.text, path
            assert "8641969" not in answer.text, path
            if name is not None and term != "\x00示例":
                main = answer.text.split("<main", 1)[1]
                assert f">{name}<" not in main, f"{path} finds {name!r} by {term[:40]!r}"


def test_every_text_field_of_every_form_is_cleaned():
    for module in pkgutil.walk_packages(pbtrain.__path__, "pbtrain."):
        if "forms" in module.name.split("."):
            importlib.import_module(module.name)
    raw, seen, todo = [], 0, [BaseForm]
    while todo:
        form = todo.pop()
        todo += form.__subclasses__()
        for name, field in vars(form).items():
            if isinstance(field, UnboundField) and issubclass(field.field_class, StringField):
                seen += 1
                if not issubclass(field.field_class, TextField | PasswordField | HiddenField):
                    raw.append(f"{form.__module__}.{form.__name__}.{name}")
    assert seen > 15
    assert raw == []


def test_what_nobody_can_see_is_not_stored(make, client_for, committee, branch):
    client = client_for(make.person(Role.UNIT_ADMIN, committee))
    hostile = "示\x00例\x0b\u202e新\u200b支\x1b部\ufeff\x7f\r\nX:\u2028\ty"
    client.post(f"/units/{committee.id}/new", data={"name": hostile, "kind": "branch", "field": ""})
    client.post(
        f"/units/{branch.id}/members/new",
        data={"name": hostile, "stage": "full", "since": "2026-09-01", "phone": ""},
    )
    unit = database.session.scalars(select(Unit).order_by(Unit.id.desc()).limit(1)).one()
    assert unit.name == "示例新支部 X: y"
    assert client.get(f"/roster/export.xlsx?unit={unit.id}").status_code == 200  # its name is in a header
    name = database.session.scalar(select(Member.name).order_by(Member.id.desc()).limit(1))
    assert name == "示例新支部 X: y"


def test_nothing_unseen_stands_in_any_text_column(make, client_for, committee, branch, secretary, frozen):
    """The forms of a secretary, filled in with control characters, then every text of the database read."""
    client = client_for(secretary)
    person = make.member(branch).id
    bad = "\x00\x0b\u202e\ufeff"
    sent = client.post(
        "/events/new/people",
        data={
            "unit": branch.id,
            "activity": "theme_day",
            "title": f"示例{bad}党日",
            "place": f"{bad}活动室{bad}",
            "day": "2026-09-24",
            "time": "15:00",
            "minutes": "90",
            "form_id": "9b2f2b34-5a3b-4e59-9a6f-0a4f3f0b8b11",
            "present": person,
        },
    )
    assert sent.status_code == 303
    client.post(
        f"{sent.location}/correct", data={"version": "1", "present": [], "reason": f"{bad}点错了{bad}"}
    )
    tables = inspect(database.engine).get_table_names()
    for table in tables:
        names = [
            c["name"] for c in inspect(database.engine).get_columns(table) if isinstance(c["type"], String)
        ]
        for name in names:
            for (value,) in database.session.execute(text(f'SELECT "{name}" FROM "{table}"')):
                assert not UNSEEN.search(value or ""), f"{table}.{name}: {value!r}"
