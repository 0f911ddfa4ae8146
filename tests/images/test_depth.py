"""Files of more than eight bits give the numbers that were written into them."""

import struct
import zlib

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image
from scipy.ndimage import zoom

from skdl._images import decode_image
from skdl._images._depth import dtype_of_file
from skdl.exceptions import ImageReadError

SHAPE = 6, 9
MODES = {"rgb": 3, "grayscale": 1, "rgba": 4}
LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601


def numbers(*shape, high=65536, dtype=np.uint16):
    return np.random.default_rng(0).integers(0, high, shape, dtype=dtype)


def png(values, colour_type, *chunks):
    """A PNG of 16 bits, which Pillow writes of grey images only."""

    def chunk(kind, content):
        code = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + code

    height, width = values.shape[:2]
    rows = [b"\0" + row.astype(">u2").tobytes() for row in values]
    header = struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0)
    parts = [chunk(b"IHDR", header), *(chunk(*c) for c in chunks)]
    parts += [chunk(b"IDAT", zlib.compress(b"".join(rows))), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def tiff(values, *, order="<", sample_format=1, planar=1, extra=()):
    """A TIFF without compression, of any integers."""
    values = values if values.ndim == 3 else values[..., None]
    height, width, n = values.shape
    bits = 8 * values.itemsize
    stored = np.moveaxis(values, 2, 0) if planar == 2 else values
    data = stored.astype(stored.dtype.newbyteorder(order)).tobytes()
    strips = n if planar == 2 else 1
    starts = [8 + k * (len(data) // strips) for k in range(strips)]
    tags = {
        256: (4, [width]),
        257: (4, [height]),
        258: (3, [bits] * n),
        259: (3, [1]),
        262: (3, [2 if n > 2 else 1]),
        273: (4, starts),
        277: (3, [n]),
        278: (4, [height]),
        279: (4, [len(data) // strips] * strips),
        284: (3, [planar]),
        339: (3, [sample_format] * n),
    }
    if extra:
        tags[338] = (3, list(extra))
    body, later = b"", b""
    after = 8 + len(data) + 2 + 12 * len(tags) + 4
    for tag, (kind, content) in sorted(tags.items()):
        packed = b"".join(
            struct.pack(order + {3: "H", 4: "I"}[kind], v) for v in content
        )
        entry = struct.pack(order + "HHI", tag, kind, len(content))
        if len(packed) > 4:
            entry += struct.pack(order + "I", after + len(later))
            later += packed
        else:
            entry += packed.ljust(4, b"\0")
        body += entry
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "H", 42)
    head += struct.pack(order + "I", 8 + len(data))
    return head + data + struct.pack(order + "H", len(tags)) + body + bytes(4) + later


@pytest.fixture
def write(tmp_path):
    """``write(content or image, name) -> path``."""

    def write(content, name="image"):
        path = str(tmp_path / name)
        if isinstance(content, bytes):
            (tmp_path / name).write_bytes(content)
        else:
            content.save(path)
        return path

    return write


# -- grey ------------------------------------------------------------------------------

GREY = ["a.png", "a.tif", "a.jp2", "big_endian.tif", "a.pgm"]


def write_grey(values, name, write):
    """Of uint16, in one format or another."""
    if name == "a.pgm":
        height, width = values.shape
        head = b"P5 %d %d 65535\n" % (width, height)
        return write(head + values.astype(">u2").tobytes(), name)
    if name == "big_endian.tif":
        return write(tiff(values, order=">"), name)
    return write(Image.fromarray(values), name)


@pytest.mark.parametrize("high", [64, 1024, 4096, 65536])
@pytest.mark.parametrize("name", GREY)
def test_ten_or_twelve_bits_in_sixteen_stay_as_they_are(name, high, write):
    values = numbers(*SHAPE, high=high)
    path = write_grey(values, name, write)
    with Image.open(path) as image:
        assert_array_equal(np.asarray(image), values)  # as Pillow sees it
    grey = decode_image(path, SHAPE, "grayscale")
    assert grey.dtype == np.float32
    assert dtype_of_file(path) == "float32"
    assert_array_equal(grey[..., 0], values)
    assert_array_equal(decode_image(path, SHAPE), np.stack([values] * 3, axis=2))
    opaque = decode_image(path, SHAPE, "rgba")
    assert_array_equal(opaque[..., :3], decode_image(path, SHAPE))
    assert (opaque[..., 3] == 65535).all()


def test_64_levels_stay_64_levels(write):
    levels = (16 * (np.arange(4096) % 64)).reshape(64, 64).astype(np.uint16)
    path = write(Image.fromarray(levels), "a.png")
    assert len(np.unique(decode_image(path, (64, 64)))) == 64


@pytest.mark.parametrize(
    ("values", "sample_format", "order", "dtype"),
    [
        (numbers(*SHAPE, dtype=np.int16, high=30000) - 15000, 2, "<", "float64"),
        (numbers(*SHAPE, dtype=np.int16, high=30000) - 15000, 2, ">", "float64"),
        (numbers(*SHAPE, dtype=np.int32, high=2**31 - 1), 2, "<", "float64"),
        (-numbers(*SHAPE, dtype=np.int32, high=2**31 - 1), 2, ">", "float64"),
        (numbers(*SHAPE, dtype=np.uint32, high=2**32 - 1), 1, "<", "float64"),
        (numbers(*SHAPE).astype(np.float32) / 7 - 3000, 3, "<", "float32"),
        (numbers(*SHAPE).astype(np.float32) * 1e-9, 3, ">", "float32"),
    ],
    ids=["i2", "i2 >", "i4", "i4 >", "u4", "f4", "f4 >"],
)
def test_signed_long_and_real_numbers_stay_as_they_are(
    values, sample_format, order, dtype, write
):
    path = write(tiff(values, order=order, sample_format=sample_format))
    grey = decode_image(path, SHAPE, "grayscale")
    assert grey.dtype == dtype_of_file(path) == dtype
    assert_array_equal(grey[..., 0], values)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_nan_and_infinity_are_refused(value, write):
    values = np.ones(SHAPE, np.float32)
    values[3, 4] = value
    path = write(Image.fromarray(values), "a.tif")
    with pytest.raises(ImageReadError, match=r"a\.tif.*hold NaN or infinity.*Replace"):
        decode_image(path, SHAPE)


# -- sizes -----------------------------------------------------------------------------


def bilinear(values, size):
    """Pillow's resize of floats, which rounds nothing."""
    image = Image.fromarray(values.astype(np.float32))
    return np.asarray(image.resize(size[::-1], Image.Resampling.BILINEAR))


def test_resizing_rounds_nothing(write):
    values = numbers(24, 36, high=4)  # as few levels as a map of regions has
    path = write(Image.fromarray(values), "a.png")
    small = decode_image(path, (8, 9), "grayscale")[..., 0]
    assert_array_equal(small, bilinear(values, (8, 9)))
    assert len(np.unique(small)) > 50
    # twice as large, each pixel's weights are quarters
    large = decode_image(path, (48, 72), "grayscale")[1:-1, 1:-1, 0]
    expected = zoom(values.astype(float), 2, order=1, mode="nearest", grid_mode=True)
    assert_allclose(large, expected[1:-1, 1:-1], atol=1e-6)


@pytest.mark.parametrize("offset", [0, 2**31 - 70000, -(2**31)])
def test_long_integers_are_resized_as_precisely(offset, write):
    values = numbers(24, 36, high=4)
    shifted = (values.astype(np.int64) + offset).astype(np.int32)
    path = write(tiff(shifted, sample_format=2))
    small = decode_image(path, (8, 9), "grayscale")[..., 0]
    assert_allclose(small - offset, bilinear(values, (8, 9)), atol=1e-5)


def test_crop_and_pad(write):
    values = numbers(12, 30)
    path = write(Image.fromarray(values), "a.png")
    cropped = decode_image(path, (12, 12), "grayscale", "crop")
    assert_array_equal(cropped[..., 0], values[:, 9:21])
    padded = decode_image(path, (20, 30), "rgb", "pad")
    assert padded.dtype == np.float32
    assert_array_equal(padded[4:16, :, 1], values)
    assert not padded[:4].any()
    assert not padded[16:].any()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("extension", ["png", "tif"])
def test_images_are_turned_upright(extension, orientation, write, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = orientation
    values = numbers(*SHAPE)
    path = str(tmp_path / f"a.{extension}")
    Image.fromarray(values).save(path, exif=exif)
    upright = {
        1: values,
        2: values[:, ::-1],
        3: values[::-1, ::-1],
        4: values[::-1],
        5: values.T,
        6: values[::-1].T,
        7: values[::-1, ::-1].T,
        8: values[:, ::-1].T,
    }[orientation]
    result = decode_image(path, upright.shape, "grayscale")
    assert_array_equal(result[..., 0], upright)


# -- colours ---------------------------------------------------------------------------


def colour_files(values):
    """The same colours of 16 bits in several formats; with or without opacity."""
    extra = (2,) if values.shape[2] == 4 else ()
    return {
        "png": png(values, 6 if extra else 2),
        "tiff": tiff(values, extra=extra),
        "tiff, big endian": tiff(values, order=">", extra=extra),
    }


@pytest.mark.parametrize("high", [1024, 65536])
@pytest.mark.parametrize("kind", ["png", "tiff", "tiff, big endian"])
def test_colours_of_sixteen_bits_keep_both_bytes(kind, high, write):
    values = numbers(*SHAPE, 3, high=high)
    path = write(colour_files(values)[kind])
    with Image.open(path) as image:  # which has the upper ones
        assert_array_equal(np.asarray(image), values >> 8)
    result = decode_image(path, SHAPE)
    assert result.dtype == np.float32
    assert_array_equal(result, values)
    grey = decode_image(path, SHAPE, "grayscale")
    assert_allclose(grey[..., 0], values @ LUMA, rtol=1e-6)
    small = decode_image(path, (4, 5))
    for k in range(3):
        assert_array_equal(small[..., k], bilinear(values[..., k], (4, 5)))


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate"])
def test_compressed_colours_of_sixteen_bits(compression, write, tmp_path):
    values = numbers(*SHAPE, 3)
    grey = write(Image.fromarray(values[..., 0]), "a.tif")
    Image.open(grey).save(grey, compression=compression)
    assert_array_equal(decode_image(grey, SHAPE, "grayscale")[..., 0], values[..., 0])
    path = write(compressed_tiff(values))
    assert_array_equal(decode_image(path, SHAPE), values)


def compressed_tiff(values):
    """The same as `tiff`, its data deflated."""
    plain = tiff(values)
    n = values.nbytes
    data = zlib.compress(plain[8 : 8 + n])
    assert len(data) <= n + 100
    data, tail = data.ljust(n + 100, b"\0"), plain[8 + n :]
    moved = bytearray(plain[:4] + struct.pack("<I", 8 + len(data)) + data + tail)
    start = 8 + len(data)
    (n_tags,) = struct.unpack_from("<H", moved, start)
    for k in range(n_tags):
        entry = start + 2 + 12 * k
        tag, _, count, value = struct.unpack_from("<HHII", moved, entry)
        if tag == 259:
            struct.pack_into("<H", moved, entry + 8, 8)  # Adobe's deflate
        elif tag == 279:
            struct.pack_into("<I", moved, entry + 8, len(data))
        elif tag in (258, 339) and count > 2:
            struct.pack_into("<I", moved, entry + 8, value + 100)
    return bytes(moved)


@pytest.mark.parametrize("kind", ["png", "tiff", "tiff, big endian"])
def test_opacity_of_sixteen_bits(kind, write):
    values = numbers(*SHAPE, 4)
    values[0, 0, 3], values[0, 1, 3] = 0, 65535
    path = write(colour_files(values)[kind])
    assert_array_equal(decode_image(path, SHAPE, "rgba"), values)
    opacity = values[..., 3:] / 65535
    on_white = values[..., :3] * opacity + 65535 * (1 - opacity)
    assert_allclose(decode_image(path, SHAPE), on_white, rtol=1e-6)
    grey = decode_image(path, SHAPE, "grayscale")[..., 0]
    assert_allclose(grey, on_white @ LUMA, rtol=1e-6)


def test_grey_with_opacity(write):
    values = numbers(*SHAPE, 2)
    path = write(png(values, 4))
    rgba = decode_image(path, SHAPE, "rgba")
    assert_array_equal(rgba, values[..., [0, 0, 0, 1]])
    opacity = values[..., 1] / 65535
    on_white = values[..., 0] * opacity + 65535 * (1 - opacity)
    grey = decode_image(path, SHAPE, "grayscale")[..., 0]
    assert_allclose(grey, on_white, rtol=1e-6)


def test_opaque_images_are_as_those_without_opacity(write):
    values = numbers(*SHAPE, 4)
    values[..., 3] = 65535
    path = write(png(values, 6))
    assert_array_equal(decode_image(path, SHAPE), values[..., :3])


def test_transparent_colours_do_not_bleed(write):
    values = np.zeros((40, 40, 4), np.uint16)
    values[..., 1] = 65535  # green, but not to be seen
    values[:, :20] = [65535, 0, 0, 65535]
    path = write(png(values, 6))
    rgba = decode_image(path, (5, 5), "rgba")
    assert rgba[..., 3].min() == 0
    assert_allclose(rgba[rgba[..., 3] > 0][:, 0], 65535, rtol=1e-6)
    assert_array_equal(decode_image(path, (5, 5))[0, -1], [65535] * 3)


@pytest.mark.parametrize("colour_type", [0, 2])
def test_a_colour_noted_as_transparent_becomes_white(colour_type, write):
    n = 1 if colour_type == 0 else 3
    values = numbers(*SHAPE, n, high=1024)
    values[2, 3] = 77
    values[2, 4] = 78  # has the same upper byte
    note = struct.pack(">H", 77) * n
    path = write(png(values, colour_type, (b"tRNS", note)))
    clear = (values == 77).all(axis=2)
    assert clear[2, 3]
    expected = np.where(clear[..., None], 65535, values)
    result = decode_image(path, SHAPE, "grayscale" if n == 1 else "rgb")
    assert_array_equal(result, expected)
    rgba = decode_image(path, SHAPE, "rgba")
    assert_array_equal(rgba[..., 3], np.where(clear, 0, 65535))


def test_colours_beside_transparent_ones_are_four_channels(write):
    """Of satellites, say: the fourth channel is no opacity, and is left out."""
    values = numbers(*SHAPE, 4)
    path = write(tiff(values, extra=(0,)))
    assert_array_equal(decode_image(path, SHAPE), values[..., :3])


@pytest.mark.parametrize("order", "<>")
def test_separate_planes_are_refused(order, write):
    """Pillow takes bytes of one colour for those of several pixels."""
    values = numbers(*SHAPE, 3)
    for n in (3, 1):
        path = write(tiff(values[..., :n], order=order, planar=2), "a.tif")
        with pytest.raises(ImageReadError, match=r"a\.tif.*separate pl.*side by side"):
            decode_image(path, SHAPE)
    eight = (values >> 8).astype(np.uint8)
    assert_array_equal(decode_image(write(tiff(eight, planar=2)), SHAPE), eight)


def test_eight_bits_are_bytes(write):
    for mode in ("1", "L", "P", "RGB", "RGBA", "LA", "CMYK"):
        extension = "tif" if mode == "CMYK" else "png"
        path = write(Image.new(mode, SHAPE[::-1]), f"a.{extension}")
        assert dtype_of_file(path) == "uint8"
        assert decode_image(path, SHAPE).dtype == np.uint8


def test_broken_files_are_named(write):
    path = write(png(numbers(*SHAPE, 3), 2)[:200], "broken.png")
    with pytest.raises(ImageReadError, match=r"broken\.png.*cannot decode its PNG"):
        decode_image(path, SHAPE)
    with pytest.raises(ImageReadError, match=r"none\.png.*no such file"):
        dtype_of_file("none.png")
