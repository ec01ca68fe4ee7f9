"""The pages of enrolment: academy, member, whoever nominates; what each sees and may not touch."""

import pytest
from sqlalchemy import select, update

from pbtrain.classes.models import ClassEnrolment, ClassQuota, ClassSession, TrainingClass
from pbtrain.core.db import db, transaction
from pbtrain.org import services as org
from pbtrain.org.models import Member
from pbtrain.org.roles import Role
from tests.classes.seated import (
    act,
    actor_of,
    forward,
    members,
    place,
    states,
    taken,
    training_class,
    versions,
)

__all__ = ["place"]


@pytest.fixture
def site(place, client_for):
    """Clients of everybody."""
    place.academy_page = client_for(place.chief)
    place.branch_page = client_for(place.secretary)
    return place


def test_from_nomination_to_a_seat(site, client_for, make):
    """A secretary ticks, the academy admits with one button, the member accepts on the phone."""
    class_id = training_class(site, capacity=1)
    a, b = members(site.branch, 2)
    (stranger,) = members(site.other, 1)
    page = site.branch_page.get("/classes/nominate").get_data(as_text=True)
    assert "示例专题班" in page
    page = site.branch_page.get(f"/classes/{class_id}/nominate").get_data(as_text=True)
    assert f'value="{a}"' in page
    assert f'value="{stranger}"' not in page
    assert (
        site.branch_page.post(f"/classes/{class_id}/nominate", data={"member": [a, stranger]}).status_code
        == 404
    )
    assert site.branch_page.post(f"/classes/{class_id}/nominate", data={}).status_code == 422
    done = site.branch_page.post(f"/classes/{class_id}/nominate", data={"member": [a, b]})
    assert done.status_code == 303
    assert states(class_id) == {a: "nominated", b: "nominated"}
    page = site.academy_page.get(f"/classes/{class_id}").get_data(as_text=True)
    (first, second) = versions(class_id, a, b)
    assert f'value="approve:{first[0]}:1"' in page
    site.academy_page.post(f"/classes/{class_id}/learners", data={"act": f"approve:{first[0]}:1"})
    site.academy_page.post(f"/classes/{class_id}/learners", data={"act": "approve", "pick": f"{second[0]}:1"})
    assert states(class_id) == {a: "offered", b: "waiting"}
    assert "候补第 1 位" in site.academy_page.get(f"/classes/{class_id}/learners?show=waiting").get_data(
        as_text=True
    )
    lost = site.academy_page.post(
        f"/classes/{class_id}/learners", data={"act": "withdraw", "pick": f"{first[0]}:1", "reason": "重复"}
    )
    assert lost.status_code == 409
    phone = client_for(actor_of(a))
    assert "I will come" not in phone.get(f"/classes/open/{class_id}").get_data(as_text=True)
    assert phone.post(f"/classes/open/{class_id}", data={"act": "approve"}).status_code == 400
    assert phone.post(f"/classes/open/{class_id}", data={"act": "decline"}).status_code == 422
    assert phone.post(f"/classes/open/{class_id}", data={"act": "accept"}).status_code == 303
    assert states(class_id)[a] == "enrolled"
    assert "已录取" in phone.get("/classes/mine").get_data(as_text=True)


def test_a_secretary_answers_for_who_has_no_phone(site):
    class_id = training_class(site)
    (a,) = members(site.branch, 1)
    forward(site, class_id, a)
    act(site, class_id, "approve", a)
    ((one, version),) = versions(class_id, a)
    url = f"/classes/{class_id}/nominated"
    assert site.branch_page.post(url, data={"act": "approve", "pick": f"{one}:{version}"}).status_code == 400
    assert site.branch_page.post(url, data={"act": "accept", "pick": f"{one}:{version}"}).status_code == 303
    assert states(class_id) == {a: "enrolled"}


def test_who_lies_outside_reads_nothing(site, client_for, make):
    class_id = training_class(site)
    other = client_for(make.actor(make.person(Role.ACADEMY_ADMIN, make.unit(kind="academy"))))
    far = client_for(make.actor(make.person(Role.BRANCH_SECRETARY)))
    for path in ("learners", "quotas"):
        assert other.get(f"/classes/{class_id}/{path}").status_code == 404
    assert far.get(f"/classes/{class_id}/nominate").status_code == 404
    assert far.get(f"/classes/open/{class_id}").status_code == 404
    assert site.branch_page.get(f"/classes/{class_id}/learners").status_code == 403


def test_who_moves_out_of_the_area_still_reads_and_leaves_the_own_class(site, client_for, make):
    class_id, beyond = training_class(site), make.unit(parent=make.unit())
    a, b = members(site.branch, 2)
    forward(site, class_id, a)
    act(site, class_id, "approve", a)
    with transaction():
        for member_id in (a, b):
            org.transfer(None, member_id, unit_id=beyond.id)
    assert client_for(actor_of(b)).get(f"/classes/open/{class_id}").status_code == 404
    phone = client_for(actor_of(a))
    assert "示例专题班" in phone.get(f"/classes/open/{class_id}").get_data(as_text=True)
    left = phone.post(f"/classes/open/{class_id}", data={"act": "decline", "reason": "调到外地工作"})
    assert left.status_code == 303
    assert states(class_id) == {a: "declined"}


