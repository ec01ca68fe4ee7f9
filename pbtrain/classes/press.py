"""Certificates on paper: a PDF with a page each, set by typst in a child process, sealed by this site.

A PDF ends with a comment line that holds a keyed hash of all before it. Who has the file can ask the public
page of the certificate whether this very file came from here: no copy of it is kept.
"""

import hashlib
import hmac
import json
import logging
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import segno

from pbtrain.core import crypto, storage
from pbtrain.core.errors import Busy
from pbtrain.core.formatting import long_day
from pbtrain.core.i18n import in_chinese
from pbtrain.core.images import KINDS
from pbtrain.core.marks import N_

PACKAGE = str(Path(__file__).parents[2])
SOURCE = Path(__file__).parent / "templates" / "certificate.typ"
MARK = b"\n%pbtrain "
PURPOSE = "certificate.pdf"
QUIET = 4  # modules of white around the picture
MASK = 3  # any mask is read alike; choosing the best of eight takes five times as long
WAIT = 90  # seconds
log = logging.getLogger(__name__)
STUCK = N_("The certificates could not be drawn now. Try again in a moment.")


def drawn(rows: Sequence[Any], address: Callable[[str], str]) -> bytes:
    """The PDF of these certificates, a page each; `address` leads to the page of a code.

    Takes about 2 ms of processor time a page and half a second besides: never inside a transaction. Busy when
    the child process fails.
    """
    (pdf,) = _set(rows, address)
    return sealed(pdf, [row.code for row in rows])


def drawn_apart(rows: Sequence[Any], address: Callable[[str], str]) -> list[bytes]:
    """A PDF for each of these certificates, in their order; 11 ms a page and half a second besides: for jobs,
    some at a time. Busy when the child process fails."""
    made = _set(rows, address, apart=True)
    return [sealed(pdf, [row.code]) for pdf, row in zip(made, rows, strict=True)]


def _set(rows: Sequence[Any], address: Callable[[str], str], *, apart: bool = False) -> list[bytes]:
    """The child's PDFs: one of all, or one for each."""
    with tempfile.TemporaryDirectory(prefix="pbtrain-press-") as name:
        folder = Path(name)
        folder.joinpath(SOURCE.name).write_bytes(SOURCE.read_bytes())
        pages = [_page(row, address(row.code), folder) for row in rows]
        told = {"title": pages[0]["title"], "author": pages[0]["academy"], "pages": pages}
        folder.joinpath("data.json").write_text(json.dumps(told, ensure_ascii=False))
        command = [sys.executable, "-m", "pbtrain.classes.press_child", name]
        command += [str(len(rows))] if apart else []
        environment = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": PACKAGE, "PYTHONUTF8": "1"}
        try:
            subprocess.run(command, check=True, timeout=WAIT, capture_output=True, env=environment)  # noqa: S603
        except subprocess.SubprocessError as error:
            log.warning("no certificates: %s", getattr(error, "stderr", b"")[-500:])
            raise Busy(STUCK) from error
        return [folder.joinpath(f"{n}.pdf").read_bytes() for n in range(len(rows) if apart else 1)]


def _page(row: Any, address: str, folder: Path) -> dict[str, str]:
    facts = row.facts
    valid = in_chinese(N_("Valid until %(day)s."), day=long_day(row.valid_until)) if row.valid_until else ""
    return {
        "title": facts["title"],
        "number": in_chinese(N_("No. %(number)s"), number=row.number),
        "text": facts["text"],
        "valid": valid,
        "qr": qr(address),
        "proof": in_chinese(
            N_(
                "Scan to see whether this certificate is genuine and still holds. The page shows part of the "
                "name, the class and the hours."
            )
        ),
        "seal": _picture(facts.get("seal", ""), folder),
        "signature": _picture(facts.get("signature", ""), folder),
        "signer": facts.get("signer", ""),
        "academy": facts["academy"],
        "day": long_day(row.issued_on),
    }


def _picture(sha256: str, folder: Path) -> str:
    """The name of a stored picture in the folder, laid there once; "" for none, or one that is lost or no
    picture: the words still hold."""
    name, stored = f"{sha256}.jpg", storage.path_of(sha256)
    if not sha256 or not stored.exists():
        return ""
    if not folder.joinpath(name).exists():
        content = stored.read_bytes()
        if not content.startswith(KINDS["JPEG"]):
            return ""
        folder.joinpath(name).write_bytes(content)
    return name


def qr(address: str) -> str:
    """The picture of an address as SVG, a run of dark modules at a time."""
    matrix: Any = segno.make(address, error="m", micro=False, mask=MASK).matrix
    side, path = len(matrix) + 2 * QUIET, []
    for y, row in enumerate(matrix):
        for run in re.finditer(b"\x01+", bytes(row)):
            wide = run.end() - run.start()
            path.append(f"M{run.start() + QUIET} {y + QUIET}h{wide}v1h-{wide}z")
    box = f'xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}"'
    return f'<svg {box}><path d="{"".join(path)}"/></svg>'


def sealed(pdf: bytes, codes: Sequence[str]) -> bytes:
    """The PDF with the line that says it came from here and which certificates it holds."""
    names = ",".join(codes)
    return pdf + f"\n%pbtrain {names} {_hash(pdf, names)}\n".encode()


def codes_in(pdf: bytes) -> list[str]:
    """The codes of the certificates in a PDF that came from here; none when a byte of it was changed."""
    at = pdf.rfind(MARK)
    names = pdf[at + len(MARK) :].decode("ascii", "replace").partition(" ")[0] if at >= 0 else ""
    if not names or not hmac.compare_digest(pdf, sealed(pdf[:at], [names])):
        return []
    return names.split(",")


def _hash(pdf: bytes, names: str) -> str:
    return crypto.lookup(f"{names}:{hashlib.sha256(pdf).hexdigest()}", PURPOSE)
