"""Damaged, cut and forged files end in a result or in an error of ours: never in anything else.

The files are used in another process, so that a crash of libvips, or a picture that takes for
ever, is seen as what it is. That process reads a file, looks whether it is gray, gives it
colors that cost nothing, and saves it: all of the runtime but the network.
"""

import json
import os
import select
import struct
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import pyvips
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

SECONDS_EACH = 30
"""A picture of at most a megapixel that takes longer hangs."""

WORKER = """if True:
    import json, resource, struct, sys, traceback
    from pathlib import Path

    import numpy as np
    import pyvips

    from photochrom.models.contract import ModelIdentity
    from photochrom.pictures import picture
    from photochrom.errors import PhotochromError

    resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))
    folder, given = Path(sys.argv[1]), Path(sys.argv[2])
    coarse = np.random.default_rng(0).uniform(-60, 60, (3, 4, 2)).astype(np.float32)
    ab = pyvips.Image.new_from_array(coarse)

    def use(data, suffix, as_bytes, allow_damaged):
        given.write_bytes(data)
        found = picture.read(
            data if as_bytes else given, max_pixels=1 << 20, allow_damaged=allow_damaged
        )
        found.is_monochrome()
        found.losses(suffix)
        colored = found.signed(ModelIdentity("fuzz")).with_ab(ab)
        saved = colored.save(folder / f"out{suffix}")
        again = picture.read(saved)
        assert again.size == found.size, (again.size, found.size)
        again.srgb(short_side_px=8)
        saved.unlink()
        return found.format

    while head := sys.stdin.buffer.read(4):
        order = json.loads(sys.stdin.buffer.read(struct.unpack("<I", head)[0]))
        data = sys.stdin.buffer.read(order.pop("size"))
        try:
            reply = {"result": use(data, **order)}
        except PhotochromError as error:
            reply = {"error": type(error).__name__, "text": str(error)}
        except Exception:
            reply = {"escaped": traceback.format_exc()}
        reply["left"] = [path.name for path in folder.iterdir()]
        print(json.dumps(reply), flush=True)
"""


class Worker:
    """The other process; it is started anew after a crash."""

    def __init__(self, folder):
        self.out, self.given = folder / "out", folder / "given"
        self.out.mkdir()
        self.process = None

    def use(self, data, **order):
        """What became of a file."""
        if self.process is None or self.process.poll() is not None:
            self.process = subprocess.Popen(
                [sys.executable, "-c", WORKER, str(self.out), str(self.given)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, "VIPS_CONCURRENCY": "1"},
            )
        line = json.dumps({"size": len(data), **order}).encode()
        self.process.stdin.write(struct.pack("<I", len(line)) + line + data)
        self.process.stdin.flush()
        ready, _, _ = select.select([self.process.stdout], [], [], SECONDS_EACH)
        reply = self.process.stdout.readline() if ready else b""
        if not reply:
            self.stop()
            return {"crashed" if ready else "hangs": self.process.returncode, "left": []}
        return json.loads(reply)

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process.stdin.close()
            self.process.stdout.close()


@pytest.fixture(scope="module")
def worker(tmp_path_factory):
    worker = Worker(tmp_path_factory.mktemp("fuzz"))
    yield worker
    worker.stop()


