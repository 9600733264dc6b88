"""What Python's runtime computes, for the browser's engine to be held against."""

import base64
import json
from dataclasses import asdict

import numpy as np

from photochrom import Colorizer, Hint, Lasso, Lock, color
from photochrom.color import toning
from photochrom.color.grid import AbGrid, set_off
from photochrom.pictures import picture
from photochrom.runtime import upsample
from photochrom.runtime.border import find_border
from photochrom.runtime.canvas import lay_out
from photochrom.runtime.obeying import obey
from photochrom.runtime.palette import SIDE_PX, palette_ab, palette_of
from photochrom.runtime.prepared import small_size
from photochrom.runtime.region import regions
from photochrom.runtime.tone import Tone

HINTS = (
    Hint.at(120, 90, "#cc2244"),
    Hint(points=((20.0, 30.0), (90.5, 60.0), (140.0, 61.0)), ab=(-40.0, 35.0), radius_px=9.0),
    Hint.at(122, 92, "#2244cc", radius_px=3),
    Hint.at(250, 0, "#00ff00"),
)
REACHING = (
    Hint.at(300, 180, "#3355aa", reach=1.0),
    Hint(points=((60.0, 200.0), (120.0, 230.0)), ab=(30.0, 40.0), reach=2.5),
)
LOCKS = (Lock(points=((250.0, 120.0), (330.0, 200.0)), radius_px=40.0),)
LASSOS = (
    Lasso(points=((90.3, -20.0), (200.0, 40.7), (150.2, 170.0), (60.0, 90.0)), warmth=-0.8),
    Lasso(
        points=((200.0, 100.0), (470.0, 120.0), (330.0, 290.0), (250.0, 150.0), (340.0, 110.0)),
        vividness=1.6,
        strength=0.9,
    ),
)
PALETTE = ("#aa3377", "#ddeeaa", "#335577")


def write(folder, samples, model=None):
    """Write cases.json into a folder: inputs, and what comes of them."""
    random = np.random.default_rng(7)
    colorizer = Colorizer(model, threads=1)
    cases = {
        "colors": _colors(random),
        "grid": _grid(random, colorizer.contract),
        "resize": _resize(random, samples),
        "painting": _painting(random, samples),
        "border": _border(random, samples),
        "toning": _toning(random, samples),
        "palette": _palette(samples),
        "network": _network(colorizer, samples),
    }
    (folder / "cases.json").write_text(json.dumps(cases, default=_coded))


def _coded(value):
    if isinstance(value, np.ndarray):
        names = {"float32": "Float32Array", "uint8": "Uint8Array"}
        array = value.astype(np.float32) if value.dtype == np.float64 else value
        data = base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()
        return {"array": names[array.dtype.name], "shape": array.shape, "data": data}
    raise TypeError(type(value))


def _colors(random):
    srgb = random.integers(0, 256, (500, 3)).astype(np.uint8)
    srgb[:5] = [[0, 0, 0], [255, 255, 255], [3, 3, 3], [255, 0, 0], [0, 0, 255]]
    lab = color.srgb_to_lab(srgb)
    wide = lab * np.float32([1, 1.6, 1.6])  # beyond what sRGB shows
    codes = np.rint(255 * color.lab_to_srgb(wide)).astype(np.uint8)
    return {
        "srgb": srgb,
        "lab": lab,
        "lightness": color.srgb_to_lightness(srgb),
        "wide": wide,
        "codes": codes,
    }


def _grid(random, contract):
    grid = AbGrid(np.array(contract.bins, np.float32))
    logits = random.normal(0, 4, (6, 7, len(grid))).astype(np.float32)
    ab = grid.read_out(logits, temperature=0.63)
    probabilities = grid.probabilities(logits)
    weighted = grid.reweight(logits, palette_ab(PALETTE))
    return {
        "bins": contract.bins,
        "logits": np.moveaxis(logits, -1, 0),
        "read_out": ab,
        "set_off": set_off(ab, 0.2),
        "confidence": 1 - grid.entropy(probabilities),
        "palette": PALETTE,
        "reweighted": grid.read_out(weighted, temperature=1.0),
    }


def _resize(random, samples):
    china = picture.read(samples / "china.jpg").srgb()
    grain = np.clip(china + random.normal(0, 12, china.shape), 0, 255).astype(np.uint8)
    sizes = [(224, 336), (97, 131), (60, 60), (china.shape[0], 200), (500, 700)]
    array = picture.from_array(grain)
    return {"srgb": grain, "copies": [array.srgb(size=size) for size in sizes]}


