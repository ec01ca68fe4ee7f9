"""Files people send. Contents lie under instance/uploads by their SHA-256; a row gives them a secret name.

A content is written and fsynced before its row is committed, so a row never names a file that a power cut
took away; a content whose row was never committed is an orphan, and `sweep_orphans` removes it.
"""

import hashlib
import os
import tempfile
import uuid
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from flask import Response, current_app, send_file
from sqlalchemy import ForeignKey, String, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from pbtrain.core import clock
from pbtrain.core.db import Model, db
from pbtrain.core.errors import RuleError
from pbtrain.core.forms import one_line
from pbtrain.core.headers import FILE_CSP
from pbtrain.core.marks import N_

MAX_BYTES = 10 * 1024 * 1024
ORPHAN_AGE = timedelta(days=1)  # a younger content may belong to a transaction that still runs
TEMPORARY = ".part"


class StoredFile(Model):
    """A file somebody sent: its secret name, its content, and whose it is."""

    uuid: Mapped[str] = mapped_column(String(36), unique=True, default=lambda: str(uuid.uuid4()))
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    thumb_sha256: Mapped[str | None] = mapped_column(String(64), index=True)
    size: Mapped[int]
    mime: Mapped[str] = mapped_column(String(100))
    name: Mapped[str] = mapped_column(String(200))  # as shown; never part of a path
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)


def folder() -> Path:
    """Where contents lie."""
    return Path(current_app.instance_path, "uploads")


def path_of(sha256: str) -> Path:
    """Where the content with this hash lies."""
    return folder() / sha256[:2] / sha256


def put(content: bytes, *, most: int = MAX_BYTES) -> str:
    """Keep this content for good and return its SHA-256; the same content is kept once.

    `most`: bytes; what we make ourselves may be larger than what people send.

    Raises OSError when the disk is full or fails: nothing is half there then.
    """
    if len(content) > most:
        raise RuleError(N_("The file is larger than %(limit)s MB. Send a smaller one."), limit=most >> 20)
    sha256 = hashlib.sha256(content).hexdigest()
    final = path_of(sha256)
    if final.exists() and final.stat().st_size == len(content):
        with suppress(OSError):
            os.utime(final)  # young again, so that the sweep leaves it to the row that is about to come
        return sha256
    new_folder = not final.parent.exists()
    final.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(suffix=TEMPORARY, dir=final.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, final)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    _sync(final.parent)
    if new_folder:
        _sync(final.parent.parent)
    return sha256


def _sync(directory: Path) -> None:
    """A new name in a folder survives a power cut only once the folder is written too."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def shown_name(name: str, usual: str) -> str:
    """What a file that somebody sent is called: one line, no part of a path, at most 200 characters."""
    return one_line(name).replace("/", "").replace("\\", "")[:200] or usual


def serve(file: StoredFile, *, thumb: bool = False) -> Response:
    """The content as an answer that cannot act: sandboxed, never sniffed, shown only when it is a picture."""
    sha256 = file.thumb_sha256 if thumb and file.thumb_sha256 else file.sha256
    picture = file.mime.startswith("image/")
    response = send_file(
        path_of(sha256),
        mimetype=file.mime if picture else "application/octet-stream",
        as_attachment=not picture,
        download_name=one_line(file.name),
        conditional=True,
        etag=sha256,
    )
    response.headers["Content-Security-Policy"] = FILE_CSP
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def sweep_orphans() -> int:
    """Remove contents older than a day that no row names; returns how many."""
    limit = (clock.now() - ORPHAN_AGE).timestamp()
    removed = 0
    for shelf in sorted(folder().glob("??")):
        old = {path.name: path for path in shelf.iterdir() if path.stat().st_mtime < limit}
        removed += _remove_unnamed(old)
    return removed


def _remove_unnamed(old: dict[str, Path], chunk: int = 500) -> int:
    names, removed = sorted(old), 0
    for start in range(0, len(names), chunk):
        some = names[start : start + chunk]
        rows = db.session.execute(
            select(StoredFile.sha256, StoredFile.thumb_sha256).where(
                or_(StoredFile.sha256.in_(some), StoredFile.thumb_sha256.in_(some))
            )
        ).all()
        known = {name for row in rows for name in row}
        for name in some:
            if name not in known:
                old[name].unlink(missing_ok=True)
                removed += 1
    return removed
