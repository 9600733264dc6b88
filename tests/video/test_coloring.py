"""A film in, a film out: luma, times and sound stay; work is kept and gone on with."""

import re
from fractions import Fraction

import av
import numpy as np
import pytest

from photochrom.errors import (
    FilmReadError,
    FilmWriteError,
    OptionError,
    OutputExistsError,
    UnsupportedFilmError,
    WorkFolderError,
)
from photochrom.video.coloring import colorize_film
from photochrom.video.encoding import Encoding
from photochrom.video.hints import load_film_hints
from photochrom.video.shots import find_shots


def packets_of(path, kind):
    with av.open(str(path)) as container:
        streams = [one for one in container.streams if one.type == kind]
        return [
            (packet.stream.index, packet.pts * packet.time_base, bytes(packet))
            for packet in container.demux(streams)
            if packet.pts is not None
        ]


def colors_of(path):
    """The U and V planes of a film, (count, 2, h, w)."""
    with av.open(str(path)) as container:
        return np.stack(
            [
                [
                    np.frombuffer(plane, np.uint8).reshape(plane.height, -1)[:, : plane.width]
                    for plane in frame.planes[1:]
                ]
                for frame in container.decode(video=0)
            ]
        )


def test_luma_is_bit_exact_and_times_are_equal(tmp_path, shots, clip, read_luma, stand_in):
    source = clip(tmp_path / "old.mkv", shots)
    target = tmp_path / "new.mkv"
    report = colorize_film(stand_in, source, target, encoding=Encoding(codec="ffv1"))
    assert report.finished
    assert (report.frames, report.shots, report.resumed) == (64, 2, 0)
    (before, times), (after, new_times) = read_luma(source), read_luma(target)
    np.testing.assert_array_equal(after, before)
    assert new_times == times
    colors = colors_of(target).astype(int)
    assert abs(colors - 128).mean() > 5
    assert not (tmp_path / "new.mkv.photochrom").exists()


def test_a_variable_frame_rate_is_kept(tmp_path, shots, clip, read_luma, stand_in):
    rng = np.random.default_rng(2)
    stamps = np.cumsum(rng.integers(200, 2000, len(shots))).tolist()
    options = {"preset": "ultrafast", "bf": "3"}
    source = clip(
        tmp_path / "old.mp4",
        shots,
        codec="libx264",
        stamps=stamps,
        time_base=Fraction(1, 12800),
        options=options,
    )
    target = tmp_path / "new.mp4"
    colorize_film(stand_in, source, target)
    assert read_luma(target)[1] == read_luma(source)[1]


def test_every_packet_of_sound_is_the_same(tmp_path, shots, clip, stand_in):
    source = clip(tmp_path / "old.mp4", shots, codec="libx264", sound=True)
    for name in ("new.mp4", "new.mkv"):
        colorize_film(stand_in, source, tmp_path / name)
        before, after = (packets_of(path, "audio") for path in (source, tmp_path / name))
        assert [packet for _, _, packet in after] == [packet for _, _, packet in before]
        apart = [abs(one[1] - two[1]) for one, two in zip(before, after, strict=True)]
        assert max(apart) <= (0 if name == "new.mp4" else Fraction(1, 2000))


@pytest.mark.parametrize(("codec", "name"), [("h264", "a.mp4"), ("ffv1", "a.mkv")])
def test_work_that_is_stopped_goes_on_to_the_same_bytes(
    tmp_path, shots, clip, stand_in, monkeypatch, codec, name
):
    monkeypatch.setattr("photochrom.video.job.SEGMENT_FRAMES", 20)
    monkeypatch.setattr("photochrom.video.blocks.LONGEST", 12)
    monkeypatch.setattr("photochrom.video.blocks.AHEAD", 6)
    monkeypatch.setattr("photochrom.video.steady.FADE", 4)
    source = clip(tmp_path / "old.mp4", shots, codec="libx264", sound=True)
    encoding = Encoding(codec=codec)
    whole = tmp_path / "whole" / name
    whole.parent.mkdir()
    colorize_film(stand_in, source, whole, encoding=encoding)
    target = tmp_path / name
    resumed = []
    for stop_after in (5, 25, 3, 30, 1000):
        asked = iter(range(stop_after))
        report = colorize_film(
            stand_in,
            source,
            target,
            encoding=encoding,
            cancel=lambda asked=asked: next(asked, None) is None,
        )
        resumed.append(report.resumed)
        if report.finished:
            break
        assert not target.exists()
    assert report.finished
    assert resumed[0] == 0
    assert resumed[-1] > 20
    assert target.read_bytes() == whole.read_bytes()


