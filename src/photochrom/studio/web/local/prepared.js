// A photograph that has been through the encoder: Python's `Prepared`. Painting it is cheap.

import { readerOf } from "../region.js";
import { findAlternatives, likelyColors } from "./alternatives.js";
import { evened } from "./exposure.js";
import { cellMeans } from "./fields.js";
import { AbGrid, setOff } from "./grid.js";
import { guide } from "./guide.js";
import { cover, layOut } from "./hints.js";
import { labToHex, parseColor, srgbToLab, srgbToLightness } from "./lab.js";
import { lassoCover } from "./lasso.js";
import { cellsOf, meant } from "./meant.js";
import { joined, planesToField } from "./network.js";
import { obey } from "./obey.js";
import { referenceTokens } from "./reference.js";
import { readersOf, regionOf, thingsAt, traitsOf } from "./region.js";
import { toned } from "./tone.js";

/** @typedef {import("./network.js").Network} Network */
/** @typedef {import("./network.js").Logits} Logits */
/** @typedef {{ palette: string[], reference: Tokens | null, vividness: number }} Look */

const [CALM, VIVID, HINTED] = [0.75, 1.6, 2];
const LIKELY = 5;
const LIKELY_APART = 15;
const MOST_MASKS = 256;

/**
 * What the network says of the picture at work without hints; it is wanted again and again.
 * @type {{ of: Prepared, answer: Promise<Logits> } | null}
 */
let usual = null;

export class Unsupported extends Error {
  kind = "unsupported";
}

export class Prepared {
  /** @type {Field | null} */
  #traits = null;
  /** @type {Map<string, Float32Array>} */
  #masks = new Map();
  /** @type {Promise<Field> | null} */
  #embedding = null;
  /** @type {{ look: string, colors: Field } | null} */
  #plain = null;
  /** @type {Promise<Prepared> | null} */
  #borderless = null;

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
   * @param {{ size: Size,
   *   place: Place, small: ChannelImage }} seen
   */
  constructor(network, lightness, features, { size, place, small }) {
    this.network = network;
    this.lightness = lightness;
    this.features = features;
    this.size = size;
    this.place = place;
    this.small = small;
    this.contract = network.contract;
    this.coarse = cellMeans(lightness, this.contract.output_stride);
    this.grid = this.contract.bins.length ? new AbGrid(this.contract.bins) : null;
  }

  /**
   * The photograph as an example for others.
   * @type {() => Promise<Tokens>}
   */
  async reference() {
    this.#needHints("follow a reference");
    const { network, features, small } = await this.#whole();
    return referenceTokens(network, features, srgbToLab(small.data));
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
    const { output_stride: cellPx } = this.contract;
    const own = hints.map((hint) => this.#moved(hint));
    /** @type {(some: ReadHint[], look: Look) => Promise<Field>} */
    const colors = async (some, look) => {
      const like = await this.#bounded(some, look);
      if (reference === null || likeness === 1) return like;
      const unlike = await this.#bounded(some, { ...look, reference: null });
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
      const within = own.filter(({ points: [point] }) => covered[this.#cellOf(point, this.coarse)] > 0.5);
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
  async traits() {
    this.#traits ??= traitsOf(
      this.coarse,
      await this.#bounded([], { palette: [], reference: null, vividness: 1 }),
    );
    return this.#traits;
  }

  /**
   * By what the network tells things apart: planes; see `Region` in Python's contract.
   * @type {() => Promise<Field>}
   */
  embedding() {
    this.#embedding ??= this.network.embed(this.features);
    return this.#embedding;
  }

  /**
   * The coarse colors with hints, those with a reach kept to their regions. Its own to change.
   * @type {(hints: ReadHint[], look: Look) => Promise<Field>}
   */
  async #bounded(hints, look) {
    const reaching = hints.filter(({ reach }) => reach !== null);
    const before = await this.#kept(
      hints.filter(({ reach }) => reach === null),
      look,
    );
    if (!reaching.length) return before;
    const colors = await this.#colors(hints, look);
    const mask = await this.#reached(reaching);
    for (let at = 0; at < colors.data.length; at += 1) {
      before.data[at] += mask[at >> 1] * (colors.data[at] - before.data[at]);
    }
    return before;
  }

  /**
   * The coarse colors with hints without a reach, as far as these mean it. Its own to change.
   * @type {(hints: ReadHint[], look: Look) => Promise<Field>}
   */
  async #kept(hints, look) {
    const { region, output_stride: cellPx } = this.contract;
    if (!hints.length || !region) return this.#colors(hints, look);
    const usual = await this.#colors([], look);
    const colors = await this.#painted(hints, look, true);
    const before = await this.#painted([], look, true);
    const canvas = layOut(hints, this.place, this.lightness, cellPx);
    const [reader] = readersOf(region).slice(-1);
    const things = thingsAt(await this.embedding(), cellsOf(canvas, usual, cellPx), reader);
    const mask = meant(canvas, usual, things, cellPx);
    for (let at = 0; at < usual.data.length; at += 1) {
      const share = mask[at >> 1];
      const own = before.data[at];
      usual.data[at] += share * (colors.data[at] - own - share * (usual.data[at] - own));
    }
    return usual;
  }

  /**
   * Where at least one of these hints reaches, 0 .. 1.
   * @type {(hints: ReadHint[]) => Promise<Float32Array>}
   */
  async #reached(hints) {
    const { height, width } = this.coarse;
    const whole = new Float32Array(height * width);
    for (const hint of hints) {
      const mask = await this.#maskOf(hint);
      for (let at = 0; at < whole.length; at += 1) whole[at] = Math.max(whole[at], mask[at]);
    }
    return whole;
  }

