// Gray pixels and coarse coefficients -> colors at full size: Python's `photochrom.painting`,
// its path for 8 bits, table by table. A pixel keeps its lightness; what sRGB can't show moves
// towards gray.

import {
  LINEAR,
  labF,
  labFInverse,
  lightnessOf,
  luminance,
  RELATIVE_TO_RGB,
  toEncoded,
  toLinear,
} from "./lab.js";
import { fittedField } from "./resize.js";

const HALF_CHROMA_PIXELS = 500_000;
const STEP = 0.8;
const [ZERO_A, ZERO_B] = [113, 138];
const CHROMA_STEP = 0.53;
const [LIGHT_SCALE, LIGHT_ZERO] = [31_200, 17_160];

/** @type {ReturnType<typeof makeTables> | null} */
let made = null;
const tables = () => {
  made ??= makeTables();
  return made;
};

/**
 * Codes of the grays that have the lightness of RGBA pixels.
 * @type {(rgba: Codes, gray?: Uint8Array) => Uint8Array}
 */
export function grayCodes(rgba, gray = new Uint8Array(rgba.length / 4)) {
  const { grays, linear } = tables();
  for (let pixel = 0, at = 0; pixel < gray.length; pixel += 1, at += 4) {
    const [red, green, blue] = [rgba[at], rgba[at + 1], rgba[at + 2]];
    gray[pixel] =
      red === green && green === blue
        ? red
        : grays[Math.round(luminance(linear[red], linear[green], linear[blue]))];
  }
  return gray;
}

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
    const words = new Uint32Array(rgba.buffer, rgba.byteOffset, rgba.length / 4);
    const codes = new Uint8Array(2 * this.columns);
    for (let row = 0; row < rows; row += block) {
      const last = Math.min(row + block, rows, Math.max(row + 1, this.bottom - top)) - 1;
      const inside = top + row >= this.top && top + row < this.bottom;
      if (inside) this.#chroma((top + row - this.top) / block, gray, row * width, last * width, codes);
      for (let line = row; line < Math.min(row + block, rows); line += 1) {
        const painted = inside && line <= last;
        this.#leave(rgba, gray, line * width, 0, painted ? this.left : width);
        if (!painted) continue;
        this.#fill(words, gray, line * width, codes);
        this.#leave(rgba, gray, line * width, this.right, width);
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

  /** @type {(rgba: Codes, gray: Uint8Array, start: number, from: number, to: number) => void} */
  #leave(rgba, gray, start, from, to) {
    for (let x = from, at = 4 * (start + from); x < to; x += 1, at += 4)
      rgba.fill(gray[start + x], at, at + 3);
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
   * @type {(row: number, gray: Uint8Array, first: number, second: number, codes: Uint8Array) => void}
   */
  #chroma(row, gray, first, second, codes) {
    const { columns, block, left, right, lower, upper, share, line } = this;
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
      codes[2 * column] = a;
      codes[2 * column + 1] = b;
    }
  }

  /** @type {(words: Uint32Array, gray: Uint8Array, start: number, codes: Uint8Array) => void} */
  #fill(words, gray, start, codes) {
    const { left, right, block } = this;
    const { fromA, fromB, toSrgb } = tables();
    const shift = block - 1;
    for (let x = left, at = start + left; x < right; x += 1, at += 1) {
      const code = ((x - left) >> shift) << 1;
      const light = gray[at];
      const one = 3 * ((codes[code] << 8) | light);
      const two = 3 * ((codes[code + 1] << 8) | light);
      words[at] =
        (words[at] & 0xff000000) |
        (toSrgb[fromA[one + 2] + fromB[two + 2]] << 16) |
        (toSrgb[fromA[one + 1] + fromB[two + 1]] << 8) |
        toSrgb[fromA[one] + fromB[two]];
    }
  }
}

function makeTables() {
  const linear = Float64Array.from(LINEAR, (light) => 65535 * light);
  const grays = Uint8Array.from({ length: 65536 }, (_, y) => Math.round(255 * toEncoded(y / 65535)));
  const lightness = Float32Array.from({ length: 511 }, (_, sum) => lightnessOf(toLinear(sum / 510)));
  return { linear, grays, lightness, ...lightTables(), ...polarTables(), limits: chromaLimits() };
}

/** Linear sRGB from (a* code, gray) plus from (b* code, gray), and its sRGB codes. */
function lightTables() {
  const [fromA, fromB] = [new Uint16Array(3 * 65536), new Uint16Array(3 * 65536)];
  /** @type {(light: number) => number} */
  const number = (light) => Math.min(65535, Math.max(0, Math.round(LIGHT_SCALE * light + LIGHT_ZERO)));
  for (let code = 0, at = 0; code < 256; code += 1) {
    for (let gray = 0; gray < 256; gray += 1) {
      const y = LINEAR[gray];
      const f = labF(y);
      const x = labFInverse(f + ((code - ZERO_A) * STEP) / 500) - y;
      const z = labFInverse(f - ((code - ZERO_B) * STEP) / 200) - y;
      for (let channel = 0; channel < 3; channel += 1, at += 1) {
        fromA[at] = number(x * RELATIVE_TO_RGB[channel][0] + (channel === 2 ? 0 : y));
        fromB[at] = number(z * RELATIVE_TO_RGB[channel][2] + (channel === 2 ? y : 0));
      }
    }
  }
  const toSrgb = new Uint8Array(131072).fill(255);
  for (let number_ = 0; number_ < 65536; number_ += 1) {
    const light = Math.min(1, Math.max(0, (number_ - 2 * LIGHT_ZERO) / LIGHT_SCALE));
    toSrgb[number_] = Math.round(255 * toEncoded(light));
  }
  return { fromA, fromB, toSrgb };
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
  const inside = new Float64Array(65536);
  for (let hue = 0; hue < 256; hue += 1) {
    const angle = hue * ((2 * Math.PI) / 256);
    const [toX, toZ] = [Math.cos(angle) / 500, -Math.sin(angle) / 200];
    for (let gray = 1; gray < 255; gray += 1) {
      // black and white have no colors
      const y = LINEAR[gray];
      const f = labF(y);
      let chroma = 0;
      for (let step = 70; step > STEP / 8; step /= 2) {
        const x = labFInverse(f + toX * (chroma + step)) - y;
        const z = labFInverse(f + toZ * (chroma + step)) - y;
        const fits = RELATIVE_TO_RGB.every((row) => {
          const light = y + row[0] * x + row[2] * z;
          return light > -1e-4 && light < 1 + 1e-4;
        });
        if (fits) chroma += step;
      }
      inside[256 * hue + gray] = chroma;
    }
  }
  return Uint8Array.from(inside, (chroma, at) => {
    const both = Math.min(chroma, inside[(at + 256) % 65536]);
    return Math.max((both - STEP / 2) / CHROMA_STEP, 0);
  });
}
