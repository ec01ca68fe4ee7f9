"""The browser fixtures notice what they promise to notice."""

import time

import pytest

from tests.support import browser as support


@pytest.mark.at("phone", "desktop")
def test_an_error_page_is_shown_in_chinese_and_is_accessible(page, trouble, accessible, screen):
    trouble.expect("404")
    answer = page.goto("/no-such-page")
    assert answer.status == 404
    assert page.locator("html").get_attribute("lang").startswith("zh")
    assert page.viewport_size["width"] == {"phone": 390, "desktop": 1440}[screen]
    accessible(page)


@pytest.mark.parametrize(
    ("script", "word"),
    [
        ("console.error('broken')", "broken"),
        ("setTimeout(() => { throw new Error('thrown') })", "thrown"),
        ("document.body.insertAdjacentHTML('beforeend', '<p style=\"color:red\">x</p>')", "Content Security"),
        ("fetch('http://127.0.0.1:9/').catch(() => 0)", "Content Security"),
    ],
)
def test_trouble_is_heard(page, trouble, script, word):
    trouble.expect("404")
    page.goto("/no-such-page")
    page.evaluate(script)
    for _ in range(100):  # the browser tells in its own time
        if any(word in line for line in trouble):
            break
        page.wait_for_timeout(100)
    assert any(word in line for line in trouble), trouble
    trouble.clear()


def test_axe_sees_a_picture_without_words(page, trouble):
    trouble.expect("404")
    page.goto("/no-such-page")
    page.evaluate("document.querySelector('main').append(document.createElement('img'))")
    assert any("image-alt" in line for line in support.violations(page))


def test_axe_sees_what_is_new_among_what_it_knows(page, trouble, tmp_path):
    """Where every element of a page is known, what is added is judged, and so is a new order; once."""
    trouble.expect("404")
    page.goto("/no-such-page")
    judged = support.Judged(tmp_path / "judged")
    assert support.violations(page, judged) == []
    for change, rule in (
        ("e => e.append(document.createElement('img'))", "image-alt"),
        ("e => { e.lastChild.remove(); e.insertAdjacentHTML('beforeend', '<h6>x</h6>') }", "heading-order"),
        ("e => { e.lastChild.remove(); e.insertAdjacentHTML('beforeend', '<h2>x</h2><h3>x</h3>') }", ""),
        ("e => e.lastChild.previousSibling.before(e.lastChild)", "heading-order"),  # both are known
    ):
        page.locator("main").evaluate(change)
        found = support.violations(page, judged)
        assert any(rule in line for line in found) if rule else not found, (rule, found)
    told = judged.file.read_text()
    assert support.violations(page, judged) == []
    assert judged.file.read_text() == told
    again = support.Judged(judged.file)  # as another worker reads it
    assert again.new([*told.split(), "unheard"]) == ["unheard"]


def test_axe_sees_what_only_a_desk_shows(page, trouble, tmp_path):
    """At the second width it judges what was hidden at the first, or had other colours."""
    trouble.expect("404")
    page.goto("/no-such-page")
    page.evaluate(
        """() => {
          const picture = document.createElement('img');
          picture.className = 'pb-desk'; // by the style sheet alone: an event would come too late at times
          document.querySelector('main').append(picture);
          document.styleSheets[0].insertRule('@media (min-width: 992px) { h1 { color: #eee !important } }');
        }"""
    )
    found = support.violations(page, support.Judged(tmp_path / "judged"))
    rules = [line.split(" ")[:2] for line in found]
    assert sorted(rules) == [["desktop:", "color-contrast"], ["desktop:", "image-alt"]]


def test_a_page_that_is_late_is_waited_for(page, served, monkeypatch):
    app, _address = served
    page.goto("/forgotten")
    before = page.locator("h1").inner_text()
    at_once = app.view_functions["accounts.sign_in"]
    monkeypatch.setitem(app.view_functions, "accounts.sign_in", lambda: (time.sleep(0.6), at_once())[1])
    page.evaluate("() => { setTimeout(() => location.assign('/login'), 5) }")
    support.arrived(page)
    assert page.evaluate("document.querySelector('h1').innerText") != before
