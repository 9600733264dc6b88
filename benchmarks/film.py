"""How much of the colors' gain is lost on what people scan? Five fixed simulations of it.

    python benchmarks/film.py data/wide/test -m photochrom -m mine.onnx

Colors are predicted from the treated lightness and put on the clean L*, so that only color is
judged. Prints, for each treatment, the mean PSNR above gray's for the clean lightness and for the
treated one, their difference, and the mean change of ab. Seeds hang on the photograph's name.
`--show FILE` writes a sheet of six photographs: clean, then treated.

blue     an emulsion that is blind to red: lightness of 0.25 G + 0.75 B (linear)
faded    L* = 32 + 0.48 L*, then soft (Gaussian, sigma 0.6 % of the short side)
grain    correlated noise, 5 L* in mid-tones, less at the ends
damage   twelve scratches, sixty specks, two folds, an unevenly faded corner
print    a 45 degree screen of 18 L*, a small copy (1/2) and back, JPEG quality 35
"""

from __future__ import annotations

import argparse
import zlib
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pyvips
from numpy.typing import NDArray

from photochrom import Colorizer, color
from photographs import add_models, colored_ab, colorizers, distance, gray_image, listed, psnr

Array: TypeAlias = NDArray[Any]
Treatment: TypeAlias = Callable[[Array, Array, np.random.Generator], Array]

SHOWN = 6
THUMBNAIL_PX = 160


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("pictures", type=Path, help="folder of photographs")
    parser.add_argument("--limit", type=int, help="measure fewer photographs, evenly drawn")
    parser.add_argument("--show", type=Path, metavar="FILE", help="write a sheet of treated ones")
    add_models(parser)
    options = parser.parse_args()
    files = listed(options.pictures, options.limit)
    if options.show:
        show(files[:SHOWN], options.show)
    print("| model | treatment | clean dB | treated dB | loss dB | ab change | photographs |")
    print("|---|---|---|---|---|---|---|")
    for model, colorizer in colorizers(options.models, options.like).items():
        found: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
        for file in files:
            for name, row in measure(colorizer, file).items():
                found[name].append(row)
        for name, rows in found.items():
            clean, treated, moved = np.mean(rows, axis=0)
            print(
                f"| {model} | {name} | {clean:+.2f} | {treated:+.2f} | {clean - treated:.2f} | "
                f"{moved:.1f} | {len(rows)} |",
                flush=True,
            )


def measure(colorizer: Colorizer, file: Path) -> dict[str, tuple[float, float, float]]:
    """PSNR above gray's, clean and treated, and the mean change of ab, for each treatment."""
    srgb, lightness, treated = treat(file)
    gray_psnr = psnr(gray_values(lightness)[..., None], srgb)

    def gain(ab: Array) -> float:
        lab = np.concatenate([lightness[..., None], ab], -1).astype(np.float32)
        return psnr((color.lab_to_srgb(lab).clip(0, 1) * 255).round(), srgb) - gray_psnr

    clean = colored_ab(colorizer, gray_of(lightness))
    clean_gain = gain(clean)
    found = {}
    for name, values in treated.items():
        ab = colored_ab(colorizer, gray_of(values))
        found[name] = (clean_gain, gain(ab), float(distance(ab, clean).mean()))
    return found


def treat(file: Path) -> tuple[Array, Array, dict[str, Array]]:
    """A photograph's 8-bit sRGB, its L*, and the L* that each treatment makes of it."""
    srgb = pyvips.Image.new_from_file(str(file)).colourspace("srgb")[0:3].numpy()
    random = np.random.default_rng(zlib.crc32(file.name.encode()))
    lightness = lightness_of(linear(srgb) @ color.RGB_TO_XYZ[1])
    return (
        srgb,
        lightness,
        {name: change(srgb, lightness, random) for name, change in TREATMENTS.items()},
    )


def show(files: list[Path], path: Path) -> None:
    """Write a sheet with a row for each photograph: clean, then each treatment."""
    sheet = []
    for file in files:
        _, lightness, treated = treat(file)
        sheet += [
            gray_of(values).thumbnail_image(
                THUMBNAIL_PX, height=THUMBNAIL_PX, crop=pyvips.enums.Interesting.CENTRE
            )
            for values in (lightness, *treated.values())
        ]
    pyvips.Image.arrayjoin(sheet, across=1 + len(TREATMENTS)).write_to_file(str(path))


