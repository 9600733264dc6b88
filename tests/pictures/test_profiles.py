"""`photochrom.pictures.profiles`: color profiles, of gray pictures too."""

import struct

import numpy as np
import pytest
import pyvips

from described import (
    SUFFIXES,
    colored,
    flat_ab,
    gray_profile,
    mean_error,
    stored_pixels,
    vips,
    with_fields,
)
from photochrom import color
from photochrom.pictures import metadata, picture


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp"])
def test_embedded_profile_is_converted_to_srgb(suffix, smooth_srgb, tmp_path):
    srgb = smooth_srgb(40, 60)
    path = tmp_path / f"p3{suffix}"
    vips(srgb).icc_transform("p3", input_profile="srgb").write_to_file(str(path), Q=98)
    assert mean_error(stored_pixels(path), srgb) > 5
    found = picture.read(path)
    assert mean_error(found.srgb(), srgb) < 3
    assert mean_error(found.srgb(size=(40, 60)), srgb) < 3
    saved = picture.read(found.save(tmp_path / "saved.png"))
    assert mean_error(saved.srgb(), srgb) < 3


def test_embedded_profile_is_converted_at_16_bit(smooth_srgb, tmp_path):
    srgb = smooth_srgb(40, 60).astype(np.uint16) * 257
    deep = vips(srgb, "rgb16").icc_transform("p3", input_profile="srgb", depth=16)
    deep.write_to_file(str(tmp_path / "p3.png"))
    found = picture.read(tmp_path / "p3.png")
    assert found.bits == 16
    path = found.save(tmp_path / "saved.png")
    assert mean_error(stored_pixels(path), srgb) < 0.5 * 257


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_gray_profile_is_converted(suffix, dtype, tmp_path):
    if dtype is np.uint16 and suffix == ".jpg":
        return
    high = np.iinfo(dtype).max
    levels = np.linspace(0, high, 64 * 64).reshape(64, 64).astype(dtype)
    space = "b-w" if dtype is np.uint8 else "grey16"
    image = with_fields(vips(levels, space), icc__profile__data=gray_profile(1.8))
    image.write_to_file(str(tmp_path / f"in{suffix}"), **({"Q": 98} if suffix == ".jpg" else {}))
    expected = 255 * color.linear_to_srgb((levels / high) ** 1.8)
    found = picture.read(tmp_path / f"in{suffix}")
    assert found.bits == 8 * levels.itemsize
    assert mean_error(found.srgb()[..., 1], expected) < 1
    assert mean_error(found.srgb(size=(64, 64))[..., 1], expected) < 1
    saved = found.with_ab(flat_ab(64, 64)).save(tmp_path / f"out{suffix}")
    assert pyvips.Image.new_from_file(str(saved)).get("icc-profile-data")[16:20] == b"RGB "
    assert mean_error(picture.read(saved).srgb()[..., 1], expected) < 1.5


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_srgb_profile_goes_out_where_one_came_in(suffix, smooth_srgb, tmp_path):
    p3 = vips(smooth_srgb(40, 60)).icc_transform("p3", input_profile="srgb")
    p3.write_to_file(str(tmp_path / "p3.png"))
    saved = colored(picture.read(tmp_path / "p3.png")).save(tmp_path / f"out{suffix}")
    profile = pyvips.Image.new_from_file(str(saved)).get("icc-profile-data")
    assert profile == metadata.srgb_profile()
    p3.copy().write_to_file(str(tmp_path / "in.png"), keep="none")
    bare = colored(picture.read(tmp_path / "in.png")).save(tmp_path / f"bare{suffix}")
    assert not pyvips.Image.new_from_file(str(bare)).get_typeof("icc-profile-data")


def test_pixels_of_an_srgb_profile_stay_as_they_are(smooth_srgb):
    srgb = smooth_srgb(40, 60)
    image = with_fields(vips(srgb), icc__profile__data=metadata.srgb_profile())
    found = picture.read(image.write_to_buffer(".png"))
    np.testing.assert_array_equal(found.srgb(), srgb)
    np.testing.assert_array_equal(picture.read(found.encode("png")).srgb(), srgb)


def with_profile(jpeg, profile):
    """libvips itself writes no profile that doesn't fit."""
    segment = b"ICC_PROFILE\0\1\1" + profile
    return jpeg[:2] + b"\xff\xe2" + struct.pack(">H", len(segment) + 2) + segment + jpeg[2:]


@pytest.mark.parametrize(
    ("space", "profile"),
    [("b-w", "srgb"), ("b-w", "p3"), ("b-w", "junk"), ("srgb", "gray"), ("srgb", "junk")],
)
def test_a_profile_of_other_channels_is_taken_for_srgb(space, profile, smooth_srgb):
    srgb = smooth_srgb(40, 60)[..., : 1 if space == "b-w" else 3]
    plain = vips(srgb, space).write_to_buffer(".jpg", keep="none")
    made = {"gray": gray_profile(1.8), "junk": b"junk" * 99}
    data = made.get(profile) or pyvips.Operation.call("profile_load", profile)
    found, expected = picture.read(with_profile(plain, data)), picture.read(plain)
    np.testing.assert_array_equal(found.srgb(), expected.srgb())
    np.testing.assert_array_equal(found.srgb(size=(20, 30)), expected.srgb(size=(20, 30)))
    for suffix in SUFFIXES:
        encoded = colored(found).encode(suffix)
        saved = pyvips.Image.new_from_buffer(encoded, "")
        assert saved.get("icc-profile-data")[16:20] == b"RGB "
