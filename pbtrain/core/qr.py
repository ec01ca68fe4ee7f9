"""An address as a QR code, drawn into the page: no file and no request of its own."""

import segno
from markupsafe import Markup


def drawn(address: str, *, border: int = 2, ink: str = "") -> Markup:
    """The squares as inline SVG of class `pb-qr`, as large as their box; `ink`: the class of their path.

    >>> drawn("https://example.cn/").startswith("<svg")
    True
    """
    made = segno.make(address, error="m", micro=False)
    svg = made.svg_inline(border=border, svgclass="pb-qr", lineclass=ink or None, omitsize=True)
    return Markup(svg)  # noqa: S704 - drawn by segno: squares only
