"""A printed code is read by an independent decoder at the size it is printed, worn or askew."""

import pytest
import zxingcpp
from PIL import Image, ImageFilter

from heard import qr
from heard.places import DOORS

INCH = 25.4  # mm


@pytest.fixture
def printed(tmp_path):
    """The PNG as a printer of 300 dpi would put it on something 15 mm wide."""

    def print_it(door, level, millimetres=15):
        written = qr.write("kr7", door, level, tmp_path)
        picture = Image.open(written.png)
        pixels = round(millimetres / INCH * 300)
        return written, picture.resize(
            (pixels, round(pixels * picture.height / picture.width)), Image.Resampling.LANCZOS
        )

    return print_it


@pytest.mark.parametrize("door", DOORS.values())
@pytest.mark.parametrize("level", ["M", "Q"])
def test_a_code_is_read_at_15_mm_and_300_dpi(printed, door, level):
    written, picture = printed(door, level)
    [found] = zxingcpp.read_barcodes(picture)
    assert found.text == written.address
    assert found.ec_level == level
    assert found.format == zxingcpp.BarcodeFormat.QRCode


def test_a_blurred_and_turned_code_is_still_read(printed):
    written, picture = printed("young", "Q")
    worn = picture.rotate(12, expand=True, fillcolor=255).filter(ImageFilter.GaussianBlur(1))
    assert [found.text for found in zxingcpp.read_barcodes(worn)] == [written.address]


def test_the_quiet_zone_is_four_modules_on_every_side(printed):
    _, picture = printed("young", "M", millimetres=50)
    modules = 29 + 2 * 4
    quiet = int(4 * picture.width / modules) - 1
    for box in (
        (0, 0, picture.width, quiet),
        (0, 0, quiet, picture.width),
        (picture.width - quiet, 0, *[picture.width] * 2),
    ):
        assert picture.crop(box).getextrema()[0] > 250


def test_nothing_about_a_person_is_in_the_address():
    assert qr.address_for("kr7", "young").removeprefix(qr.council()["address"]) == "/y/?p=kr7"
