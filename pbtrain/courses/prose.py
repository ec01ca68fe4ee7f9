"""What an author writes in Markdown, as HTML that can do no harm: no raw HTML, no pictures from elsewhere."""

from collections.abc import Sequence
from functools import lru_cache
from html import escape
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

TAGS = {
    "a", "blockquote", "br", "code", "em", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "s",
    "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}


def _picture_as_words(self: Any, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    """A picture would be fetched from elsewhere: its description stands in its place."""
    return escape(tokens[at].content)


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    parser.add_render_rule("image", _picture_as_words)
    return parser


PARSER = _parser()


def _level(tokens: list[Token], top: int) -> None:
    """Headings begin at `top` whatever the author begins with, and leave out no level on the way down."""
    heads = [token for token in tokens if token.type in ("heading_open", "heading_close")]
    shift = top - min((int(token.tag[1]) for token in heads), default=1)
    last = top - 1
    for opening, closing in zip(heads[::2], heads[1::2], strict=True):
        last = min(int(opening.tag[1]) + shift, last + 1, 6)
        opening.tag = closing.tag = f"h{last}"


@lru_cache(maxsize=256)  # by content: a lesson is read far more often than written
def prose(body: str, top: int = 2) -> Markup:
    """The body as safe HTML. Its highest heading is h2, below the h1 of the page; `top` 3 within a card."""
    tokens = PARSER.parse(body)
    _level(tokens, top)
    html = nh3.clean(
        PARSER.renderer.render(tokens, PARSER.options, {}),
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )
    return Markup(html)  # noqa: S704  nh3 has just cleaned it
