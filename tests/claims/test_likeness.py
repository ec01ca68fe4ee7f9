"""The same picture is found again; others are not."""

import io

from PIL import Image, ImageEnhance

from pbtrain.claims import likeness
from tests.claims.conftest import picture


def print_of(content):
    return likeness.bands(likeness.fingerprint(content))


def saved(image, kind="JPEG", **options):
    target = io.BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


def test_the_same_picture_smaller_brighter_and_pressed_harder_is_alike():
    image = Image.open(io.BytesIO(picture(1)))
    first = print_of(picture(1))
    for other in (
        saved(image.resize((160, 120))),
        saved(ImageEnhance.Brightness(image).enhance(1.15)),
        saved(image, quality=35),
        saved(image, "PNG"),
    ):
        assert likeness.distance(first, print_of(other)) <= likeness.ALIKE


def test_other_pictures_are_far():
    prints = [print_of(picture(seed)) for seed in range(6)]
    for index, one in enumerate(prints):
        for other in prints[index + 1 :]:
            assert likeness.distance(one, other) > likeness.ALIKE


def test_alike_pictures_share_a_band():
    base = likeness.fingerprint(picture(2)) or 0
    for a in range(0, 64, 7):
        for b in range(0, 64, 5):
            flipped = base ^ (1 << a) ^ (1 << b) ^ (1 << 63)
            pairs = zip(likeness.bands(base), likeness.bands(flipped), strict=True)
            assert any(one == other for one, other in pairs)


def test_a_blank_page_is_like_nothing():
    blank = print_of(saved(Image.new("RGB", (300, 400), "white")))
    assert blank == [None] * 4
    assert likeness.distance(blank, blank) == 64


def test_bands_are_the_hash_cut_in_four():
    assert likeness.bands(0x0001_0002_0003_FFFF) == [1, 2, 3, 0xFFFF]
    assert likeness.distance([0, 0, 0, 0], [1, 0, 0, 3]) == 3
