"""From any file to one upright sRGB bitmap."""

from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageCms, ImageStat

from support import photos
from tusline_optimizer import images
from tusline_optimizer.recipes import Recipe

from . import hostile
from .rendering import make, near, pixel, refusal

RED, GREEN, BLUE, WHITE = (220, 40, 40), (40, 180, 40), (40, 40, 220), (255, 255, 255)


def quarters(size: tuple[int, int] = (400, 200)) -> Image.Image:
    """Red and green above, blue and white below."""
    width, height = size
    image = Image.new("RGB", size, WHITE)
    image.paste(RED, (0, 0, width // 2, height // 2))
    image.paste(GREEN, (width // 2, 0, width, height // 2))
    image.paste(BLUE, (0, height // 2, width // 2, height))
    return image


def has_its_quarters(image: Image.Image) -> bool:
    wanted = {(0.25, 0.25): RED, (0.75, 0.25): GREEN, (0.25, 0.75): BLUE, (0.75, 0.75): WHITE}
    return all(near(pixel(image, *at), colour, by=10) for at, colour in wanted.items())


# --- size and orientation ----------------------------------------------------------------------


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("size", [(400, 200), (4000, 2000)])
def test_a_picture_comes_out_upright_from_every_orientation(
    tmp_path: Path, orientation: int, size: tuple[int, int]
) -> None:
    stored = quarters(size)
    if orientation in photos.STORED_AS:
        stored = stored.transpose(photos.STORED_AS[orientation])
    exif = Image.Exif()
    exif[photos.EXIF_ORIENTATION] = orientation
    made = make(tmp_path, hostile.encoded(stored, "JPEG", quality=95, exif=exif))
    assert made.rendered.size == size
    assert made.image().size == ((400, 200) if size == (400, 200) else (1920, 960))
    assert made.image("thumbnail").size == (320, 160)
    assert has_its_quarters(made.image())
    assert has_its_quarters(made.image("thumbnail"))


@pytest.mark.parametrize("format", ["PNG", "WEBP", "AVIF"])
def test_orientation_counts_in_every_format_that_has_it(tmp_path: Path, format: str) -> None:
    exif = Image.Exif()
    exif[photos.EXIF_ORIENTATION] = 6
    stored = photos.picture(1, (400, 600)).convert("RGB").transpose(photos.STORED_AS[6])
    image = make(tmp_path, hostile.encoded(stored, format, exif=exif)).image()
    assert image.height == image.width * 1.5
    assert sum(pixel(image, 0.5, 0.05)) > sum(pixel(image, 0.5, 0.95))


def test_a_portrait_fits_into_the_box_by_its_height(tmp_path: Path) -> None:
    made = make(tmp_path, photos.jpeg(1, size=(1500, 2000), orientation=6))
    assert made.rendered.size == (1500, 2000)
    assert made.image().size == (810, 1080)


def test_a_small_picture_is_not_enlarged(tmp_path: Path) -> None:
    made = make(tmp_path, photos.jpeg(1, size=(200, 100)))
    assert made.image().size == (200, 100)
    assert made.image("thumbnail").size == (200, 100)


def test_a_line_of_pixels_keeps_a_height(tmp_path: Path) -> None:
    made = make(tmp_path, hostile.encoded(Image.new("RGB", (9000, 2), RED), "PNG"))
    assert made.image().size == (1920, 1)


def test_an_impossible_orientation_means_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[photos.EXIF_ORIENTATION] = 77
    made = make(tmp_path, hostile.encoded(quarters(), "JPEG", exif=exif))
    assert has_its_quarters(made.image())


def test_exif_that_is_junk_is_ignored(tmp_path: Path) -> None:
    data = hostile.encoded(quarters(), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff" + bytes(40))
    assert has_its_quarters(make(tmp_path, data).image())


def test_bands_leave_no_seams(tmp_path: Path) -> None:
    photo = photos.picture(3, (3000, 2250)).convert("RGB")
    banded = images.shrink(photo, (1440, 1080), (0, 0, 3000, 2250), gap=None)
    whole = photo.resize((1440, 1080), Image.Resampling.LANCZOS)
    _, most = ImageChops.difference(banded, whole).convert("L").getextrema()
    assert isinstance(most, int | float)
    assert most <= 12
    assert ImageStat.Stat(ImageChops.difference(banded, whole)).mean[0] < 0.05


def test_a_scaled_decode_looks_like_a_full_one(tmp_path: Path) -> None:
    made = make(tmp_path, photos.jpeg(4, size=(4000, 3000)))
    with Image.open(tmp_path / "source") as image:
        reference = image.resize((1440, 1080), Image.Resampling.LANCZOS)
    apart = ImageStat.Stat(ImageChops.difference(made.image(), reference))
    assert max(apart.mean) < 4


# --- modes -------------------------------------------------------------------------------------


def test_sixteen_bits_of_grey_are_scaled_not_clipped(tmp_path: Path) -> None:
    grey = Image.new("I;16", (600, 400), 0x8000)
    made = make(tmp_path, hostile.encoded(grey, "PNG"), (Recipe(name="main", width=60, height=60),))
    assert near(pixel(made.image(), 0.5, 0.5), (128, 128, 128), by=2)


@pytest.mark.parametrize("format", ["PNG", "WEBP", "AVIF"])
def test_transparency_becomes_white(tmp_path: Path, format: str) -> None:
    image = Image.new("RGBA", (2400, 1200), (0, 0, 0, 0))
    image.paste((*RED, 255), (0, 0, 1200, 1200))
    made = make(tmp_path, hostile.encoded(image, format))
    assert near(pixel(made.image(), 0.2, 0.5), RED, by=12)
    assert near(pixel(made.image(), 0.8, 0.5), WHITE)


def test_transparent_edges_do_not_bleed_the_colour_behind_them(tmp_path: Path) -> None:
    image = Image.new("RGBA", (2400, 1200), (0, 255, 0, 0))
    image.paste((255, 255, 255, 255), (0, 0, 1201, 1200))
    made = make(tmp_path, hostile.encoded(image, "PNG"))
    extrema = made.image().convert("RGB").getextrema()
    assert all(isinstance(low, int) and low > 250 for low, _ in extrema)  # type: ignore[misc]


@pytest.mark.parametrize("format", ["PNG", "GIF"])
def test_a_transparent_palette_entry_becomes_white(tmp_path: Path, format: str) -> None:
    image = Image.new("P", (2400, 1200), 0)
    image.putpalette([0, 0, 0, *RED])
    image.paste(1, (0, 0, 1200, 1200))
    made = make(tmp_path, hostile.encoded(image, format, transparency=0))
    assert near(pixel(made.image("thumbnail"), 0.2, 0.5), RED, by=10)
    assert near(pixel(made.image("thumbnail"), 0.8, 0.5), WHITE)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_every_mode_of_png_is_made_of(tmp_path: Path, mode: str) -> None:
    photo = photos.picture(5, (2400, 1800)).convert("RGB")
    made = make(tmp_path, hostile.encoded(photo.convert(mode), "PNG"))
    reference = photo.convert(mode).convert("RGB").resize((1440, 1080))
    apart = ImageStat.Stat(ImageChops.difference(made.image().convert("RGB"), reference))
    assert max(apart.mean) < (40 if mode == "1" else 6)


def test_a_cmyk_jpeg_keeps_its_colours(tmp_path: Path) -> None:
    made = make(tmp_path, hostile.encoded(quarters((2400, 1200)).convert("CMYK"), "JPEG"))
    assert made.image().mode == "RGB"
    assert near(pixel(made.image(), 0.25, 0.25), RED, by=12)
    assert near(pixel(made.image(), 0.75, 0.75), WHITE)


def test_grey_stays_grey(tmp_path: Path) -> None:
    made = make(tmp_path, hostile.encoded(photos.picture(1, (2400, 1800)).convert("L"), "JPEG"))
    assert made.image().mode == "L"


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG", "AVIF"])
def test_of_an_animation_the_first_frame_is_made(tmp_path: Path, format: str) -> None:
    frames = [Image.new("RGB", (2400, 1200), colour) for colour in (RED, GREEN, BLUE)]
    data = hostile.encoded(frames[0], format, save_all=True, append_images=frames[1:])
    made = make(tmp_path, data)
    assert near(pixel(made.image(), 0.5, 0.5), RED, by=12)
    assert not getattr(made.image(), "is_animated", False)


# --- colour ------------------------------------------------------------------------------------


def wide_gamut() -> bytes:
    """An RGB profile whose red and green are swapped: nobody overlooks whether it was used."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    data = bytearray(data.replace(b"rXYZ", b"tmpX").replace(b"gXYZ", b"rXYZ"))
    data = data.replace(b"tmpX", b"gXYZ")
    return bytes(data.replace("sRGB".encode("utf-16-be"), "swap".encode("utf-16-be")))


def test_a_colour_profile_is_converted_and_dropped(tmp_path: Path) -> None:
    image = Image.new("RGB", (2400, 1200), (200, 30, 30))
    made = make(tmp_path, hostile.encoded(image, "JPEG", icc_profile=wide_gamut()))
    assert near(pixel(made.image(), 0.5, 0.5), (30, 200, 30), by=4)
    assert "icc_profile" not in made.image().info


@pytest.mark.parametrize("mode", ["P", "RGB", "RGBA"])
def test_a_small_picture_with_a_colour_profile_is_converted_too(tmp_path: Path, mode: str) -> None:
    image = Image.new("RGB", (64, 48), (200, 30, 30)).convert(mode)
    made = make(tmp_path, hostile.encoded(image, "PNG", icc_profile=wide_gamut()))
    assert near(pixel(made.image(), 0.5, 0.5), (30, 200, 30), by=15)


def test_an_srgb_profile_changes_nothing(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    image = Image.new("RGB", (2400, 1200), (200, 30, 30))
    made = make(tmp_path, hostile.encoded(image, "JPEG", icc_profile=profile))
    assert near(pixel(made.image(), 0.5, 0.5), (200, 30, 30), by=3)


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_profile_that_is_junk_or_of_another_mode_is_ignored(tmp_path: Path, mode: str) -> None:
    image = Image.new(mode, (2400, 1200), 99)
    for profile in (b"junk" * 100, wide_gamut() if mode == "L" else b""):
        made = make(tmp_path, hostile.encoded(image, "JPEG", icc_profile=profile))
        assert made.image().size == (1920, 960)


# --- broken files ------------------------------------------------------------------------------


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "AVIF", "GIF"])
@pytest.mark.parametrize("share", [0.3, 0.95])
def test_a_truncated_file_is_broken(tmp_path: Path, format: str, share: float) -> None:
    data = photos.encoded(1, format, size=(640, 480))
    assert refusal(tmp_path, data[: int(len(data) * share)]) == "broken"


def test_a_jpeg_without_its_last_two_bytes_is_broken(tmp_path: Path) -> None:
    assert refusal(tmp_path, photos.jpeg(1, size=(640, 480))[:-2]) == "broken"


def test_a_header_with_nothing_behind_it_is_broken(tmp_path: Path) -> None:
    assert refusal(tmp_path, hostile.png_claiming(640, 480)) == "broken"
