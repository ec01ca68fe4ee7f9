"""A page as it was answered, read without a browser: what stands on it, where it leads, what it says."""

from html.parser import HTMLParser
from zlib import crc32

VOID = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr")
)
UNSEEN = frozenset(("title", "head", "script", "style", "noscript", "template"))
FRAME = frozenset(("header", "nav", "footer"))  # outside of <main> they are the same on every page
SHAPING = ("size", "cols", "width", "style", "type", "hidden")
STEP, LONGEST = 8, 48  # letters: what does not wrap at 48 is wider than a phone


class Drawn(HTMLParser):
    """`signs`: each element under its ancestors, and in steps how long its words are, whole and where no line
    may part. `links`: where it leads. `heads`: how many h1. `words`: what it says in Chinese."""

    def __init__(self, endpoint: str, page: str) -> None:
        super().__init__()
        self.signs: set[str] = set()
        self.links: list[str] = []
        self.heads, self.cells = 0, 0
        self.said: list[str] = []
        self.stack = [("", endpoint, True)]  # tag, sign, is what stands there meant for a Chinese reader?
        self.feed(page)

    @property
    def words(self) -> str:
        return " ".join(self.said)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attributes}
        classes = sorted(told.get("class", "").split())
        self.heads += tag == "h1"
        if tag == "a" and "#" not in told.get("href", "#"):
            self.links.append(told["href"])
        self.cells = 0 if tag == "tr" else self.cells + (tag in ("td", "th"))
        _tag, above, chinese = self.stack[-1]
        if tag in FRAME and all(one[0] != "main" for one in self.stack):
            above = "frame"
        shape = [f"{name}={told[name]}" for name in SHAPING if name in told]
        sign = self._sign(above, tag, *classes, *shape, str(self.cells) if tag in ("td", "th") else "")
        if tag not in VOID:
            chinese &= tag not in UNSEEN and told.get("lang") != "en" and "pb-code" not in classes
            self.stack.append((tag, sign, chinese))

    def handle_endtag(self, tag: str) -> None:
        for depth in range(len(self.stack) - 1, 0, -1):
            if self.stack[depth][0] == tag:
                del self.stack[depth:]
                return

    def handle_data(self, data: str) -> None:
        above, chinese = self.stack[-1][1:]
        words = data.split()
        if not words or any(tag in UNSEEN for tag, _, _ in self.stack):
            return
        if chinese:
            self.said += words
        latin = max((len(word) for word in words if word.isascii()), default=0)
        for name, length, step in (("text", len(" ".join(words)), STEP), ("word", latin, STEP // 2)):
            for number in range(min(length, LONGEST) // step + 1):
                self._sign(above, name, str(number))

    def _sign(self, above: str, *what: str) -> str:
        sign = f"{crc32(' '.join((above, *what)).encode()):x}"
        self.signs.add(sign)
        return sign
