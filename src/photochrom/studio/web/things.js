// Colors with the names of things, at the lightness of a spot.

import { labToHex } from "./color.js";

// a* and b* as photographs show them in daylight; most things keep their hue from dark to light.
/** @type {[string, number, number][]} */
const THINGS = [
  ["thing.skinLight", 12, 17],
  ["thing.skinMedium", 15, 24],
  ["thing.skinDark", 13, 19],
  ["thing.lips", 30, 12],
  ["thing.hairFair", 5, 26],
  ["thing.hairBrown", 9, 15],
  ["thing.hairBlack", 1, 2],
  ["thing.sky", -4, -26],
  ["thing.grass", -20, 34],
  ["thing.foliage", -17, 22],
  ["thing.wood", 13, 27],
  ["thing.brick", 30, 27],
  ["thing.stone", 1, 6],
  ["thing.denim", -1, -24],
  ["thing.uniform", -1, 12],
  ["thing.gold", 8, 48],
  ["thing.silver", 0, -2],
];

/**
 * [{ key, color }] for a spot of this lightness.
 * @type {(light: number) => { key: string, color: string }[]}
 */
export const thingsAt = (light) => THINGS.map(([key, a, b]) => ({ key, color: labToHex([light, a, b]) }));
