// A photograph that has been through the encoder: Python's `Prepared`. Painting it is cheap.

import { findAlternatives, likelyColors } from "./alternatives.js";
import { cellMeans } from "./fields.js";
import { AbGrid, setOff } from "./grid.js";
import { guide } from "./guide.js";
import { layOut } from "./hints.js";
import { labToHex, parseColor, srgbToLab, srgbToLightness } from "./lab.js";
import { joined, planesToField } from "./network.js";
import { obey } from "./obey.js";
import { referenceTokens } from "./reference.js";

const [CALM, VIVID, HINTED] = [0.75, 1.6, 2];
const LIKELY = 5;
const LIKELY_APART = 15;

/** What the network says of the picture at work without hints; it is wanted again and again. */
let usual = { of: null, answer: null };

export class Unsupported extends Error {}

export class Prepared {
  /** Encode a small copy { data, width, height } in 8-bit sRGB; `size` is the photograph's. */
  static async of(network, small, size) {
    const lightness = {
      data: srgbToLightness(small.data),
      width: small.width,
      height: small.height,
      channels: 1,
    };
    return new Prepared(network, lightness, await network.encode(lightness), size, small);
  }

  constructor(network, lightness, features, size, small = null) {
    this.network = network;
    this.lightness = lightness;
    this.features = features;
    this.size = size;
    this.small = small;
    this.contract = network.contract;
    this.coarse = cellMeans(lightness, this.contract.output_stride);
    this.grid = this.contract.bins.length ? new AbGrid(this.contract.bins) : null;
  }

  /** The photograph as an example for others. */
  reference() {
    this.#needHints("follow a reference");
    return referenceTokens(this.network, this.features, srgbToLab(this.small.data));
  }

  /** The coarse colors, a field of two channels. `hints` as `readHint` gives them. */
  async ab({ hints = [], palette = [], reference = null, vividness = 1 } = {}) {
    const { contract, grid } = this;
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
    const ab = setOff(
      read.map((value) => value * contract.chroma),
      contract.contrast,
    );
    const farther = vividness < 1 ? CALM + (1 - CALM) * vividness : 1 + (VIVID - 1) * (vividness - 1);
    const colors = { data: ab.map((value) => value * farther), height, width, channels: 2 };
    return canvas === null ? colors : obey(colors, this.coarse, canvas, contract.output_stride);
  }

  /** What `Painter` wants: { offset, gain }. */
  async coefficients(options) {
    return guide(await this.ab(options), this.coarse);
  }

  /** { data, height, width }: the distributions in planes. */
  async probabilities({ hints = [], reference = null } = {}) {
    if (this.grid === null) this.#refuse("say how sure it is");
    const { answer } = await this.#decode(hints, reference);
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
    const shares = await this.probabilities();
    const row = Math.min(Math.trunc((y / height) * shares.height), shares.height - 1);
    const column = Math.min(Math.trunc((x / width) * shares.width), shares.width - 1);
    const place = row * shares.width + column;
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
    const { features, contract, lightness, size, grid } = this;
    const probabilities = planesToField({ logits: data, height, width, channels: grid.length });
    return findAlternatives({ probabilities, grid, features, contract, lightness, size, count, seed });
  }

  /** The network's answer, and the hints laid out where there are some. */
  async #decode(hints, reference) {
    const { network, features, contract } = this;
    if (hints.length === 0 && reference === null) {
      if (usual.of !== this) usual = { of: this, answer: network.decode(features) };
      return { answer: await usual.answer, canvas: null };
    }
    this.#needHints("take hints");
    const canvas = hints.length ? layOut(hints, this.size, this.lightness, contract.output_stride) : null;
    let tokens = canvas && network.tokens(features, canvas);
    if (reference !== null) tokens = tokens === null ? reference : joined(tokens, reference);
    return { answer: await network.decode(features, tokens, canvas?.planes ?? null), canvas };
  }

  #needHints(what) {
    if (!this.network.takesHints) this.#refuse(what);
  }

  #refuse(what) {
    throw new Unsupported(`The model “${this.contract.name}” can't ${what}.`);
  }
}
