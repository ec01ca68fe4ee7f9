"""Each view has its own way around, and changing the view is only for those who hold it."""

import re

import pytest

from pbtrain.org.roles import Role


def tabs(page):
    """The entries of the navigation in order: is it for desktops only, and its address."""
    found = re.search(r'<nav class="pb-nav.*?</nav>', page.get_data(as_text=True), re.S)
    return re.findall(r'<li( class="pb-desk")?><a href="([^"]+)"', found.group())


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
