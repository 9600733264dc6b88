// Gray pixels and coarse coefficients -> colors at full size: Python's `photochrom.painting`,
// its path for 8 bits, table by table. A pixel keeps its lightness; what sRGB can't show moves
// towards gray.

import { LINEAR, labF, labFInverse, lightnessOf, luminance, RELATIVE_TO_RGB, toLinear } from "./lab.js";
import { fittedField } from "./resize.js";

const HALF_CHROMA_PIXELS = 500_000;
const STEP = 0.8;
const [ZERO_A, ZERO_B] = [113, 138];
const CHROMA_STEP = 0.53;
const [LIGHT_SCALE, LIGHT_ZERO] = [31_200, 17_160];
const FINER = 12; // bits of luminance below its 16
const ALPHA = 0xff000000;
const F_OF_GRAY = LINEAR.map(labF);

/** @type {ReturnType<typeof makeTables> | null} */
let made = null;
const tables = () => {
  made ??= makeTables();
  return made;
};

/** Make the tables before they are needed, some 0.05 s of work. */
export const prepareTables = () => void tables();

/**
 * Codes of the grays that have the lightness of RGBA pixels.
 * @type {(rgba: Codes, gray?: Uint8Array) => Uint8Array}
 */
export function grayCodes(rgba, gray = new Uint8Array(rgba.length / 4)) {
  const { grays, red, green, blue } = tables();
  const words = wordsOf(rgba);
  for (let pixel = 0; pixel < gray.length; pixel += 1) {
    const word = words[pixel];
    gray[pixel] = grays[(red[word & 255] + green[(word >>> 8) & 255] + blue[(word >>> 16) & 255]) >> FINER];
  }
  return gray;
}

/**
 * The same pixels, each as one number: alpha, blue, green, red from the highest byte down.
 * @type {(rgba: Codes) => Uint32Array}
 */
const wordsOf = (rgba) => new Uint32Array(rgba.buffer, rgba.byteOffset, rgba.length / 4);

/** Paints a picture in stripes; every stripe but the last has an even number of rows. */
export class Painter {
  /* the part that gets colors */
  left = 0;
  top = 0;
  right = 0;
  bottom = 0;
  /* between which coarse columns each column lies, and how far; and the coefficients of a row */
  lower = new Int32Array(0);
  upper = new Int32Array(0);
  share = new Float32Array(0);
  line = new Float32Array(0);
  /* where a row's codes of a* and b* begin in the tables of light */
  fromA = new Int32Array(0);
  fromB = new Int32Array(0);

  /**
   * From two fields of two channels: ab = offset + gain L*. Where they are of a part of the
   * photograph, `place` in one of `size`, what is beside it stays gray.
   *
   * @param {Coefficients} coefficients
   * @param {Size} picture the size of what is painted
   */
  constructor({ offset, gain, place = null, size = null }, { width, height }) {
    this.block = width * height > HALF_CHROMA_PIXELS ? 2 : 1;
    this.width = width;
    this.height = height;
    this.#prepareBox(place, size);
    this.columns = Math.ceil((this.right - this.left) / this.block);
    this.rows = Math.ceil((this.bottom - this.top) / this.block);
    this.offset = fittedField(offset, this.columns, this.rows);
    this.gain = fittedField(gain, this.columns, this.rows);
    this.#prepareColumns();
  }

  /**
   * Paint RGBA pixels in place; `top` is their first row. `gray` as `grayCodes` gives it.
   * @type {<Rgba extends Codes>(rgba: Rgba, top: number, gray?: Uint8Array) => Rgba}
   */
  paint(rgba, top, gray = grayCodes(rgba)) {
    const { block, width } = this;
    const rows = gray.length / width;
    const words = wordsOf(rgba);
    for (let row = 0; row < rows; row += block) {
      const last = Math.min(row + block, rows, Math.max(row + 1, this.bottom - top)) - 1;
      const inside = top + row >= this.top && top + row < this.bottom;
      if (inside) this.#chroma((top + row - this.top) / block, gray, row * width, last * width);
      for (let line = row; line < Math.min(row + block, rows); line += 1) {
        const painted = inside && line <= last;
        this.#leave(words, gray, line * width, 0, painted ? this.left : width);
        if (!painted) continue;
        this.#fill(words, gray, line * width);
        this.#leave(words, gray, line * width, this.right, width);
      }
    }
    return rgba;
  }

