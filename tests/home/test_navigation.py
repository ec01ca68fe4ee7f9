"""Each view has its own way around, and changing the view is only for those who hold it."""

import re

import pytest

from pbtrain.home import starting
from pbtrain.org import lists
from pbtrain.org.roles import Role


def tabs(page):
    """The entries of the navigation in order: is it for desktops only, and its address."""
    found = re.search(r'<nav class="pb-nav.*?</nav>', page.get_data(as_text=True), re.S)
    return re.findall(r'<li( class="pb-desk")?>\s*<a href="([^"]+)"', found.group())


def links(page):
    return [url for _, url in tabs(page)]


@pytest.mark.parametrize("role", list(Role))
def test_no_link_of_the_navigation_is_dead(role, make, client_for):
    client = client_for(make.person(role))
    home = client.get("/")
    assert home.status_code == 200
    assert links(home)[0] == "/"
    for url in links(home):
        assert client.get(url, follow_redirects=True).status_code == 200, url


def test_the_home_is_for_people_who_are_signed_in(client):
    assert client.get("/").status_code == 302


def test_a_view_is_changed_only_to_one_that_is_held(make, client_for):
    client = client_for(make.person(Role.BRANCH_SECRETARY))
    as_secretary = links(client.get("/"))
    answer = client.post("/view", data={"view": "member"})
    assert (answer.status_code, answer.location) == (303, "/")
    assert links(client.get("/")) != as_secretary
    assert client.post("/view", data={"view": "admin"}).status_code == 403
    assert client.post("/view", data={"view": "nonsense"}).status_code == 403


@pytest.mark.parametrize("role", list(Role))
def test_on_phones_at_most_five_tabs(role, make, client_for):
    shown = [url for desk_only, url in tabs(client_for(make.person(role)).get("/")) if not desk_only]
    assert 1 <= len(shown) <= 5


def test_a_person_without_branch_or_role_has_a_home_too(make, client_for):
    assert client_for(make.account()).get("/").status_code == 200


def lit(page):
    """The address of the place that lights up."""
    return re.search(r'<a href="([^"]+)" aria-current="page"', page.text)[1]


def test_ones_own_place_lights_up(make, client_for):
    """A secretary's own hours are not those of the branch; figures of a unit belong to the organisation."""
    top = make.unit()
    branch = make.unit(parent=top)
    secretary = make.member(branch)
    make.grant(secretary, Role.BRANCH_SECRETARY, branch)
    leads, runs = client_for(secretary), client_for(make.person(Role.UNIT_ADMIN, top))
    assert lit(leads.get("/hours")) == "/courses/"
    assert lit(leads.get(f"/branches/{branch.id}/members")) == f"/branches/{branch.id}/members"
    for path in (f"/units/{top.id}/hours", "/reports"):
        assert lit(runs.get(path)) == "/units"


def test_slips_of_a_large_unit_are_printed_branch_by_branch(make, client_for, monkeypatch):
    top = make.unit()
    branch = make.unit(parent=top)
    for _ in range(3):
        make.member(branch)
    client = client_for(make.person(Role.UNIT_ADMIN, top))
    assert f'href="/units/{top.id}/slips"' in client.get("/").text
    assert "按支部打印" not in client.get(f"/units/{top.id}/slips").text
    monkeypatch.setattr(starting, "MOST_AT_ONCE", 2)
    monkeypatch.setattr(lists, "SLIPS", 2)
    assert f'href="/units/{top.id}/slips"' not in client.get("/").text
    assert "按支部打印" in client.get(f"/units/{top.id}/slips").text
