"""Pictures for the demo: drawn, nobody's home and nobody's face."""

import io
from functools import cache

from PIL import Image, ImageDraw

WALL, DOOR, FRAME, PLATE = (214, 222, 216), (124, 92, 66), (84, 62, 46), (24, 94, 84)


@cache
def photo_of_door() -> bytes:
    """A door with its plate, as a JPEG."""
    picture = Image.new("RGB", (480, 640), WALL)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 590, 480, 640), fill=(168, 172, 168))
    draw.rectangle((120, 90, 360, 590), fill=FRAME)
    draw.rectangle((136, 106, 344, 590), fill=DOOR)
    draw.ellipse((312, 350, 330, 368), fill=(214, 196, 120))
    draw.rectangle((176, 140, 304, 190), fill=PLATE)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=80)
    return out.getvalue()