  /**
   * The part that gets colors, beginning where a block of pixels does.
   * @type {(place: Place | null, size: Size | null) => void}
   */
  #prepareBox(place, size) {
    const { width, height, block } = this;
    const across = size ? width / size.width : 0;
    const down = size ? height / size.height : 0;
    /** @type {(value: number) => number} */
    const first = (value) => block * Math.floor(Math.round(value) / block);
    this.left = place ? first(place.left * across) : 0;
    this.top = place ? first(place.top * down) : 0;
    this.right = place ? Math.min(width, Math.round((place.left + place.width) * across)) : width;
    this.bottom = place ? Math.min(height, Math.round((place.top + place.height) * down)) : height;
  }

  /** @type {(words: Uint32Array, gray: Uint8Array, start: number, from: number, to: number) => void} */
  #leave(words, gray, start, from, to) {
    for (let at = start + from; at < start + to; at += 1)
      words[at] = (words[at] & ALPHA) | (0x010101 * gray[at]);
  }

  #prepareColumns() {
    const {
      columns,
      offset: { width },
    } = this;
    this.lower = new Int32Array(columns);
    this.upper = new Int32Array(columns);
    this.share = new Float32Array(columns);
    for (let column = 0; column < columns; column += 1) {
      const place = Math.min(width - 1, Math.max(0, ((column + 0.5) * width) / columns - 0.5));
      this.lower[column] = Math.trunc(place);
      this.upper[column] = Math.min(this.lower[column] + 1, width - 1);
      this.share[column] = place - this.lower[column];
    }
    this.line = new Float32Array(4 * width);
    this.fromA = new Int32Array(columns);
    this.fromB = new Int32Array(columns);
  }

  /**
   * Interpolate the coefficients between coarse rows: a and b of the offset, then of the gain.
   * @type {(row: number) => void}
   */
  #prepareRow(row) {
    const { offset, gain, rows, line } = this;
    const { height, width } = offset;
    const place = Math.min(height - 1, Math.max(0, ((row + 0.5) * height) / rows - 0.5));
    const upper = Math.trunc(place);
    const [from, to] = [2 * width * upper, 2 * width * Math.min(upper + 1, height - 1)];
    const share = place - upper;
    for (let column = 0; column < width; column += 1) {
      for (let channel = 0; channel < 2; channel += 1) {
        const at = 2 * column + channel;
        const zero = channel === 0 ? ZERO_A : ZERO_B;
        const shift = offset.data[from + at] * (1 - share) + offset.data[to + at] * share;
        line[4 * column + channel] = shift / STEP + zero + 0.5;
        line[4 * column + 2 + channel] =
          (gain.data[from + at] * (1 - share) + gain.data[to + at] * share) / STEP;
      }
    }
  }

  /**
   * Codes of a* and b* of a row of blocks, in gamut from their darkest to their brightest gray.
   * @type {(row: number, gray: Uint8Array, first: number, second: number) => void}
   */
  #chroma(row, gray, first, second) {
    const { columns, block, left, right, lower, upper, share, line, fromA, fromB } = this;
    const { lightness, hues, chromas, limits, backA, backB } = tables();
    this.#prepareRow(row);
    for (let column = 0; column < columns; column += 1) {
      const x = left + column * block;
      let dark = gray[first + x];
      let bright = dark;
      if (block === 2) {
        const beside = Math.min(x + 2, right) - 1;
        const q = gray[first + beside];
        const r = gray[second + x];
        const s = gray[second + beside];
        dark = Math.min(dark, q, r, s);
        bright = Math.max(bright, q, r, s);
      }
      const light = lightness[dark + bright];
      const from = 4 * lower[column];
      const to = 4 * upper[column];
      const part = share[column];
      const rest = 1 - part;
      const offsetA = line[from] * rest + line[to] * part;
      const offsetB = line[from + 1] * rest + line[to + 1] * part;
      const gainA = line[from + 2] * rest + line[to + 2] * part;
      const gainB = line[from + 3] * rest + line[to + 3] * part;
      let a = Math.min(255, Math.max(0, offsetA + gainA * light)) | 0;
      let b = Math.min(255, Math.max(0, offsetB + gainB * light)) | 0;
      const pair = (a << 8) | b;
      const hue = hues[pair] << 8;
      const limit = Math.min(limits[hue | dark], limits[hue | bright]);
      if (chromas[pair] > limit) {
        a = backA[hue | limit];
        b = backB[hue | limit];
      }
      fromA[column] = a << 10;
      fromB[column] = b << 10;
    }
  }

  /** @type {(words: Uint32Array, gray: Uint8Array, start: number) => void} */
  #fill(words, gray, start) {
    const { left, right, block, columns, fromA, fromB } = this;
    const { lightA, lightB, toSrgb } = tables();
    for (let column = 0, at = start + left; column < columns; column += 1) {
      const end = Math.min(start + left + (column + 1) * block, start + right);
      for (; at < end; at += 1) {
        const one = fromA[column] | (gray[at] << 2);
        const two = fromB[column] | (gray[at] << 2);
        words[at] =
          (words[at] & ALPHA) |
          (toSrgb[lightA[one + 2] + lightB[two + 2]] << 16) |
          (toSrgb[lightA[one + 1] + lightB[two + 1]] << 8) |
          toSrgb[lightA[one] + lightB[two]];
      }
    }
  }
}

function makeTables() {
  const grays = codesOfLight(65536, 65535, 0);
  const lightness = Float32Array.from({ length: 511 }, (_, sum) => lightnessOf(toLinear(sum / 510)));
  return {
    grays,
    lightness,
    ...luminanceTables(),
    ...lightTables(),
    ...polarTables(),
    limits: chromaLimits(),
  };
}

