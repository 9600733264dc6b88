// A photograph that has been through the encoder: Python's `Prepared`. Painting it is cheap.

import { findAlternatives, likelyColors } from "./alternatives.js";
import { Coarse } from "./coarse.js";
import { evened } from "./exposure.js";
import { guide } from "./guide.js";
import { cover } from "./hints.js";
import { labToHex, srgbToLab, srgbToLightness } from "./lab.js";
import { lassoCover } from "./lasso.js";
import { planesToField } from "./network.js";
import { referenceTokens } from "./reference.js";
import { Steered } from "./steered.js";
import { toned } from "./tone.js";

/** @typedef {import("./network.js").Network} Network */
/** @typedef {import("./coarse.js").Look} Look */

const LIKELY = 5;
const LIKELY_APART = 15;

export class Prepared {
  /** @type {Promise<Prepared> | null} */
  #borderless = null;
  #seen;
  #steered;

  /**
   * Encode a small copy { data, width, height } in 8-bit sRGB.
   *
   * @param size of the photograph
   * @param inside a copy of what lies inside a border, and where that is: `small` and `box`
   * @type {(network: Network, small: ChannelImage, size: Size, inside?: { small: ChannelImage,
   *   box: Box } | null) => Promise<Prepared>}
   */
  static async of(network, small, size, inside = null) {
    const seen = inside?.small ?? small;
    const lightness = { ...seen, data: srgbToLightness(seen.data), channels: 1 };
    const features = await network.encode(evened(lightness));
    const { top, left, bottom, right } = inside?.box ?? {
      top: 0,
      left: 0,
      bottom: size.height,
      right: size.width,
    };
    const place = { left, top, width: right - left, height: bottom - top };
    return new Prepared(network, lightness, features, { size, place, small });
  }

  /**
   * `place` is the part of the photograph that was seen; all coarse fields are of it.
   * @param {Network} network
   * @param {Field} lightness
   * @param {Features} features
   * @param {{ size: Size, place: Place, small: ChannelImage }} seen
   */
  constructor(network, lightness, features, { size, place, small }) {
    this.network = network;
    this.contract = network.contract;
    this.lightness = lightness;
    this.size = size;
    this.place = place;
    this.small = small;
    this.#seen = new Coarse(network, lightness, features, place);
    this.#steered = new Steered(this.#seen);
    this.coarse = this.#seen.means;
  }

