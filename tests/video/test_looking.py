"""Small copies, bars, cuts, motion, exposure: on footage whose truth is known."""

from fractions import Fraction

import numpy as np
import pytest
import pyvips

from photochrom.video.cuts import shot_starts
from photochrom.video.exposure import Seen, evened, softened
from photochrom.video.fields import box, median, sample, shrink, stretch
from photochrom.video.film import open_film
from photochrom.video.motion import MOST_CELLS, MotionSearch, refined, trust
from photochrom.video.preview import ACROSS, GAP_PX, SHEET_PIXELS, _sheet
from photochrom.video.small import LIGHTNESS, SmallCopy, find_bars
from photochrom.video.tracks import decode_stamps


def test_fields_of_a_constant_stay_constant():
    field = np.full((7, 9, 2), 3.5, np.float32)
    flow = np.random.default_rng(0).normal(0, 4, (7, 9, 2)).astype(np.float32)
    for result in (box(field), median(field), sample(field, flow), stretch(field, (7, 9), 0.5)):
        assert result.dtype == np.float32
        np.testing.assert_allclose(result, 3.5, rtol=1e-6)


def test_sampling_follows_the_flow():
    rows, columns = np.mgrid[:20, :30].astype(np.float32)
    flow = np.stack([np.full((20, 30), 1.5), np.full((20, 30), -2.0)], axis=-1).astype(np.float32)
    moved = sample(np.stack([columns, rows], axis=-1), flow)
    np.testing.assert_allclose(moved[5:15, 5:25, 0], columns[5:15, 5:25] + 1.5, atol=1e-4)
    np.testing.assert_allclose(moved[5:15, 5:25, 1], rows[5:15, 5:25] - 2, atol=1e-4)


def test_motion_of_a_pan_is_found_and_trusted(photograph, panned):
    frames = panned(photograph("china", 640), 6, step=(4, 2), size=(256, 456))
    search = MotionSearch((256, 456), 4)
    motions = [*[search.push(frame) for frame in frames][1:], search.finish()]
    middle = motions[3]
    inner = np.s_[8:-8, 8:-8]
    np.testing.assert_allclose(np.median(middle.past[inner], axis=(0, 1)), [1, 0.5], atol=0.05)
    np.testing.assert_allclose(np.median(middle.future[inner], axis=(0, 1)), [-1, -0.5], atol=0.05)
    lights = [shrink(LIGHTNESS[frame], 4) for frame in frames]
    believed = trust(middle.past, motions[2].future, lights[3], lights[2])
    assert np.median(believed[inner]) > 0.9
    other = shrink(LIGHTNESS[np.ascontiguousarray(frames[0][::-1])], 4)
    assert trust(middle.past, motions[2].future, lights[3], other)[inner].mean() < 0.6


def test_motion_is_refined_to_fractions_of_a_cell(photograph, panned):
    frames = panned(photograph("china", 640), 2, step=(1, 1), size=(256, 456))
    before, now = (shrink(LIGHTNESS[frame], 4) for frame in frames)
    flow = np.zeros((*now.shape, 2), np.float32)
    found = refined(flow, now, before)
    assert found.dtype == np.float32
    assert abs(found).max() <= MOST_CELLS
    varied = box(abs(np.gradient(now)[0])) > 4
    assert varied.mean() > 0.1
    np.testing.assert_allclose(np.median(found[varied], axis=0), [0.25, 0.25], atol=0.05)
    back = refined(flow, before, now)
    np.testing.assert_allclose(np.median(back[varied], axis=0), [-0.25, -0.25], atol=0.05)


def test_motion_stays_where_lightness_is_flat():
    flow = np.random.default_rng(0).normal(0, 2, (7, 9, 2)).astype(np.float32)
    flat = np.full((7, 9), 50, np.float32)
    np.testing.assert_array_equal(refined(flow, flat, flat), flow)


def starts_of(frames):
    return [at for at, starts in shot_starts(enumerate(frames)) if starts]


def test_cuts_are_found_and_flashes_are_none(photograph, panned):
    names = ("china", "flower", "chelsea", "china", "flower")
    frames = np.concatenate(
        [
            panned(photograph(name, 640), 9, step=(3, 1), size=(256, 456), start=(10 * at, 4 * at))
            for at, name in enumerate(names)
        ]
    )
    rng = np.random.default_rng(1)
    frames = (frames + rng.normal(0, 4, frames.shape)).clip(0, 255).astype(np.uint8)
    frames[13] = (frames[13] * 0.2 + 200).clip(0, 255)  # a flash
    frames[30] = 250  # a damaged frame
    assert starts_of(frames) == [0, 9, 18, 27, 36]


def test_a_dissolve_is_no_cut(photograph, panned):
    china, flower = (
        panned(photograph(name, 640), 24, size=(256, 456)).astype(float)
        for name in ("china", "flower")
    )
    share = np.linspace(0, 1, 24)[:, None, None]
    mixed = (china * (1 - share) + flower * share).astype(np.uint8)
    assert starts_of(mixed) == [0]


def test_flicker_is_evened_out(photograph, panned):
    frames = panned(photograph("flower", 400), 40, step=(0, 0), size=(128, 200))
    rng = np.random.default_rng(3)
    flickering = [
        (frame * gain).clip(0, 255).astype(np.uint8)
        for frame, gain in zip(frames, rng.uniform(0.8, 1.0, 40), strict=True)
    ]
    seen = [Seen(at, at, 1, frame, at == 0) for at, frame in enumerate(flickering)]
    even = [frame for _, frame in evened(seen)]
    before, after = (
        np.std([LIGHTNESS[frame].mean() for frame in some]) for some in (flickering, even)
    )
    assert after < before / 2