def test_another_order_is_refused_or_begun_anew(tmp_path, shots, clip, stand_in, monkeypatch):
    monkeypatch.setattr("photochrom.video.job.SEGMENT_FRAMES", 20)
    source, target = clip(tmp_path / "old.mkv", shots), tmp_path / "new.mkv"
    asked = iter(range(40))
    report = colorize_film(
        stand_in, source, target, cancel=lambda: next(asked, None) is None, vividness=0.5
    )
    assert not report.finished
    with pytest.raises(WorkFolderError, match="vividness"):
        colorize_film(stand_in, source, target)
    report = colorize_film(stand_in, source, target, force=True)
    assert report.finished
    assert report.resumed == 0
    with pytest.raises(OutputExistsError):
        colorize_film(stand_in, source, target)


def test_a_part_of_a_film(tmp_path, shots, clip, read_luma, stand_in):
    source = clip(tmp_path / "old.mp4", shots, codec="libx264", sound=True)
    target = tmp_path / "new.mp4"
    report = colorize_film(stand_in, source, target, start_s=0.4, end_s=1.6)
    assert report.frames == 30
    times = read_luma(target)[1]
    assert times[0] == 0
    assert times[-1] == Fraction(29, 25)
    sound = packets_of(target, "audio")
    assert 0 <= sound[0][1] < 0.03
    assert 1.15 < sound[-1][1] < 1.2


@pytest.mark.parametrize(
    ("name", "codec", "sound", "share"),
    [
        ("a.mkv", "ffv1", False, 0.5),
        ("a.mkv", "ffv1", False, 0.93),
        ("a.mkv", "libx264", True, 0.8),
        ("a.avi", "ffv1", True, 0.8),
        ("a.mp4", "libx264", True, 0.8),
    ],
)
def test_a_film_that_was_cut_short_goes_as_far_as_it_goes(
    tmp_path, shots, clip, stand_in, name, codec, sound, share
):
    source = clip(tmp_path / name, shots, codec=codec, sound=sound)
    whole = colorize_film(stand_in, source, tmp_path / "whole.mkv")
    assert (whole.frames, whole.notes) == (64, ())
    data = source.read_bytes()
    source.write_bytes(data[: int(len(data) * share)])
    report = colorize_film(stand_in, source, tmp_path / "new.mkv")
    assert report.finished
    assert 20 < report.frames < 63
    (note,) = report.notes
    assert re.search(f"it has {report.frames} of the 6[45] frames", note)  # AVI repeats one
    early_s = float(re.search(r"ends (\S+) s early", note)[1])
    assert 0.04 < early_s <= (65 - report.frames) / 25 + 0.005  # some before the end may be lost
    part = colorize_film(stand_in, source, tmp_path / "part.mkv", end_s=0.4)
    assert (part.frames in (9, 10), part.notes) == (True, ())
    part = colorize_film(stand_in, source, tmp_path / "rest.mkv", start_s=0.4)
    assert "cut short" in part.notes[0]


