"""Image files of all kinds become the pixels that Pillow and arithmetic say."""

import gc
import os
import pickle
import struct
import sys
import warnings
import zlib
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image, ImageOps
from PIL.JpegImagePlugin import JpegImageFile

from skdl._images import decode_image, why_no_image
from skdl.exceptions import ImageReadError

BILINEAR = Image.Resampling.BILINEAR
MODES = {"rgb": "RGB", "grayscale": "L", "rgba": "RGBA"}


def is_image(path):
    return why_no_image(path) is None


def photo(width, height, mode="RGB"):
    """An image with smooth colours, as photographs have."""
    coarse = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    size = (width, height)
    return Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC).convert(mode)


def pixels(image, color_mode="rgb"):
    array = np.asarray(image.convert(MODES[color_mode]))
    return array.reshape(image.height, image.width, -1)


@pytest.fixture
def save(tmp_path):
    """``save(image, name, **options) -> path``."""

    def save(image, name, **options):
        image.save(tmp_path / name, **options)
        return tmp_path / name

    return save


@pytest.fixture
def write(tmp_path):
    """``write(content, name) -> path``."""

    def write(content, name="image"):
        (tmp_path / name).write_bytes(content)
        return tmp_path / name

    return write


# -- size ------------------------------------------------------------------------------


def test_size_is_height_and_width(save):
    image = photo(90, 60)
    result = decode_image(save(image, "a.png"), (20, 50))
    assert result.shape == (20, 50, 3)
    assert result.dtype == np.uint8
    assert_array_equal(result, pixels(image.resize((50, 20), BILINEAR)))


def test_image_of_the_size_stays_as_it_is(save):
    image = photo(90, 60)
    for crop_or_pad in (None, "crop", "pad"):
        result = decode_image(save(image, "a.png"), (60, 90), "rgb", crop_or_pad)
        assert_array_equal(result, pixels(image))


def test_crop_takes_the_middle(save):
    image = photo(90, 60)
    path = save(image, "a.png")
    middle = image.crop((15, 0, 75, 60))
    assert_array_equal(decode_image(path, (60, 60), "rgb", "crop"), pixels(middle))
    smaller = image.resize((10, 30), BILINEAR, box=(35, 0, 55, 60))
    assert_array_equal(decode_image(path, (30, 10), "rgb", "crop"), pixels(smaller))
    flat = image.resize((90, 10), BILINEAR, box=(0, 25, 90, 35))
    assert_array_equal(decode_image(path, (10, 90), "rgb", "crop"), pixels(flat))


def test_crop_covers_sizes_that_divide_nothing(save):
    image = photo(91, 67)
    extent = 91 * 30 / 41  # as high as 41 wide and 30 high asks for
    box = (0, (67 - extent) / 2, 91, (67 + extent) / 2)
    expected = pixels(image.resize((41, 30), BILINEAR, box=box))
    result = decode_image(save(image, "a.png"), (30, 41), "rgb", "crop")
    assert_allclose(result.astype(int), expected, atol=1)


@pytest.mark.parametrize("color_mode", MODES)
def test_pad_surrounds_with_zeros(color_mode, save):
    image = photo(90, 60)
    path = save(image, "a.png")
    converted = image.convert(MODES[color_mode])
    inner = pixels(converted.resize((45, 30), BILINEAR), color_mode)
    high = decode_image(path, (50, 45), color_mode, "pad")
    assert_array_equal(high[10:40], inner)
    assert not high[:10].any()
    assert not high[40:].any()
    wide = decode_image(path, (30, 48), color_mode, "pad")
    assert_array_equal(wide[:, 1:46], inner)  # of three columns, two on the right
    assert not wide[:, 0].any()
    assert not wide[:, 46:].any()


def test_very_long_images_keep_a_line(save):
    path = save(Image.new("RGB", (300, 1), "red"), "a.png")
    result = decode_image(path, (9, 9), "rgb", "pad")
    assert_array_equal(result[4], np.tile([255, 0, 0], (9, 1)))
    assert result[:4].sum() == result[5:].sum() == 0
    assert (decode_image(path, (9, 9), "rgb", "crop") == [255, 0, 0]).all()