  /** @type {(hint: ReadHint) => Promise<Float32Array>} */
  async #maskOf(hint) {
    const { points, radius, reach } = hint;
    const key = JSON.stringify([points, radius, reach]);
    const known = this.#masks.get(key);
    if (known) return known;
    if (this.#masks.size >= MOST_MASKS) this.#masks.clear();
    const mask = await this.#newMask(hint, reach ?? 1);
    this.#masks.set(key, mask);
    return mask;
  }

  /** @type {(hint: ReadHint, reach: number) => Promise<Float32Array>} */
  async #newMask(hint, reach) {
    const cellPx = this.contract.output_stride;
    const { height, width } = this.coarse;
    const canvas = layOut([hint], this.place, this.lightness, cellPx);
    const mask = Float32Array.from({ length: height * width }, (_, at) => canvas.planes.data[3 * at + 2]);
    const cells = cellsOf(canvas, this.coarse, cellPx);
    (await this.regionsOf(cells, reach)).forEach((value, at) => {
      if (value > mask[at]) mask[at] = value;
    });
    return mask;
  }

  /**
   * The regions of some spots, [row, column], together.
   * @type {(cells: Point[], reach: number) => Promise<Float32Array>}
   */
  async regionsOf(cells, reach) {
    const readers = readersOf(this.contract.region);
    if (readers.length) return thingsAt(await this.embedding(), cells, readerOf(readers, reach));
    const traits = await this.traits();
    const most = new Float32Array(traits.height * traits.width);
    for (const cell of cells)
      regionOf(traits, cell, reach).forEach((value, at) => {
        if (value > most[at]) most[at] = value;
      });
    return most;
  }

  /**
   * The colors of the model, with hints that reach as far as it lets them.
   * @type {(hints: ReadHint[], look: Look) => Promise<Field>}
   */
  async #colors(hints, look) {
    if (hints.length || look.reference !== null) return this.#painted(hints, look);
    const key = JSON.stringify(look);
    if (this.#plain?.look !== key) this.#plain = { look: key, colors: await this.#painted(hints, look) };
    const { colors } = this.#plain;
    return { ...colors, data: colors.data.slice() };
  }

  /**
   * `plain` are the means of the distributions, not moved from gray any further.
   * @type {(hints: ReadHint[], look: Look, plain?: boolean) => Promise<Field>}
   */
  async #painted(hints, { palette, reference, vividness }, plain = false) {
    const { contract } = this;
    const asTold = plain || reference !== null; // a reference says how vivid things are
    if (contract.output === "ab") {
      const asked = hints.length || palette.length || reference || vividness !== 1;
      if (asked) this.#refuse("be guided");
      const { logits: data, ...size } = await this.network.decode(this.features);
      const colors = planesToField({ data, ...size });
      return { ...colors, data: colors.data.map((value) => value * contract.chroma) };
    }
    const { answer, canvas } = await this.#decode(hints, reference);
    const { height, width } = answer;
    const size = height * width;
    const grid = this.#needGrid("be painted");
    const logits = palette.length
      ? grid.reweight(answer.logits, size, palette.map(parseColor))
      : answer.logits;
    const temperature = contract.temperature ** (canvas === null ? 1 : HINTED);
    const read = grid.readOut(logits, size, temperature ** Math.min(vividness, 1));
    const ab = asTold
      ? read
      : setOff(
          read.map((value) => value * contract.chroma),
          contract.contrast,
        );
    const farther = vividness < 1 ? CALM + (1 - CALM) * vividness : 1 + (VIVID - 1) * (vividness - 1);
    const colors = { data: ab.map((value) => value * farther), height, width, channels: 2 };
    return canvas === null ? colors : obey(colors, this.coarse, canvas, contract.output_stride);
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
  async probabilities({ hints = [], reference = null } = {}) {
    const grid = this.#needGrid("say how sure it is");
    const { answer } = await this.#decode(
      hints.map((hint) => this.#moved(hint)),
      reference,
    );
    const { height, width } = answer;
    return { data: grid.probabilities(answer.logits, height * width), height, width };
  }

  /**
   * How sure the network is: a field, 0 .. 1.
   * @type {(options?: PaintOptions) => Promise<Field>}
   */
  async confidence(options) {
    const { data, height, width } = await this.probabilities(options);
    const grid = this.#needGrid("say how sure it is");
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
    const place = this.#cellOf([x - this.place.left, y - this.place.top], shares);
    const size = shares.height * shares.width;
    const grid = this.#needGrid("say how sure it is");
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
    this.#needHints("find alternatives");
    const { data, height, width } = await this.probabilities();
    const { features, contract, lightness, place: size } = this;
    const grid = this.#needGrid("find alternatives");
    const probabilities = planesToField({ data, height, width, channels: grid.length });
    const found = findAlternatives({ probabilities, grid, features, contract, lightness, size, count, seed });
    return found.map((one) => ({ ...one, hints: one.hints.map((hint) => this.#moved(hint, -1)) }));
  }

  /**
   * The network's answer, and the hints laid out where there are some.
   * @type {(hints: ReadHint[], reference: Tokens | null) => Promise<{ answer: Logits, canvas: Canvas | null }>}
   */
  async #decode(hints, reference) {
    const { network, features, contract } = this;
    if (hints.length === 0 && reference === null) {
      if (usual?.of !== this) usual = { of: this, answer: network.decode(features) };
      return { answer: await usual.answer, canvas: null };
    }
    this.#needHints("take hints");
    const canvas = hints.length ? layOut(hints, this.place, this.lightness, contract.output_stride) : null;
    let tokens = canvas && network.tokens(features, canvas);
    if (reference !== null) tokens = tokens === null ? reference : joined(tokens, reference);
    return { answer: await network.decode(features, tokens ?? undefined, canvas?.planes ?? null), canvas };
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

  /**
   * The position of a field at a point of what was seen.
   * @type {(point: Point, field: Size) => number}
   */
  #cellOf([x, y], { height, width }) {
    const row = Math.min(Math.max(Math.trunc((y / this.place.height) * height), 0), height - 1);
    const column = Math.min(Math.max(Math.trunc((x / this.place.width) * width), 0), width - 1);
    return row * width + column;
  }

  /** @type {(what: string) => void} */
  #needHints(what) {
    if (!this.network.takesHints) this.#refuse(what);
  }

  /** @type {(what: string) => AbGrid} */
  #needGrid(what) {
    return this.grid ?? this.#refuse(what);
  }

  /** @type {(what: string) => never} */
  #refuse(what) {
    throw new Unsupported(`The model “${this.contract.name}” can't ${what}.`);
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
