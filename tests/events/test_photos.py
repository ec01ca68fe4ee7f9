"""Pictures people send: harmless ones are kept without what they carry, the rest is refused."""

import io
import os
import struct
import zlib

import pytest
from PIL import ExifTags, Image
from sqlalchemy import select

from pbtrain.core import clock, images, papers, storage
from pbtrain.core.db import transaction
from pbtrain.core.errors import RuleError
from pbtrain.core.storage import StoredFile
from pbtrain.events.models import Event
from pbtrain.org.roles import Role


def picture(kind="JPEG", size=(400, 300), mode="RGB", **save):
    target = io.BytesIO()
    Image.new(mode, size, "orange" if mode != "RGBA" else (0, 0, 0, 0)).save(target, kind, **save)
    return target.getvalue()


def png_claiming(width, height):
    """A tiny file whose header promises a huge picture."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(b"\x00" * 1000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def with_place():
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif[ExifTags.Base.Make] = "SecretPhone"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (40.0, 49.0, 12.0)
    return picture(exif=exif)


def test_the_place_is_removed_and_the_picture_stands_upright():
    raw = with_place()
    assert b"SecretPhone" in raw
    drawn = images.redraw(raw)
    for content in (drawn.content, drawn.thumb):
        with Image.open(io.BytesIO(content)) as image:
            assert not image.getexif()
            assert image.height > image.width
        assert b"SecretPhone" not in content


def test_pages_of_a_pdf_are_counted_in_packed_parts_and_in_no_endless_row_of_them(monkeypatch):
    packed = b"%PDF-1.5 /ObjStm /Length 30 >> stream\r\n" + zlib.compress(b"<</Type /Page>>" * 3)
    assert papers.pages_of(packed + b" endstream %%EOF") == 3
    looks, real = [], zlib.decompressobj
    monkeypatch.setattr(papers.zlib, "decompressobj", lambda: looks.append(1) or real())
    assert papers.pages_of(b"/ObjStm stream\n" * 50_000 + b"/Type /Page") == 1
    assert len(looks) == papers.STREAMS  # each was read to the end of the file: two minutes for one of 10 MB


def test_the_name_of_a_file_is_one_line_and_no_path():
    assert storage.shown_name("../证\r\n明\u2028/a\x00.png", "x") == "..证 明 a.png"
    assert storage.shown_name("\r\n", "photo.jpg") == "photo.jpg"


def test_a_photo_whose_notes_are_damaged_is_taken_as_it_lies():
    """The way it was held and a resolution of a type that is none: each failed deep inside the reader."""
    raw = with_place()
    for byte, wrong in ((29, 0), (31, 1)):
        at = raw.index(b"Exif") + byte
        drawn = images.redraw(raw[:at] + bytes([wrong]) + raw[at + 1 :])
        with Image.open(io.BytesIO(drawn.content)) as image:
            assert (image.format, max(image.size)) == ("JPEG", max(Image.open(io.BytesIO(raw)).size))


@pytest.mark.parametrize(
    ("kind", "mode"), [("JPEG", "RGB"), ("JPEG", "L"), ("JPEG", "CMYK"), ("PNG", "RGBA"), ("WEBP", "RGB")]
)
def test_usual_pictures_become_small_jpegs(kind, mode):
    raw = picture(kind, (2600, 900), mode) if mode != "CMYK" else picture(kind, (2600, 900), "CMYK")
    drawn = images.redraw(raw)
    with Image.open(io.BytesIO(drawn.content)) as image:
        assert (image.format, max(image.size)) == ("JPEG", images.MAX_EDGE)
    with Image.open(io.BytesIO(drawn.thumb)) as image:
        assert max(image.size) == images.THUMB_EDGE


def test_a_transparent_picture_is_not_black():
    with Image.open(io.BytesIO(images.redraw(picture("PNG", mode="RGBA")).content)) as image:
        assert image.getpixel((5, 5)) == (255, 255, 255)


HOSTILE = {
    "bomb": png_claiming(30_000, 30_000),
    "html": b"<html><script>alert(1)</script>",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "gif": b"GIF89a\x01\x00\x01\x00\x00\x00\x00;",
    "empty": b"",
    "cut": picture()[:900],
    "cut png": picture("PNG")[:60],
    "only magic": b"\xff\xd8\xff",
    "riff sound": b"RIFF\x00\x00\x00\x00WAVEfmt ",
    "noise": b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8,
    "large": b"\xff\xd8\xff" + b"\x00" * (storage.MAX_BYTES + 1),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_with_a_sentence(name):
    with pytest.raises(RuleError) as refused:
        images.redraw(HOSTILE[name], field="photos")
    assert refused.value.field == "photos"


@pytest.fixture
def send(client_for, secretary, sheet, people):
    """`send(content)` records a meeting with this photo."""

    def post(*contents, name="现场.jpg"):
        files = [(io.BytesIO(content), name, "image/jpeg") for content in contents]
        return client_for(secretary).post("/events/new/people", data=sheet(people) | {"photos": files})

    return post


@pytest.mark.parametrize("name", ["html", "bomb", "cut", "noise"])
def test_a_bad_photo_saves_nothing(send, db, name):
    answer = send(HOSTILE[name])
    assert answer.status_code == 422
    assert db.session.scalar(select(Event.id)) is None


def test_a_photo_is_served_where_it_can_do_nothing(send, db, make, client_for, secretary, branch, committee):
    assert send(with_place(), name="../../<b>现场.jpg").status_code == 303
    file = db.session.scalars(select(StoredFile)).one()
    assert file.name == "....<b>现场.jpg"
    address = f"/f/{file.uuid}"
    answer = client_for(secretary).get(address)
    assert (answer.status_code, answer.mimetype) == (200, "image/jpeg")
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert b"SecretPhone" not in answer.data
    small = client_for(secretary).get(f"{address}?small=1")
    assert len(small.data) < len(answer.data)
    answer.close()
    small.close()
    for other in (make.person(Role.BRANCH_SECRETARY, make.unit(parent=committee)), make.member(branch)):
        assert client_for(other).get(address).status_code == 404
    with client_for(make.person(Role.UNIT_AUDITOR, committee)).get(address) as seen:
        assert seen.status_code == 200


def test_four_photos_are_one_too_many(send, db):
    assert send(*[picture(size=(40 + n, 40)) for n in range(4)]).status_code == 422
    assert db.session.scalar(select(Event.id)) is None
    assert send(*[picture(size=(40 + n, 40)) for n in range(3)]).status_code == 303


def test_the_same_content_is_kept_once_and_orphans_go(db, app, frozen):
    kept, lost = storage.put(b"kept"), storage.put(b"lost")
    assert storage.put(b"kept") == kept
    with transaction() as session:
        session.add(StoredFile(sha256=kept, size=4, mime="text/plain", name="a.txt"))
    for sha256 in (kept, lost):
        os.utime(storage.path_of(sha256), (0, clock.now().timestamp() - 3600))
    storage.sweep_orphans()
    assert storage.path_of(lost).exists(), "its transaction may still run"
    frozen.shift(days=2)
    storage.sweep_orphans()
    assert (storage.path_of(kept).exists(), storage.path_of(lost).exists()) == (True, False)


def test_a_full_disk_leaves_nothing_half(db, app, monkeypatch):
    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(storage.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        storage.put(b"will not fit")
    shelf = storage.path_of("0" * 64).parent.parent
    assert not list(shelf.rglob("*.part"))


def test_what_is_no_picture_is_handed_over_as_a_download(db, app):
    sha256 = storage.put(b"<script>alert(1)</script>")
    with transaction() as session:
        session.add(StoredFile(sha256=sha256, size=25, mime="text/html", name="a.html"))
    with app.test_request_context():
        answer = storage.serve(db.session.scalars(select(StoredFile)).one())
        answer.close()
    assert answer.mimetype == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment")