def test_any_size_can_be_had_of_any_image(save):
    rng = np.random.default_rng(0)
    for width, height, *size in rng.integers(1, 60, (200, 4)).tolist():
        path = save(Image.new("RGB", (width, height), "red"), "a.bmp")
        cropped = decode_image(path, tuple(size), "rgb", "crop")
        assert (cropped == np.broadcast_to([255, 0, 0], (*size, 3))).all()
        padded = decode_image(path, tuple(size), "rgba", "pad")
        assert padded.shape == (*size, 4)
        assert padded[..., 3].max() == 255  # something of the image is there


# -- large JPEGs -----------------------------------------------------------------------


@pytest.fixture
def decoded_sizes(monkeypatch):
    """The sizes at which JPEGs are decoded."""
    sizes, load = set(), JpegImageFile.load

    def spy(image):
        sizes.add(image.size)
        return load(image)

    monkeypatch.setattr(JpegImageFile, "load", spy)
    return sizes


# height and width, crop_or_pad -> width at which 1203 x 805 pixels are decoded
DRAFTS = {
    ((50, 70), None): 151,  # 805 / 50 is more than 16
    ((51, 70), None): 301,
    ((50, 100), None): 301,
    ((50, 50), "crop"): 151,
    ((60, 10), "crop"): 301,  # all of the height is needed
    ((60, 10), "pad"): 151,
    ((300, 400), None): 1203,
}


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(("size", "crop_or_pad"), DRAFTS)
def test_large_jpegs_are_decoded_smaller(
    size, crop_or_pad, turned, save, decoded_sizes
):
    expected = DRAFTS[size, crop_or_pad]
    exif = Image.Exif()
    exif[0x0112] = 6 if turned else 1
    image = photo(1203, 805)
    path = save(image, "a.jpg", exif=exif, quality=95, subsampling=0)
    exact = save(image, "a.png", exif=exif, compress_level=1)
    size = size[::-1] if turned else size
    result = decode_image(path, size, "rgb", crop_or_pad)
    assert [width for width, _ in decoded_sizes] == [expected]
    difference = result.astype(int) - decode_image(exact, size, "rgb", crop_or_pad)
    assert abs(difference).max() <= 4
    assert abs(difference).mean() < 0.6


def test_position_of_a_drafted_edge(save):
    # 1201 columns are 150.125 times 8: the last column decoded has one of eight
    ramp = np.tile(np.linspace(0, 255, 1201), (801, 1)).astype(np.uint8)
    path = save(Image.fromarray(ramp), "a.jpg", quality=100)
    expected = Image.fromarray(ramp).resize((70, 50), BILINEAR)
    result = decode_image(path, (50, 70), "grayscale")[..., 0]
    assert_allclose(result.astype(int), np.asarray(expected), atol=1)


def test_grey_of_a_jpeg_is_its_luma(save, decoded_sizes):
    path = save(photo(90, 60), "a.jpg", quality=95)
    with Image.open(path) as image:
        image.draft("L", image.size)
        luma = pixels(image, "grayscale")
        by_conversion = pixels(Image.open(path), "grayscale")
    decoded_sizes.clear()
    result = decode_image(path, (60, 90), "grayscale")
    assert decoded_sizes == {(90, 60)}
    assert_array_equal(result, luma)
    assert_allclose(result.astype(int), by_conversion, atol=2)


# -- orientation -----------------------------------------------------------------------

FORMATS = {
    "jpg": {"quality": 95},
    "png": {},
    "webp": {"lossless": True},
    "tif": {},
    "lzw.tif": {"compression": "tiff_lzw"},
}


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("extension", FORMATS)
def test_images_are_turned_upright(extension, orientation, save):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = save(photo(90, 60), f"a.{extension}", exif=exif, **FORMATS[extension])
    with Image.open(path) as image:
        image.load()  # which turns a TIFF, though Pillow 10 does not note it
        upright = image if "tif" in extension else ImageOps.exif_transpose(image)
        expected = pixels(upright)
    assert_array_equal(decode_image(path, expected.shape[:2]), expected)
    expected = pixels(upright.resize((30, 20), BILINEAR))
    assert_allclose(decode_image(path, (20, 30)).astype(int), expected, atol=1)


