// Resampling as libvips' `thumbnail` does it, so that both engines see the same small copy:
// whole pixels are averaged down to at least twice the size, Lanczos-3 does the rest; cubic
// (Catmull-Rom) where a side grows. Centers of pixels coincide; each pass rounds to codes.

/** @type {(x: number) => number} */
const sinc = (x) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

/** @type {Record<string, { reach: number, at: (x: number) => number }>} */
const KERNELS = {
  lanczos: { reach: 3, at: (x) => (Math.abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0) },
  cubic: {
    reach: 2,
    at: (x) => {
      const away = Math.abs(x);
      if (away < 1) return 1.5 * away ** 3 - 2.5 * away ** 2 + 1;
      return away < 2 ? -0.5 * away ** 3 + 2.5 * away ** 2 - 4 * away + 2 : 0;
    },
  },
  linear: { reach: 1, at: (x) => Math.max(0, 1 - Math.abs(x)) },
};

/**
 * @template {Float32Array | Uint8ClampedArray} Made
 * @typedef {{
 *   from: number, count: number, scale: number, width: number, make: (size: number) => Made,
 *   lines?: number, lineStep?: number, shrinking?: string,
 * }} Axis
 */

/**
 * How many whole pixels are averaged before the kernel: the copy stays twice as large.
 * @type {(from: number, to: number) => number}
 */
export const boxFactor = (from, to) => Math.max(1, Math.floor(from / to / 2));

/** Averages whole pixels of 8-bit rows that come one stripe after the other. */
export class Shrinker {
  #sums;
  #filled = 0;
  #row = 0;

  /**
   * @param {number} width
   * @param {number} height
   * @param {number} across whole pixels that become one
   * @param {number} down
   * @param {number} channels of the result, the first of each pixel's `stride` codes
   */
  constructor(width, height, across, down, channels = 3) {
    this.sourceWidth = width;
    this.sourceHeight = height;
    this.across = across;
    this.down = down;
    this.channels = channels;
    this.width = Math.ceil(width / across);
    this.height = Math.ceil(height / down);
    this.data = new Uint8Array(this.width * this.height * channels);
    this.#sums = new Float64Array(this.width * channels);
  }

