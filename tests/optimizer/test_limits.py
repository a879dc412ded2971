"""What the header alone decides: which files are refused, and what the others will take."""

import time
from pathlib import Path

import pytest
from PIL import Image

from support import photos
from tusline_optimizer.refusals import Refused

from . import hostile
from .rendering import header, refusal

MiB = 1024 * 1024


@pytest.mark.parametrize(
    "data",
    [b"", hostile.TEXT, hostile.HTML, hostile.PDF, hostile.ELF, hostile.MP4],
    ids=["empty", "text", "html", "pdf", "elf", "mp4"],
)
def test_what_is_no_image_is_told_so(tmp_path: Path, data: bytes) -> None:
    assert refusal(tmp_path, data) == "not_an_image"


@pytest.mark.parametrize(
    "data",
    [hostile.EPS, hostile.SVG, hostile.TIFF, hostile.BMP, hostile.PSD],
    ids=["eps", "svg", "tiff", "bmp", "psd"],
)
def test_images_outside_the_allow_list_are_unsupported(tmp_path: Path, data: bytes) -> None:
    assert refusal(tmp_path, data) == "unsupported"


@pytest.mark.parametrize(
    "data",
    [
        hostile.png_claiming(50_000, 50_000),
        hostile.png_claiming(65_501, 10),
        hostile.webp_claiming(16_383, 16_383),
        hostile.gif_claiming(50_000, 50_000),
    ],
    ids=["png", "side", "webp", "gif"],
)
def test_absurd_sizes_are_refused(tmp_path: Path, data: bytes) -> None:
    assert refusal(tmp_path, data) == "too_many_pixels"


@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_with_fewer_bytes_than_its_pixels_need_is_broken(
    tmp_path: Path, progressive: bool
) -> None:
    data = hostile.jpeg_bomb(9000, 9000, progressive=progressive)
    assert refusal(tmp_path, data) == "broken"


def test_five_thousand_scans_are_refused_at_once(tmp_path: Path) -> None:
    data = hostile.many_scans(5000, (4000, 4000))
    began = time.process_time()
    assert refusal(tmp_path, data) == "too_many_scans"
    assert time.process_time() - began < 0.1


def test_the_scans_of_a_usual_progressive_jpeg_are_accepted(tmp_path: Path) -> None:
    data = hostile.encoded(photos.picture(1, (640, 480)), "JPEG", progressive=True)
    assert header(tmp_path, data).size == (640, 480)


def test_scans_behind_an_incomplete_first_one_are_counted(tmp_path: Path) -> None:
    assert refusal(tmp_path, hostile.hidden_scans(200)) == "too_many_scans"


def test_what_follows_the_picture_is_not_counted(tmp_path: Path) -> None:
    film = b"\xff\xda" * 1000
    progressive = hostile.encoded(photos.picture(1, (640, 480)), "JPEG", progressive=True)
    assert header(tmp_path, progressive + film).size == (640, 480)


@pytest.mark.parametrize(
    "data",
    [hostile.many_segments(1_000_000), hostile.filled_jpeg(5_000_000)],
    ids=["segments", "fill"],
)
def test_endless_jpeg_headers_are_refused_before_pillow_walks_them(
    tmp_path: Path, data: bytes
) -> None:
    began = time.process_time()
    assert refusal(tmp_path, data) == "broken"
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    "data",
    [hostile.text_bomb(80_000_000), hostile.profile_bomb(80_000_000)],
    ids=["zTXt", "iCCP"],
)
def test_compressed_png_texts_that_explode_are_broken(tmp_path: Path, data: bytes) -> None:
    assert refusal(tmp_path, data) == "broken"


def test_a_gif_of_fifty_thousand_frames_is_not_counted_through(tmp_path: Path) -> None:
    data = hostile.gif_of_frames(50_000)
    began = time.process_time()
    assert header(tmp_path, data).size == (16, 16)
    assert time.process_time() - began < 0.1


@pytest.mark.parametrize(
    "data",
    [
        hostile.png_claiming(13_300, 13_300),
        hostile.png_claiming(9_400, 9_400),
        hostile.avif_claiming(12_000, 12_000),
        hostile.webp_claiming(15_000, 15_000),
        hostile.jpeg_bomb(10_000, 10_000, progressive=True, scan=400_000),
    ],
    ids=["png", "small png", "avif", "webp", "progressive"],
)
def test_an_image_that_needs_more_memory_than_one_may_is_refused(
    tmp_path: Path, data: bytes
) -> None:
    began = time.process_time()
    assert refusal(tmp_path, data) == "too_much_memory"
    assert time.process_time() - began < 0.05


def test_the_memory_one_may_take_decides(tmp_path: Path) -> None:
    photo = photos.jpeg(1)
    need = header(tmp_path, photo).memory
    assert header(tmp_path, photo, most=need).memory == need
    with pytest.raises(Refused, match="too_much_memory"):
        header(tmp_path, photo, most=need - 1)


def test_a_twelve_megapixel_photo_is_cheap_and_a_progressive_one_is_not(tmp_path: Path) -> None:
    baseline = photos.jpeg(1)
    progressive = hostile.encoded(Image.new("RGB", (4000, 3000)), "JPEG", progressive=True)
    assert header(tmp_path, baseline).memory < 36 * MiB
    assert header(tmp_path, progressive).memory > 45 * MiB


def test_a_png_header_is_read_without_its_pixels(tmp_path: Path) -> None:
    data = hostile.png(6000, 6000)
    began = time.process_time()
    assert header(tmp_path, data).size == (6000, 6000)
    assert time.process_time() - began < 0.05


@pytest.mark.parametrize("format", ["JPEG", "PNG", "GIF", "WEBP", "AVIF"])
def test_every_format_of_the_allow_list_is_recognised_by_its_content(
    tmp_path: Path, format: str
) -> None:
    found = header(tmp_path, photos.encoded(1, format, size=(64, 48)))
    assert (found.format, found.size) == (format, (64, 48))