def test_quotas_are_set_and_people_counted_anew(site):
    class_id = training_class(site, capacity=5)
    a, b = members(site.branch, 2)
    forward(site, class_id, a, b)
    act(site, class_id, "enrol", a, b)
    url = f"/classes/{class_id}/quotas"
    rows = {"rows-0-unit": site.town.name, "rows-0-seats": "1", "version": "1"}
    page = site.academy_page.post(url, data=rows)
    assert page.status_code == 422
    assert "已占用 2 个名额" in page.get_data(as_text=True)
    rows |= {"rows-0-seats": "2", "rows-1-unit": site.street.code, "rows-1-seats": "1", "guests": "1"}
    assert site.academy_page.post(url, data=rows | {"rows-1-unit": "没有这个单位"}).status_code == 422
    assert site.academy_page.post(url, data=rows).status_code == 303
    assert taken(class_id) == [(2, 2), (2, 2), (0, 0), (0, 0)]
    assert site.academy_page.post(url, data=rows).status_code == 409
    again = {"rows-0-unit": site.branch.name, "rows-0-seats": "3", "guests": "", "version": "2"}
    assert site.academy_page.post(url, data=again).status_code == 303
    assert taken(class_id) == [(2, 2), (2, 2)]
    assert db.session.scalars(select(ClassQuota.unit_id)).all() == [site.branch.id]


def test_500_learners_cost_as_much_as_five(site, statements):
    class_id = training_class(site, capacity=450)
    crowd = members(site.branch, 500)
    forward(site, class_id, *crowd)
    act(site, class_id, "approve", *crowd)
    with statements() as page:
        assert site.academy_page.get(f"/classes/{class_id}").status_code == 200
    assert page.of_page.count < 8, str(page)
    with transaction() as session:
        session.execute(update(TrainingClass).values(state="closed"))
    with statements() as page:
        assert site.academy_page.get(f"/classes/{class_id}").status_code == 200
    assert page.of_page.count < 8, str(page)
    with transaction() as session:
        session.execute(update(TrainingClass).values(state="open"))
    with statements() as page:
        assert site.academy_page.get(f"/classes/{class_id}/learners?show=waiting&q=示例").status_code == 200
    assert len(page) <= 5, "\n".join(page)
    for words, counted in (
        ("", True),
        ("&q=示例", False),
    ):  # the chips keep the search, counts are of everybody
        shown = site.academy_page.get(f"/classes/{class_id}/learners?show=waiting{words}").text
        assert ("pb-count" in shown) is counted
    with statements() as page:
        assert site.branch_page.get(f"/classes/{class_id}/nominate").status_code == 200
    assert len(page) <= 8, "\n".join(page)
    one = db.session.scalar(select(ClassEnrolment.id).order_by(ClassEnrolment.id).limit(1))
    with statements() as page:
        assert site.academy_page.get(f"/classes/{class_id}/learners/{one}").status_code == 200
    assert len(page) <= 8, "\n".join(page)


def test_a_class_that_is_over_offers_no_seats(site):
    class_id = training_class(site, capacity=5)
    url = f"/classes/{class_id}"
    offered = [f'href="{url}/lists"', f'href="{url}/quotas"']
    page = site.academy_page.get(url).text
    assert all(link in page for link in offered)
    with transaction() as session:
        session.get_one(TrainingClass, class_id).state = "closed"
    page = site.academy_page.get(url).text + site.academy_page.get(f"{url}/learners").text
    assert not any(link in page for link in offered)


def test_who_comes_unexpected_is_enrolled_at_the_door(site):
    """By name, within the seats; of who waits for an answer the seat is not counted twice."""
    class_id = training_class(site, capacity=2)
    asked, new, late = members(site.branch, 3)
    forward(site, class_id, asked)
    act(site, class_id, "approve", asked)
    event_id = db.session.scalar(
        select(ClassSession.event_id).where(ClassSession.class_id == class_id).order_by(ClassSession.id)
    )
    address = f"/door/{event_id}/add"
    code = db.session.get_one(Member, new).code
    assert code not in site.academy_page.get(address).text
    assert code in site.academy_page.get(f"{address}?q={code}").text
    assert site.branch_page.get(address).status_code == 404
    for member_id in (asked, new, new):
        assert site.academy_page.post(address, data={"member": member_id}).status_code == 303
    full = site.academy_page.post(address, data={"member": late})
    assert full.status_code == 422
    assert "名额已满" in full.text
    assert states(class_id) == {asked: "enrolled", new: "enrolled"}
    assert taken(class_id) == [(2, 2)]
