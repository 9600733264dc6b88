// Other plausible results: Python's `photochrom.runtime.alternatives`.

import { cellMeans } from "./fields.js";
import { featureOf } from "./network.js";
import { uniform } from "./random.js";

/** @typedef {import("./grid.js").AbGrid} Grid */
/** @typedef {{ ab: Point, share: number }} AbShare */
/** @typedef {{ data: Float64Array, height: number, width: number, channels: number, stride: number }} Look */
/**
 * @typedef {{
 *   probabilities: Field, grid: Grid, features: Features, contract: Contract, lightness: Field,
 *   size: Size, count: number, seed: number,
 * }} Undecided
 */

const APART = 25;
const KIN = 0.5;
const SPOTS = 8;

/**
 * The likeliest colors of a distribution that differ from each other.
 *
 * @param distribution one share for each bin
 * @returns the likeliest first
 * @type {(distribution: ArrayLike<number>, grid: Grid, most: number, apart?: number) => AbShare[]}
 */
export function likelyColors(distribution, grid, most, apart = APART) {
  const left = Float64Array.from(distribution);
  const allowed = new Uint8Array(grid.length).fill(1);
  /** @type {(one: number, other: number) => number} */
  const squared = (one, other) => (grid.a[one] - grid.a[other]) ** 2 + (grid.b[one] - grid.b[other]) ** 2;
  /** @type {AbShare[]} */
  const found = [];
  while (allowed.some(Boolean)) {
    // all of them: which are the likeliest shows at the end
    const peak = highest(left, allowed, grid, squared);
    let [share, a, b] = [0, 0, 0];
    for (let bin = 0; bin < grid.length; bin += 1) {
      if (squared(peak, bin) > (apart / 2) ** 2) continue;
      share += left[bin];
      a += left[bin] * grid.a[bin];
      b += left[bin] * grid.b[bin];
      left[bin] = 0;
      allowed[bin] = 0;
    }
    if (share < 1e-3) break;
    /** @type {Point} */
    const ab = [a / share, b / share];
    if (found.every((one) => Math.hypot(ab[0] - one.ab[0], ab[1] - one.ab[1]) >= apart)) {
      found.push({ ab, share });
    }
  }
  return found.sort((one, other) => other.share - one.share).slice(0, most);
}

/**
 * The allowed bin around which most of the distribution lies.
 * @type {(left: Float64Array, allowed: Uint8Array, grid: Grid, squared: (one: number, other: number) => number)
 *   => number}
 */
function highest(left, allowed, grid, squared) {
  let [peak, most] = [-1, -1];
  for (let bin = 0; bin < grid.length; bin += 1) {
    if (!allowed[bin]) continue;
    let mass = 0;
    for (let other = 0; other < grid.length; other += 1) {
      if (left[other] > 0) mass += Math.exp(-squared(bin, other) / (2 * grid.step ** 2)) * left[other];
    }
    if (mass > most) [peak, most] = [bin, mass];
  }
  return peak;
}

/**
 * The likeliest colors of the most uncertain region, each as hints on its spots.
 *
 * @param probabilities field of one channel a bin, without hints
 * @param lightness field, L* of the small copy
 * @param size of the photograph: width and height
 * @type {(of: Undecided) => { hints: { points: Point[], ab: Point }[], likelihood: number }[]}
 */
export function findAlternatives({ probabilities, grid, features, contract, lightness, size, count, seed }) {
  const look = lookOf(features, contract);
  const cellPx = look.stride;
  const side = cellPx / contract.output_stride;
  const mean = cellMeans(probabilities, side, look.height, look.width);
  const light = cellMeans(lightness, cellPx, look.height, look.width).data;
  const undecided = spreadOf(mean, grid);
  const weight = undecided.map((value, at) => value ** 2 * 4 * (light[at] / 100) * (1 - light[at] / 100));
  const { members, spots } = region(look, weight, seed);
  const whole = new Float64Array(grid.length);
  for (const cell of members) {
    for (let bin = 0; bin < grid.length; bin += 1)
      whole[bin] += mean.data[cell * grid.length + bin] / members.length;
  }
  /** @type {Point[]} */
  const places = spots.map((spot) => [
    (Math.min(((spot % look.width) + 0.5) * cellPx, lightness.width - 1) * size.width) / lightness.width,
    (Math.min((Math.floor(spot / look.width) + 0.5) * cellPx, lightness.height - 1) * size.height) /
      lightness.height,
  ]);
  return likelyColors(whole, grid, count).map(({ ab, share }) => ({
    hints: places.map((place) => ({ points: [place], ab })),
    likelihood: share,
  }));
}

/**
 * Directions of what the encoder saw, { data, height, width, channels, stride }.
 * @type {(features: Features, contract: Contract) => Look}
 */
