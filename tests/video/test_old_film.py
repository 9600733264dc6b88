"""Old films, simulated by pans over the samples: what is known of them must still be found."""

from fractions import Fraction

import numpy as np
import pytest

from photochrom.video import blocks, keys
from photochrom.video.coloring import colorize_film
from photochrom.video.cuts import shot_starts
from photochrom.video.encoding import Encoding
from photochrom.video.exposure import Seen, evened
from photochrom.video.film import open_film
from photochrom.video.motion import MotionSearch
from photochrom.video.small import find_bars

av = pytest.importorskip("av")

STEP = (2, 1)
LOSSLESS = Encoding(codec="ffv1")
CELL_PX = 4


@pytest.fixture
def pan_of(photograph, panned):
    """A pan by STEP over a sample, (count, 128, 224) gray codes."""
    return lambda name, count: panned(photograph(name, 480), count, step=STEP, size=(128, 224))


def worn(frames, *, seed=3, exposure=0.0, grain=0.0, scratches=0):
    """Frames with flickering exposure, grain, and white scratches that stand still or jump."""
    rng = np.random.default_rng(seed)
    levels = frames.astype(np.float32) * rng.uniform(
        1 - exposure, 1 + exposure, (len(frames), 1, 1)
    )
    levels += rng.normal(0, grain, levels.shape) if grain else 0
    for at in range(len(levels) if scratches else 0):
        for column in rng.integers(0, levels.shape[2], scratches):
            levels[at, :, column] = 250
    return levels.clip(0, 255).astype(np.uint8)


def errors_of_motion(frames):
    """How far the motion that is found lies from the pan's, in pixels, where there is texture."""
    search = MotionSearch(frames.shape[1:], CELL_PX)
    looked = [Seen(at, at, 1, frame, not at) for at, frame in enumerate(frames)]
    flows = []
    for _, even in evened(iter(looked)):
        if (motion := search.push(even)) is not None:
            flows.append(motion.past)
    return CELL_PX * np.stack(flows[1:]) - np.array(STEP)