def linear(srgb: Array) -> Array:
    """Linear light of 8-bit sRGB, in float64, so that seeded treatments are the same everywhere."""
    encoded = srgb.astype(np.float64) / 255
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def lightness_of(luminance: Array) -> Array:
    """L* of relative luminance, in float64.

    The fractions are multiplied out in this order: dark values of `blue` lie halfway between
    two gray values, and the last bit decides how they are rounded.
    """
    curve = 116 * np.cbrt(luminance) - 16
    return np.where(luminance > 216 / 24389, curve, luminance * 24389 / 27)


def gray_values(lightness: Array) -> NDArray[np.uint8]:
    """8-bit gray values, sRGB-encoded, of L*."""
    cube = ((lightness + 16) / 116) ** 3
    y = np.where(lightness > 8, cube, lightness * 27 / 24389).clip(0, 1)
    encoded = np.where(y <= 0.0031308, 12.92 * y, 1.055 * y ** (1 / 2.4) - 0.055)
    return (255 * encoded).round().astype(np.uint8)


def gray_of(lightness: Array) -> pyvips.Image:
    """An 8-bit gray image of L*."""
    return gray_image(gray_values(lightness.clip(0, 100)))


def blur(values: Array, sigma: float) -> Array:
    """A Gaussian, `sigma` in px."""
    image = pyvips.Image.new_from_array(values.astype(np.float32))
    return image.gaussblur(sigma, precision="float").numpy()


def blue(srgb: Array, lightness: Array, random: np.random.Generator) -> Array:
    """An emulsion that is blind to red."""
    return lightness_of(linear(srgb) @ np.array([0.0, 0.25, 0.75]))


def faded(srgb: Array, lightness: Array, random: np.random.Generator) -> Array:
    """Little contrast, and soft."""
    return blur(32 + 0.48 * lightness, max(0.5, 0.006 * min(lightness.shape)))


def grain(srgb: Array, lightness: Array, random: np.random.Generator) -> Array:
    """Correlated noise, less at the ends."""
    noise = blur(random.standard_normal(lightness.shape), 0.8)
    strength = np.sin(np.pi * (lightness / 100).clip(0.08, 0.92))
    return lightness + 5 * noise / noise.std() * strength


def damage(srgb: Array, lightness: Array, random: np.random.Generator) -> Array:
    """Scratches, specks, folds and a faded corner."""
    h, w = lightness.shape
    out, (yy, xx) = lightness.copy(), np.mgrid[:h, :w]
    for _ in range(12):
        x, slope, tone = random.uniform(0, w), random.normal(0, 0.05), random.choice([4.0, 96.0])
        top, bottom = np.sort(random.uniform(0, h, 2))
        out[(abs(xx - x - slope * yy) < 0.7) & (yy > top) & (yy < bottom)] = tone
    for _ in range(60):
        # drawn in this order: tone, place, radius
        tone = random.choice([6.0, 95.0])
        squared = (xx - random.uniform(0, w)) ** 2 + (yy - random.uniform(0, h)) ** 2
        out[squared < random.uniform(0.6, 2.2) ** 2] = tone
    for _ in range(2):
        angle, at = random.uniform(0, np.pi), random.uniform(0.25, 0.75)
        across = (xx - at * w) * np.cos(angle) + (yy - at * h) * np.sin(angle)
        out += 22 * np.exp(-((across / 1.2) ** 2)) - 10 * np.exp(-(((across - 3) / 2) ** 2))
    corner = np.hypot(xx - random.choice([0, w]), yy - random.choice([0, h])) / np.hypot(h, w)
    return out + (92 - out) * 0.5 * (1 - corner / 0.6).clip(0, 1)


def printed(srgb: Array, lightness: Array, random: np.random.Generator) -> Array:
    """A halftone screen, made small and large again, and a JPEG of it."""
    h, w = lightness.shape
    yy, xx = np.mgrid[:h, :w]
    step = 2 * np.pi / 5
    image = gray_of(lightness + 18 * np.sin((xx + yy) * step) * np.sin((xx - yy) * step))
    small = image.resize(0.5)
    large = small.resize(w / small.width, vscale=h / small.height)
    decoded = pyvips.Image.new_from_buffer(large.jpegsave_buffer(Q=35), "").numpy()
    return lightness_of(linear(decoded[:h, :w]))


TREATMENTS: dict[str, Treatment] = {
    "blue": blue,
    "faded": faded,
    "grain": grain,
    "damage": damage,
    "print": printed,
}


if __name__ == "__main__":
    main()
