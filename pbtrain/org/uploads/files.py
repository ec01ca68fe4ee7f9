"""Lists that were sent in: each is read in a child process with limits; rosters are kept until they are."""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from flask import current_app

from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_
from pbtrain.org.roster.columns import ROSTER
from pbtrain.org.uploads import safety
from pbtrain.org.uploads.child import SECONDS, told
from pbtrain.org.uploads.columns import Layout

FOLDER = "uploads-roster"
MAX_FILE = 20 * 1024 * 1024
HEAD = 4096
COMPOUND = bytes.fromhex("d0cf11e0a1b11ae1")  # old .xls, and every workbook with a password
PACKAGE = str(Path(__file__).parents[3])


@dataclass
class Sheet:
    """What was found before the first line: which columns, which sheet, what was left aside."""

    columns: list[str]
    unknown: list[str] = field(default_factory=list)
    sheet: str = ""
    hidden: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    stray: int = 0
    system_1904: bool = False
    encoding: str = ""
    lines: int = 0


def receive(stream: BinaryIO) -> tuple[bytes, str]:
    """The upload's bytes and SHA-256; RuleError when it is empty, too large or plainly no roster."""
    data = stream.read(MAX_FILE + 1)
    if not data:
        raise RuleError(N_("The file is empty. Choose another one."), field="file")
    if len(data) > MAX_FILE:
        raise RuleError(
            N_("The file is larger than 20 MB. Keep the list alone, without pictures."), field="file"
        )
    kind_of(data[:HEAD], data)
    return data, hashlib.sha256(data).hexdigest()


def kind_of(head: bytes, data: bytes) -> str:
    """'xlsx' or 'csv' by the first bytes, not by the name; RuleError says how to save it instead."""
    if head.startswith(b"PK"):
        return "xlsx"
    if head.startswith(COMPOUND):
        if "EncryptedPackage".encode("utf-16-le") in data:
            raise RuleError(
                N_("This workbook is protected by a password. Remove it and save the file again."),
                field="file",
            )
        raise RuleError(
            N_("This is an old Excel file (.xls). Open it, choose “Save as .xlsx” and send that."),
            field="file",
        )
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:200].lower()
    if start.startswith((b"<", b"mime-version")):
        raise RuleError(
            N_("This is a web page named as an Excel file. Open it, choose “Save as .xlsx” and send that."),
            field="file",
        )
    if start.startswith((b"%pdf", b"\x89png", b"\xff\xd8", b"{\\rtf", b"rar!", b"7z\xbc\xaf", b"\x1f\x8b")):
        raise RuleError(
            N_("This is neither an .xlsx nor a .csv file. Save the roster as .xlsx."), field="file"
        )
    return "csv"


def _path(import_id: int, file_hash: str) -> Path:
    return Path(current_app.instance_path, FOLDER, f"{file_hash}-{import_id}")


def keep(import_id: int, file_hash: str, data: bytes) -> None:
    """Store the bytes, synced, readable by the site only, before the row that names them is committed."""
    path = _path(import_id, file_hash)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def forget(import_id: int, file_hash: str) -> None:
    """Remove the stored file: what is needed of it stands in the staged rows."""
    _path(import_id, file_hash).unlink(missing_ok=True)


@contextmanager
def read(import_id: int, file_hash: str) -> Iterator[tuple[Sheet, Iterator[list[Any]]]]:
    """What the child process makes of a stored file: its sheet, and lines [number, cell, …]; or RuleError."""
    path = _path(import_id, file_hash)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise RuleError(N_("The uploaded file is gone. Send it again.")) from None
    with run_child(path, kind_of(data[:HEAD], data)) as found:
        yield found


@contextmanager
def run_child(path: Path, kind: str, layout: Layout = ROSTER) -> Iterator[tuple[Sheet, Iterator[list[Any]]]]:
    """Run the reading child on a sheet; RuleError when it refuses, dies or takes longer than a minute."""
    with tempfile.TemporaryFile("w+", encoding="ascii") as answer:
        _child(path, kind, layout, answer)
        first = json.loads(answer.readline() or "{}")
        if "meta" not in first:
            _refused(first)
        yield Sheet(**first["meta"], lines=_count(answer)), _lines(answer)


def _child(path: Path, kind: str, layout: Layout, answer: Any) -> None:
    """Let the child write its lines into `answer`."""
    command = [sys.executable, "-m", "pbtrain.org.uploads.child", str(path), kind, told(layout)]
    environment = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": PACKAGE, "PYTHONUTF8": "1"}
    try:
        ended = subprocess.run(  # noqa: S603  our own module on our own file
            command, stdout=answer, stderr=subprocess.PIPE, env=environment, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise RuleError(
            N_("Reading took longer than a minute. Keep the list alone and send it again.")
        ) from None
    if ended.returncode:
        current_app.logger.warning("roster child ended with %s: %s", ended.returncode, ended.stderr[-500:])
        raise RuleError(safety.DAMAGED)
    answer.seek(0)


def _count(answer: Any) -> int:
    """How many lines follow; a list may also be refused in its middle, so its end is looked at first."""
    after_meta = answer.tell()
    last = ""
    for last in answer:  # noqa: B007
        pass
    value = json.loads(last or "{}")
    if not isinstance(value, dict) or "end" not in value:
        _refused(value if isinstance(value, dict) else {})
    answer.seek(after_meta)
    return int(value.get("end", 0))


def _refused(value: dict[str, Any]) -> None:
    message, params = value.get("refused", (safety.DAMAGED, {}))
    raise RuleError(message, **params)


def _lines(answer: Any) -> Iterator[list[Any]]:
    for line in answer:
        value = json.loads(line)
        if isinstance(value, dict):
            return
        yield value
