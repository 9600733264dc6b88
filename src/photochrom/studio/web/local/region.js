// The region that a hint takes: Python's `photochrom.runtime.region`.

const [LIGHTNESS, AB] = [24, 22];
const [STEP_SHARE, ROUNDS, SETTLED] = [0.4, 40, 1e-3];

/** How much differences passed on the way count, beside the difference itself. */
export const WAY = 0.5;

/**
 * How much one step counts where nothing changes.
 * @type {(size: Size) => number}
 */
export const stepOf = ({ height, width }) => STEP_SHARE / Math.min(height, width);

/**
 * By what regions are told apart: a field of three channels, in standard deviations.
 * @type {(lightness: Field, ab: Field) => Field}
 */
export function traitsOf(lightness, ab) {
  const { height, width } = lightness;
  const traits = new Float32Array(3 * height * width);
  /** @type {(row: number, column: number) => number} */
  const at = (row, column) =>
    lightness.data[Math.min(height - 1, Math.max(0, row)) * width + Math.min(width - 1, Math.max(0, column))];
  for (let row = 0, to = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1, to += 3) {
      let sum = 0;
      for (let y = row - 1; y <= row + 1; y += 1) {
        for (let x = column - 1; x <= column + 1; x += 1) sum += at(y, x);
      }
      traits[to] = sum / 9 / LIGHTNESS;
      traits[to + 1] = ab.data[(2 * to) / 3] / AB;
      traits[to + 2] = ab.data[(2 * to) / 3 + 1] / AB;
    }
  }
  return { data: traits, height, width, channels: 3 };
}

/**
 * The region of a spot: 1 there .. 0, one number for each position.
 *
 * @param cell [row, column] of the spot
 * @type {(traits: Field, cell: Point, reach: number) => Float32Array}
 */
export function regionOf(traits, [row, column], reach) {
  const { height, width } = traits;
  const step = (stepOf(traits) / WAY) ** 2;
  const [down, across] = [steps(traits, width, step), steps(traits, 1, step)];
  const way = new Float32Array(height * width).fill(Infinity);
  way[row * width + column] = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = way.slice();
    sweep(way, down, height, width, width, 1);
    sweep(way, across, width, height, 1, width);
    if (Number.isFinite(before[0]) && before.every((value, at) => value - way[at] < SETTLED)) break;
  }
  const spot = row * width + column;
  return way.map((far, at) => {
    const apart = Math.max(WAY * far, unlike(traits, at, spot)) / reach;
    return Math.exp(-0.5 * apart ** 2);
  });
}

/** @type {(traits: Field, one: number, other: number) => number} */
function unlike({ data }, one, other) {
  let squared = 0;
  for (let channel = 0; channel < 3; channel += 1)
    squared += (data[3 * one + channel] - data[3 * other + channel]) ** 2;
  return Math.sqrt(squared);
}

/**
 * What it takes to go from each position to the one `apart` further.
 * @type {(traits: Field, apart: number, least: number) => Float32Array}
 */
function steps(traits, apart, least) {
  const count = traits.height * traits.width;
  const taken = new Float32Array(count);
  for (let at = 0; at + apart < count; at += 1)
    taken[at] = Math.sqrt(unlike(traits, at, at + apart) ** 2 + least);
  return taken;
}

/**
 * Go along an axis of `length` positions `step` apart and back, in lines `lineStep` apart.
 * @type {(way: Float32Array, taken: Float32Array, length: number, lines: number, step: number,
 *   lineStep: number) => void}
 */
function sweep(way, taken, length, lines, step, lineStep) {
  for (let line = 0; line < lines; line += 1) {
    const start = line * lineStep;
    for (let place = 1; place < length; place += 1) {
      const at = start + place * step;
      way[at] = Math.min(way[at], way[at - step] + taken[at - step]);
    }
    for (let place = length - 2; place >= 0; place -= 1) {
      const at = start + place * step;
      way[at] = Math.min(way[at], way[at + step] + taken[at]);
    }
  }
}

const [CRISP, GENEROUS] = [2, 0.3];

/**
 * How things of reach .. 1/4, 1/2, 1 are read: a contract's readers, for `readerOf`.
 * @type {(region: RegionContract | null) => Reader[]}
 */
export const readersOf = (region) =>
  (region?.readers ?? []).map(([bias, slope, away]) => [CRISP * (bias + GENEROUS), CRISP * slope, away]);

/**
 * The things at some spots, by the network's own embedding: Python's `things_at`.
 *
 * @param embedding planes with height, width and channels
 * @param cells row and column of each spot
 * @param reader from `readerOf`
 * @returns the most of any spot's, 0 .. 1
 * @type {(embedding: Field, cells: Point[], reader: Reader) => Float32Array}
 */
export function thingsAt({ data, height, width, channels }, cells, [bias, slope, away]) {
  const size = height * width;
  const most = new Float32Array(size);
  const squared = new Float64Array(size);
  for (const [row, column] of cells) {
    const own = row * width + column;
    squared.fill(0);
    for (let channel = 0; channel < channels; channel += 1) {
      const plane = channel * size;
      const value = data[plane + own];
      for (let at = 0; at < size; at += 1) squared[at] += (data[plane + at] - value) ** 2;
    }
    for (let at = 0; at < size; at += 1) {
      const far = Math.hypot(Math.trunc(at / width) - row, (at % width) - column);
      const distance = Math.sqrt(squared[at]) + (away * far) / (Math.min(height, width) / 2);
      const share = 1 / (1 + Math.exp(slope * distance - bias));
      if (share > most[at]) most[at] = share;
    }
  }
  return most;
}