  /**
   * Take the next rows; `stride` codes lie between pixels.
   * @type {(pixels: Codes, rows: number, stride?: number) => void}
   */
  add(pixels, rows, stride = 4) {
    const { sourceWidth, across, channels, width } = this;
    for (let row = 0; row < rows; row += 1) {
      let at = row * sourceWidth * stride;
      for (let column = 0, to = 0; column < width; column += 1, to += channels) {
        const end = Math.min(across, sourceWidth - column * across);
        for (let one = 0; one < end; one += 1, at += stride) {
          for (let channel = 0; channel < channels; channel += 1)
            this.#sums[to + channel] += pixels[at + channel];
        }
        for (let one = end; one < across; one += 1) {
          // the last pixel stands for what is missing
          for (let channel = 0; channel < channels; channel += 1) {
            this.#sums[to + channel] += pixels[at - stride + channel];
          }
        }
      }
      this.#filled += 1;
      if (this.#filled === this.down) this.#finishRow();
    }
  }

  /**
   * What there is, once all rows have come.
   * @type {() => ChannelImage}
   */
  done() {
    if (this.#filled > 0) this.#finishRow();
    const { data, width, height, channels, sourceWidth, sourceHeight, across, down } = this;
    return { data, width, height, channels, exact: [sourceWidth / across, sourceHeight / down] };
  }

  #finishRow() {
    const share = 1 / (this.across * this.#filled);
    const start = this.#row * this.width * this.channels;
    for (let at = 0; at < this.#sums.length; at += 1)
      this.data[start + at] = Math.round(this.#sums[at] * share);
    this.#sums.fill(0);
    this.#filled = 0;
    this.#row += 1;
  }
}

/**
 * An 8-bit image { data, width, height, channels } at another size, rows first.
 * @type {(image: ChannelImage, width: number, height: number) => ChannelImage}
 */
export function resized(image, width, height) {
  const { channels } = image;
  const [exactWidth, exactHeight] = image.exact ?? [image.width, image.height];
  const line = image.width * channels;
  const down = along(image.data, {
    from: image.height,
    count: height,
    scale: exactHeight / height,
    width: line,
    make: codes,
  });
  const data = along(down, {
    from: image.width,
    count: width,
    scale: exactWidth / width,
    width: channels,
    make: codes,
    lines: height,
    lineStep: line,
  });
  return { data, width, height, channels };
}

/**
 * A field of floats shrunk by averaging with triangles; nothing where it is small enough.
 * @type {(source: Field, width: number, height: number) => Field}
 */
export function fittedField(source, width, height) {
  const [rows, columns] = [Math.min(height, source.height), Math.min(width, source.width)];
  if (rows === source.height && columns === source.width) return source;
  /** @type {(size: number) => Float32Array} */
  const floats = (size) => new Float32Array(size);
  const { channels } = source;
  const line = source.width * channels;
  const down = along(source.data, {
    from: source.height,
    count: rows,
    scale: source.height / rows,
    width: line,
    make: floats,
    shrinking: "linear",
  });
  const data = along(down, {
    from: source.width,
    count: columns,
    scale: source.width / columns,
    width: channels,
    make: floats,
    lines: rows,
    lineStep: line,
    shrinking: "linear",
  });
  return { data, height: rows, width: columns, channels };
}

/** @type {(size: number) => Uint8ClampedArray} */
const codes = (size) => new Uint8ClampedArray(size);

/**
 * Resample along one axis.
 *
 * @param from, count lengths of the axis before and after; `scale` is how much it shrinks
 * @param width numbers that lie together at each place of the axis
 * @param lines how often the axis occurs, `lineStep` numbers apart
 * @type {<Given extends Float32Array | Codes, Made extends Float32Array | Uint8ClampedArray>(
 *   data: Given, axis: Axis<Made>) => Given | Made}
 */
function along(data, { from, count, scale, width, make, lines = 1, lineStep = 0, shrinking = "lanczos" }) {
  if (count === from) return data;
  const kernel = KERNELS[scale > 1 ? shrinking : "cubic"];
  const stretch = Math.max(1, scale);
  const reach = kernel.reach * stretch;
  const made = make(lines * count * width);
  const sums = new Float64Array(width);
  for (let place = 0; place < count; place += 1) {
    const center = (place + 0.5) * scale - 0.5;
    const [first, last] = [Math.ceil(center - reach), Math.floor(center + reach)];
    const weights = [];
    for (let at = first; at <= last; at += 1) weights.push(kernel.at((at - center) / stretch));
    const whole = weights.reduce((sum, one) => sum + one, 0);
    for (let line = 0; line < lines; line += 1) {
      sums.fill(0);
      weights.forEach((weight, index) => {
        const at = Math.min(from - 1, Math.max(0, first + index));
        const start = line * lineStep + at * width;
        for (let one = 0; one < width; one += 1) sums[one] += weight * data[start + one];
      });
      const to = (line * count + place) * width;
      for (let one = 0; one < width; one += 1) made[to + one] = sums[one] / whole;
    }
  }
  return made;
}

const [MAX_LONG_SIDE, MIN_SIDE_PX] = [4, 16];

/**
 * Round halves to even, as Python does.
 * @type {(value: number) => number}
 */
export function roundEven(value) {
  const down = Math.floor(value);
  const rest = value - down;
  if (rest !== 0.5) return Math.round(value);
  return down % 2 === 0 ? down : down + 1;
}

/**
 * { width, height } of the small copy that a network sees.
 * @type {(size: Size, shortSidePx: number) => Size}
 */
export function smallSize({ width, height }, shortSidePx) {
  const scale = Math.min(
    shortSidePx / Math.min(width, height),
    (MAX_LONG_SIDE * shortSidePx) / Math.max(width, height),
  );
  /** @type {(length: number) => number} */
  const side = (length) => Math.max(MIN_SIDE_PX, roundEven(length * scale));
  return { width: side(width), height: side(height) };
}

/**
 * The size whose longer side is `longerPx`; the same where it is shorter.
 * @type {(size: Size, longerPx: number) => Size}
 */
export function fitting({ width, height }, longerPx) {
  const longer = Math.max(width, height);
  if (longer <= longerPx) return { width, height };
  /** @type {(length: number) => number} */
  const side = (length) => Math.max(1, roundEven((length * longerPx) / longer));
  return { width: side(width), height: side(height) };
}