def test_orientation_in_xmp(save):
    xmp = b'<rdf:Description tiff:Orientation="6"/>'
    path = save(photo(90, 60), "a.webp", lossless=True, xmp=xmp)
    with Image.open(path) as image:
        expected = pixels(ImageOps.exif_transpose(image))  # Pillow 10 does not turn it
    assert_array_equal(decode_image(path, expected.shape[:2]), expected)


@pytest.mark.parametrize("orientation", [0, 9, 300])
def test_unknown_orientations_turn_nothing(orientation, save):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = save(photo(90, 60), "a.png", exif=exif)
    assert_array_equal(decode_image(path, (60, 90)), pixels(photo(90, 60)))


def test_broken_exif_spoils_no_pixels(save):
    path = save(photo(90, 60), "a.png", exif=b"Exif\0\0MM\0*\0\0")
    assert_array_equal(decode_image(path, (60, 90)), pixels(photo(90, 60)))


# -- colours ---------------------------------------------------------------------------

# name of a file -> mode of the image, options
KINDS = {
    "one_bit.png": ("1", {}),
    "one_bit.tif": ("1", {}),
    "grey.png": ("L", {}),
    "grey.jpg": ("L", {}),
    "palette.png": ("P", {}),
    "palette.gif": ("P", {}),
    "rgb.bmp": ("RGB", {}),
    "rgb.ppm": ("RGB", {}),
    "rgb.webp": ("RGB", {"lossless": True}),
    "cmyk.jpg": ("CMYK", {}),
    "cmyk.tif": ("CMYK", {}),
}


@pytest.mark.parametrize("color_mode", MODES)
@pytest.mark.parametrize("name", KINDS)
def test_colours_are_converted_as_pillow_does(name, color_mode, save):
    mode, options = KINDS[name]
    path = save(photo(90, 60).convert(mode), name, **options)
    with Image.open(path) as image:
        expected = pixels(image, color_mode)
    assert_array_equal(decode_image(path, (60, 90), color_mode), expected)


RED_HALF = (200, 0, 0, 128)  # half transparent
ON_WHITE = [round((200 * 128 + 255 * 127) / 255), 127, 127]


def grey_of(rgb):
    return round(0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2])


def test_alpha_is_laid_on_white(save):
    path = save(Image.new("RGBA", (4, 4), RED_HALF), "a.png")
    assert_allclose(decode_image(path, (4, 4))[0, 0], ON_WHITE, atol=1)
    grey = decode_image(path, (4, 4), "grayscale")
    assert_allclose(grey[0, 0], grey_of(ON_WHITE), atol=1)
    assert_array_equal(decode_image(path, (4, 4), "rgba")[0, 0], RED_HALF)


def test_alpha_of_grey_images(save):
    path = save(Image.new("LA", (4, 4), (100, 51)), "a.png")
    expected = (100 * 51 + 255 * 204) / 255
    assert_allclose(decode_image(path, (4, 4))[0, 0], expected, atol=1)
    assert_allclose(decode_image(path, (4, 4), "grayscale")[0, 0], expected, atol=1)
    rgba = decode_image(path, (4, 4), "rgba")
    assert_array_equal(rgba[0, 0], [100, 100, 100, 51])


def test_transparent_colours_do_not_bleed(save):
    image = Image.new("RGBA", (40, 40), (0, 255, 0, 0))  # green, but not to be seen
    image.paste((255, 0, 0, 255), (0, 0, 20, 40))
    path = save(image, "a.png")
    rgba = decode_image(path, (5, 5), "rgba")
    assert rgba[..., 3].min() == 0
    assert (rgba[rgba[..., 3] > 0][:, 0] == 255).all()
    assert_array_equal(decode_image(path, (5, 5))[0, -1], [255, 255, 255])


def on_white(image):
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image.convert("RGBA")).convert("RGB")


