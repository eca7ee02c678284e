"""QR codes that open the right form. They say where a code was put up, and nothing about who scans it."""

from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

import segno

from heard.council import council, known_placement
from heard.places import DOORS

QUIET_ZONE = 4  # modules on every side (ISO/IEC 18004)
PNG_MODULE = 20  # pixels: sharp at 300 dpi up to 50 mm
TEXT_SIZE = 1.6  # modules


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
    """Writes <placement>-<door>.svg, with the address printed under the code, and .png of the code alone."""
    address = address_for(placement, door)
    code = segno.make_qr(address, error=level, boost_error=False)
    folder.mkdir(parents=True, exist_ok=True)
    svg, png = (folder / f"{placement}-{door}.{kind}" for kind in ("svg", "png"))
    svg.write_text(_with_address(code, address), encoding="utf-8")
    code.save(str(png), scale=PNG_MODULE, border=QUIET_ZONE)
    return Written(address, svg, png)


def _with_address(code: segno.QRCode, address: str) -> str:
    side = code.symbol_size(border=QUIET_ZONE)[0]
    drawing = code.svg_inline(border=QUIET_ZONE, omitsize=True, light="#fff")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side + 4}" role="img">\n'
        f"<title>{escape(address)}</title>\n"
        f'<rect width="{side}" height="{side + 4}" fill="#fff"/>\n'
        f'<svg width="{side}" height="{side}">{drawing}</svg>\n'
        f'<text x="{side / 2}" y="{side + 1}" font-size="{TEXT_SIZE}" font-family="sans-serif" '
        f'text-anchor="middle">{escape(address)}</text>\n</svg>\n'
    )
