// The main colors of a picture: Python's `photochrom.runtime.palette`.

import { labToHex, srgbToLab } from "./lab.js";

const ROUNDS = 20;
const SAME = 12;
const MOST = 8;

/** The short side of the copy that is looked at. */
export const SIDE_PX = 64;

/**
 * Colors of an 8-bit sRGB copy, those of the largest areas first, as "#rrggbb".
 * @type {(srgb: Codes) => string[]}
 */
export function paletteOf(srgb) {
  const lab = srgbToLab(srgb);
  const count = lab.length / 3;
  /** @type {(pixel: number, center: Point) => number} */
  const squared = (pixel, [a, b]) => (lab[3 * pixel + 1] - a) ** 2 + (lab[3 * pixel + 2] - b) ** 2;
  const [meanA, meanB] = [1, 2].map((channel) => {
    let sum = 0;
    for (let pixel = 0; pixel < count; pixel += 1) sum += lab[3 * pixel + channel];
    return sum / count;
  });
  /** @type {Point[]} */
  let centers = [[meanA, meanB]];
  while (centers.length < MOST) {
    const nearest = Float64Array.from({ length: count }, (_, pixel) =>
      Math.min(...centers.map((center) => squared(pixel, center))),
    );
    // The farthest color that is no speck: not the maximum, but high among the distances.
    const order = Array.from(nearest.keys()).sort((one, other) => nearest[one] - nearest[other]);
    const far = order[Math.floor(0.995 * (count - 1))];
    if (nearest[far] < SAME ** 2) break;
    centers = [...centers, [lab[3 * far + 1], lab[3 * far + 2]]];
  }
  const member = new Uint8Array(count);
  /** @type {number[][]} */
  let sums = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    sums = centers.map(() => [0, 0, 0, 0]); // pixels, L*, a*, b*
    for (let pixel = 0; pixel < count; pixel += 1) {
      let best = 0;
      for (let one = 1; one < centers.length; one += 1) {
        if (squared(pixel, centers[one]) < squared(pixel, centers[best])) best = one;
      }
      member[pixel] = best;
      sums[best][0] += 1;
      for (const channel of [0, 1, 2]) sums[best][channel + 1] += lab[3 * pixel + channel];
    }
    centers = centers.map((center, index) => {
      const [pixels, , a, b] = sums[index];
      return pixels ? [a / pixels, b / pixels] : center;
    });
  }
  const named = centers
    .map((center, index) => ({ center, pixels: sums[index][0], light: sums[index][1] / sums[index][0] }))
    .filter(({ pixels }) => pixels > 0)
    .sort((one, other) => other.pixels - one.pixels)
    .map(({ center, light }) => labToHex([light, ...center]));
  return [...new Set(named)];
}
