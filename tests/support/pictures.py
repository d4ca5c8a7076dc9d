"""Pictures as phones make them, small enough for tests."""

import io

from PIL import Image


def jpeg(size: tuple[int, int] = (64, 48), colour: str = "white") -> bytes:
    """A photo with a position in its metadata, which must never be stored."""
    out, exif = io.BytesIO(), Image.Exif()
    exif[0x010F] = "Camera of somebody"
    Image.new("RGB", size, colour).save(out, "JPEG", exif=exif)
    return out.getvalue()