def _coefficients(random, rows, columns):
    coarse = random.normal(0, 35, (rows // 3, columns // 3, 2)).repeat(3, 0).repeat(3, 1)
    lightness = random.uniform(5, 95, coarse.shape[:2])
    return upsample.guide(coarse.astype(np.float32), lightness.astype(np.float32))


def _painting(random, samples):
    gray = picture.read(samples / "flower.jpg").srgb()[..., 0]
    large = np.tile(gray, (3, 3))[:751, :903]
    colored = picture.read(samples / "originals" / "china.jpg").srgb()
    cases = []
    for pixels in (gray[:180, :241], large, colored[:301, :200]):
        offset, gain = _coefficients(random, 57, 84)
        painted = picture.from_array(np.ascontiguousarray(pixels)).with_ab(offset, gain).srgb()
        srgb = (
            np.broadcast_to(pixels[..., None], (*pixels.shape[:2], 3))
            if pixels.ndim == 2
            else pixels
        )
        cases.append(
            {"srgb": srgb, "offset": offset.numpy(), "gain": gain.numpy(), "painted": painted}
        )
    return cases


def _border(random, samples):
    gray = picture.read(samples / "chelsea.jpg").srgb()[..., 0]
    framed = np.pad(gray, ((40, 46), (30, 30)), constant_values=246)
    plain = color.srgb_to_lightness(np.repeat(gray[::2, ::2, None], 3, axis=2))
    light = color.srgb_to_lightness(np.repeat(framed[::2, ::2, None], 3, axis=2))
    return [
        {"lightness": one, "box": find_border(one) and find_border(one)._asdict()}
        for one in (plain, light)
    ]


def _toning(random, samples):
    gray = picture.read(samples / "china.jpg").srgb(short_side_px=200)
    sepia = np.clip(gray * [1, 0.85, 0.66] + random.normal(0, 2, gray.shape), 0, 255)
    colored = picture.read(samples / "originals" / "china.jpg").srgb(short_side_px=200)
    pictures = [gray, sepia.astype(np.uint8), colored]
    return [{"srgb": one, "deviation": toning.color_deviation(one)} for one in pictures]


def _palette(samples):
    example = picture.read(samples / "originals" / "china.jpg")
    return {"srgb": example.srgb(short_side_px=SIDE_PX), "colors": palette_of(example)}


class _Recorder:
    """A session that remembers what the decoder was given and what it answered."""

    def __init__(self, session):
        self._session, self.runs = session, []
        self._run = session._run
        session._run = self.run

    def run(self, names, feeds):
        found = self._run(names, feeds)
        given = {name: feeds[name] for name in feeds if not name.endswith((".in", ".region"))}
        self.runs.append({"given": given, "answers": dict(zip(names, found, strict=True))})
        return found


def _hint(hint):
    return {"points": hint.points, "ab": hint.ab, "radius_px": hint.radius_px, "reach": hint.reach}


def _network(colorizer, samples):
    """A photograph through the network, in every way in which it can be painted."""
    contract = colorizer.contract
    recorder = _Recorder(colorizer.network)
    gray = picture.read(samples / "chelsea.jpg")
    small = gray.srgb(size=small_size(gray.size, contract.short_side_px))
    prepared = colorizer.prepare(gray)
    example = picture.read(samples / "originals" / "flower.jpg")
    reference = colorizer.reference(example)
    canvas = lay_out(HINTS, gray.size, prepared.lightness, contract.output_stride)
    coarse = upsample.cell_means(prepared.lightness, contract.output_stride)
    ways = {
        "automatic": {},
        "calm": {"vividness": 0.3},
        "vivid": {"vividness": 1.7},
        "palette": {"palette": PALETTE},
        "hinted": {"hints": HINTS},
        "reference": {"reference": reference},
        "likened": {"reference": reference, "likeness": 0.4},
        "reached": {"hints": (*HINTS[:1], *REACHING)},
        "locked": {"hints": (HINTS[0], *REACHING), "lock": LOCKS},
        "toned": {"tone": Tone(warmth=0.4, tint=-0.3, strength=0.7)},
        "lassoed": {"hints": HINTS, "tone": Tone(warmth=0.2), "lassos": LASSOS},
        "all": {"hints": HINTS, "reference": reference, "palette": PALETTE, "vividness": 0.8},
    }
    results = {name: prepared.ab(**way) for name, way in ways.items()}
    offset, gain = upsample.guide(results["automatic"], prepared.lightness)
    alternatives = prepared.alternatives(4, seed=3)
    traits = prepared.traits()
    cell = (int(150 / gray.height * traits.shape[0]), int(200 / gray.width * traits.shape[1]))
    return {
        "contract": json.loads(contract.to_json()),
        "size": {"width": gray.width, "height": gray.height},
        "small": small,
        "reference_small": example.srgb(size=small_size(example.size, contract.short_side_px)),
        "reference": dict(zip(("seen", "ab", "place"), reference.tokens, strict=True)),
        "runs": recorder.runs,
        "hints": [_hint(one) for one in HINTS],
        "reaching": [_hint(one) for one in REACHING],
        "locks": [{"points": one.points, "radius_px": one.radius_px} for one in LOCKS],
        "lassos": [asdict(one) for one in LASSOS],
        "traits": traits,
        "by_edges": regions(traits, np.array([cell]), np.array([1.4], np.float32))[0],
        "regions": {str(reach): prepared.region(200, 150, reach) for reach in (0.1, 0.4, 1.0, 1.4)},
        "palette": PALETTE,
        "canvas": {name: getattr(canvas, name) for name in ("points", "ab", "radii", "planes")},
        "obeyed": obey(results["automatic"], coarse, canvas, contract.output_stride),
        "coarse": coarse,
        "results": results,
        "offset": offset.numpy(),
        "gain": gain.numpy(),
        "confidence": prepared.confidence(),
        "likely": [
            {"at": at, "colors": prepared.likely_colors(*at)} for at in ((100, 80), (330, 290))
        ],
        "alternatives": [
            {
                "likelihood": one.likelihood,
                "hints": [{"points": hint.points, "ab": hint.ab} for hint in one.hints],
            }
            for one in alternatives
        ],
    }
