"""PDF files people send: told by their content, their pages counted, kept as they are and never opened here.

A PDF can carry scripts, so it is only ever served as a download in a sandbox (`storage.serve`).
"""

import re
import zlib
from collections.abc import Iterator
from typing import Any

from pbtrain.core import storage
from pbtrain.core.db import db
from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_

MIME = "application/pdf"
MAX_PAGES = 20
INFLATED = 8 * 1024 * 1024  # so much of the packed objects is looked at
PAGE = re.compile(rb"/Type\s*/Page(?![a-zA-Z])")
PACKED, STREAMS = b"/ObjStm", 200  # so many packed parts are looked at: of a paper of 20 pages hardly ten
HEAD, PART = 400, 1024 * 1024  # bytes between the name of a packed part and its data, and of the data


def is_pdf(content: bytes) -> bool:
    """Does it say so itself, at the beginning?"""
    return content.startswith(b"%PDF-")


def pages_of(content: bytes) -> int:
    """How many pages a PDF names, those in packed objects included; 0 where none can be found. What is looked
    at is bounded: a file of nothing but names of packed parts kept a process busy for minutes."""
    found, room = len(PAGE.findall(content)), INFLATED
    for part in _packed(content):
        if room <= 0:
            break
        try:
            plain = zlib.decompressobj().decompress(part, room)
        except zlib.error:
            continue
        room -= len(plain)
        found += len(PAGE.findall(plain))
    return found


def _packed(content: bytes) -> Iterator[bytes]:
    """The data of the first packed parts, as far as one may be long."""
    at = -1
    for _number in range(STREAMS):
        at = content.find(PACKED, at + 1)
        begin = content.find(b"stream", at, at + HEAD) if at >= 0 else -1
        if at < 0:
            return
        if begin >= 0:
            data = content[begin + len(b"stream") : begin + PART]
            yield data.removeprefix(b"\r").removeprefix(b"\n")


def check(content: bytes, *, field: str | None = None) -> None:
    """RuleError unless it is a whole PDF of 1 to 20 pages that anybody can open."""
    if len(content) > storage.MAX_BYTES:
        raise RuleError(
            N_("The file is larger than %(limit)s MB. Send a smaller one."),
            field,
            limit=storage.MAX_BYTES >> 20,
        )
    if not is_pdf(content) or b"%%EOF" not in content[-2048:]:
        raise RuleError(N_("The PDF is damaged or was not sent completely. Send it again."), field)
    if b"/Encrypt" in content:
        raise RuleError(N_("The PDF is locked with a password. Send one that opens without."), field)
    pages = pages_of(content)
    if pages == 0:
        raise RuleError(N_("The PDF is damaged or was not sent completely. Send it again."), field)
    if pages > MAX_PAGES:
        raise RuleError(
            N_("The PDF has more than %(most)s pages. Send only those that matter."), field, most=MAX_PAGES
        )


def keep(content: bytes, name: str, *, unit_id: int | None, made_by_id: int | None) -> Any:
    """Store a checked PDF and add its row to the caller's transaction; returns the StoredFile."""
    file = storage.StoredFile(
        sha256=storage.put(content),
        size=len(content),
        mime=MIME,
        name=storage.shown_name(name, "paper.pdf"),
        unit_id=unit_id,
        made_by_id=made_by_id,
    )
    db.session.add(file)
    db.session.flush()  # the caller needs file.id
    return file