function lookOf(features, contract) {
  const name = contract.token_features[0];
  const { stride } = featureOf(contract, name);
  const {
    data,
    dims: [, channels, fullHeight, fullWidth],
  } = features.arrays[name];
  const [height, width] = [Math.ceil(features.size.height / stride), Math.ceil(features.size.width / stride)];
  const cells = height * width;
  const look = new Float64Array(cells * channels);
  for (let channel = 0; channel < channels; channel += 1) {
    let sum = 0;
    for (let cell = 0; cell < cells; cell += 1) {
      const at = (channel * fullHeight + Math.floor(cell / width)) * fullWidth + (cell % width);
      look[cell * channels + channel] = data[at];
      sum += data[at];
    }
    for (let cell = 0; cell < cells; cell += 1) look[cell * channels + channel] -= sum / cells;
  }
  for (let cell = 0; cell < cells; cell += 1) {
    const one = look.subarray(cell * channels, (cell + 1) * channels);
    const length = Math.max(1e-6, Math.sqrt(one.reduce((sum, value) => sum + value * value, 0)));
    one.forEach((value, at) => {
      one[at] = value / length;
    });
  }
  return { data: look, height, width, channels, stride };
}

/**
 * The mean distance, in ab units, of two draws from each distribution.
 * @type {(mean: Field, grid: Grid) => Float32Array}
 */
function spreadOf({ data, height, width }, grid) {
  const bins = grid.length;
  const between = new Float64Array(bins * bins);
  for (let one = 0; one < bins; one += 1) {
    for (let other = 0; other < bins; other += 1) {
      between[one * bins + other] = Math.hypot(grid.a[one] - grid.a[other], grid.b[one] - grid.b[other]);
    }
  }
  return Float32Array.from({ length: height * width }, (_, cell) => {
    const start = cell * bins;
    let whole = 0;
    for (let one = 0; one < bins; one += 1) {
      const share = data[start + one];
      if (share < 1e-7) continue;
      let sum = 0;
      for (let other = 0; other < bins; other += 1) sum += between[one * bins + other] * data[start + other];
      whole += share * sum;
    }
    return whole;
  });
}

/**
 * Cells of the kind of which the most weighs, and the spots that stand for it.
 * @type {(look: Look, weight: Float32Array, seed: number) => { members: number[], spots: number[] }}
 */
function region(look, weight, seed) {
  const cells = look.height * look.width;
  /** @type {(one: number, other: number) => number} */
  const kin = (one, other) => {
    if (one === other) return 1; // of a picture that looks the same everywhere, too
    let sum = 0;
    const [from, to] = [one * look.channels, other * look.channels];
    for (let channel = 0; channel < look.channels; channel += 1)
      sum += look.data[from + channel] * look.data[to + channel];
    return sum;
  };
  const scores = new Float64Array(cells);
  for (let one = 0; one < cells; one += 1) {
    scores[one] += weight[one];
    for (let other = one + 1; other < cells; other += 1) {
      if (kin(one, other) <= KIN) continue;
      scores[one] += weight[other];
      scores[other] += weight[one];
    }
  }
  const middle = scores.indexOf(Math.max(...scores));
  const isKin = Array.from({ length: cells }, (_, cell) => kin(middle, cell) > KIN);
  const members = isKin.flatMap((is, cell) => (is ? [cell] : []));
  const inner = members.filter((cell) => inside(isKin, cell, look));
  const candidates = inner.length >= SPOTS ? inner : members;
  const random = uniform(seed);
  const places = candidates.map((cell) => [
    Math.floor(cell / look.width) + random() - 0.5,
    (cell % look.width) + random() - 0.5, // what the seed decides
  ]);
  const chosen = [middle];
  while (chosen.length < Math.min(SPOTS, candidates.length)) {
    // the next is the farthest from all others
    let [best, most] = [0, -Infinity];
    candidates.forEach((cell, index) => {
      const apart = chosen.includes(cell)
        ? -1
        : Math.min(
            ...chosen.map(
              (taken) =>
                (places[index][0] - Math.floor(taken / look.width)) ** 2 +
                (places[index][1] - (taken % look.width)) ** 2,
            ),
          );
      if (apart > most) [best, most] = [cell, apart];
    });
    chosen.push(best);
  }
  return { members, spots: chosen };
}

/**
 * Whether all four neighbors of a cell are in a mask, too; the picture's edge counts.
 * @type {(mask: boolean[], cell: number, size: Size) => boolean}
 */
function inside(mask, cell, { height, width }) {
  const [row, column] = [Math.floor(cell / width), cell % width];
  /** @type {(y: number, x: number) => boolean} */
  const at = (y, x) =>
    mask[Math.min(height - 1, Math.max(0, y)) * width + Math.min(width - 1, Math.max(0, x))];
  return (
    mask[cell] && at(row - 1, column) && at(row + 1, column) && at(row, column - 1) && at(row, column + 1)
  );
}