@pytest.mark.parametrize("crop_or_pad", [None, "crop", "pad"])
@pytest.mark.parametrize("color_mode", ["rgb", "grayscale"])
@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparent_images_are_resized_as_laid_on_white(
    mode, color_mode, crop_or_pad, save
):
    values = np.random.default_rng(0).integers(0, 256, (60, 90, 4), dtype=np.uint8)
    values[:20, :, 3], values[20:30, :, 3] = 0, 255
    image = Image.fromarray(values).convert(mode)
    path = save(image, "a.png")
    exact = save(on_white(image), "b.png")
    for size in [(25, 31), (60, 90), (100, 70)]:
        result = decode_image(path, size, color_mode, crop_or_pad).astype(int)
        expected = decode_image(exact, size, color_mode, crop_or_pad)
        # colours are rounded after they are multiplied by opacity, and once more after
        # each direction of the resize, opacity likewise
        assert_allclose(result, expected, atol=2)
        assert abs(result - expected).mean() < 0.5


def test_transparent_images_are_laid_on_white_when_they_are_small(save, monkeypatch):
    path = save(Image.new("RGBA", (90, 60), RED_HALF), "a.png")
    made, convert = [], Image.Image.convert

    def spy(image, mode, *args, **kwargs):
        result = convert(image, mode, *args, **kwargs)
        made.append((result.mode, result.size))
        return result

    monkeypatch.setattr(Image.Image, "convert", spy)
    result = decode_image(path, (6, 9))
    assert_allclose(result, np.broadcast_to(ON_WHITE, (6, 9, 3)), atol=1)
    large = [mode for mode, size in made if size == (90, 60)]
    assert large == ["RGBa"]  # one more beside the image itself


# mode -> the transparent colour, as the file notes it
NOTED = {"P": 0, "P, each": bytes([0, 255]), "L": 30, "RGB": (30, 0, 0), "1": 0}


@pytest.mark.parametrize("kind", NOTED)
def test_a_colour_noted_as_transparent_becomes_white(kind, save):
    mode = kind.split(",")[0]
    image = Image.new(mode, (4, 2), 0)
    if mode == "P":
        image.putpalette([30, 0, 0, 0, 90, 0])
        image.paste(1, (2, 0, 4, 2))
    else:
        image.paste(NOTED[kind], (0, 0, 2, 2))
        image.paste((0, 90, 0) if mode == "RGB" else 255, (2, 0, 4, 2))
    path = save(image, "a.png", transparency=NOTED[kind])
    with Image.open(path) as opened:
        assert "transparency" in opened.info
        expected = pixels(opened, "rgba")
    assert_array_equal(expected[0, :, 3], [0, 0, 255, 255])
    result = decode_image(path, (2, 4))
    assert (result[:, :2] == 255).all()
    assert_array_equal(result[:, 2:], expected[:, 2:, :3])
    assert_array_equal(decode_image(path, (2, 4), "rgba"), expected)


def test_transparency_of_a_gif(save):
    image = Image.new("P", (4, 2), 0)
    image.putpalette([0, 0, 0, 200, 10, 10])
    image.paste(1, (2, 0, 4, 2))
    result = decode_image(save(image, "a.gif", transparency=0), (2, 4))
    assert_array_equal(result[0], [[255] * 3, [255] * 3, [200, 10, 10], [200, 10, 10]])


def test_lab_is_converted(save):
    path = save(Image.new("LAB", (4, 4), (255, 128, 128)), "a.tif")  # white
    for color_mode in MODES:
        assert decode_image(path, (4, 4), color_mode).min() >= 254


# -- files -----------------------------------------------------------------------------


def test_animations_give_their_first_frame(save):
    frames = [Image.new("RGB", (8, 8), color) for color in ("red", "lime", "blue")]
    for name in ("a.gif", "a.png", "a.webp", "a.tif"):
        path = save(frames[0], name, save_all=True, append_images=frames[1:])
        result = decode_image(path, (8, 8)).astype(int)
        assert_allclose(result, np.tile([255, 0, 0], (8, 8, 1)), atol=2)


def test_first_photograph_of_several(save, decoded_sizes):
    frames = [photo(1200, 800), Image.new("RGB", (1200, 800))]
    path = save(frames[0], "a.mpo", save_all=True, append_images=frames[1:])
    expected = pixels(frames[0].resize((30, 20), BILINEAR))
    result = decode_image(path, (20, 30)).astype(int)
    assert_allclose(result, expected, atol=6)
    assert decoded_sizes == {(150, 100)}