def test_grain_is_softened_and_a_clean_frame_is_not(photograph):
    clean = photograph("flower", 320)
    assert softened(clean) is clean
    rng = np.random.default_rng(0)
    grainy = (clean + rng.normal(0, 12, clean.shape)).clip(0, 255).astype(np.uint8)
    assert (
        abs(softened(grainy) - clean.astype(float)).mean()
        < abs(grainy - clean.astype(float)).mean()
    )


def test_a_sheet_of_many_shots_is_one_picture_still(photograph):
    frame = photograph("china", 200)
    jpeg = pyvips.Image.new_from_array(np.repeat(frame[..., None], 3, 2)).jpegsave_buffer()
    height, width = frame.shape
    for count in (3, 9, 2500):
        sheet = pyvips.Image.new_from_buffer(_sheet([jpeg] * count), "")
        assert sheet.width * sheet.height < 1.2 * SHEET_PIXELS
        assert max(sheet.width, sheet.height) < 65_500
        if count < 10:
            rows = -(-count // ACROSS)
            assert sheet.height == rows * (height + GAP_PX) - GAP_PX
            assert sheet.width == ACROSS * (width + GAP_PX) - GAP_PX


def test_bars_are_found_and_left_out(tmp_path, shots, clip):
    frames = np.full((40, 120, 200), 16, np.uint8)
    frames[:, 12:108, 20:180] = shots[:40].clip(30, 235)
    film = open_film(clip(tmp_path / "bars.mkv", frames))
    bars = find_bars(film)
    assert (bars.top, bars.bottom, bars.left, bars.right) == (12, 12, 20, 20)
    small = SmallCopy(film, bars, 64)
    assert small.upright_size == (64, 107)
    np.testing.assert_allclose(small.placed(np.array([[20, 12], [180, 108]])), [[0, 0], [107, 64]])
    assert small(next(iter(film.frames())).luma).mean() > 60


def test_anamorphic_and_turned_films_stand_upright_with_square_pixels(tmp_path, shots, clip):
    def as_pal(container, stream):
        stream.codec_context.sample_aspect_ratio = Fraction(3, 2)
        stream.set_display_rotation(90)

    path = clip(
        tmp_path / "turned.mp4", shots[:4], codec="libx264", prepare=as_pal, options={"crf": "10"}
    )
    film = open_film(path)
    assert film.turn % 180 == 90
    assert film.pixel_aspect == Fraction(3, 2)
    assert film.upright_size == (160, 96)
    small = SmallCopy(film, find_bars(film), 64)
    height, width = small.upright_size
    assert (min(height, width), max(height, width)) == (64, 160)
    assert height > width


def test_an_interlaced_film_is_seen_to_be(tmp_path, photograph, panned, clip):
    frames = panned(photograph("china", 500), 41, step=(6, 0), size=(192, 256))
    progressive = open_film(clip(tmp_path / "p.mkv", frames[:20]))
    assert not progressive.interlaced
    woven = frames[:40:2].copy()
    woven[:, 1::2] = frames[1:41:2][:, 1::2]
    film = open_film(clip(tmp_path / "i.mkv", woven))
    assert film.interlaced
    found = list(film.frames())
    assert [frame.pts for frame in found] == [frame.pts for frame in open_film(film.path).frames()]
    assert len(found) == 20
    combs = [abs(np.diff(one.luma.astype(int), 2, axis=0)).mean() for one in found]
    assert np.mean(combs) < abs(np.diff(woven.astype(int), 2, axis=1)).mean() / 1.5


@pytest.mark.parametrize("depth", [8, 10])
def test_a_slow_tilt_is_not_interlaced(tmp_path, photograph, panned, clip, depth):
    frames = panned(photograph("flower", 900), 60, step=(1, 2), size=(240, 400))
    if depth == 10:
        options = {"preset": "veryfast", "x265-params": "log-level=none"}
        kind = {"codec": "libx265", "pixel_format": "yuv420p10le", "options": options}
        frames = frames.astype(np.uint16) * 4
    else:
        kind = {"codec": "mpeg4"}
    assert not open_film(clip(tmp_path / "p.mkv", frames, **kind)).interlaced
    woven = frames[:60:2].copy()
    woven[:, 1::2] = frames[1:60:2][:, 1::2]
    assert open_film(clip(tmp_path / "i.mkv", woven, **kind)).interlaced


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ([0, 10, 20], [0, 10, 20]),
        ([0, 30, 10, 20], [-10, 0, 10, 20]),
        ([0, 40, 20, 10, 30, 50], [-20, -10, 0, 10, 20, 30]),
        ([5], [5]),
        ([], []),
    ],
)
def test_decode_times_rise_and_never_come_after(order, expected):
    found = decode_stamps(np.array(order, np.int64)).tolist()
    assert found == expected
    assert all(dts <= pts for dts, pts in zip(found, order, strict=True))


def test_key_frames_are_found_by_seeking(tmp_path, photograph, panned, clip):
    frames = panned(photograph("china", 320), 48)
    stamps = [2500 + at for at in range(48)]
    unit = Fraction(1, 25)
    source = clip(
        tmp_path / "a.mkv",
        frames,
        codec="libx264",
        options={"g": "12", "sc_threshold": "0", "bf": "2"},
        stamps=stamps,
        time_base=unit,
    )
    film = open_film(source)
    every = list(film.frames())
    found = list(film.key_frames([100.0, 100.5, 101.9]))
    numbers = [[one.pts for one in every].index(frame.pts) for frame in found]
    assert numbers == [0, 12, 36]
    for number, frame in zip(numbers, found, strict=True):
        assert np.array_equal(frame.luma, every[number].luma)
