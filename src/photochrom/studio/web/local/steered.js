// Coarse colors that follow hints as far as these are meant: Python's `photochrom.runtime.steered`.

import { readerOf } from "../region.js";
import { cellsOf, meant } from "./meant.js";
import { readersOf, regionOf, thingsAt, traitsOf } from "./region.js";

/** @typedef {import("./coarse.js").Look} Look */

const MOST_MASKS = 256;

export class Steered {
  /** @type {Field | null} */
  #traits = null;
  /** @type {Promise<Field> | null} */
  #embedding = null;
  /** @type {Map<string, Float32Array>} */
  #masks = new Map();

  /** @param {import("./coarse.js").Coarse} coarse */
  constructor(coarse) {
    this.coarse = coarse;
  }

  /**
   * The coarse colors with hints, those with a reach kept to their regions. Its own to change.
   * @type {(hints: ReadHint[], look: Look) => Promise<Field>}
   */
  async bounded(hints, look) {
    const reaching = hints.filter(({ reach }) => reach !== null);
    const free = hints.filter(({ reach }) => reach === null);
    const before = await this.#kept(free, look);
    if (!reaching.length) return before;
    const colors = await this.coarse.colors(hints, look);
    const mask = await this.#reached(reaching);
    for (let at = 0; at < colors.data.length; at += 1)
      before.data[at] += mask[at >> 1] * (colors.data[at] - before.data[at]);
    return before;
  }

  /**
   * By what regions are told apart; a field of three channels.
   * @type {() => Promise<Field>}
   */
  async traits() {
    const look = { palette: [], reference: null, vividness: 1 };
    this.#traits ??= traitsOf(this.coarse.means, await this.coarse.unhinted(look));
    return this.#traits;
  }

  /**
   * By what the network tells things apart: planes; see `Region` in Python's contract.
   * @type {() => Promise<Field>}
   */
  embedding() {
    this.#embedding ??= this.coarse.network.embed(this.coarse.features);
    return this.#embedding;
  }

  /**
   * The regions of some spots, [row, column], together.
   * @type {(cells: Point[], reach: number) => Promise<Float32Array>}
   */
  async regionsOf(cells, reach) {
    const readers = readersOf(this.coarse.contract.region);
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
   * The coarse colors with hints without a reach, as far as these mean it. Its own to change.
   * @type {(hints: ReadHint[], look: Look) => Promise<Field>}
   */
  async #kept(hints, look) {
    const { coarse } = this;
    const { region } = coarse.contract;
    if (hints.length && !region) return coarse.colors(hints, look);
    const unhinted = await coarse.unhinted(look);
    const usual = { ...unhinted, data: unhinted.data.slice() };
    if (!hints.length) return usual;
    const colors = await coarse.colors(hints, look, true);
    const before = await coarse.unhinted(look, true);
    const canvas = coarse.laidOut(hints);
    const [reader] = readersOf(region).slice(-1);
    const things = thingsAt(await this.embedding(), cellsOf(canvas, usual, coarse.cellPx), reader);
    const mask = meant(canvas, usual, things, coarse.cellPx);
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
    const { height, width } = this.coarse.means;
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
    const { means, cellPx } = this.coarse;
    const canvas = this.coarse.laidOut([hint]);
    const mask = Float32Array.from(
      { length: means.height * means.width },
      (_, at) => canvas.planes.data[3 * at + 2],
    );
    (await this.regionsOf(cellsOf(canvas, means, cellPx), reach)).forEach((value, at) => {
      if (value > mask[at]) mask[at] = value;
    });
    return mask;
  }
}
