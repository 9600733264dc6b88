// Is a picture gray, or toned as a whole, or in color? Python's `photochrom.toning`.

import { solve } from "./fields.js";
import { linearToLab, toLinear } from "./lab.js";

const SIDE_PX = 48;
const TOLERANCE = 5;
const KNOTS = 11;
const STIFFNESS = [1e-4, 3e-3];
const ROUNDS = 8;
const BLUR_PX = 2;

/**
 * Whether an 8-bit sRGB copy { data, width, height } is gray, or all of one tone.
 * @type {(image: CodeImage) => boolean}
 */
export const isMonochrome = (image) => colorDeviation(image) <= TOLERANCE;

/**
 * The 99th percentile of how far colors lie from one curve over lightness, in a*, b*.
 * @type {(image: CodeImage) => number}
 */
export function colorDeviation({ data, width, height }) {
  if (data.every((code, at) => code === data[at - (at % 3)])) return 0;
  const block = Math.max(1, Math.floor(Math.min(width, height) / SIDE_PX));
  const [columns, rows] = [Math.floor(width / block), Math.floor(height / block)];
  const count = columns * rows;
  const light = new Float64Array(count);
  const ab = new Float64Array(2 * count);
  for (let cell = 0; cell < count; cell += 1) {
    const means = [0, 1, 2].map((channel) => blockMean(data, width, cell, columns, block, channel));
    const [red, green, blue] = means.map((code) => toLinear(code / 255));
    const [l, a, b] = linearToLab(red, green, blue);
    light[cell] = l;
    ab.set([a, b], 2 * cell);
  }
  const fitted = curve(light, ab);
  const rest = ab.map((value, at) => value - fitted[at]);
  const away = blurred(rest, columns, rows);
  const distances = Float64Array.from({ length: count }, (_, at) =>
    Math.hypot(away[2 * at], away[2 * at + 1]),
  ).sort();
  const place = 0.99 * (count - 1);
  const low = Math.floor(place);
  return distances[low] + (place - low) * (distances[Math.min(count - 1, low + 1)] - distances[low]);
}

/**
 * @type {(data: Codes, width: number, cell: number, columns: number, block: number, channel: number) => number}
 */
function blockMean(data, width, cell, columns, block, channel) {
  const [top, left] = [Math.floor(cell / columns) * block, (cell % columns) * block];
  let sum = 0;
  for (let y = top; y < top + block; y += 1) {
    for (let x = left; x < left + block; x += 1) sum += data[3 * (y * width + x) + channel];
  }
  return sum / block ** 2;
}

/**
 * a* and b* of the curve at each lightness: least squares, far-off colors weighing less.
 * @type {(light: Float64Array, ab: Float64Array) => Float64Array}
 */
function curve(light, ab) {
  const count = light.length;
  const places = Array.from(light, (value) =>
    Math.min(KNOTS - 1.001, Math.max(0, (value / 100) * (KNOTS - 1))),
  );
  const penalty = stiffness();
  const fitted = new Float64Array(2 * count);
  const weights = new Float64Array(count).fill(1);
  for (let round = 0; round < ROUNDS; round += 1) {
    const A = penalty.slice();
    const B = new Float64Array(2 * KNOTS);
    places.forEach((place, at) => {
      const left = Math.floor(place);
      const shares = [1 - (place - left), place - left];
      const weight = weights[at] / count;
      shares.forEach((one, row) => {
        shares.forEach((other, column) => {
          A[(left + row) * KNOTS + left + column] += weight * one * other;
        });
        B[2 * (left + row)] += weight * one * ab[2 * at];
        B[2 * (left + row) + 1] += weight * one * ab[2 * at + 1];
      });
    });
    const knots = solve(A, B, KNOTS, 2);
    const distances = new Float64Array(count);
    places.forEach((place, at) => {
      const left = Math.floor(place);
      const share = place - left;
      for (const channel of [0, 1]) {
        fitted[2 * at + channel] =
          knots[2 * left + channel] * (1 - share) + knots[2 * left + 2 + channel] * share;
      }
      distances[at] = Math.hypot(ab[2 * at] - fitted[2 * at], ab[2 * at + 1] - fitted[2 * at + 1]);
    });
    const scale = Math.max(2, 3 * median(distances));
    distances.forEach((distance, at) => {
      weights[at] = 1 / (1 + (distance / scale) ** 2);
    });
  }
  return fitted;
}

/** What steepness and bends of the curve cost, as a matrix over knots. */
function stiffness() {
  const matrix = new Float64Array(KNOTS * KNOTS);
  for (let at = 0; at < KNOTS; at += 1) matrix[at * KNOTS + at] = 1e-9;
  STIFFNESS.forEach((cost, order) => {
    const row = order === 0 ? [-1, 1] : [1, -2, 1];
    for (let start = 0; start + row.length <= KNOTS; start += 1) {
      for (const [i, one] of row.entries()) {
        for (const [j, other] of row.entries()) {
          matrix[(start + i) * KNOTS + start + j] += cost * one * other;
        }
      }
    }
  });
  return matrix;
}

/** @type {(values: Float64Array) => number} */
function median(values) {
  const sorted = values.slice().sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * Means of square windows; the edge is repeated.
 * @type {(values: Float64Array, columns: number, rows: number) => Float64Array}
 */
function blurred(values, columns, rows) {
  const made = new Float64Array(values.length);
  /** @type {(at: number, count: number) => number} */
  const within = (at, count) => Math.min(count - 1, Math.max(0, at));
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      for (let channel = 0; channel < 2; channel += 1) {
        let sum = 0;
        for (let y = row - BLUR_PX; y <= row + BLUR_PX; y += 1) {
          for (let x = column - BLUR_PX; x <= column + BLUR_PX; x += 1) {
            sum += values[2 * (within(y, rows) * columns + within(x, columns)) + channel];
          }
        }
        made[2 * (row * columns + column) + channel] = sum / (2 * BLUR_PX + 1) ** 2;
      }
    }
  }
  return made;
}
