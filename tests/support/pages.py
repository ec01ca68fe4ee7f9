"""Reading pages in tests as a reader does: their words, what their forms carry, the links that turn them."""

import html
import re


def turned(answer, way="next"):
    """The address behind "next page" or "previous page", or None."""
    found = re.search(rf'rel="{way}" href="([^"]+)"', answer.text)
    return html.unescape(found[1]) if found else None


def said(answer, status=200):
    """The words of a page that came with this status, without its tags."""
    assert answer.status_code == status, answer.text[:400]
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())


def hidden(answer):
    """The hidden fields a second step sends."""
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', answer.text))
