// A color photograph as an example: Python's `photochrom.runtime.reference`.

import { featureOf } from "./network.js";

/** @typedef {import("./network.js").Network} Network */

const TOKENS = 24;
const ROUNDS = 8;
const COLOR_WEIGHT = 0.02;

/**
 * Tokens spread over the distinct regions of a color photograph.
 *
 * @param lab L*, a*, b* of the small copy that was encoded, three for each pixel
 * @returns count, seen, ab and place, where they have none
 * @type {(network: Network, features: Features, lab: Float32Array) => Tokens}
 */
export function referenceTokens(network, features, lab) {
  const { width, height } = features.size;
  const { contract, seenSize } = network;
  const strides = contract.token_features.map((name) => featureOf(contract, name).stride);
  const stride = Math.min(...strides);
  const [rows, columns] = [Math.max(1, Math.floor(height / stride)), Math.max(1, Math.floor(width / stride))];
  const points = new Float32Array(2 * rows * columns);
  for (let row = 0, at = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1, at += 2) {
      points[at] = Math.min((column + 0.5) * stride, width - 0.5);
      points[at + 1] = Math.min((row + 0.5) * stride, height - 0.5);
    }
  }
  const count = rows * columns;
  const seen = network.sample(features, points);
  const colors = Array.from({ length: count }, (_, at) =>
    meanAround(lab, width, height, points[2 * at], points[2 * at + 1], Math.floor(stride / 4)),
  );
  const kinds = colors.map(([a, b], at) => {
    const own = seen.subarray(at * seenSize, (at + 1) * seenSize);
    const length = Math.max(1e-6, Math.sqrt(own.reduce((sum, value) => sum + value * value, 0)));
    return Float64Array.from([...own.map((value) => value / length), COLOR_WEIGHT * a, COLOR_WEIGHT * b]);
  });
  const chosen = representatives(kinds);
  const tokens = {
    count: chosen.length,
    seen: new Float32Array(chosen.length * seenSize),
    ab: Float32Array.from(chosen.flatMap((at) => colors[at])),
    place: new Float32Array(3 * chosen.length),
  };
  chosen.forEach((at, index) => {
    tokens.seen.set(seen.subarray(at * seenSize, (at + 1) * seenSize), index * seenSize);
  });
  return tokens;
}

/** @type {(lab: Float32Array, width: number, height: number, x: number, y: number, reach: number) => Point} */
function meanAround(lab, width, height, x, y, reach) {
  const [row, column] = [Math.trunc(y), Math.trunc(x)];
  let [a, b, count] = [0, 0, 0];
  for (let r = Math.max(0, row - reach); r <= Math.min(height - 1, row + reach); r += 1) {
    for (let c = Math.max(0, column - reach); c <= Math.min(width - 1, column + reach); c += 1) {
      a += lab[3 * (r * width + c) + 1];
      b += lab[3 * (r * width + c) + 2];
      count += 1;
    }
  }
  return [a / count, b / count];
}

/** @type {(one: Float64Array, other: Float64Array) => number} */
const apart = (one, other) => {
  let sum = 0;
  for (let at = 0; at < one.length; at += 1) sum += (one[at] - other[at]) ** 2;
  return sum;
};

/** @type {(values: Float64Array[]) => Float64Array} */
function meanOf(values) {
  const mean = new Float64Array(values[0].length);
  for (const value of values)
    value.forEach((one, at) => {
      mean[at] += one / values.length;
    });
  return mean;
}

/** @type {(count: number, worth: (at: number) => number) => number} */
const indexOfBest = (count, worth) => {
  let [best, most] = [0, -Infinity];
  for (let at = 0; at < count; at += 1) {
    const value = worth(at);
    if (value > most) [best, most] = [at, value];
  }
  return best;
};

/**
 * Indices of the members nearest to the middles of at most `TOKENS` groups.
 * @type {(values: Float64Array[]) => number[]}
 */
function representatives(values) {
  const count = values.length;
  const mean = meanOf(values);
  const chosen = [indexOfBest(count, (at) => -apart(values[at], mean))];
  let nearest = values.map((value) => apart(value, values[chosen[0]]));
  while (chosen.length < TOKENS && Math.max(...nearest) > 1e-6) {
    const next = indexOfBest(count, (at) => nearest[at]);
    chosen.push(next);
    nearest = nearest.map((least, at) => Math.min(least, apart(values[at], values[next])));
  }
  let centers = chosen.map((at) => values[at]);
  for (let round = 0; round < ROUNDS; round += 1) {
    const member = values.map((value) => indexOfBest(centers.length, (at) => -apart(value, centers[at])));
    centers = centers.map((center, index) => {
      const own = values.filter((_, at) => member[at] === index);
      return own.length ? meanOf(own) : center;
    });
  }
  const taken = centers.map((center) => indexOfBest(count, (at) => -apart(values[at], center)));
  return [...new Set(taken)].sort((one, other) => one - other);
}