def seeds():
    """Small whole files of many kinds, by name."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:40, :56]
    smooth = np.stack([4 * x, 6 * y, 2 * (x + y)], axis=-1).astype(np.uint8)
    alpha = np.concatenate([smooth, rng.integers(0, 256, (40, 56, 1)).astype(np.uint8)], axis=-1)
    spaces = {"gray": (smooth[..., 0], "b-w"), "color": (smooth, "srgb"), "alpha": (alpha, "srgb")}
    spaces["deep"] = (smooth.astype(np.uint16) * 257, "rgb16")
    images = {
        name: described(pyvips.Image.new_from_array(pixels, interpretation=space))
        for name, (pixels, space) in spaces.items()
    }
    images["ink"] = images["color"].icc_transform("cmyk", input_profile="srgb")
    images["p3"] = images["color"].icc_transform("p3", input_profile="srgb")
    images["turned"] = images["color"].copy()
    images["turned"].set_type(pyvips.GValue.gint_type, "orientation", 6)
    images["moving"] = images["color"].copy()
    images["moving"].set_type(pyvips.GValue.gint_type, "page-height", 10)
    kinds = [
        *[(name, ".jpg", {}) for name in ("gray", "color", "p3", "turned")],
        ("color", ".jpg", {"interlace": True}),
        ("ink", ".jpg", {"keep": "none"}),
        *[(name, ".png", {}) for name in ("gray", "alpha", "deep", "p3")],
        ("color", ".png", {"interlace": True}),
        ("color", ".png", {"palette": True}),
        *[(name, ".tif", {}) for name in ("gray", "alpha", "deep", "turned")],
        ("color", ".tif", {"tile": True, "tile_width": 16, "tile_height": 16, "pyramid": True}),
        ("color", ".tif", {"compression": "lzw", "bigtiff": True}),
        ("color", ".tif", {"compression": "jpeg"}),
        *[(name, ".webp", {}) for name in ("color", "alpha", "moving")],
        ("color", ".webp", {"lossless": True}),
        *[(name, ".avif", {}) for name in ("gray", "alpha", "deep")],
        *[(name, ".gif", {}) for name in ("color", "alpha", "moving")],
    ]
    files = {}
    for name, suffix, options in kinds:
        label = "-".join([name, suffix[1:], *options])
        files[label] = images[name].write_to_buffer(suffix, **options)
    return files


def described(image):
    """With EXIF, XMP and captions, which are parsed, too."""
    image = image.copy(xres=11.8, yres=11.8)
    for name, text in {
        "ifd0-Make": "Kodak",
        "ifd0-Software": "x",
        "ifd3-GPSLatitude": "1/1",
    }.items():
        image.set_type(pyvips.GValue.gstr_type, f"exif-{name}", text)
    packet = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-'
        b'syntax-ns#"><r:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" '
        b'tiff:Orientation="6"/></r:RDF></x:xmpmeta>'
    )
    captions = b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0\0\0\0\x0a\x1c\x02\x78\x00\x05hello"
    image.set_type(pyvips.GValue.blob_type, "xmp-data", packet)
    image.set_type(pyvips.GValue.blob_type, "iptc-data", captions)
    return image


CORPUS = Path(__file__).parent / "corpus"
WHOLE = seeds()
SEEDS = WHOLE | {
    path.name: path.read_bytes() for path in sorted(CORPUS.glob("*.*")) if path.suffix != ".py"
}
NUMBERS = [0, 1, 2, 3, 255, 256, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF]

places = st.one_of(st.integers(4, 64), st.integers(0, 600), st.floats(0.02, 0.9999))
flips = st.tuples(st.just("flip"), places, st.integers(1, 255))
numbers = st.tuples(
    *(st.just("number"), places, st.sampled_from(NUMBERS)),
    *(st.sampled_from("<>"), st.sampled_from("BHI")),
)
splices = st.tuples(
    *(st.just("splice"), places, st.sampled_from(sorted(SEEDS))),
    *(places, st.integers(1, 400), st.booleans()),
)
cuts = st.tuples(st.just("cut"), places, st.just(0))
deletions = st.tuples(st.sampled_from(["delete", "repeat"]), places, st.integers(1, 200))
changes = st.one_of(flips, flips, flips, numbers, numbers, splices, cuts, deletions)


def at(place, data):
    """A place in a file: a position from its beginning, or a share of its length."""
    position = int(place * len(data)) if isinstance(place, float) else place
    return min(position, max(0, len(data) - 1))


def mutated(data, change):
    kind, place, value, *more = change
    here = at(place, data)
    if kind == "cut":
        return data[:here]
    if kind == "delete":
        return data[:here] + data[here + value :]
    if kind == "repeat":
        return data[: here + value] + data[here:]
    if kind == "splice":
        there, size, insert = more
        other = SEEDS[value]
        piece = other[at(there, other) :][:size]
        return data[:here] + piece + data[here if insert else here + len(piece) :]
    if kind == "flip":
        piece = bytes([data[here] ^ value]) if data else b""
    else:
        order, width = more
        piece = struct.pack(order + width, value % (1 << 8 * struct.calcsize(width)))
    return data[:here] + piece + data[here + len(piece) :]


@st.composite
def files(draw):
    """A file of some kind, changed in up to three ways."""
    data = SEEDS[draw(st.sampled_from(sorted(SEEDS)))]
    for change in draw(st.lists(changes, min_size=1, max_size=3)):
        data = mutated(data, change)
    return data


orders = st.fixed_dictionaries(
    {
        "suffix": st.sampled_from([".jpg", ".png", ".tif", ".webp"]),
        "as_bytes": st.booleans(),
        "allow_damaged": st.sampled_from([False, False, True]),
    }
)


def check(reply):
    """A reply is a result or an error of ours, and nothing is left behind."""
    assert "escaped" not in reply, reply["escaped"]
    assert set(reply) - {"text"} in ({"result", "left"}, {"error", "left"}), reply
    assert reply["left"] == []
    return next(iter(reply))


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp", ".avif"])
def test_whole_files_have_results(suffix, worker):
    for label, data in WHOLE.items():
        reply = worker.use(data, suffix=suffix, as_bytes=False, allow_damaged=False)
        assert check(reply) == "result", (label, reply)


def test_the_corpus_has_results_or_errors(worker):
    """`tests/pictures/test_corpus.py` says which."""
    for label in sorted(SEEDS.keys() - WHOLE.keys()):
        for suffix in (".jpg", ".tif"):
            for allow_damaged in (False, True):
                order = {"suffix": suffix, "as_bytes": False, "allow_damaged": allow_damaged}
                assert check(worker.use(SEEDS[label], **order)), label


def many(examples):
    return settings(
        max_examples=examples,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


@many(200)
@given(files(), orders)
def test_changed_files_have_a_result_or_an_error_of_ours(worker, data, order):
    check(worker.use(data, **order))


@pytest.mark.slow
def test_thousands_of_changed_files(worker):
    counts = Counter()

    @many(2000)
    @given(files(), orders)
    def run(data, order):
        counts[check(worker.use(data, **order))] += 1

    run()
    assert counts.total() >= 2000
    assert min(counts["result"], counts["error"]) > 300, counts


@many(100)
@given(st.binary(max_size=300), st.sampled_from([b"", *(data[:12] for data in SEEDS.values())]))
def test_any_bytes_have_an_error_of_ours(worker, data, start):
    order = {"suffix": ".png", "as_bytes": True, "allow_damaged": False}
    assert check(worker.use(start + data, **order)) == "error"
