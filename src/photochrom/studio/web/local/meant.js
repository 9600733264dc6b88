// What hints without a reach mean: the things that they touch, and all else the more, the less they
// surprise. The same as `photochrom.runtime.steered`.

const SURPRISE = 27;

/**
 * The positions of the output, [row, column], at which a canvas has points.
 * @type {(canvas: Canvas, size: Size, cellPx: number) => Point[]}
 */
export function cellsOf({ points, count }, { height, width }, cellPx) {
  return Array.from({ length: count }, (_, at) => [
    Math.min(height - 1, Math.trunc(points[2 * at + 1] / cellPx)),
    Math.min(width - 1, Math.trunc(points[2 * at] / cellPx)),
  ]);
}

/**
 * How much of what hints change is meant, 0 .. 1 for each position.
 *
 * @param canvas the hints laid out
 * @param usual the colors without them
 * @param things where the things are that they touch, 0 .. 1
 * @type {(canvas: Canvas, usual: Field, things: Float32Array, cellPx: number) => Float32Array}
 */
export function meant(canvas, usual, things, cellPx) {
  const { height, width, data } = usual;
  const { ab, planes } = canvas;
  const missed = cellsOf(canvas, usual, cellPx).map(([row, column], one) => {
    const at = 2 * (row * width + column);
    return Math.hypot(ab[2 * one] - data[at], ab[2 * one + 1] - data[at + 1]);
  });
  missed.sort((one, other) => one - other);
  const { length } = missed;
  const middle = (missed[Math.floor((length - 1) / 2)] + missed[Math.floor(length / 2)]) / 2;
  const mood = Math.exp(-((middle / SURPRISE) ** 2));
  const dabs = around(planes, height, width); // a dab itself is obeyed
  return things.map((thing, at) => {
    const own = dabs[at] ? 1 : thing;
    return own + (1 - own) * mood;
  });
}

/**
 * Whether a hint covers a position or one beside it: 0 or 1 for each.
 * @type {(planes: Field, height: number, width: number) => Uint8Array}
 */
function around(planes, height, width) {
  const found = new Uint8Array(height * width);
  for (let at = 0; at < height * width; at += 1) {
    if (!(planes.data[3 * at + 2] > 0)) continue;
    const [row, column] = [Math.trunc(at / width), at % width];
    for (let y = Math.max(0, row - 1); y <= Math.min(height - 1, row + 1); y += 1) {
      for (let x = Math.max(0, column - 1); x <= Math.min(width - 1, column + 1); x += 1) {
        found[y * width + x] = 1;
      }
    }
  }
  return found;
}
