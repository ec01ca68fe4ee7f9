"""Pictures people send: told by their content, measured before decoding, drawn anew without what they carry.

A photo from a phone holds the place where it was taken; drawing it anew leaves only what is seen.
"""

import io
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageOps, UnidentifiedImageError

from pbtrain.core import storage
from pbtrain.core.db import db
from pbtrain.core.errors import RuleError
from pbtrain.core.marks import N_

MAX_PIXELS = 40_000_000
MAX_EDGE = 2000
THUMB_EDGE = 320
QUALITY = 85
KINDS = {"JPEG": b"\xff\xd8\xff", "PNG": b"\x89PNG\r\n\x1a\n", "WEBP": b"RIFF"}
HEIC = (b"heic", b"heix", b"hevc", b"mif1", b"msf1")  # of an iPhone; behind "ftyp" at byte 4
HEIC_SENT = N_(
    "This photo is in the HEIC format of an iPhone. Choose 'Most Compatible' under Settings, Camera, "
    "Formats, or send a screenshot of it."
)
NOT_A_PICTURE = N_("This is not a picture we can read. Send a JPG, PNG or WebP photo.")
DAMAGED = N_("The picture is damaged or was not sent completely. Take it again or choose another one.")


@dataclass(frozen=True)
class Picture:
    """A harmless picture and its small form, both JPEG."""

    content: bytes
    thumb: bytes


def redraw(content: bytes, *, field: str | None = None) -> Picture:
    """The picture drawn anew, at most 2000 px at its longer edge; RuleError when it is none or too large."""
    if len(content) > storage.MAX_BYTES:
        raise RuleError(
            N_("The picture is larger than %(limit)s MB. Send a smaller one."),
            field,
            limit=storage.MAX_BYTES >> 20,
        )
    kind = next((name for name, magic in KINDS.items() if content.startswith(magic)), None)
    if content[4:8] == b"ftyp" and content[8:12] in HEIC:
        raise RuleError(HEIC_SENT, field)
    if kind is None or (kind == "WEBP" and content[8:12] != b"WEBP"):
        raise RuleError(NOT_A_PICTURE, field)
    try:
        with Image.open(io.BytesIO(content), formats=[kind]) as image:
            if image.width * image.height > MAX_PIXELS:
                raise RuleError(
                    N_("The picture has more than %(limit)s million pixels. Send a smaller one."),
                    field,
                    limit=MAX_PIXELS // 1_000_000,
                )
            image.draft("RGB", (MAX_EDGE, MAX_EDGE))  # JPEG: decode no more than is kept
            plain = _plain(_upright(image))
    except RuleError:
        raise
    except UnidentifiedImageError as error:
        raise RuleError(NOT_A_PICTURE, field) from error
    except (OSError, ValueError, SyntaxError, EOFError, MemoryError, Image.DecompressionBombError) as error:
        raise RuleError(DAMAGED, field) from error
    return Picture(_jpeg(plain, MAX_EDGE), _jpeg(plain, THUMB_EDGE))


def _upright(image: Image.Image) -> Image.Image:
    """Turned as the camera was held. What it wrote beside the picture may be damaged in ways that fail in the
    midst of reading it, with whatever error: then the picture stays as it lies."""
    image.load()  # what is wrong with the picture itself is said by that
    try:
        return ImageOps.exif_transpose(image)
    except Exception:
        return image


def _plain(image: Image.Image) -> Image.Image:
    """RGB on white, so that a transparent picture does not turn black."""
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        colours = image.convert("RGBA")
        ground = Image.new("RGB", colours.size, "white")
        ground.paste(colours, mask=colours.getchannel("A"))
        return ground
    return image.convert("RGB")


def _jpeg(image: Image.Image, edge: int) -> bytes:
    small = image.copy()
    small.thumbnail((edge, edge), Image.Resampling.LANCZOS)
    small.info.clear()
    target = io.BytesIO()
    small.save(target, "JPEG", quality=QUALITY, optimize=True)
    return target.getvalue()


def keep(picture: Picture, name: str, *, unit_id: int | None, made_by_id: int | None) -> Any:
    """Store a redrawn picture and add its row to the caller's transaction; returns the StoredFile."""
    file = storage.StoredFile(
        sha256=storage.put(picture.content),
        thumb_sha256=storage.put(picture.thumb),
        size=len(picture.content),
        mime="image/jpeg",
        name=storage.shown_name(name, "photo.jpg"),
        unit_id=unit_id,
        made_by_id=made_by_id,
    )
    db.session.add(file)
    db.session.flush()  # the caller needs file.id
    return file
