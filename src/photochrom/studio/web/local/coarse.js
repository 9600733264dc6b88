// A photograph as the network has seen it, and what the decoder says of that: Python's
// `photochrom.runtime.coarse`. Hints are in pixels of what was seen.

import { cellMeans } from "./fields.js";
import { AbGrid, setOff } from "./grid.js";
import { layOut } from "./hints.js";
import { parseColor } from "./lab.js";
import { joined, planesToField } from "./network.js";
import { obey } from "./obey.js";

/** @typedef {import("./network.js").Network} Network */
/** @typedef {import("./network.js").Logits} Logits */
/** @typedef {{ palette: string[], reference: Tokens | null, vividness: number }} Look */

const [CALM, VIVID, HINTED] = [0.75, 1.6, 2];

/**
 * What the network says of the picture at work without hints; it is wanted again and again.
 * @type {{ of: Coarse, answer: Promise<Logits> } | null}
 */
let usual = null;

export class Unsupported extends Error {
  kind = "unsupported";
}

export class Coarse {
  /** @type {{ look: string, colors: { [way: string]: Field } }} */
  #unhinted = { look: "", colors: {} };

  /**
   * `place` is the part of the photograph that was seen; all coarse fields are of it.
   * @param {Network} network
   * @param {Field} lightness
   * @param {Features} features
   * @param {Place} place
   */
  constructor(network, lightness, features, place) {
    this.network = network;
    this.contract = network.contract;
    this.cellPx = this.contract.output_stride;
    this.lightness = lightness;
    this.features = features;
    this.place = place;
    this.means = cellMeans(lightness, this.cellPx);
    this.bins = this.contract.bins.length ? new AbGrid(this.contract.bins) : null;
  }

  /**
   * The colors of the model without hints, kept for one look. `plain` as for `colors`.
   * @type {(look: Look, plain?: boolean) => Promise<Field>}
   */
  async unhinted(look, plain = false) {
    if (look.reference !== null) return this.colors([], look, plain);
    const key = JSON.stringify(look);
    if (this.#unhinted.look !== key) this.#unhinted = { look: key, colors: {} };
    const { colors } = this.#unhinted;
    const way = plain ? "plain" : "usual";
    colors[way] ??= await this.colors([], look, plain);
    return colors[way];
  }

  /**
   * The colors of the model, with hints that reach as far as it lets them. `plain` are the means of
   * the distributions, not moved from gray any further.
   * @type {(hints: ReadHint[], look: Look, plain?: boolean) => Promise<Field>}
   */
  async colors(hints, { palette, reference, vividness }, plain = false) {
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
    const grid = this.grid("be painted");
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
    return canvas === null ? colors : obey(colors, this.means, canvas, this.cellPx);
  }

  /**
   * { data, height, width }: the distributions in planes.
   * @type {(hints: ReadHint[], reference: Tokens | null) => Promise<Planes>}
   */
  async probabilities(hints, reference) {
    const grid = this.grid("say how sure it is");
    const { answer } = await this.#decode(hints, reference);
    const { height, width } = answer;
    return { data: grid.probabilities(answer.logits, height * width), height, width };
  }

  /**
   * Hints over what was seen.
   * @type {(hints: ReadHint[]) => Canvas}
   */
  laidOut(hints) {
    return layOut(hints, this.place, this.lightness, this.cellPx);
  }

  /**
   * The position of a field at a point of what was seen.
   * @type {(point: Point, field: Size) => number}
   */
  cellOf([x, y], { height, width }) {
    const row = Math.min(Math.max(Math.trunc((y / this.place.height) * height), 0), height - 1);
    const column = Math.min(Math.max(Math.trunc((x / this.place.width) * width), 0), width - 1);
    return row * width + column;
  }

  /**
   * The bins of the distributions. Throws, naming what was asked for, where the model has none.
   * @type {(what: string) => AbGrid}
   */
  grid(what) {
    return this.bins ?? this.#refuse(what);
  }

  /**
   * Throws, naming what was asked for, where the model takes no hints.
   * @type {(what: string) => void}
   */
  needHints(what) {
    if (!this.network.takesHints) this.#refuse(what);
  }

  /**
   * The network's answer, and the hints laid out where there are some.
   * @type {(hints: ReadHint[], reference: Tokens | null) => Promise<{ answer: Logits, canvas: Canvas | null }>}
   */
  async #decode(hints, reference) {
    const { network, features } = this;
    if (hints.length === 0 && reference === null) {
      if (usual?.of !== this) usual = { of: this, answer: network.decode(features) };
      return { answer: await usual.answer, canvas: null };
    }
    this.needHints("take hints");
    const canvas = hints.length ? this.laidOut(hints) : null;
    let tokens = canvas && network.tokens(features, canvas);
    if (reference !== null) tokens = tokens === null ? reference : joined(tokens, reference);
    return { answer: await network.decode(features, tokens ?? undefined, canvas?.planes ?? null), canvas };
  }

  /** @type {(what: string) => never} */
  #refuse(what) {
    throw new Unsupported(`The model “${this.contract.name}” can't ${what}.`);
  }
}