  /**
   * The photograph as an example for others.
   * @type {() => Promise<Tokens>}
   */
  async reference() {
    this.#seen.needHints("follow a reference");
    const whole = await this.#whole();
    return referenceTokens(this.network, whole.#seen.features, srgbToLab(whole.small.data));
  }

  /**
   * What sees all of these hints: a hint on a border says that it is none.
   * @type {(hints: ReadHint[]) => Promise<Prepared>}
   */
  async seeing(hints) {
    const inside = hints.every((hint) => hint.points.every((point) => this.#holds(point)));
    return inside ? this : this.#whole();
  }

  /**
   * The coarse colors, a field of two channels. `hints` as `readHint` gives them.
   * @type {(options?: PaintOptions) => Promise<Field>}
   */
  async ab(options = {}) {
    const { hints = [], palette = [], reference = null, likeness = 1 } = options;
    const { vividness = 1, lock = [], tone = {}, lassos = [] } = options;
    const { cellPx } = this.#seen;
    const own = hints.map((hint) => this.#moved(hint));
    /** @type {(some: ReadHint[], look: Look) => Promise<Field>} */
    const colors = async (some, look) => {
      const like = await this.#steered.bounded(some, look);
      if (reference === null || likeness === 1) return like;
      const unlike = await this.#steered.bounded(some, { ...look, reference: null });
      for (let at = 0; at < like.data.length; at += 1)
        unlike.data[at] += likeness * (like.data[at] - unlike.data[at]);
      return unlike;
    };
    /** @type {(vividness: number) => Promise<Field>} */
    const painted = async (vividness) => {
      const look = { palette, reference, vividness };
      const ab = await colors(own, look);
      if (!lock.length || !own.length) return ab;
      const locks = lock.map((one) => this.#clamped(this.#moved(one)));
      const covered = cover(locks, this.place, this.lightness, cellPx);
      const within = own.filter(
        ({ points: [point] }) => covered[this.#seen.cellOf(point, this.coarse)] > 0.5,
      );
      return blended(ab, await colors(within, look), covered);
    };
    const whole = await painted(vividness);
    const ab = { ...whole, data: toned(whole.data.slice(), tone) };
    for (const { vividness: own, warmth, tint, strength, ...lasso } of lassos) {
      const inner = (own ?? vividness) === vividness ? whole : await painted(own ?? vividness);
      const inside = { ...tone, ...given({ warmth, tint, strength }) };
      const data = toned(inner.data.slice(), inside);
      blended(ab, { ...inner, data }, lassoCover(lasso, this.place, this.lightness, cellPx));
    }
    return ab;
  }

  /**
   * By what regions are told apart; a field of three channels.
   * @type {() => Promise<Field>}
   */
  traits() {
    return this.#steered.traits();
  }

  /**
   * By what the network tells things apart: planes; see `Region` in Python's contract.
   * @type {() => Promise<Field>}
   */
  embedding() {
    return this.#steered.embedding();
  }

  /**
   * The regions of some spots, [row, column], together.
   * @type {(cells: Point[], reach: number) => Promise<Float32Array>}
   */
  regionsOf(cells, reach) {
    return this.#steered.regionsOf(cells, reach);
  }

  /**
   * What `Painter` wants: { offset, gain }, and which part of the photograph they are of.
   * @type {(options?: PaintOptions) => Promise<Coefficients>}
   */
  async coefficients(options) {
    const { place, size } = this;
    return { ...guide(await this.ab(options), this.coarse), place, size };
  }

  /**
   * { data, height, width }: the distributions in planes.
   * @type {(options?: PaintOptions) => Promise<Planes>}
   */
  probabilities({ hints = [], reference = null } = {}) {
    const own = hints.map((hint) => this.#moved(hint));
    return this.#seen.probabilities(own, reference);
  }

  /**
   * How sure the network is: a field, 0 .. 1.
   * @type {(options?: PaintOptions) => Promise<Field>}
   */
  async confidence(options) {
    const { data, height, width } = await this.probabilities(options);
    const grid = this.#seen.grid("say how sure it is");
    return { data: grid.confidence(data, height * width), height, width, channels: 1 };
  }

  /**
   * The likeliest colors at a point of the photograph: [{ color, share }].
   * @type {(x: number, y: number) => Promise<LikelyColor[]>}
   */
  async likelyColors(x, y) {
    const { width, height } = this.size;
    if (!(x >= 0 && x <= width && y >= 0 && y <= height)) {
      throw new RangeError(`(${x}, ${y}) lies outside the picture, which is ${width} × ${height} pixels.`);
    }
    if (!this.#holds([x, y])) return [{ color: labToHex([97, 0, 0]), share: 1 }]; // a border
    const shares = await this.probabilities();
    const place = this.#seen.cellOf([x - this.place.left, y - this.place.top], shares);
    const size = shares.height * shares.width;
    const grid = this.#seen.grid("say how sure it is");
    const own = Array.from({ length: grid.length }, (_, bin) => shares.data[bin * size + place]);
    return likelyColors(own, grid, LIKELY, LIKELY_APART).map(({ ab, share }) => ({
      color: labToHex([this.coarse.data[place], ...ab]),
      share,
    }));
  }

  /**
   * Other plausible results: [{ hints, likelihood }].
   * @type {(count?: number, seed?: number) => Promise<Pick<Alternative, "hints" | "likelihood">[]>}
   */
  async alternatives(count = 4, seed = 0) {
    this.#seen.needHints("find alternatives");
    const { data, height, width } = await this.probabilities();
    const { features, contract, lightness, place: size } = this.#seen;
    const grid = this.#seen.grid("find alternatives");
    const probabilities = planesToField({ data, height, width, channels: grid.length });
    const found = findAlternatives({ probabilities, grid, features, contract, lightness, size, count, seed });
    return found.map((one) => ({ ...one, hints: one.hints.map((hint) => this.#moved(hint, -1)) }));
  }

  /**
   * The photograph seen as a whole, border and all.
   * @type {() => Prepared | Promise<Prepared>}
   */
  #whole() {
    const { width, height } = this.size;
    if (this.place.width === width && this.place.height === height) return this;
    this.#borderless ??= Prepared.of(this.network, this.small, this.size);
    return this.#borderless;
  }

  /** @type {(point: Point) => boolean} */
  #holds([x, y]) {
    const { left, top, width, height } = this.place;
    return x >= left && x <= left + width && y >= top && y <= top + height;
  }

  /**
   * A hint or a lock in pixels of what was seen; or back.
   * @type {<Lying extends { points: Point[] }>(lying: Lying, way?: number) => Lying}
   */
  #moved(hint, way = 1) {
    const { left, top } = this.place;
    return { ...hint, points: hint.points.map(([x, y]) => [x - way * left, y - way * top]) };
  }

  /** @type {(lock: ReadLock) => ReadLock} */
  #clamped(lock) {
    /** @type {(value: number, most: number) => number} */
    const within = (value, most) => Math.min(most, Math.max(0, value));
    const { width, height } = this.place;
    return { ...lock, points: lock.points.map(([x, y]) => [within(x, width), within(y, height)]) };
  }
}

/**
 * Blend other colors into a field, in place, as far as a mask says.
 * @type {(ab: Field, others: Field, mask: Float32Array) => Field}
 */
function blended(ab, others, mask) {
  for (let at = 0; at < ab.data.length; at += 1)
    ab.data[at] += mask[at >> 1] * (others.data[at] - ab.data[at]);
  return ab;
}

/**
 * Those of some numbers that are given.
 * @type {(tone: { [name in keyof ToneOrder]: number | null | undefined }) => ToneOrder}
 */
const given = (tone) =>
  Object.fromEntries(Object.entries(tone).filter(([, value]) => value !== null && value !== undefined));