def textured(frames):
    """Cells (count, h, w) in which the clean frames have texture, away from the edges."""
    height, width = (side // CELL_PX for side in frames.shape[1:])
    cells = frames.reshape(len(frames), height, CELL_PX, width, CELL_PX).astype(np.float32)
    found = cells.std(axis=(2, 4)) > 10
    found[:, :3] = found[:, -3:] = found[:, :, :3] = found[:, :, -3:] = False
    return found


@pytest.mark.parametrize(
    "wear",
    [
        {"exposure": 0.25},
        {"grain": 8.0},
        {"scratches": 3},
        {"exposure": 0.2, "grain": 6.0, "scratches": 2},
    ],
    ids=["flicker", "grain", "scratches", "all"],
)
def test_motion_is_found_and_no_cut_where_film_is_worn(pan_of, wear):
    clean = pan_of("china", 16)
    frames = worn(clean, **wear)
    errors = errors_of_motion(frames)
    where = textured(clean)[1 : len(errors) + 1]
    far = np.hypot(*np.moveaxis(errors, -1, 0))[where]
    assert np.median(far) < 1.0
    starts = [at for at, begins in shot_starts(enumerate(frames)) if begins]
    assert starts == [0]


def test_a_dirty_splice_parts_two_shots_and_costs_its_own_frame_at_most(pan_of):
    one, other = pan_of("china", 14), pan_of("flower", 14)
    dirt = np.random.default_rng(4).integers(0, 256, (1, *one.shape[1:])).astype(np.uint8)
    frames = np.concatenate([one, dirt, other])
    starts = {at for at, begins in shot_starts(enumerate(frames)) if begins}
    assert starts <= {0, 14, 15}
    assert len(starts) > 1


@pytest.mark.parametrize("rate", [16, 18, Fraction(24000, 1001)])
def test_silent_speeds_are_kept(tmp_path, pan_of, clip, read_luma, stand_in, rate):
    source = clip(tmp_path / "in.mkv", pan_of("china", 12), rate=rate)
    colorize_film(stand_in, source, tmp_path / "out.mkv", encoding=LOSSLESS)
    (luma, times), (before, wanted) = (read_luma(tmp_path / name) for name in ("out.mkv", "in.mkv"))
    assert np.array_equal(luma, before)
    assert times == wanted
    assert open_film(tmp_path / "out.mkv").rate == pytest.approx(float(rate), rel=0.01)


def test_black_bars_are_found_under_grain(tmp_path, pan_of, clip):
    frames = np.zeros((16, 160, 224), np.uint8)
    frames[:, 16:144] = pan_of("china", 16)
    dark = np.random.default_rng(1).normal(18, 2, frames.shape).clip(16, 24)
    source = clip(tmp_path / "in.mkv", np.maximum(frames, dark.astype(np.uint8)))
    bars = find_bars(open_film(source))
    assert (bars.top, bars.bottom, bars.left, bars.right) == (16, 16, 0, 0)


def woven(frames, *, top_first):
    """Frames of two fields each: lines of one moment and of the next."""
    result = frames[::2].copy()
    first = 1 if top_first else 0
    result[:, first::2] = frames[1::2][: len(result), first::2]
    return result


def telecined(frames):
    """Four film frames become five, of which two are woven from two (3:2 pulldown)."""
    five = []
    for a, b, c, d in frames.reshape(-1, 4, *frames.shape[1:]):
        bc, cd = b.copy(), c.copy()
        bc[1::2], cd[1::2] = c[1::2], d[1::2]
        five += [a, b, bc, cd, d]
    return np.stack(five)


@pytest.mark.parametrize(
    ("make", "rate"),
    [
        (lambda frames: woven(frames, top_first=True), 25),
        (lambda frames: woven(frames, top_first=False), Fraction(30000, 1001)),
        (telecined, Fraction(30000, 1001)),
    ],
    ids=["PAL", "NTSC", "telecine"],
)
def test_fields_are_joined_and_every_frame_stays(
    tmp_path, photograph, panned, clip, read_luma, stand_in, make, rate
):
    frames = panned(photograph("china", 640), 40, step=(6, 0), size=(128, 224))
    source = clip(tmp_path / "in.mkv", make(frames), rate=rate)
    report = colorize_film(stand_in, source, tmp_path / "out.mkv", encoding=LOSSLESS)
    assert any("interlaced" in note for note in report.notes)
    (luma, times), (combed, wanted) = (read_luma(tmp_path / name) for name in ("out.mkv", "in.mkv"))
    assert times == wanted

    def combing(planes):
        rows = planes[:, 8:-8, 8:-8].astype(float)
        return abs(rows[:, 1:-1] - (rows[:, :-2] + rows[:, 2:]) / 2).mean()

    assert combing(luma) < 0.7 * combing(combed)


def chroma_of(path):
    """U and V of all frames, (count, pixels) float32."""
    with av.open(str(path)) as container:
        frames = [
            np.concatenate([np.frombuffer(frame.planes[one], np.uint8) for one in (1, 2)])
            for frame in container.decode(video=0)
        ]
    return np.stack(frames).astype(np.float32)


def test_a_shot_longer_than_a_block_has_no_seam(
    tmp_path, photograph, panned, clip, stand_in, monkeypatch
):
    frames = panned(photograph("china", 640), 130, step=(1, 1), size=(96, 160))
    source = clip(tmp_path / "in.mkv", frames)
    colorize_film(stand_in, source, tmp_path / "whole.mkv", encoding=LOSSLESS)
    for module in (blocks, keys):
        monkeypatch.setattr(module, "LONGEST", 40)
    report = colorize_film(stand_in, source, tmp_path / "parts.mkv", encoding=LOSSLESS)
    assert (report.frames, report.shots) == (130, 1)
    whole, parts = (
        abs(np.diff(chroma_of(tmp_path / name), axis=0)).mean(axis=1)
        for name in ("whole.mkv", "parts.mkv")
    )
    seams = np.array([40, 80]) - 1
    assert (parts[seams] < 1.5 * whole[seams] + 0.1).all()


def test_subtitles_and_chapters_are_kept(tmp_path, pan_of, clip, stand_in):
    plain = clip(tmp_path / "plain.mkv", pan_of("china", 30))
    text = tmp_path / "said.srt"
    text.write_text(
        "1\n00:00:00,200 --> 00:00:00,600\nGood evening.\n\n"
        "2\n00:00:00,700 --> 00:00:01,000\nGood night.\n"
    )
    source = tmp_path / "in.mkv"
    with (
        av.open(str(plain)) as film,
        av.open(str(text)) as said,
        av.open(str(source), "w") as joined,
    ):
        to = {
            one: joined.add_stream_from_template(one)
            for one in (film.streams.video[0], said.streams.subtitles[0])
        }
        to[said.streams.subtitles[0]].metadata["language"] = "eng"
        joined.set_chapters(
            [
                {
                    "id": 1,
                    "start": 0,
                    "end": 500,
                    "time_base": Fraction(1, 1000),
                    "metadata": {"title": "Evening"},
                },
                {
                    "id": 2,
                    "start": 500,
                    "end": 1200,
                    "time_base": Fraction(1, 1000),
                    "metadata": {"title": "Night"},
                },
            ]
        )
        for container, stream in ((said, said.streams.subtitles[0]), (film, film.streams.video[0])):
            for packet in container.demux(stream):
                if packet.dts is not None:
                    packet.stream = to[stream]
                    joined.mux(packet)
    colorize_film(stand_in, source, tmp_path / "out.mkv", encoding=LOSSLESS)

    def facts(path):
        with av.open(str(path)) as container:
            lines = [
                (bytes(packet), packet.pts * packet.time_base, packet.duration)
                for packet in container.demux(container.streams.subtitles[0])
                if packet.size
            ]
            chapters = [
                (
                    one["metadata"]["title"],
                    one["start"] * one["time_base"],
                    one["end"] * one["time_base"],
                )
                for one in container.chapters()
            ]
            return lines, chapters, container.streams.subtitles[0].language

    lines, chapters, language = facts(tmp_path / "out.mkv")
    assert (lines, chapters, language) == facts(source)
    assert [line[0] for line in lines] == [b"Good evening.", b"Good night."]
    assert [title for title, _, _ in chapters] == ["Evening", "Night"]
    assert language == "eng"
