// Parts of a photograph with a tone of their own: Python's `photochrom.runtime.lasso`.

import { cellMeans, field } from "./fields.js";

/** @type {[LassoTone, number, number][]} */
const RANGES = [
  ["vividness", 0, 2],
  ["warmth", -1, 1],
  ["tint", -1, 1],
  ["strength", 0, 1],
];

/** Corners may lie outside of the photograph, but not farther than this. */
const FARTHEST_PX = 1_000_000;

/**
 * A lasso as it comes from the page. Throws where it can't be.
 * @type {(entry: LassoEntry) => LassoEntry}
 */
export function readLasso(entry) {
  const isNear = (/** @type {number} */ value) => Math.abs(value) <= FARTHEST_PX;
  const canLie = entry.points.length >= 3 && entry.points.every((point) => point.every(isNear));
  if (!canLie) throw new TypeError("A lasso needs at least three points, -1,000,000..1,000,000.");
  for (const [name, low, high] of RANGES) {
    const value = entry[name] ?? low;
    if (!(value >= low && value <= high))
      throw new RangeError(`A lasso's ${name} is ${value}; expected ${low}..${high}.`);
  }
  return entry;
}

/**
 * How much of each position of the output lies inside of a lasso, 0 .. 1.
 *
 * @param place what the model has seen, in pixels of the photograph
 * @param small the size of the small copy of it
 * @param cellPx pixels of the small copy to a position
 * @type {(lasso: LassoEntry, place: Place, small: Size, cellPx: number) => Float32Array}
 */
export function lassoCover({ points }, { left, top, width, height }, small, cellPx) {
  const [across, down] = [small.width / width, small.height / height];
  const corners = points.map(([x, y]) => /** @type {Point} */ ([(x - left) * across, (y - top) * down]));
  return cellMeans(field(small.height, small.width, 1, filled(corners, small)), cellPx).data;
}

/**
 * The pixels whose middles lie inside a polygon, by the even-odd rule: 0 or 1 for each.
 * @type {(corners: Point[], size: Size) => Float32Array}
 */
export function filled(corners, { width, height }) {
  const inside = new Float32Array(width * height);
  const within = (/** @type {number} */ at, /** @type {number} */ most) => Math.min(most, Math.max(0, at));
  corners.forEach(([x, y], at) => {
    const [toX, toY] = corners[(at + 1) % corners.length];
    const first = within(Math.ceil(Math.min(y, toY) - 0.5), height);
    const last = within(Math.ceil(Math.max(y, toY) - 0.5), height);
    for (let row = first; row < last; row += 1) {
      const crossing = x + ((row + 0.5 - y) * (toX - x)) / (toY - y);
      const start = within(Math.ceil(crossing - 0.5), width);
      for (let one = row * width + start; one < (row + 1) * width; one += 1) inside[one] = 1 - inside[one];
    }
  });
  return inside;
}
