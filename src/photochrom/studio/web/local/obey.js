// Each hint has its own color where it stands: Python's `obey` in `photochrom.runtime.hints`.

import { solve } from "./fields.js";

/** @typedef {{ x: number, y: number, at: number[], share: number[] }} Spot how to read a field there */

const KINDRED_LIGHTNESS = 12;
const [WIDE_SHARE, WIDE_LIGHTNESS, WIDE_AB, WIDE_DOUBT] = [0.7, 20, 24, 0.5];
const OVERSHOOT = 30;

/**
 * Correct coarse colors where the network has missed what hints say.
 *
 * @param ab field of two channels
 * @param lightness field, L* of the same positions
 * @param canvas what `layOut` gave
 * @returns a new field
 * @type {(ab: Field, lightness: Field, canvas: Canvas, cellPx: number) => Field}
 */
export function obey(ab, lightness, canvas, cellPx) {
  const apart = canvas.radii.map((radius) => Math.max(cellPx, 0.7 * radius));
  const kept = lastOfEachPlace(canvas.points, apart);
  const readers = kept.map((at) =>
    /** @type {(lightness: Field, x: number, y: number) => Spot} */
    around(lightness, canvas.points[2 * at] / cellPx - 0.5, canvas.points[2 * at + 1] / cellPx - 0.5),
  );
  /** @type {Point[]} */
  const wanted = kept.map((at) => [canvas.ab[2 * at], canvas.ab[2 * at + 1]]);
  const near = kept.map((at) => Math.max((0.6 * canvas.radii[at]) / cellPx, 0.8));
  const wide = near.map(() => WIDE_SHARE * Math.min(lightness.height, lightness.width));
  const size = lightness.data.length;
  const alike = new Float32Array(3 * size);
  const light = new Float32Array(size);
  for (let at = 0; at < size; at += 1) {
    alike[3 * at] = lightness.data[at] / WIDE_LIGHTNESS;
    alike[3 * at + 1] = ab.data[2 * at] / WIDE_AB;
    alike[3 * at + 2] = ab.data[2 * at + 1] / WIDE_AB;
    light[at] = lightness.data[at] / KINDRED_LIGHTNESS;
  }
  const corrected = { ...ab, data: ab.data.slice() };
  spread(corrected, alike, 3, readers, wanted, wide, WIDE_DOUBT);
  spread(corrected, light, 1, readers, wanted, near, 0.02);
  // Hints that lie close together and contradict one another would shoot over.
  for (const channel of [0, 1]) {
    const colors = wanted.map((one) => one[channel]);
    const [low, high] = [Math.min(...colors), Math.max(...colors)];
    for (let at = channel; at < 2 * size; at += 2) {
      const least = Math.min(ab.data[at], low) - OVERSHOOT;
      const most = Math.max(ab.data[at], high) + OVERSHOOT;
      corrected.data[at] = Math.min(most, Math.max(least, corrected.data[at]));
    }
  }
  return corrected;
}

/**
 * Add to colors what hints say around them; see Python's `_spread`.
 * @type {(ab: Field, traits: Float32Array, channels: number, readers: Spot[], wanted: Point[], reach: number[],
 *   doubt: number) => void}
 */
function spread(ab, traits, channels, readers, wanted, reach, doubt) {
  const count = readers.length;
  const fields = readers.map((reader, index) => influence(ab, traits, channels, reader, reach[index]));
  const told = new Float64Array(count * count);
  const missed = new Float64Array(2 * count);
  readers.forEach((reader, row) => {
    fields.forEach((one, column) => {
      told[row * count + column] = read(one, 1, 0, reader);
    });
    told[row * count + row] += doubt;
    for (const channel of [0, 1]) {
      missed[2 * row + channel] = wanted[row][channel] - read(ab.data, 2, channel, reader);
    }
  });
  const weights = solve(told, missed, count, 2);
  const size = ab.data.length / 2;
  const [addedA, addedB] = [new Float64Array(size), new Float64Array(size)];
  fields.forEach((one, index) => {
    const [a, b] = [weights[2 * index], weights[2 * index + 1]];
    for (let at = 0; at < size; at += 1) {
      addedA[at] += a * one[at];
      addedB[at] += b * one[at];
    }
  });
  for (let at = 0; at < size; at += 1) {
    ab.data[2 * at] += addedA[at];
    ab.data[2 * at + 1] += addedB[at];
  }
}

/**
 * How much a hint counts at every position: near it, and alike in traits.
 * @type {(size: Size, traits: Float32Array, channels: number, reader: Spot, reach: number) => Float32Array}
 */
function influence({ height, width }, traits, channels, reader, reach) {
  const own = Array.from({ length: channels }, (_, channel) => read(traits, channels, channel, reader));
  const counts = new Float32Array(height * width);
  for (let row = 0, at = 0; row < height; row += 1) {
    const down = (row - reader.y) ** 2;
    for (let column = 0; column < width; column += 1, at += 1) {
      let squared = ((column - reader.x) ** 2 + down) / reach ** 2;
      for (let channel = 0; channel < channels; channel += 1) {
        squared += (traits[at * channels + channel] - own[channel]) ** 2;
      }
      counts[at] = Math.exp(-0.5 * squared);
    }
  }
  return counts;
}

/** @type {(data: Float32Array, channels: number, channel: number, reader: Spot) => number} */
function read(data, channels, channel, { at, share }) {
  let sum = 0;
  for (let one = 0; one < 4; one += 1) sum += share[one] * data[at[one] * channels + channel];
  return sum;
}

/**
 * Indices of points without those that lie nearer to a later one than its `apart`.
 * @type {(points: Float32Array, apart: Float32Array) => number[]}
 */
function lastOfEachPlace(points, apart) {
  /** @type {number[]} */
  const kept = [];
  for (let index = apart.length - 1; index >= 0; index -= 1) {
    const free = kept.every(
      (other) =>
        Math.hypot(points[2 * index] - points[2 * other], points[2 * index + 1] - points[2 * other + 1]) >=
        apart[other],
    );
    if (free) kept.push(index);
  }
  return kept.reverse();
}

/**
 * How to read a field at (x, y): four cells, bilinearly, but for those of another lightness.
 * @type {(lightness: Planes, x: number, y: number) => Spot}
 */
function around({ data, height, width }, x, y) {
  const [inX, inY] = [Math.min(Math.max(x, 0), width - 1), Math.min(Math.max(y, 0), height - 1)];
  const [left, top] = [Math.trunc(inX), Math.trunc(inY)];
  const [right, bottom] = [Math.min(left + 1, width - 1), Math.min(top + 1, height - 1)];
  const [across, down] = [inX - left, inY - top];
  const at = [top * width + left, top * width + right, bottom * width + left, bottom * width + right];
  const plain = [(1 - down) * (1 - across), (1 - down) * across, down * (1 - across), down * across];
  const light = data[at[plain.indexOf(Math.max(...plain))]];
  const share = plain.map(
    (one, index) => one * Math.exp(-0.5 * ((data[at[index]] - light) / KINDRED_LIGHTNESS) ** 2),
  );
  const sum = share.reduce((total, one) => total + one, 0);
  return { x, y, at, share: share.map((one) => one / sum) };
}