/** What the codes of a pixel add to its luminance, 65535 << FINER in all, and to half a step of it. */
function luminanceTables() {
  /** @type {(share: number, more?: number) => Int32Array} */
  const table = (share, more = 0) =>
    Int32Array.from(LINEAR, (light) => Math.round(65535 * 2 ** FINER * share * light) + more);
  const [red, blue] = [luminance(1, 0, 0), luminance(0, 0, 1)];
  return { red: table(red), green: table(1 - red - blue, 2 ** (FINER - 1)), blue: table(blue) };
}

/** Linear sRGB from (a* code, gray) plus from (b* code, gray), and its sRGB codes. */
function lightTables() {
  const [lightA, lightB] = [new Uint16Array(4 * 65536), new Uint16Array(4 * 65536)];
  /** @type {(light: number) => number} */
  const number = (light) => Math.min(65535, Math.max(0, Math.round(LIGHT_SCALE * light + LIGHT_ZERO)));
  for (let code = 0, at = 0; code < 256; code += 1) {
    for (let gray = 0; gray < 256; gray += 1, at += 4) {
      const y = LINEAR[gray];
      const f = F_OF_GRAY[gray];
      const x = labFInverse(f + ((code - ZERO_A) * STEP) / 500) - y;
      const z = labFInverse(f - ((code - ZERO_B) * STEP) / 200) - y;
      for (let channel = 0; channel < 3; channel += 1) {
        lightA[at + channel] = number(x * RELATIVE_TO_RGB[channel][0] + (channel === 2 ? 0 : y));
        lightB[at + channel] = number(z * RELATIVE_TO_RGB[channel][2] + (channel === 2 ? y : 0));
      }
    }
  }
  return { lightA, lightB, toSrgb: codesOfLight(131072, LIGHT_SCALE, 2 * LIGHT_ZERO) };
}

/**
 * The nearest sRGB codes of numbers that stand for light: `scale` times the light, plus `zero`.
 * @type {(length: number, scale: number, zero: number) => Uint8Array}
 */
function codesOfLight(length, scale, zero) {
  const codes = new Uint8Array(length);
  for (let code = 1; code < 256; code += 1)
    codes.fill(code, Math.ceil(scale * toLinear((code - 0.5) / 255) + zero));
  return codes;
}

/** Codes of a* and b* -> hue and chroma; and the way back. */
function polarTables() {
  const [hues, chromas] = [new Uint8Array(65536), new Uint8Array(65536)];
  for (let a = 0, at = 0; a < 256; a += 1) {
    for (let b = 0; b < 256; b += 1, at += 1) {
      const [x, y] = [(a - ZERO_A) * STEP, (b - ZERO_B) * STEP];
      const angle = Math.atan2(y, x);
      const turned = angle < 0 ? angle + 2 * Math.PI : angle;
      hues[at] = Math.floor(turned * (256 / (2 * Math.PI))) % 256;
      chromas[at] = Math.min(255, Math.ceil(Math.hypot(x, y) / CHROMA_STEP));
    }
  }
  const [backA, backB] = [new Uint8Array(65536), new Uint8Array(65536)];
  /** @type {(value: number) => number} */
  const code = (value) => Math.min(255, Math.max(0, Math.round(value)));
  for (let hue = 0, at = 0; hue < 256; hue += 1) {
    const angle = (hue + 0.5) * ((2 * Math.PI) / 256);
    for (let chroma = 0; chroma < 256; chroma += 1, at += 1) {
      const radius = (chroma * CHROMA_STEP) / STEP;
      backA[at] = code(ZERO_A + radius * Math.cos(angle));
      backB[at] = code(ZERO_B + radius * Math.sin(angle));
    }
  }
  return { hues, chromas, backA, backB };
}

/** The code of the largest chroma in gamut for each (hue code, gray), by bisection. */
function chromaLimits() {
  const [toRed, toGreen, toBlue] = RELATIVE_TO_RGB;
  const inside = new Float64Array(65536);
  for (let hue = 0; hue < 256; hue += 1) {
    const angle = hue * ((2 * Math.PI) / 256);
    const [toX, toZ] = [Math.cos(angle) / 500, -Math.sin(angle) / 200];
    for (let gray = 1; gray < 255; gray += 1) {
      // black and white have no colors
      const y = LINEAR[gray];
      const f = F_OF_GRAY[gray];
      let chroma = 0;
      for (let step = 70; step > STEP / 8; step /= 2) {
        const x = labFInverse(f + toX * (chroma + step)) - y;
        const z = labFInverse(f + toZ * (chroma + step)) - y;
        const red = y + toRed[0] * x + toRed[2] * z;
        const green = y + toGreen[0] * x + toGreen[2] * z;
        const blue = y + toBlue[0] * x + toBlue[2] * z;
        if (Math.min(red, green, blue) > -1e-4 && Math.max(red, green, blue) < 1 + 1e-4) chroma += step;
      }
      inside[256 * hue + gray] = chroma;
    }
  }
  const limits = new Uint8Array(65536);
  for (let at = 0; at < limits.length; at += 1) {
    const both = Math.min(inside[at], inside[(at + 256) % 65536]);
    limits[at] = Math.max((both - STEP / 2) / CHROMA_STEP, 0);
  }
  return limits;
}
