// A photograph that has been through the encoder: Python's `Prepared`. Painting it is cheap.

import { readerOf } from "../region.js";
import { findAlternatives, likelyColors } from "./alternatives.js";
import { evened } from "./exposure.js";
import { cellMeans } from "./fields.js";
import { AbGrid, setOff } from "./grid.js";
import { guide } from "./guide.js";
import { cover, layOut } from "./hints.js";
import { labToHex, parseColor, srgbToLab, srgbToLightness } from "./lab.js";
import { joined, planesToField } from "./network.js";
import { obey } from "./obey.js";
import { referenceTokens } from "./reference.js";
import { readersOf, regionOf, thingsAt, traitsOf } from "./region.js";
import { toned } from "./tone.js";

const [CALM, VIVID, HINTED, SURPRISE] = [0.75, 1.6, 2, 32];
const LIKELY = 5;
const LIKELY_APART = 15;
const MOST_MASKS = 256;

/** What the network says of the picture at work without hints; it is wanted again and again. */
let usual = { of: null, answer: null };

export class Unsupported extends Error {
  kind = "unsupported";
}

export class Prepared {
  #traits = null;
  #masks = new Map();
  #embedding = null;
  #plain = { look: "", colors: null };
  #borderless = null;

  /**
   * Encode a small copy { data, width, height } in 8-bit sRGB.
   *
   * @param size of the photograph
   * @param inside a copy of what lies inside a border, and where that is: `small` and `box`
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

  /** `place` is the part of the photograph that was seen; all coarse fields are of it. */
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

  /** The photograph as an example for others. */
  async reference() {
    this.#needHints("follow a reference");
    const { network, features, small } = await this.#whole();
    return referenceTokens(network, features, srgbToLab(small.data));
  }

