"""The picture at the head of papers, read once per process: reading takes longer than a page does."""

from copy import copy
from functools import lru_cache
from io import BytesIO
from typing import cast

from fpdf.image_datastructures import ImageCache, RasterImageInfo
from fpdf.image_parsing import preload_image

WIDTH, HEIGHT = 60, 18


def place_logo(cache: ImageCache, logo: bytes) -> tuple[float, float]:
    """Makes the picture known to a document; its width and height there, in millimetres and its own proportions."""
    key, read = _read(logo)
    cache.images[key] = copy(read)
    width, height = read.width, read.height
    scale = min(WIDTH / width, HEIGHT / height)
    return width * scale, height * scale


@lru_cache(maxsize=16)
def _read(logo: bytes) -> tuple[str, RasterImageInfo]:
    key, _, read = preload_image(ImageCache(), BytesIO(logo))
    return key, cast(RasterImageInfo, read)
