// Hints laid out over the small copy: Python's `photochrom.runtime.hints`.
// A hint: { points: [[x, y], ...] in pixels of the photograph, color or ab, radius_px }.

import { cellMeans, field } from "./fields.js";
import { parseColor, showable } from "./lab.js";

const RADIUS_SHARE = 0.014;
const STROKE_TOKENS = 16;
const MOST_TOKENS = 512;
const TOKEN_STEP_PX = 6;
const AB_LIMIT = 255;
const MOST_REACH = 16;

/**
 * A hint as it comes from the page or a file -> { points, ab, radius, reach }. Throws where it can't be.
 * @type {(entry: HintEntry) => ReadHint}
 */
export function readHint(entry) {
  const points = pointsOf(entry);
  const ab = entry.ab ?? parseColor(entry.color ?? "");
  const radius = entry.radius_px ?? null;
  const reach = entry.reach ?? null;
  const usable =
    /** @type {(points: number[][], radius: number | null) => boolean} */
    canLie(points, radius) &&
    ab.length === 2 &&
    ab.every((value) => Math.abs(value) <= AB_LIMIT) &&
    (reach === null || (reach > 0 && reach <= MOST_REACH));
  if (!usable) {
    throw new TypeError("A hint needs at least one point, a color, and a radius and a reach above 0.");
  }
  return { points, ab, radius, reach };
}

/**
 * A place where hints that stand elsewhere change nothing -> { points, radius }.
 * @type {(entry: LockEntry) => ReadLock}
 */
export function readLock(entry) {
  const points = pointsOf(entry);
  const radius = entry.radius_px ?? null;
  if (!canLie(points, radius)) throw new TypeError("A lock needs at least one point, and a radius above 0.");
  return { points, radius };
}

/**
 * Where an entry lies; a number that it lacks is none.
 * @type {(entry: LockEntry) => Point[]}
 */
const pointsOf = ({ points, x = Number.NaN, y = Number.NaN }) => points ?? [[x, y]];

/** @type {(points: number[][], radius: number | null) => boolean} */
const canLie = (points, radius) =>
  points.length > 0 &&
  points.every((point) => point.length === 2 && point.every(Number.isFinite)) &&
  (radius === null || (Number.isFinite(radius) && radius > 0));

/**
 * How much of each position of the output locks cover, 0 .. 1.
 * @type {(locks: ReadLock[], size: Size, small: Size, cellPx: number) => Float32Array}
 */
export function cover(locks, size, { width, height }, cellPx) {
  const gray = { data: new Float32Array(width * height).fill(50), width, height, channels: 1 };
  /** @type {ReadHint[]} */
  const asHints = locks.map((one) => ({ ...one, ab: [0, 0], reach: null }));
  const { planes } = layOut(asHints, size, gray, cellPx);
  return Float32Array.from({ length: planes.width * planes.height }, (_, at) => planes.data[3 * at + 2]);
}

/**
 * Bring hints from a photograph to its small copy.
 *
 * @param hints as `readHint` gives them; later ones lie over earlier ones
 * @param size of the photograph: width and height
 * @param lightness field of the small copy's L*
 * @param cellPx pixels of the small copy to a position of the network's output
 * @returns count, points, ab, radii and planes, in pixels of the small copy
 * @type {(hints: ReadHint[], size: Size, lightness: Field, cellPx: number) => Canvas}
 */
export function layOut(hints, size, lightness, cellPx) {
  const { width, height } = lightness;
  const scale = [width / size.width, height / size.height];
  const zoom = Math.sqrt(scale[0] * scale[1]);
  const painted = field(Math.ceil(height / cellPx) * cellPx, Math.ceil(width / cellPx) * cellPx, 3);
  /** @type {[number[], number[], number[]]} */
  const [points, ab, radii] = [[], [], []];
  const most = Math.min(STROKE_TOKENS, Math.max(1, Math.floor(MOST_TOKENS / Math.max(1, hints.length))));
  for (const hint of hints) {
    for (const [x, y] of hint.points) {
      if (!(x >= 0 && x <= size.width && y >= 0 && y <= size.height)) {
        throw new RangeError(
          `A hint at (${x}, ${y}) lies outside the picture, which is ` +
            `${size.width} × ${size.height} pixels.`,
        );
      }
    }
    const wanted = hint.radius ?? RADIUS_SHARE * Math.min(size.width, size.height);
    const radius = Math.min(Math.max(wanted * zoom, 0.75), height + width);
    /** @type {Point[]} */
    const path = hint.points.map(([x, y]) => [x * scale[0], y * scale[1]]);
    stroke(painted, path, radius, hint.ab);
    for (const [x, y] of along(path, Math.max(TOKEN_STEP_PX, radius), most)) {
      const column = Math.min(Math.trunc(x), width - 1);
      const row = Math.min(Math.trunc(y), height - 1);
      points.push(x, y);
      ab.push(...showable(lightness.data[row * width + column], ...hint.ab));
      radii.push(radius);
    }
  }
  return {
    count: radii.length,
    points: Float32Array.from(points),
    ab: Float32Array.from(ab),
    radii: Float32Array.from(radii),
    planes: cellMeans(painted, cellPx),
  };
}

