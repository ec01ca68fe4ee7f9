"""Markdown of authors: what it becomes, and what it cannot become."""

import re

import pytest

from pbtrain.courses.prose import prose

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[点我](javascript:alert(1))",
    "[点我](JaVaScRiPt:alert(1))",
    "[点我](&#106;avascript:alert(1))",
    "[点我](data:text/html;base64,PHNjcmlwdD4=)",
    "[点我](vbscript:x)",
    "<javascript:alert(1)>",
    "![图](http://evil.example/track.png)",
    "![图](javascript:alert(1))",
    '[x](http://e.example "onmouseover=alert(1)")',
    "<svg/onload=alert(1)>",
    "<iframe src=//evil.example></iframe>",
    "<a href='javascript:alert(1)'>x</a>",
    "<style>body{display:none}</style>",
    "```\n<script>alert(1)</script>\n```",
    "| a |\n|---|\n| <b onclick=x>y</b> |",
    "<math><mi//xlink:href='data:x,<script>alert(1)</script>'>",
    '"><script>alert(1)</script>',
    "[a]: javascript:alert(1)\n\n[a]",
    "<!-- <script>alert(1)</script> -->",
    "\x00<script>alert(1)</script>",
]
TAG = re.compile(r"<\s*/?\s*([a-zA-Z0-9]+)([^>]*)>")


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_runs_and_nothing_is_fetched(text):
    html = str(prose(text))
    for name, attributes in TAG.findall(html):
        assert name in {"p", "a", "pre", "code", "table", "thead", "tbody", "tr", "th", "td"}, html
        assert not re.search(r"\bon\w+\s*=(?![^\"]*\")|src=|style=", attributes.replace("title=", "")), html
        link = re.search(r'href="([^"]*)"', attributes)
        assert link is None or link.group(1).startswith(("http://", "https://", "mailto:")), html


def test_a_picture_leaves_its_description():
    assert str(prose("![长城 <b>](http://evil.example/x.png)")) == "<p>长城 &lt;b&gt;</p>\n"


def test_headings_start_below_the_pages_own():
    assert str(prose("# 一\n\n## 二")) == "<h2>一</h2>\n<h3>二</h3>\n"
    assert str(prose("## 一\n\n#### 二\n\n## 三")) == "<h2>一</h2>\n<h3>二</h3>\n<h2>三</h2>\n"
    assert str(prose("## 一", top=3)) == "<h3>一</h3>\n"


def test_ordinary_writing_arrives():
    html = str(prose("- 一\n- **二**\n\n| 甲 | 乙 |\n|---|---|\n| 1 | 2 |\n\n[学](https://example.org)"))
    assert "<li><strong>二</strong></li>" in html.replace("\n", "")
    assert "<td>1</td>" in html
    assert 'rel="noopener noreferrer nofollow"' in html
