// What a hint takes: the soft region around a spot, found in the page from the photograph's traits.
// The same as `photochrom.runtime.region`.

/** @typedef {{ across: Float32Array, down: Float32Array }} Steps what it takes to go on to the next position */
/**
 * @typedef {Pick<PackedTraits, "width" | "height" | "channels" | "way" | "readers" | "place">
 *   & { values: Float32Array, steps: Steps | null }} Traits
 */

const ROUNDS = 40;
const SETTLED = 0.02;

/**
 * Traits as the engine gives them, ready to be searched.
 * @type {(packed: PackedTraits) => Traits}
 */
export function unpack({ data, levels, width, height, channels, way, step, readers, place }) {
  const bytes = Uint8Array.from(atob(data), (sign) => sign.charCodeAt(0));
  const values = Float32Array.from(new Int16Array(bytes.buffer), (level) => level / levels);
  if (readers.length) return { values, width, height, channels, way, readers, place, steps: null };
  const least = (step / way) ** 2;
  /** @type {(one: number, other: number) => number} */
  const cost = (one, other) => {
    let sum = least;
    for (let at = 0; at < channels; at += 1)
      sum += (values[one * channels + at] - values[other * channels + at]) ** 2;
    return Math.sqrt(sum);
  };
  const count = width * height;
  const across = Float32Array.from({ length: count }, (_, at) => ((at + 1) % width ? cost(at, at + 1) : 0));
  const down = Float32Array.from({ length: count }, (_, at) =>
    at + width < count ? cost(at, at + width) : 0,
  );
  return { values, width, height, channels, way, readers, place, steps: { across, down } };
}

/**
 * How things of a reach are read.
 *
 * @param readers of reach .. 1/4, 1/2, 1
 * @param reach above 0
 * @type {(readers: Reader[], reach: number) => Reader}
 */
export function readerOf(readers, reach) {
  const last = readers.length - 1;
  const step = Math.min(last, Math.max(0, last + Math.log2(reach)));
  const [below, above] = [readers[Math.floor(step)], readers[Math.ceil(step)]];
  const [bias, slope, away] = below.map((value, at) => value + (step % 1) * (above[at] - value));
  return [bias, slope * Math.sqrt(2 ** (step - last) / reach), away];
}

/**
 * The region of a spot.
 *
 * @param traits from `unpack`
 * @param point in pixels of the photograph
 * @param reach above 0
 * @returns width x height, 1 at the spot .. 0
 * @type {(traits: Traits, point: Point, reach: number) => Float32Array}
 */
export function regionOf(traits, [x, y], reach) {
  const { width, height, place } = traits;
  const mask = new Float32Array(width * height);
  const [left, top, across, down] = [place[0], place[1], place[3], place[2]];
  if (x < left || y < top || x > left + across || y > top + down) return mask;
  const column = Math.min(width - 1, Math.floor(((x - left) / across) * width));
  const row = Math.min(height - 1, Math.floor(((y - top) / down) * height));
  const spot = row * width + column;
  const { values, channels, readers, way } = traits;
  const thing = readers.length ? readerOf(readers, reach) : null;
  const ways = traits.steps && waysFrom(traits, traits.steps, spot);
  for (let at = 0; at < mask.length; at += 1) {
    let unlike = 0;
    for (let one = 0; one < channels; one += 1)
      unlike += (values[at * channels + one] - values[spot * channels + one]) ** 2;
    if (thing) {
      const far = Math.hypot(Math.floor(at / width) - row, (at % width) - column);
      const [bias, slope, away] = thing;
      const distance = Math.sqrt(unlike) + (away * far) / (Math.min(height, width) / 2);
      mask[at] = 1 / (1 + Math.exp(slope * distance - bias));
      continue;
    }
    const apart = Math.max(ways ? way * ways[at] : 0, Math.sqrt(unlike)) / reach;
    mask[at] = Math.exp(-0.5 * apart * apart);
  }
  return mask;
}

/** @type {(size: Size, steps: Steps, spot: number) => Float32Array} */
function waysFrom({ width, height }, { across, down }, spot) {
  const ways = new Float32Array(width * height).fill(Number.POSITIVE_INFINITY);
  ways[spot] = 0;
  let moved = Number.POSITIVE_INFINITY;
  /** @type {(at: number, from: number, cost: number) => void} */
  const nearer = (at, from, cost) => {
    const way = ways[from] + cost;
    if (way >= ways[at]) return;
    moved = Math.max(moved, ways[at] - way);
    ways[at] = way;
  };
  for (let round = 0; round < ROUNDS && moved >= SETTLED; round += 1) {
    moved = 0;
    for (let at = width; at < ways.length; at += 1) nearer(at, at - width, down[at - width]);
    for (let at = ways.length - width - 1; at >= 0; at -= 1) nearer(at, at + width, down[at]);
    for (let row = 0; row < ways.length; row += width) {
      for (let at = row + 1; at < row + width; at += 1) nearer(at, at - 1, across[at - 1]);
      for (let at = row + width - 2; at >= row; at -= 1) nearer(at, at + 1, across[at]);
    }
  }
  return ways;
}