/**
 * Lay a stroke over a field of a* x share, b* x share, share.
 * @type {(painted: Field, path: Point[], radius: number, ab: Point) => void}
 */
function stroke(painted, path, radius, [a, b]) {
  /** @type {(axis: number) => Point} */
  const bounds = (axis) => [
    Math.max(0, Math.floor(Math.min(...path.map((point) => point[axis])) - radius - 1)),
    Math.ceil(Math.max(...path.map((point) => point[axis])) + radius + 1),
  ];
  const [left, right] = bounds(0);
  const [top, bottom] = bounds(1);
  const [columns, rows] = [Math.min(right, painted.width) - left, Math.min(bottom, painted.height) - top];
  if (columns <= 0 || rows <= 0) return;
  const squared = new Float32Array(columns * rows).fill(Infinity);
  const ends = path.length > 1 ? path.slice(1) : path;
  ends.forEach((end, at) => {
    nearer(squared, columns, rows, [left, top], path[at], end, radius);
  });
  for (let row = 0, at = 0; row < rows; row += 1) {
    let to = ((row + top) * painted.width + left) * 3;
    for (let column = 0; column < columns; column += 1, at += 1, to += 3) {
      const cover = Math.min(1, Math.max(0, radius + 0.5 - Math.sqrt(squared[at])));
      painted.data[to] += cover * (a - painted.data[to]);
      painted.data[to + 1] += cover * (b - painted.data[to + 1]);
      painted.data[to + 2] += cover * (1 - painted.data[to + 2]);
    }
  }
}

/**
 * Squared distances to one piece of a path, where they are less than those known.
 * @type {(squared: Float32Array, columns: number, rows: number, corner: Point, start: Point, end: Point,
 *   radius: number) => void}
 */
function nearer(squared, columns, rows, [left, top], [x1, y1], [x2, y2], radius) {
  /** @type {(low: number, at: number) => number} */
  const first = (low, at) => Math.max(0, Math.floor(low - radius - 1) - at);
  /** @type {(high: number, at: number, most: number) => number} */
  const last = (high, at, most) => Math.min(most, Math.ceil(high + radius + 1) - at);
  const [alongX, alongY] = [x2 - x1, y2 - y1];
  const length = alongX ** 2 + alongY ** 2;
  for (let row = first(Math.min(y1, y2), top); row < last(Math.max(y1, y2), top, rows); row += 1) {
    const awayY = row + top + 0.5 - y1;
    const end = last(Math.max(x1, x2), left, columns);
    for (let column = first(Math.min(x1, x2), left); column < end; column += 1) {
      const awayX = column + left + 0.5 - x1;
      const share = length > 0 ? Math.min(1, Math.max(0, (awayX * alongX + awayY * alongY) / length)) : 0;
      const distance = (awayX - share * alongX) ** 2 + (awayY - share * alongY) ** 2;
      const at = row * columns + column;
      if (distance < squared[at]) squared[at] = distance;
    }
  }
}

/**
 * Points along a path: its start, then evenly spaced up to its end, at least `step` apart and at most
 * `most` of them.
 * @type {(path: Point[], step: number, most: number) => Point[]}
 */
function along(path, step, most) {
  const reached = [0];
  for (let at = 1; at < path.length; at += 1) {
    reached.push(reached[at - 1] + Math.hypot(path[at][0] - path[at - 1][0], path[at][1] - path[at - 1][1]));
  }
  const whole = reached[reached.length - 1];
  const count = Math.min(most, 1 + Math.floor(whole / step));
  const wanted =
    count > 1 ? Array.from({ length: count }, (_, at) => (whole * at) / (count - 1)) : [whole / 2];
  return wanted.map((length) => {
    let at = 1;
    while (at < reached.length - 1 && reached[at] < length) at += 1;
    if (path.length === 1) return path[0];
    const piece = reached[at] - reached[at - 1];
    const share = piece > 0 ? Math.min(1, (length - reached[at - 1]) / piece) : 0;
    const [[fromX, fromY], [toX, toY]] = [path[at - 1], path[at]];
    return [fromX + share * (toX - fromX), fromY + share * (toY - fromY)];
  });
}