def test_content_counts_and_not_the_extension(save, tmp_path):
    path = save(photo(90, 60), "a.png").rename(tmp_path / "a.jpg")
    assert_array_equal(decode_image(path, (60, 90)), pixels(photo(90, 60)))
    path = path.rename(tmp_path / "without")
    assert_array_equal(decode_image(path, (60, 90)), pixels(photo(90, 60)))


def test_paths_of_any_type(save, tmp_path, monkeypatch):
    class Entry:
        def __fspath__(self):
            return "a.png"

    save(photo(9, 6), "a.png")
    save(photo(9, 6), "~", format="PNG")
    monkeypatch.chdir(tmp_path)
    for path in ("a.png", Path("a.png"), np.str_("a.png"), Entry(), b"a.png", "~"):
        assert_array_equal(decode_image(path, (6, 9)), pixels(photo(9, 6)))


def test_result_belongs_to_the_caller(save):
    result = decode_image(save(photo(9, 6), "a.png"), (6, 9))
    result[:] = 0
    assert result.flags.c_contiguous


# -- errors ----------------------------------------------------------------------------


def png(width, height, data=b""):
    """A PNG whose header promises what its data need not keep."""

    def chunk(kind, content):
        code = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + code

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(data)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


@pytest.fixture
def jpeg(save):
    return save(photo(90, 60), "whole.jpg").read_bytes()


