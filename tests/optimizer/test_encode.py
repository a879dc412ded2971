"""What is handed out: never larger than the input, and never with its metadata."""

from itertools import product
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from support import photos
from tusline_optimizer import jpeg
from tusline_optimizer.formats import sniff
from tusline_optimizer.recipes import DEFAULT, Recipe, fit, largest

from . import hostile
from .rendering import Made, make

FORMATS = ["JPEG", "PNG", "GIF", "WEBP", "AVIF"]
SECRET = b"52.520008 13.404954"
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/">' + SECRET + b"</x:xmpmeta>"


def exif(orientation: int = 1) -> Image.Exif:
    found = Image.Exif()
    found[photos.EXIF_ORIENTATION] = orientation
    found[0x010E] = SECRET.decode()
    found[photos.EXIF_GPS] = {1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 18.0)}
    return found


def tells_nothing(made: Made) -> bool:
    return all(
        not any(mark in made.data(output.recipe) for mark in (SECRET, b"Exif", b"eXIf", b"xmpmeta"))
        and not made.image(output.recipe).getexif()
        and not {"comment", "icc_profile", "xmp", "exif"} & made.image(output.recipe).info.keys()
        for output in made.rendered.outputs
    )


def same_pixels(one: Image.Image, other: Image.Image) -> bool:
    apart = ImageChops.difference(one.convert("RGBA"), other.convert("RGBA"))
    return apart.getextrema() == ((0, 0),) * 4


# --- never larger ------------------------------------------------------------------------------


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("size", [(1, 1), (16, 16), (300, 200), (1000, 1000), (2400, 1800)])
def test_no_variant_is_larger_than_its_input_however_flat_that_is(
    tmp_path: Path, format: str, size: tuple[int, int]
) -> None:
    made = make(tmp_path, hostile.encoded(Image.new("RGB", size, (200, 30, 30)), format))
    for recipe in DEFAULT:
        output = made.output(recipe.name)
        assert output.size <= made.size
        assert output.size == len(made.data(recipe.name))
        assert made.image(recipe.name).size == (output.width, output.height) == fit(size, recipe)
        assert sniff(made.data(recipe.name)) == output.format


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize(
    ("format", "options"),
    [
        ("JPEG", {"quality": 30}),
        ("WEBP", {"quality": 30}),
        ("AVIF", {"quality": 20, "speed": 10}),
        ("PNG", {}),
    ],
)
def test_no_variant_is_larger_than_an_input_that_is_pressed_hard(
    tmp_path: Path, format: str, options: dict[str, object], orientation: int
) -> None:
    photo = photos.picture(1, (1200, 900)).convert("RGB").quantize(16).convert("RGB")
    made = make(tmp_path, hostile.encoded(photo, format, exif=exif(orientation), **options))
    assert {output.recipe for output in made.rendered.outputs} == {"main", "thumbnail"}
    assert all(output.size <= made.size for output in made.rendered.outputs)
    assert tells_nothing(made)


def test_a_jpeg_of_low_quality_is_handed_out_as_it_is_but_for_its_metadata(tmp_path: Path) -> None:
    photo = photos.picture(1, (1600, 1000)).convert("RGB")
    options = {"quality": 20, "optimize": True, "progressive": True, "comment": SECRET}
    data = hostile.encoded(photo, "JPEG", exif=exif(), xmp=XMP, **options)
    made = make(tmp_path, data, (Recipe(name="main", width=1920, height=1080, quality=95),))
    with Image.open(tmp_path / "source") as source:
        assert same_pixels(made.image(), source)
    assert made.data()[made.data().index(b"\xff\xda") :] == data[data.index(b"\xff\xda") :]
    assert tells_nothing(made)


def test_a_screenshot_that_jpeg_would_blow_up_stays_a_png(tmp_path: Path) -> None:
    image = Image.new("RGBA", (800, 600), (0, 0, 0, 0))
    image.paste((200, 30, 30, 255), (100, 100, 200, 200))
    made = make(tmp_path, hostile.encoded(image, "PNG", exif=exif()))
    assert made.output().format == "PNG"
    assert same_pixels(made.image(), image)
    assert tells_nothing(made)


def test_a_copied_animation_is_its_first_frame_alone(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (64, 48), colour) for colour in ("red", "lime", "blue")]
    for format in ("GIF", "PNG", "WEBP"):
        data = hostile.encoded(frames[0], format, save_all=True, append_images=frames[1:])
        made = make(tmp_path, data)
        assert made.output().format == format
        assert made.frames() == 1
        assert made.size > made.output().size


