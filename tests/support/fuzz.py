"""What a hostile or broken browser sends: hostile values, bodies and files, and the forms our pages offer."""

import io
import json
from dataclasses import dataclass, field
from html.parser import HTMLParser
from random import Random
from urllib.parse import unquote_to_bytes, urlencode

from flask import Flask
from werkzeug.test import create_environ, run_wsgi_app
from werkzeug.wrappers import Response

HUGE = 10**20
IDS = ("0", "-1", str(HUGE), "9" * 400, "abc", "1.5", "1e3", "%00", "%FF", "%ED%A0%80", "１２", "a%2F..%2Fb")
TEXTS: tuple[str | bytes, ...] = (
    "",
    " ",
    "\x00",
    "示例\x00文字",
    "\x0b\x1b[31m",
    b"\xff\xfe\xfd",
    b"\xed\xa0\x80",
    "\u202e\u200b\ufeff",
    "示" * 5_000,
    "a" * 100_000,
    "<script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>",
    "{{7*7}}${7*7}%(name)s%s%n{0}",
    "' OR 1=1 --",
    '%"_\\',
    "=cmd|' /C calc'!A0",
    "../../etc/passwd",
    "//evil.example",
    "/\t/evil.example",
    "示例\r\nSet-Cookie: a=b",
    "None",
    "true",
    "[]",
    "²",
    "１２３",
)
NUMBERS = ("-1", "0", "1", str(HUGE), "2147483648", "9223372036854775808", "1e309", "NaN", "Infinity", "0x10")
DATES = ("0001-01-01", "9999-12-31", "2023-02-29", "2026-13-01", "1989-06-01", "0000-00-00", "24:00", "99:99")
HOSTILE = (*TEXTS, *NUMBERS, *DATES)
# Bytes, sizes and days that one database stores and the other refuses.
POISON = (
    "\x00",
    "示例\x00文字",
    b"\xed\xa0\x80",
    str(HUGE),
    "2147483648",
    "9223372036854775808",
    "0001-01-01",
)
NAMES = ("page", "q", "year", "state", "unit", "unit_id", "next", "view", "kind", "day", "sort", "title")

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)
FILES = (
    ("../../x.jpg", PNG[:30]),
    ("学时\u202egpj.exe", b""),
    ("a" * 300 + ".xlsx", b"PK\x03\x04" + b"\x00" * 40),
    ("x.html", b"<script>alert(1)</script>"),
    ("x.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
    ("x.csv", "姓名,手机号\n=1+1,abc\n".encode("gb18030")),
    ("x.csv", b"\xff\xfe\x00\x00,\x00"),
    ("x.xlsx", b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>"),
    ("", PNG),
    ("示例.png", PNG),
)


@dataclass
class Shot:
    """One request, described well enough to be repeated."""

    method: str
    path: str
    query: bytes = b""
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None  # what Content-Length claims, when it lies
    remote: str = "127.0.0.1"

    def __str__(self) -> str:
        said = {name: value for name, value in self.headers.items() if name != "Cookie"}
        return f"{self.method} {self.path}?{self.query[:120]!r} {self.body[:200]!r} {said}"

    def send(self, app: Flask) -> Response:
        environ = create_environ(method=self.method)
        environ["PATH_INFO"] = unquote_to_bytes(self.path).decode("latin-1")
        environ["QUERY_STRING"] = self.query.decode("latin-1")
        environ["REMOTE_ADDR"] = self.remote
        environ["wsgi.input"] = io.BytesIO(self.body)
        if self.body or self.length is not None:
            environ["CONTENT_LENGTH"] = str(len(self.body) if self.length is None else self.length)
        for name, value in self.headers.items():
            key = name.upper().replace("-", "_")
            environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
        with app.app_context():  # its own `g`, whatever context a test stands in
            chunks, status, headers = run_wsgi_app(app, environ, buffered=True)
        return Response(b"".join(chunks), status=status, headers=headers)


def encoded(fields: dict[str, list[str | bytes]]) -> bytes:
    """A form as browsers send it; bytes go as they are, surrogates as their three bytes."""
    pairs = [(name, value) for name, values in fields.items() for value in values]
    return urlencode(
        [(n, v.encode("utf-8", "surrogatepass") if isinstance(v, str) else v) for n, v in pairs]
    ).encode()


def multipart(fields: dict[str, list[str | bytes]], files: dict[str, tuple[str, bytes]]) -> tuple[bytes, str]:
    """The same with files; returns the body and its type."""
    mark, parts = "pbtrainfuzz", []
    for name, values in fields.items():
        for value in values:
            raw = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
            parts.append(f'Content-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + raw)
    for name, (filename, content) in files.items():
        head = f'Content-Disposition: form-data; name="{name}"; filename="{filename}"\r\n'
        parts.append(head.encode() + b"Content-Type: application/octet-stream\r\n\r\n" + content)
    body = b"".join(b"--" + mark.encode() + b"\r\n" + part + b"\r\n" for part in parts)
    return body + b"--" + mark.encode() + b"--\r\n", f"multipart/form-data; boundary={mark}"


def broken_bodies() -> list[tuple[bytes, dict[str, str], int | None]]:
    """Bodies no form of ours makes: (body, headers, claimed length)."""
    form, js = "application/x-www-form-urlencoded", "application/json"
    return [
        (b"", {"Content-Type": form}, None),
        (b"a=1", {"Content-Type": form}, 25 * 1024 * 1024),
        (b"a=1", {"Content-Type": form}, -5),
        (b"a=" + b"a" * 600_000, {"Content-Type": form}, None),
        (b"&".join(b"a%d=1" % n for n in range(5_000)), {"Content-Type": form}, None),
        (b"=%=&&&%zz=%&%00=%00", {"Content-Type": form}, None),
        (b"\xff\xfe=\xed\xa0\x80", {"Content-Type": form + "; charset=utf-7"}, None),
        (b"title=1", {"Content-Type": "text/plain"}, None),
        (b"title=1", {"Content-Type": "nonsense"}, None),
        (b"title=1", {"Content-Type": "multipart/form-data"}, None),
        (b"--x\r\nContent-Disp", {"Content-Type": "multipart/form-data; boundary=x"}, None),
        (b"[" * 20_000 + b"]" * 20_000, {"Content-Type": js}, None),
        (b'{"seconds": NaN, "lesson": 1e999}', {"Content-Type": js}, None),
        (b'{"a": 1, "a": 2, "csrf_token": []}', {"Content-Type": js}, None),
        (b'{"text": "\\ud800", "chosen": {"a": null}}', {"Content-Type": js}, None),
        (json.dumps({"seconds": HUGE, "answer": ["a"] * 9_000}).encode(), {"Content-Type": js}, None),
        (b"\xff\xff", {"Content-Type": js}, None),
        (b"null", {"Content-Type": js}, None),
    ]


def headers(random: Random) -> dict[str, str]:
    """Header lines no browser of good will sends."""
    return dict(
        random.sample(
            [
                ("Accept-Language", "x" * 5_000),
                ("Accept", "\x00"),
                ("HX-Request", "true"),
                ("Host", "evil.example"),
                ("Host", "a b"),
                ("Host", "[::1"),
                ("Referer", "javascript:alert(1)"),
                ("Range", "bytes=9-1,99999999-"),
                ("If-None-Match", '"' + "a" * 9_000),
                ("If-Modified-Since", "Thu, 99 Foo 20226 99:99:99 GMT"),
                ("Cookie", "pbtrain=.eJw; language=../../x; large=2; contrast=\xff"),
                ("Authorization", "Basic " + "!" * 200),
                ("X-Forwarded-For", "1.2.3.4, ::1"),
                ("Transfer-Encoding", "chunked"),
                ("Content-Encoding", "gzip"),
                ("User-Agent", "\x00\xff" * 2_000),
                ("X-HTTP-Method-Override", "DELETE"),
            ],
            k=random.randint(1, 4),
        )
    )


@dataclass
class SeenForm:
    """A form as a page offers it, filled in as a person would."""

    method: str
    action: str
    fields: dict[str, list[str | bytes]] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)


FILL = {"number": "1", "date": "2026-05-08", "time": "15:00", "password": "山高水长 2026", "search": "示例"}


class Forms(HTMLParser):
    """Collects the forms of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[SeenForm] = []
        self.open: SeenForm | None = None
        self.select = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attributes}
        if tag == "form":
            self.open = SeenForm(told.get("method", "get").upper(), told.get("action", ""))
            self.found.append(self.open)
        elif self.open is not None:
            self.take(tag, told)

    def take(self, tag: str, told: dict[str, str]) -> None:
        assert self.open is not None
        name, kind = told.get("name", ""), told.get("type", "text")
        fields = self.open.fields
        if tag == "select":
            self.select = name
        elif tag == "option" and self.select:
            if "selected" in told or not any(fields.get(self.select, [])):
                fields[self.select] = [told.get("value", "")]
        elif tag in ("input", "textarea", "button") and name:
            if kind == "file":
                self.open.files.append(name)
            elif kind == "checkbox":
                fields.setdefault(name, []).append(told.get("value", "on"))
            elif kind == "radio" or tag == "button" or kind in ("hidden", "submit"):
                fields.setdefault(name, [told.get("value", "")])
            else:
                fields[name] = [told.get("value") or FILL.get(kind, "示例文字")]

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.open = None
        elif tag == "select":
            self.select = ""
