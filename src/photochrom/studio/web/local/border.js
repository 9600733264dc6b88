// A plain border or mount round a photograph: Python's `photochrom.runtime.border`.

import { roundEven } from "./resize.js";

const [WHITE, BLACK] = [82, 18];
const [ALIKE, NEARLY_ALL, CROSSES, LARGEST] = [7, 0.96, 0.5, 0.3];

/** How many times larger than the network's copy the one is in which a border's edge is located. */
export const EDGE_FINENESS = 2;

/**
 * What lies inside a border, { top, left, bottom, right }; null where there is none.
 * @type {(lightness: Planes) => Box | null}
 */
export function findBorder({ data, height, width }) {
  let box = { top: 0, left: 0, bottom: height, right: width };
  // The ends of a line are border, too, where the other sides have one: look again inside.
  for (let round = 0; round < 2; round += 1) {
    const { top, left, bottom, right } = box;
    /** @type {(y: number) => Float32Array} */
    const row = (y) => data.subarray(y * width + left, y * width + right);
    /** @type {(x: number) => Float32Array} */
    const column = (x) => Float32Array.from({ length: bottom - top }, (_, y) => data[(top + y) * width + x]);
    const sides = [
      /**
       * @type {(lineAt: (at: number) => Float32Array, count: number, fromEnd: boolean) => { depth: number,
       *   sharp: boolean }}
       */
      depthOf(row, height, false),
      depthOf(row, height, true),
      depthOf(column, width, false),
      depthOf(column, width, true),
    ];
    const sure = sides.filter(({ sharp }) => sharp).map(({ depth }) => depth);
    if (sure.length < 2) return null;
    // An edge that is lost (a white sky behind a white mount) lies where the others do.
    const least = Math.min(...sure);
    const [upper, lower, first, last] = sides.map(({ depth, sharp }) =>
      sharp ? depth : depth >= least ? least : 0,
    );
    box = { top: upper, left: first, bottom: height - lower, right: width - last };
  }
  const { top, left, bottom, right } = box;
  return (top && bottom < height) || (left && right < width) ? box : null;
}

/**
 * How many of the first lines are plain, and whether they end as a border does.
 * @type {(lineAt: (at: number) => Float32Array, count: number, fromEnd: boolean) => { depth: number,
 *   sharp: boolean }}
 */
function depthOf(lineAt, count, fromEnd) {
  /** @type {(at: number) => Float32Array} */
  const line = (at) => lineAt(fromEnd ? count - 1 - at : at);
  const tone = median(line(0));
  if (tone > BLACK && tone < WHITE) return { depth: 0, sharp: false };
  const most = Math.trunc(LARGEST * count);
  const other = Array.from({ length: Math.min(count, most + 3) }, (_, at) => {
    const values = line(at);
    return values.reduce((sum, value) => sum + Number(Math.abs(value - tone) > ALIKE), 0) / values.length;
  });
  const end = other.findIndex((share) => share > 1 - NEARLY_ALL);
  const depth = end < 0 ? most + 1 : end;
  const behind = Math.max(...other.slice(depth, depth + 3)); // the edge may fall between two lines
  return { depth, sharp: depth > 0 && depth <= most && behind >= CROSSES };
}

/** @type {(values: Float32Array) => number} */
function median(values) {
  const sorted = values.slice().sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * The same part of a copy of another size.
 * @type {(box: Box, from: Size, to: Size) => Box}
 */
export function scaledBox(box, from, to) {
  const [across, down] = [to.width / from.width, to.height / from.height];
  return {
    top: roundEven(box.top * down),
    left: roundEven(box.left * across),
    bottom: roundEven(box.bottom * down),
    right: roundEven(box.right * across),
  };
}