  /** What sees all of these hints: a hint on a border says that it is none. */
  async seeing(hints) {
    const inside = hints.every((hint) => hint.points.every((point) => this.#holds(point)));
    return inside ? this : this.#whole();
  }

  /** The coarse colors, a field of two channels. `hints` as `readHint` gives them. */
  async ab(options = {}) {
    const { hints = [], palette = [], reference = null, likeness = 1 } = options;
    const { vividness = 1, lock = [], tone = {} } = options;
    const look = { palette, reference, vividness };
    const own = hints.map((hint) => this.#moved(hint));
    const colors = async (some) => {
      const like = await this.#bounded(some, look);
      if (reference === null || likeness === 1) return like;
      const unlike = await this.#bounded(some, { ...look, reference: null });
      for (let at = 0; at < like.data.length; at += 1)
        unlike.data[at] += likeness * (like.data[at] - unlike.data[at]);
      return unlike;
    };
    const ab = await colors(own);
    if (lock.length && own.length) {
      const locks = lock.map((one) => this.#clamped(this.#moved(one)));
      const covered = cover(locks, this.place, this.lightness, this.contract.output_stride);
      const within = own.filter(({ points: [point] }) => covered[this.#cellOf(point, this.coarse)] > 0.5);
      const kept = await colors(within);
      for (let at = 0; at < ab.data.length; at += 1) {
        ab.data[at] += covered[at >> 1] * (kept.data[at] - ab.data[at]);
      }
    }
    toned(ab.data, tone);
    return ab;
  }

  /** By what regions are told apart; a field of three channels. */
  async traits() {
    this.#traits ??= traitsOf(
      this.coarse,
      await this.#bounded([], { palette: [], reference: null, vividness: 1 }),
    );
    return this.#traits;
  }

  /** By what the network tells things apart: planes; see `Region` in Python's contract. */
  embedding() {
    this.#embedding ??= this.network.embed(this.features);
    return this.#embedding;
  }

  /** The coarse colors with hints, those with a reach kept to their regions. Its own to change. */
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

  /** The coarse colors with hints without a reach, as far as these mean it. Its own to change. */
  async #kept(hints, look) {
    const { region, output_stride: cellPx } = this.contract;
    if (!hints.length || !region) return this.#colors(hints, look);
    const usual = await this.#colors([], look);
    const colors = await this.#painted(hints, look, true);
    const before = await this.#painted([], look, true);
    const { points, count, planes, ab } = layOut(hints, this.place, this.lightness, cellPx);
    const { height, width, data } = usual;
    const cells = [];
    const missed = [];
    for (let one = 0; one < count; one += 1) {
      const row = Math.min(height - 1, Math.trunc(points[2 * one + 1] / cellPx));
      const column = Math.min(width - 1, Math.trunc(points[2 * one] / cellPx));
      const at = 2 * (row * width + column);
      cells.push([row, column]);
      missed.push(Math.hypot(ab[2 * one] - data[at], ab[2 * one + 1] - data[at + 1]));
    }
    missed.sort((one, other) => one - other);
    const middle = (missed[Math.floor((count - 1) / 2)] + missed[Math.floor(count / 2)]) / 2;
    const mood = Math.exp(-((middle / SURPRISE) ** 2));
    const things = thingsAt(await this.embedding(), cells, readersOf(region).at(-1));
    const dabs = around(planes, height, width); // a dab itself is obeyed
    for (let at = 0; at < data.length; at += 1) {
      const thing = dabs[at >> 1] ? 1 : things[at >> 1];
      const mask = thing + (1 - thing) * mood;
      const plain = before.data[at];
      data[at] += mask * (colors.data[at] - plain - mask * (data[at] - plain));
    }
    return usual;
  }

  /** Where at least one of these hints reaches, 0 .. 1. */
  async #reached(hints) {
    const { height, width } = this.coarse;
    const whole = new Float32Array(height * width);
    for (const hint of hints) {
      const key = JSON.stringify([hint.points, hint.radius, hint.reach]);
      if (!this.#masks.has(key)) {
        if (this.#masks.size >= MOST_MASKS) this.#masks.clear();
        this.#masks.set(key, await this.#maskOf(hint));
      }
      const mask = this.#masks.get(key);
      for (let at = 0; at < whole.length; at += 1) whole[at] = Math.max(whole[at], mask[at]);
    }
    return whole;
  }

  async #maskOf(hint) {
    const cellPx = this.contract.output_stride;
    const { height, width } = this.coarse;
    const { points, count, planes } = layOut([hint], this.place, this.lightness, cellPx);
    const mask = Float32Array.from({ length: height * width }, (_, at) => planes.data[3 * at + 2]);
    const cell = (at, last) => Math.min(last, Math.trunc(points[at] / cellPx));
    const cells = [];
    for (let one = 0; one < count; one += 1)
      cells.push([cell(2 * one + 1, height - 1), cell(2 * one, width - 1)]);
    (await this.regionsOf(cells, hint.reach)).forEach((value, at) => {
      if (value > mask[at]) mask[at] = value;
    });
    return mask;
  }

  /** The regions of some spots, [row, column], together. */
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

  /** The colors of the model, with hints that reach as far as it lets them. */
  async #colors(hints, look) {
    if (hints.length || look.reference !== null) return this.#painted(hints, look);
    const key = JSON.stringify(look);
    if (this.#plain.look !== key) this.#plain = { look: key, colors: await this.#painted(hints, look) };
    const { colors } = this.#plain;
    return { ...colors, data: colors.data.slice() };
  }

  /** `plain` are the means of the distributions, not moved from gray any further. */
  async #painted(hints, { palette, reference, vividness }, plain = false) {
    const { contract, grid } = this;
    const asTold = plain || reference !== null; // a reference says how vivid things are
    if (contract.output === "ab") {
      const asked = hints.length || palette.length || reference || vividness !== 1;
      if (asked) this.#refuse("be guided");
      const colors = planesToField(await this.network.decode(this.features));
      return { ...colors, data: colors.data.map((value) => value * contract.chroma) };
    }
    const { answer, canvas } = await this.#decode(hints, reference);
    const { height, width } = answer;
    const size = height * width;
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

  /** What `Painter` wants: { offset, gain }, and which part of the photograph they are of. */
  async coefficients(options) {
    const { place, size } = this;
    return { ...guide(await this.ab(options), this.coarse), place, size };
  }

  /** { data, height, width }: the distributions in planes. */
  async probabilities({ hints = [], reference = null } = {}) {
    if (this.grid === null) this.#refuse("say how sure it is");
    const { answer } = await this.#decode(
      hints.map((hint) => this.#moved(hint)),
      reference,
    );
    const { height, width } = answer;
    return { data: this.grid.probabilities(answer.logits, height * width), height, width };
  }

  /** How sure the network is: a field, 0 .. 1. */
  async confidence(options) {
    const { data, height, width } = await this.probabilities(options);
    return { data: this.grid.confidence(data, height * width), height, width, channels: 1 };
  }

  /** The likeliest colors at a point of the photograph: [{ color, share }]. */
  async likelyColors(x, y) {
    const { width, height } = this.size;
    if (!(x >= 0 && x <= width && y >= 0 && y <= height)) {
      throw new RangeError(`(${x}, ${y}) lies outside the picture, which is ${width} × ${height} pixels.`);
    }
    if (!this.#holds([x, y])) return [{ color: labToHex([97, 0, 0]), share: 1 }]; // a border
    const shares = await this.probabilities();
    const place = this.#cellOf([x - this.place.left, y - this.place.top], shares);
    const size = shares.height * shares.width;
    const own = Array.from({ length: this.grid.length }, (_, bin) => shares.data[bin * size + place]);
    return likelyColors(own, this.grid, LIKELY, LIKELY_APART).map(({ ab, share }) => ({
      color: labToHex([this.coarse.data[place], ...ab]),
      share,
    }));
  }

  /** Other plausible results: [{ hints, likelihood }]. */
  async alternatives(count = 4, seed = 0) {
    this.#needHints("find alternatives");
    const { data, height, width } = await this.probabilities();
    const { features, contract, lightness, place: size, grid } = this;
    const probabilities = planesToField({ logits: data, height, width, channels: grid.length });
    const found = findAlternatives({ probabilities, grid, features, contract, lightness, size, count, seed });
    return found.map((one) => ({ ...one, hints: one.hints.map((hint) => this.#moved(hint, -1)) }));
  }

  /** The network's answer, and the hints laid out where there are some. */
  async #decode(hints, reference) {
    const { network, features, contract } = this;
    if (hints.length === 0 && reference === null) {
      if (usual.of !== this) usual = { of: this, answer: network.decode(features) };
      return { answer: await usual.answer, canvas: null };
    }
    this.#needHints("take hints");
    const canvas = hints.length ? layOut(hints, this.place, this.lightness, contract.output_stride) : null;
    let tokens = canvas && network.tokens(features, canvas);
    if (reference !== null) tokens = tokens === null ? reference : joined(tokens, reference);
    return { answer: await network.decode(features, tokens, canvas?.planes ?? null), canvas };
  }

  /** The photograph seen as a whole, border and all. */
  #whole() {
    const { width, height } = this.size;
    if (this.place.width === width && this.place.height === height) return this;
    this.#borderless ??= Prepared.of(this.network, this.small, this.size);
    return this.#borderless;
  }

  #holds([x, y]) {
    const { left, top, width, height } = this.place;
    return x >= left && x <= left + width && y >= top && y <= top + height;
  }

  /** A hint or a lock in pixels of what was seen; or back. */
  #moved(hint, way = 1) {
    const { left, top } = this.place;
    return { ...hint, points: hint.points.map(([x, y]) => [x - way * left, y - way * top]) };
  }

  #clamped(lock) {
    const within = (value, most) => Math.min(most, Math.max(0, value));
    const { width, height } = this.place;
    return { ...lock, points: lock.points.map(([x, y]) => [within(x, width), within(y, height)]) };
  }

  /** The position of a field at a point of what was seen. */
  #cellOf([x, y], { height, width }) {
    const row = Math.min(Math.max(Math.trunc((y / this.place.height) * height), 0), height - 1);
    const column = Math.min(Math.max(Math.trunc((x / this.place.width) * width), 0), width - 1);
    return row * width + column;
  }

  #needHints(what) {
    if (!this.network.takesHints) this.#refuse(what);
  }

  #refuse(what) {
    throw new Unsupported(`The model “${this.contract.name}” can't ${what}.`);
  }
}

/** Whether a hint covers a position or one beside it: 0 or 1 for each. */
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
