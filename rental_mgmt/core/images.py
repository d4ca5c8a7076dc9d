"""Photos from phones: known by their content, bounded before decoding, turned upright, and stripped.

Position, camera and whatever else travels in a photo's metadata is personal data nobody asked for: the picture
is written anew from its pixels.
"""

import io
import threading
from typing import NamedTuple

from PIL import Image, ImageOps

from .i18n import _

PIXELS = 25_000_000
# Enough to read an A4 page; larger photos are shrunk to it.
SIDE = 2560
# A usual progressive JPEG has about ten scans; each costs a pass over the whole picture.
SCANS = 30
JPEG, PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"
TYPES = {"JPEG": "image/jpeg", "PNG": "image/png"}

# A decoded photo is up to 100 MB: one at a time, however many threads a worker has.
_one_at_a_time = threading.Lock()


class Picture(NamedTuple):
    data: bytes
    content_type: str
    width: int
    height: int


class BadPicture(ValueError):
    """Why a picture is refused, in words with the remedy."""


def clean(data: bytes) -> Picture:
    """The same picture without metadata, upright, at most SIDE pixels long. Raises BadPicture."""
    picture = _open(data)
    # A phone's photo with a second picture inside calls itself MPO; its first picture is a JPEG.
    kind = "PNG" if picture.format == "PNG" else "JPEG"
    with _one_at_a_time:
        try:
            upright = _upright(picture)
            out = io.BytesIO()
            upright.save(out, kind, **({"quality": 85} if kind == "JPEG" else {}))
        # A damaged file can fail anywhere in a decoder, in many ways.
        except (OSError, ValueError, SyntaxError, IndexError, TypeError, KeyError, MemoryError):
            raise BadPicture(_("照片已损坏，无法打开：请重新拍摄或重新选择")) from None
    return Picture(out.getvalue(), TYPES[kind], *upright.size)


def _open(data: bytes) -> Image.Image:
    too_big = _("照片超过 2500 万像素：请把相机的照片尺寸调小，或截图后上传")
    try:
        # Reads the header only.
        picture = Image.open(io.BytesIO(data), formats=tuple(TYPES))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise BadPicture(too_big) from None
    except (OSError, ValueError, SyntaxError, IndexError, TypeError, KeyError):
        raise BadPicture(_("照片已损坏，无法打开：请重新拍摄或重新选择")) from None
    if picture.width * picture.height > PIXELS or data.count(b"\xff\xda") > SCANS:
        raise BadPicture(too_big)
    return picture


def _upright(picture: Image.Image) -> Image.Image:
    if picture.format != "PNG":
        # Lets the decoder leave out what shrinking would throw away.
        picture.draft("RGB", (SIDE, SIDE))
    picture.load()
    small = _in_plain_colours(picture)
    if small is not picture:
        # The first copy's memory is needed for shrinking the second.
        picture.close()
    small.thumbnail((SIDE, SIDE))
    ImageOps.exif_transpose(small, in_place=True)
    # Comments, profiles and text chunks would be written again from here.
    small.info = {}
    return small


def _in_plain_colours(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I"):
        return picture.point(lambda grey: grey / 256).convert("L")
    # Shrinking see-through pixels takes three copies of them; only a small picture (a signature) keeps them.
    keeps_alpha = picture.format == "PNG" and max(picture.size) <= SIDE and picture.has_transparency_data
    wanted = "L" if picture.mode == "L" else "RGBA" if keeps_alpha else "RGB"
    return picture if picture.mode == wanted else picture.convert(wanted)