# content of a file, made from that of a JPEG -> message
BROKEN = {
    "truncated": (lambda jpeg: jpeg[: len(jpeg) // 2], "JPEG data: .*truncated"),
    "header alone": (lambda jpeg: jpeg[:30], "Truncated"),
    "signature alone": (lambda jpeg: jpeg[:3], "no image .* that Pillow reads"),
    "one byte": (lambda jpeg: jpeg[:1], "no image in a format that Pillow reads"),
    "empty": (lambda jpeg: b"", "the file is empty"),
    "text": (lambda jpeg: b"hello, world\n" * 50, "no image in a format"),
    "png": (lambda jpeg: png(50, 50, b"few"), "PNG data: .*truncated"),
    "zeros": (lambda jpeg: bytes(5000), "no image in a format"),
    "hdf5": (lambda jpeg: b"\x89HDF\r\n\x1a\n" + bytes(99), "HDF5.*cannot find loader"),
    "heic": (
        lambda jpeg: b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(99),
        r"does not read HEIC images\. Install pillow-heif",
    ),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_files_are_refused(kind, jpeg, write):
    content, message = BROKEN[kind]
    path = write(content(jpeg), "broken.jpg")
    with pytest.raises(ImageReadError, match=rf"broken\.jpg'?: .*{message}") as caught:
        decode_image(path, (8, 8))
    assert caught.value.path == str(path)
    if kind != "heic":
        assert str(caught.value).endswith("Replace the file, or leave it out.")


def test_wrong_paths_are_refused(save, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    save(photo(9, 6), "a.png")
    for path, message in [
        ("b.png", r"'b\.png': there is no such file\. Check the path; a relative"),
        ("~/b.png", r"there is no such file\. Expand the ~ by os.path.expanduser\."),
        ("folder", r"it is a folder\. Give files; skdl.preprocessing.load_image"),
        ("a\0.png", r"null byte\. Check the path"),
        ("a" * 300, r"Check the path"),
        ("", r"'': there is no such file"),
    ]:
        with pytest.raises(ImageReadError, match=message):
            decode_image(path, (8, 8))
        assert not is_image(path)
    with pytest.raises(TypeError, match="not int"):
        decode_image(3, (8, 8))


@pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() == 0, reason="this user may read all files"
)
def test_files_that_may_not_be_read_are_refused(save):
    path = save(photo(9, 6), "a.png")
    path.chmod(0)
    with pytest.raises(ImageReadError, match=r"denied\. Make the file readable"):
        decode_image(path, (8, 8))


def test_denied_files_say_so(monkeypatch):
    def denied(*args):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", denied)
    with pytest.raises(ImageReadError, match=r"Permission denied\. Make the file read"):
        decode_image("a.png", (8, 8))


@pytest.mark.parametrize("factor", [1.5, 100])  # of which Pillow warns, and refuses
def test_too_many_pixels_are_refused_without_a_warning(factor, write):
    side = int((factor * PIL.Image.MAX_IMAGE_PIXELS) ** 0.5)
    path = write(png(side, side), "bomb.png")
    message = rf"{side} x {side} pixels, more than the 89478485 .* Shrink it, or raise"
    with warnings.catch_warnings(action="error"):
        with pytest.raises(ImageReadError, match=message):
            decode_image(path, (8, 8))
        assert is_image(path)


def test_the_limit_of_pixels_is_pillows(save, monkeypatch):
    path = save(photo(90, 60), "a.png")
    for limit in (90 * 60, 90 * 60 + 0.5, None):
        monkeypatch.setattr(PIL.Image, "MAX_IMAGE_PIXELS", limit)
        decode_image(path, (8, 8))
    monkeypatch.setattr(PIL.Image, "MAX_IMAGE_PIXELS", 90 * 60 - 1)
    with pytest.raises(ImageReadError, match="more than the 5399 that Pillow allows"):
        decode_image(path, (8, 8))


def test_missing_codecs_are_named(save, monkeypatch):
    path = save(photo(9, 6), "a.webp")
    note = "WEBP support not installed"
    plugin = (None, lambda prefix: prefix[8:12] == b"WEBP" and note)
    monkeypatch.setitem(Image.OPEN, "WEBP", plugin)
    with (
        warnings.catch_warnings(action="error"),
        pytest.raises(ImageReadError, match=note),
    ):
        decode_image(path, (8, 8))


def test_without_pillow_the_message_says_how_to_get_it(save, monkeypatch):
    path = save(photo(9, 6), "a.png")
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ImportError, match=r'pip install "skdl\[images\]"'):
        decode_image(path, (8, 8))


def test_memory_errors_are_no_fault_of_the_file(save, monkeypatch):
    def load(image):
        raise MemoryError

    path = save(photo(9, 6), "a.jpg")
    monkeypatch.setattr(JpegImageFile, "load", load)
    with pytest.raises(MemoryError):
        decode_image(path, (8, 8))


def test_error_survives_pickling():
    error = pickle.loads(pickle.dumps(ImageReadError("a.png", "broken", "Mend it.")))
    assert (error.path, error.reason) == ("a.png", "broken")
    assert str(error) == "Cannot read the image 'a.png': broken. Mend it."


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")
def test_files_are_closed(save, write, jpeg):
    frames = [photo(90, 60), photo(60, 90)]
    options = {"save_all": True, "append_images": frames[1:]}
    paths = [save(frames[0], f"a.{end}", **options) for end in ("gif", "tif", "png")]
    paths.append(save(frames[0], "lzw.tif", compression="tiff_lzw", **options))
    paths += [save(frames[0], f"a.{end}") for end in ("jpg", "webp", "bmp")]
    paths += [write(jpeg[:700], "half.jpg"), write(b"text" * 9, "text.png")]
    gc.collect()
    gc.disable()  # so that closing is not left to it
    try:
        before = len(os.listdir("/proc/self/fd"))
        for path in paths * 3:
            is_image(path)
            try:
                decode_image(path, (8, 8))
            except ImageReadError:
                assert path.name in ("half.jpg", "text.png")
        assert len(os.listdir("/proc/self/fd")) == before
    finally:
        gc.enable()


# -- which files are images ------------------------------------------------------------


def test_images_are_told_from_other_files(save, write, jpeg):
    for name in (
        "a.jpg",
        "a.png",
        "a.gif",
        "a.bmp",
        "a.tif",
        "a.webp",
        "a.ppm",
        "a.tga",
    ):
        assert is_image(save(photo(9, 6), name)), name
    assert is_image(write(jpeg[: len(jpeg) // 2]))  # broken, but an image
    video = b"\0\0\x01\xb3" + bytes([22, 1, 32, 19]) + bytes(99)  # MPEG
    for content in [BROKEN[k][0](jpeg) for k in ("empty", "text", "hdf5")] + [video]:
        assert not is_image(write(content, "a.png"))
