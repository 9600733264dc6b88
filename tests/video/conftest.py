"""Small clips of known motion, and a colorizer that answers at once."""

from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import photochrom

av = pytest.importorskip("av")

SAMPLES = Path(photochrom.__file__).parent / "samples"


def gray_photograph(name, width):
    """A sample photograph as gray codes, (h, width) uint8."""
    import pyvips

    image = pyvips.Image.thumbnail(str(SAMPLES / f"{name}.jpg"), width, size="force")
    return np.ascontiguousarray(image.colourspace("b-w").numpy().reshape(image.height, width))


def pan(photograph, count, *, step=(2, 1), size=(96, 160), start=(0, 0)):
    """Frames (count, h, w) of a window that moves over a photograph by (x, y) a frame."""
    (across, down), (height, width), (left, top) = step, size, start
    return np.stack(
        [
            photograph[top + down * t : top + down * t + height, left + across * t :][:, :width]
            for t in range(count)
        ]
    )


def write_clip(
    path,
    frames,
    *,
    codec="ffv1",
    pixel_format="yuv420p",
    rate=25,
    stamps=None,
    time_base=None,
    sound=False,
    options=None,
    prepare=None,
):
    """Write gray frames as a film; `prepare(container, stream)` may set more."""
    frames = np.asarray(frames)
    moov_in_front = {"movflags": "faststart"} if path.suffix == ".mp4" else {}
    with av.open(str(path), "w", container_options=moov_in_front) as container:
        stream = container.add_stream(codec, rate=Fraction(rate), options=options or {})
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = pixel_format
        if time_base is not None:
            stream.codec_context.time_base = time_base
        track = container.add_stream("aac", rate=44100) if sound else None
        if prepare is not None:
            prepare(container, stream)
        for at, levels in enumerate(frames):
            frame = av.VideoFrame(levels.shape[1], levels.shape[0], pixel_format)
            for number, plane in enumerate(frame.planes):
                kind = np.uint8 if levels.dtype == np.uint8 else np.uint16
                rows = np.frombuffer(plane, kind).reshape(plane.height, -1)
                rows[:] = 128 if kind == np.uint8 else 512
                if number == 0:
                    rows[:, : levels.shape[1]] = levels
            if stamps is not None:
                frame.pts, frame.time_base = stamps[at], time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        if track is not None:
            _write_tone(container, track, len(frames) / rate)
    return path


def _write_tone(container, track, seconds):
    total = int(44100 * float(seconds))
    tone = (0.2 * np.sin(np.arange(total) * 2 * np.pi * 440 / 44100)).astype(np.float32)
    for start in range(0, total, 1024):
        part = tone[start : start + 1024]
        frame = av.AudioFrame.from_ndarray(np.stack([part, part]), "fltp", "stereo")
        frame.sample_rate, frame.pts, frame.time_base = 44100, start, Fraction(1, 44100)
        container.mux(track.encode(frame))
    container.mux(track.encode())


def luma_of(path):
    """The Y planes of a film, (count, h, w), and the pts of its frames in seconds."""
    planes, times = [], []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            plane = frame.planes[0]
            kind = np.uint8 if frame.format.components[0].bits == 8 else np.uint16
            rows = np.frombuffer(plane, kind).reshape(plane.height, -1)
            planes.append(rows[:, : plane.width].copy())
            times.append(frame.pts * frame.time_base)
    return np.stack(planes), times


class StandIn:
    """A colorizer whose colors are a plain function of lightness; quick."""

    contract = SimpleNamespace(
        name="stand-in", short_side_px=64, output_stride=4, token_features=()
    )

    def __init__(self):
        self.looked_at = 0

    def prepare(self, gray, *, whole):
        assert whole, "a frame is no photograph with a border"
        self.looked_at += 1
        return SimpleNamespace(ab=lambda **asked: self._ab(gray, **asked))

    def _ab(self, gray, *, vividness=1.0, reference=None, hints=()):
        height, width = (-(-side // 4) for side in gray.shape)
        padded = np.pad(gray, [(0, -side % 4) for side in gray.shape], mode="edge")
        levels = padded.reshape(height, 4, width, 4).mean(axis=(1, 3), dtype=np.float32) / 255
        return np.stack([40 * levels - 10, 30 - 50 * levels], axis=-1) * np.float32(vividness)


@pytest.fixture
def stand_in():
    return StandIn()


@pytest.fixture(scope="session")
def photograph():
    return gray_photograph


@pytest.fixture(scope="session")
def panned():
    return pan


@pytest.fixture(scope="session")
def clip():
    return write_clip


@pytest.fixture(scope="session")
def read_luma():
    return luma_of


@pytest.fixture(scope="session")
def shots(photograph, panned):
    """Two shots of 30 and 34 frames: (64, 96, 160) gray codes."""
    china, flower = photograph("china", 320), photograph("flower", 320)
    return np.concatenate([panned(china, 30), panned(flower, 34, start=(40, 30), step=(1, 2))])
