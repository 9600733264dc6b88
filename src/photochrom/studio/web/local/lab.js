// sRGB and CIELAB over typed arrays: the JavaScript side of Python's `photochrom.color`.
// Colors lie one after the other (3 or 2 numbers for each); lightness is L*, 0..100.

const RGB_TO_XYZ = [
  [0.4124564, 0.3575761, 0.1804375],
  [0.2126729, 0.7151522, 0.072175],
  [0.0193339, 0.119192, 0.9503041],
];

/** Linear sRGB to XYZ relative to white; every row sums to 1. */
const TO_RELATIVE = RGB_TO_XYZ.map((row) => {
  const sum = row[0] + row[1] + row[2];
  return row.map((value) => value / sum);
});

/** XYZ relative to white to linear sRGB; every row sums to 1. */
export const RELATIVE_TO_RGB = inverse(TO_RELATIVE);

export const EPSILON = 216 / 24389;
export const KAPPA = 24389 / 27;

/** @type {(m: number[][]) => number[][]} */
function inverse(m) {
  /** @type {(row: number, column: number) => number} */
  const cofactor = (row, column) => {
    const [r1, r2] = [(row + 1) % 3, (row + 2) % 3];
    const [c1, c2] = [(column + 1) % 3, (column + 2) % 3];
    return m[r1][c1] * m[r2][c2] - m[r1][c2] * m[r2][c1];
  };
  const determinant = m[0].reduce((sum, value, column) => sum + value * cofactor(0, column), 0);
  return [0, 1, 2].map((row) => [0, 1, 2].map((column) => cofactor(column, row) / determinant));
}

/**
 * sRGB-encoded 0..1 -> linear light.
 * @type {(code: number) => number}
 */
export const toLinear = (code) => (code <= 0.04045 ? code / 12.92 : ((code + 0.055) / 1.055) ** 2.4);

/**
 * Linear light 0..1 -> sRGB-encoded.
 * @type {(light: number) => number}
 */
export const toEncoded = (light) => (light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055);

/** Linear light for each 8-bit code. */
export const LINEAR = Float64Array.from({ length: 256 }, (_, code) => toLinear(code / 255));

/**
 * CIELAB's f: the cube root, with a straight line near black.
 * @type {(relative: number) => number}
 */
export const labF = (relative) => (relative > EPSILON ? Math.cbrt(relative) : (KAPPA * relative + 16) / 116);

/**
 * The inverse of `labF`.
 * @type {(f: number) => number}
 */
export const labFInverse = (f) => {
  const cube = f * f * f;
  return cube > EPSILON ? cube : (116 * f - 16) / KAPPA;
};

/**
 * Relative luminance of linear sRGB; exactly the channels' value where they are equal.
 * @type {(red: number, green: number, blue: number) => number}
 */
export const luminance = (red, green, blue) =>
  green + TO_RELATIVE[1][0] * (red - green) + TO_RELATIVE[1][2] * (blue - green);

/**
 * L* of linear light's luminance.
 * @type {(y: number) => number}
 */
export const lightnessOf = (y) => 116 * labF(y) - 16;

/**
 * 8-bit sRGB, three codes for each pixel -> L* for each pixel.
 * @type {(srgb: Codes) => Float32Array}
 */
export function srgbToLightness(srgb) {
  const lightness = new Float32Array(srgb.length / 3);
  for (let pixel = 0, at = 0; pixel < lightness.length; pixel += 1, at += 3) {
    lightness[pixel] = lightnessOf(luminance(LINEAR[srgb[at]], LINEAR[srgb[at + 1]], LINEAR[srgb[at + 2]]));
  }
  return lightness;
}

/**
 * Linear sRGB -> [L*, a*, b*]. Grays have a* = b* = 0.
 * @type {(red: number, green: number, blue: number) => Lab}
 */
export function linearToLab(red, green, blue) {
  const [x, y, z] = TO_RELATIVE.map((row) => labF(green + row[0] * (red - green) + row[2] * (blue - green)));
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

/**
 * 8-bit sRGB, three codes for each pixel -> L*, a*, b* for each pixel.
 * @type {(srgb: Codes) => Float32Array}
 */
export function srgbToLab(srgb) {
  const lab = new Float32Array(srgb.length);
  for (let at = 0; at < srgb.length; at += 3) {
    lab.set(linearToLab(LINEAR[srgb[at]], LINEAR[srgb[at + 1]], LINEAR[srgb[at + 2]]), at);
  }
  return lab;
}

/**
 * [L*, a*, b*] -> linear sRGB, outside 0..1 where sRGB can't show the color.
 * @type {(lab: Lab) => Triple}
 */
export function labToLinear([lightness, a, b]) {
  const f = (lightness + 16) / 116;
  const y = labFInverse(f);
  const toX = labFInverse(f + a / 500) - y;
  const toZ = labFInverse(f - b / 200) - y;
  const [red, green, blue] = RELATIVE_TO_RGB.map((row) => y + row[0] * toX + row[2] * toZ);
  return [red, green, blue];
}

/**
 * Move a linear color that sRGB can't show towards gray, at equal luminance.
 * @type {(linear: Triple) => Triple}
 */
export function reduceGamut(linear) {
  const y = Math.min(1, Math.max(0, luminance(...linear)));
  const [highest, lowest] = [Math.max(...linear), Math.min(...linear)];
  const high = highest > 1 ? (1 - y) / Math.max(highest - y, 1e-12) : 1;
  const low = lowest < 0 ? y / Math.max(y - lowest, 1e-12) : 1;
  const keep = Math.min(high, low);
  const [red, green, blue] = linear.map((value) => Math.min(1, Math.max(0, y + (value - y) * keep)));
  return [red, green, blue];
}

/**
 * The nearest a* and b* towards gray that sRGB can show at a lightness.
 * @type {(lightness: number, a: number, b: number) => Point}
 */
export function showable(lightness, a, b) {
  const [, shownA, shownB] = linearToLab(...reduceGamut(labToLinear([lightness, a, b])));
  return [shownA, shownB];
}

/**
 * [L*, a*, b*] -> "#rrggbb", the nearest color that sRGB can show at this lightness.
 * @type {(lab: Lab) => string}
 */
export function labToHex(lab) {
  const codes = reduceGamut(labToLinear(lab)).map((light) => Math.round(255 * toEncoded(light)));
  return `#${codes.map((code) => code.toString(16).padStart(2, "0")).join("")}`;
}

/**
 * "#c22" or "#cc2222" -> [a*, b*]. Throws where it is no color.
 * @type {(text: string) => Point}
 */
export function parseColor(text) {
  let digits = String(text).trim().replace(/^#/, "");
  if (/^[0-9a-f]{3}$/i.test(digits)) digits = [...digits].map((digit) => digit + digit).join("");
  if (!/^[0-9a-f]{6}$/i.test(digits)) {
    throw new TypeError(`“${text}” is not a color. Write it as #rrggbb or #rgb, such as #cc2222.`);
  }
  const [red, green, blue] = [0, 2, 4].map((at) => LINEAR[parseInt(digits.slice(at, at + 2), 16)]);
  const [, a, b] = linearToLab(red, green, blue);
  return [a, b];
}
