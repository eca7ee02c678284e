"""QR codes that open the right form. They say where a code was put up, and nothing about who scans it."""

import io
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

import segno
from PIL import Image, ImageDraw, ImageFont

from heard.council import council, known_placement
from heard.places import DOORS

QUIET_ZONE = 4  # modules on every side (ISO/IEC 18004)
PIXELS = 20  # a module in the PNG: sharp at 300 dpi up to 50 mm
TEXT_SIZE = 1.6  # modules
TEXT_ROOM = 4  # modules under the code


class PlacementUnknown(LookupError):
    """The council's file lists no such placement."""


@dataclass(frozen=True)
class Written:
    """What a QR code opens, and its two files."""

    address: str
    svg: Path
    png: Path


def address_for(placement: str, door: str) -> str:
    """The short address, e.g. https://heard.example/y/?p=kr7; raises PlacementUnknown."""
    if known_placement(placement) is None:
        known = ", ".join(sorted(council()["placements"]))
        raise PlacementUnknown(f"no placement {placement!r} in the council's file; there are: {known}")
    letter = next(letter for letter, voice in DOORS.items() if voice == door)
    return f"{council()['address']}/{letter}/?p={placement}"


def write(placement: str, door: str, level: str, folder: Path) -> Written:
    """Writes <placement>-<door>.svg and .png, each with the address printed under the code."""
    address = address_for(placement, door)
    code = segno.make_qr(address, error=level, boost_error=False)
    folder.mkdir(parents=True, exist_ok=True)
    svg, png = (folder / f"{placement}-{door}.{kind}" for kind in ("svg", "png"))
    svg.write_text(_as_drawing(code, address), encoding="utf-8")
    _as_picture(code, address).save(png)
    return Written(address, svg, png)


def _as_picture(code: segno.QRCode, address: str) -> Image.Image:
    drawn = io.BytesIO()
    code.save(drawn, kind="png", scale=PIXELS, border=QUIET_ZONE)
    squares = Image.open(drawn).convert("L")
    picture = Image.new("L", (squares.width, squares.height + TEXT_ROOM * PIXELS), "white")
    picture.paste(squares)
    font = ImageFont.load_default(size=TEXT_SIZE * PIXELS)
    middle = (squares.width / 2, squares.height + PIXELS)
    ImageDraw.Draw(picture).text(middle, address, fill="black", font=font, anchor="ms")
    return picture


def _as_drawing(code: segno.QRCode, address: str) -> str:
    side = code.symbol_size(border=QUIET_ZONE)[0]
    drawing = code.svg_inline(border=QUIET_ZONE, omitsize=True, light="#fff")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side + TEXT_ROOM}" role="img">\n'
        f"<title>{escape(address)}</title>\n"
        f'<rect width="{side}" height="{side + TEXT_ROOM}" fill="#fff"/>\n'
        f'<svg width="{side}" height="{side}">{drawing}</svg>\n'
        f'<text x="{side / 2}" y="{side + 1}" font-size="{TEXT_SIZE}" font-family="sans-serif" '
        f'text-anchor="middle">{escape(address)}</text>\n</svg>\n'
    )
