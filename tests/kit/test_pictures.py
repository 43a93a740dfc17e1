"""Uploaded pictures: what is kept is the picture and nothing else; what is no picture is refused with a sentence."""

from io import BytesIO

import pytest
from PIL import Image, PngImagePlugin

from clinic_core.errors import InvalidInput
from clinic_core.kit.pictures import KEPT_PIXELS, MOST_BYTES, clean_picture


def picture(kind: str = "PNG", size: tuple[int, int] = (300, 100), mode: str = "RGB", **options: object) -> bytes:
    out = BytesIO()
    Image.new(mode, size).save(out, kind, **options)
    return out.getvalue()


@pytest.mark.parametrize(("kind", "media_type"), [("PNG", "image/png"), ("JPEG", "image/jpeg")])
def test_a_picture_keeps_its_kind_and_size(kind: str, media_type: str) -> None:
    kept = clean_picture(picture(kind), field="content")
    assert kept[:3] == (media_type, 300, 100)
    assert Image.open(BytesIO(kept.content)).size == (300, 100)


def test_what_is_not_the_picture_is_left_behind() -> None:
    words = PngImagePlugin.PngInfo()
    words.add_text("Author", "somebody private")
    kept = clean_picture(picture(pnginfo=words, dpi=(300, 300)), field="content")
    assert b"private" not in kept.content
    exif = Image.Exif()
    exif[0x010E] = "somebody private"
    kept = clean_picture(picture("JPEG", exif=exif.tobytes(), comment=b"somebody private"), field="content")
    assert b"private" not in kept.content


def test_a_turned_photograph_stands_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    assert clean_picture(picture("JPEG", exif=exif.tobytes()), field="content")[1:3] == (100, 300)


def test_what_is_see_through_becomes_white() -> None:
    kept = clean_picture(picture(mode="RGBA"), field="content")
    assert Image.open(BytesIO(kept.content)).getpixel((5, 5)) == (255, 255, 255)


def test_a_large_picture_is_scaled_down() -> None:
    assert clean_picture(picture(size=(4000, 1000)), field="content")[1:3] == (KEPT_PIXELS, KEPT_PIXELS // 4)


def test_a_picture_too_busy_for_png_becomes_a_jpeg() -> None:
    noise = Image.effect_noise((1100, 1100), 90).convert("RGB")
    out = BytesIO()
    noise.save(out, "JPEG", quality=60)
    again = BytesIO()
    Image.open(out).quantize(16).save(again, "PNG", optimize=True)
    assert len(again.getvalue()) <= MOST_BYTES
    kept = clean_picture(again.getvalue(), field="content")
    assert len(kept.content) <= MOST_BYTES


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"GIF89a" + bytes(50), "not a picture that can be read"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a picture that can be read"),
        (picture()[:60], "not a picture that can be read"),
        (picture("JPEG")[:200], "not a picture that can be read"),
        (picture("GIF"), "not a picture that can be read"),
        (picture(size=(4001, 10)), "wider or higher than 4000"),
        (picture(size=(30_000, 10_000), mode="1"), "wider or higher than 4000"),
        (bytes(MOST_BYTES + 1), "larger than 1 MB"),
    ],
)
def test_anything_else_is_refused(content: bytes, sentence: str) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        clean_picture(content, field="content")
