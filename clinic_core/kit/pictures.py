"""Pictures that people upload: looked at as pictures and written anew, so that nothing but the picture is kept."""

import struct
from io import BytesIO
from typing import NamedTuple

from PIL import Image, ImageOps

from clinic_core.errors import InvalidInput

MOST_BYTES = 1024 * 1024
MOST_PIXELS = 4000
KEPT_PIXELS = 1200
_QUALITY = 90
_BROKEN = (OSError, SyntaxError, ValueError, EOFError, struct.error)
_TOO_LARGE = (Image.DecompressionBombError, Image.DecompressionBombWarning)


class Picture(NamedTuple):
    """A PNG or JPEG without anything but its pixels; no side is longer than `KEPT_PIXELS`."""

    media_type: str
    width_px: int
    height_px: int
    content: bytes


def clean_picture(content: bytes, *, field: str) -> Picture:
    """The picture for paper: upright, on white where it was see-through, without metadata; scaled down if it is large.

    Raises:
        InvalidInput: it is no PNG or JPEG, it is damaged, or it is larger than a logo may be.
    """
    if len(content) > MOST_BYTES:
        raise _refusal(field, "The picture must not be larger than 1 MB.")
    try:
        with Image.open(BytesIO(content), formats=("PNG", "JPEG")) as found:
            if max(found.size) > MOST_PIXELS:
                raise _refusal(field, f"The picture must not be wider or higher than {MOST_PIXELS} pixels.")
            is_jpeg = found.format == "JPEG"
            picture = _on_white(ImageOps.exif_transpose(found))
    except _TOO_LARGE:
        raise _refusal(field, f"The picture must not be wider or higher than {MOST_PIXELS} pixels.") from None
    except _BROKEN:
        raise _refusal(field, "The file is not a picture that can be read; use a PNG or a JPEG.") from None
    picture.thumbnail((KEPT_PIXELS, KEPT_PIXELS))
    written = b"" if is_jpeg else _written(picture, "PNG")
    if is_jpeg or len(written) > MOST_BYTES:
        is_jpeg, written = True, _written(picture, "JPEG")
    return Picture("image/jpeg" if is_jpeg else "image/png", picture.width, picture.height, written)


def _on_white(picture: Image.Image) -> Image.Image:
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    pixels = picture.convert("RGBA")
    paper = Image.new("RGB", pixels.size, "white")
    paper.paste(pixels, mask=pixels.getchannel("A"))
    return paper


def _written(picture: Image.Image, kind: str) -> bytes:
    bare = Image.new("RGB", picture.size)
    bare.paste(picture)
    out = BytesIO()
    bare.save(out, kind, optimize=True, quality=_QUALITY)
    return out.getvalue()


def _refusal(field: str, sentence: str) -> InvalidInput:
    return InvalidInput(sentence, fields={field: sentence})