def test_a_transport_stream_that_ends_inside_a_packet_was_cut_short(
    tmp_path, shots, clip, stand_in
):
    source = clip(tmp_path / "a.ts", shots, codec="libx264", sound=True)
    data = source.read_bytes()
    assert len(data) % 188 == 0
    assert colorize_film(stand_in, source, tmp_path / "whole.mkv").notes == ()
    source.write_bytes(data[: len(data) * 4 // 5 // 188 * 188 + 100])
    report = colorize_film(stand_in, source, tmp_path / "new.mkv")
    (note,) = report.notes
    assert f"ends in the middle of a packet. {report.frames} frames were found." in note
    assert 20 < report.frames < 63
    assert colorize_film(stand_in, source, tmp_path / "part.mkv", end_s=0.4).notes == ()


def encrypted(path):
    """The same film as stores protect it (CENC)."""
    target = path.with_name("encrypted.mp4")
    key = {"encryption_key": "76a6c65c5ea762046bd749a2e632ccbb", "encryption_kid": "0f" * 16}
    options = {"encryption_scheme": "cenc-aes-ctr", **key}
    with av.open(str(path)) as film, av.open(str(target), "w", container_options=options) as output:
        copy = output.add_stream_from_template(film.streams.video[0])
        for packet in film.demux(video=0):
            if packet.dts is not None:
                packet.stream = copy
                output.mux(packet)
    return target


def tone():
    """Some sound."""
    frame = av.AudioFrame.from_ndarray(np.arange(4096, dtype=np.int16)[None], "s16", "mono")
    frame.sample_rate = 8000
    return frame


def test_what_cannot_be_done_is_refused_with_a_reason(tmp_path, shots, clip, stand_in):
    def as_hdr(container, stream):
        stream.codec_context.color_trc = 16

    hdr = clip(
        tmp_path / "hdr.mkv",
        shots[:4].astype(np.uint16) * 4,
        codec="libx265",
        pixel_format="yuv420p10le",
        options={"x265-params": "log-level=none", "preset": "ultrafast"},
        prepare=as_hdr,
    )
    with pytest.raises(UnsupportedFilmError, match="HDR"):
        colorize_film(stand_in, hdr, tmp_path / "a.mkv")
    with pytest.raises(FilmReadError, match="the film does not exist"):
        colorize_film(stand_in, tmp_path / "none.mp4", tmp_path / "a.mkv")
    protected = encrypted(clip(tmp_path / "b.mp4", shots[:8], codec="libx264"))
    with pytest.raises(FilmReadError, match="is encrypted"):
        colorize_film(stand_in, protected, tmp_path / "a.mkv")
    with av.open(str(tmp_path / "sound.mka"), "w") as container:
        container.mux(container.add_stream("flac", rate=8000).encode(tone()))
    with pytest.raises(FilmReadError, match="contains no video"):
        colorize_film(stand_in, tmp_path / "sound.mka", tmp_path / "a.mkv")
    text = tmp_path / "text.mp4"
    text.write_text("this is not a film")
    with pytest.raises(FilmReadError, match="can't be read"):
        colorize_film(stand_in, text, tmp_path / "a.mkv")
    source = clip(tmp_path / "old.mkv", shots[:8])
    with pytest.raises(FilmWriteError, match="suffix"):
        colorize_film(stand_in, source, tmp_path / "a.gif")
    with pytest.raises(FilmWriteError, match=r"can't hold ffv1.*\.mkv"):
        colorize_film(stand_in, source, tmp_path / "a.mp4", encoding=Encoding(codec="ffv1"))
    encoding = Encoding(codec="ffv1", quality=5)
    with pytest.raises(FilmWriteError, match="no quality"):
        colorize_film(stand_in, source, tmp_path / "a.mkv", encoding=encoding)
    with pytest.raises(FilmWriteError, match="not a preset of h264; choose one of ultrafast"):
        colorize_film(stand_in, source, tmp_path / "a.mkv", encoding=Encoding(preset="fastest"))
    assert not list(tmp_path.glob("*.photochrom"))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"source": 3}, r"source: found 3 \(int\); expected the path of a film"),
        ({"target": None}, r"target: found None .*; expected the path of a film"),
        ({"hints": "hints.json"}, r"hints: found 'hints\.json' \(str\); expected FilmHints"),
        ({"reference": "a.jpg"}, r"reference: found 'a\.jpg' \(str\); expected a Reference"),
        ({"encoding": "h265"}, r"encoding: found 'h265' \(str\); expected an Encoding"),
        ({"vividness": "1"}, r"vividness: found '1' \(str\); expected a number"),
        ({"every": 2.5}, r"every: found 2\.5 \(float\); expected a whole number"),
        ({"start_s": "1"}, r"start_s: found '1' \(str\); expected a number"),
        ({"end_s": "1"}, r"end_s: found '1' \(str\); expected a number"),
        ({"rate": "24"}, r"rate: found '24' \(str\); expected a number"),
    ],
)
def test_another_kind_is_named_before_the_film_is_read(stand_in, asked, said):
    with pytest.raises(OptionError, match=f"^{said}"):
        colorize_film(stand_in, **{"source": "none.mp4", "target": "new.mp4"} | asked)


def test_shots_and_hints_name_another_kind_too(tmp_path):
    with pytest.raises(OptionError, match=r"^source: found 3 \(int\)"):
        find_shots(3)
    with pytest.raises(OptionError, match=r"^hints: found \[1\.5\] \(list\)"):
        find_shots("none.mp4", hints=[1.5])
    with pytest.raises(OptionError, match=r"^path: found 3 \(int\)"):
        load_film_hints(3)
    (tmp_path / "hints.json").write_text('{"version": 1, "cuts": {"add": [1.5]}}')
    assert load_film_hints(str(tmp_path / "hints.json")).cuts_added == (1.5,)
