"""The browser fixtures notice what they promise to notice."""

import pytest

from tests.support import browser as support


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