def test_a_jpeg_is_not_encoded_finer_than_it_came(tmp_path: Path) -> None:
    photo = photos.picture(1, (1600, 1000)).convert("RGB")
    made = make(tmp_path, hostile.encoded(photo, "JPEG", quality=60))
    assert estimate(made.image()) == 60
    assert estimate(made.image("thumbnail")) == 85


def test_a_photo_is_encoded_at_the_quality_of_its_recipe(tmp_path: Path) -> None:
    made = make(tmp_path, photos.jpeg(1, size=(3000, 2000), quality=92))
    assert estimate(made.image()) == 85
    assert made.image().info["progressive"] == 1
    assert made.output().size < made.size / 3


def estimate(image: Image.Image) -> int:
    tables: dict[int, list[int]] = getattr(image, "quantization")  # noqa: B009
    return jpeg.quality(tables[0])


@pytest.mark.parametrize("format", ["WEBP", "AVIF"])
def test_other_formats_are_a_matter_of_the_recipe(tmp_path: Path, format: str) -> None:
    recipe = Recipe(name="small", width=640, height=640, format=format, quality=60)
    made = make(tmp_path, photos.jpeg(1, size=(1600, 1200)), (recipe,))
    assert made.output("small").format == made.image("small").format == format
    assert made.image("small").size == (640, 480)


# --- metadata ----------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(400, 300), (2400, 1800)])
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_no_place_and_no_comment_leaks(tmp_path: Path, format: str, size: tuple[int, int]) -> None:
    photo = photos.picture(1, size).convert("RGB")
    options: dict[str, object] = {"comment": SECRET} if format == "JPEG" else {"speed": 10}
    made = make(tmp_path, hostile.encoded(photo, format, exif=exif(), xmp=XMP, **options))
    assert len(made.rendered.outputs) == 2
    assert tells_nothing(made)


def test_stripping_drops_all_that_is_not_picture() -> None:
    thumbnail = b"\xff\xe0\0\x13JFIF\0\x01\x01\0\0\x01\0\x01\x01\x01abc"
    vendor = b"\xff\xec\0\x16" + SECRET + b"."
    bare = hostile.encoded(photos.picture(1, (64, 48)), "JPEG")
    at = 2 + 2 + int.from_bytes(bare[4:6], "big")
    trailer = b"ftypmp42" + SECRET
    full = bare[:2] + thumbnail + vendor + b"\xff\xfe\0\x15" + SECRET + bare[at:] + trailer
    stripped = jpeg.strip(full)
    assert SECRET not in stripped
    assert b"abc" not in stripped[:30]
    assert stripped[at:] == bare[at:]


def test_stripping_keeps_what_colours_depend_on(tmp_path: Path) -> None:
    made = Image.merge("RGB", [Image.effect_noise((64, 48), 60) for _ in range(3)])
    data = hostile.encoded(made, "JPEG", keep_rgb=True)
    (tmp_path / "a").write_bytes(data)
    (tmp_path / "b").write_bytes(jpeg.strip(data))
    with Image.open(tmp_path / "a") as a, Image.open(tmp_path / "b") as b:
        assert a.info["adobe_transform"] == b.info["adobe_transform"] == 0
        assert same_pixels(a, b)


# --- recipes -----------------------------------------------------------------------------------


@pytest.mark.parametrize("quality", [10, 40, 50, 75, 85, 95, 100])
def test_the_quality_of_a_jpeg_is_read_off_its_table(tmp_path: Path, quality: int) -> None:
    (tmp_path / "a").write_bytes(hostile.encoded(Image.new("L", (8, 8)), "JPEG", quality=quality))
    with Image.open(tmp_path / "a") as image:
        assert estimate(image) == pytest.approx(quality, abs=2)


def test_the_default_is_a_main_variant_and_a_thumbnail() -> None:
    assert [(recipe.name, recipe.width, recipe.height) for recipe in DEFAULT] == [
        ("main", 1920, 1080),
        ("thumbnail", 320, 320),
    ]
    assert {(recipe.format, recipe.quality) for recipe in DEFAULT} == {("JPEG", 85)}


def test_a_picture_fits_into_its_box_and_is_never_enlarged() -> None:
    box = Recipe(name="main", width=1920, height=1080)
    for width, height in product((1, 7, 1079, 1920, 4001, 30_000), repeat=2):
        fitted = fit((width, height), box)
        assert 1 <= fitted[0] <= min(width, 1920)
        assert 1 <= fitted[1] <= min(height, 1080)
        assert largest((width, height), DEFAULT) == fitted
