// Colours with the names of things, at the lightness of a spot.

import { labToHex } from "./color.js";

// a* and b* as photographs show them in daylight; most things keep their hue from dark to light.
const THINGS = [
  ["Skin, light", 12, 17],
  ["Skin, medium", 15, 24],
  ["Skin, dark", 13, 19],
  ["Lips", 30, 12],
  ["Hair, fair", 5, 26],
  ["Hair, brown", 9, 15],
  ["Hair, black", 1, 2],
  ["Sky", -4, -26],
  ["Grass", -20, 34],
  ["Foliage", -17, 22],
  ["Wood", 13, 27],
  ["Brick", 30, 27],
  ["Stone", 1, 6],
  ["Denim", -1, -24],
  ["Uniform", -1, 12],
  ["Gold", 8, 48],
  ["Silver", 0, -2],
];

/** [{ name, color }] for a spot of this lightness. */
export const thingsAt = (light) => THINGS.map(([name, a, b]) => ({ name, color: labToHex([light, a, b]) }));
