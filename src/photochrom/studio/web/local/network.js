// The network's two halves in ONNX Runtime Web: Python's `photochrom.models.session`.
// `Tensor` and the two sessions come from outside, so that any build of the runtime serves.

import { field } from "./fields.js";

const DECODER_SUFFIX = ".in";
/** @type {Tokens} */
const NO_HINTS = { count: 0, seen: new Float32Array(0), ab: new Float32Array(0), place: new Float32Array(0) };

/** @typedef {{ logits: Float32Array, height: number, width: number, channels: number }} Logits */
/**
 * @typedef {{
 *   contract: Contract, Tensor: TensorMaker, encoder: SessionLike, decoder: SessionLike,
 *   openRegion?: (() => Promise<SessionLike>) | null,
 * }} NetworkParts
 */

export class Network {
  /**
   * What it is made of comes from outside: the contract, the runtime's Tensor, two sessions, and how
   * to open a third, which is opened when it is first needed.
   *
   * @param {NetworkParts} parts
   */
  constructor({ contract, Tensor, encoder, decoder, openRegion = null }) {
    this.openRegion = openRegion;
    /** @type {Promise<SessionLike> | null} */
    this.region = null;
    this.contract = contract;
    this.encoder = encoder;
    this.decoder = decoder;
    this.Tensor = Tensor;
    this.takesHints = contract.token_features.length > 0;
    const channels = Object.fromEntries(contract.features.map((one) => [one.name, one.channels]));
    this.seenSize = contract.token_features.reduce((sum, name) => sum + channels[name], 0);
  }

  /**
   * Run the encoder over a small copy's L*; its arrays are by name, each with data and dims.
   * @type {(lightness: Planes) => Promise<Features>}
   */
  async encode(lightness) {
    const { stride, features } = this.contract;
    const { height, width } = lightness;
    const [rows, columns] = [height, width].map((side) => Math.ceil(side / stride) * stride);
    const padded = new Float32Array(rows * columns);
    for (let row = 0, at = 0; row < rows; row += 1) {
      const start = Math.min(row, height - 1) * width;
      for (let column = 0; column < columns; column += 1, at += 1) {
        padded[at] = lightness.data[start + Math.min(column, width - 1)];
      }
    }
    const found = await this.encoder.run({
      lightness: new this.Tensor("float32", padded, [1, 1, rows, columns]),
    });
    /** @type {Record<string, TensorLike>} */
    const arrays = {};
    for (const { name } of features) {
      arrays[name] = { data: found[name].data, dims: [...found[name].dims] };
    }
    return { arrays, size: { height, width }, padded: { height: rows, width: columns } };
  }

  /**
   * What the encoder saw at points (x, y pairs in pixels of the small copy), joined.
   * @type {(features: Features, points: Float32Array) => Float32Array}
   */
  sample(features, points) {
    const { contract } = this;
    const count = points.length / 2;
    const seen = new Float32Array(count * this.seenSize);
    let offset = 0;
    for (const name of contract.token_features) {
      const { stride } = featureOf(contract, name);
      const {
        data,
        dims: [, channels, height, width],
      } = features.arrays[name];
      for (let point = 0; point < count; point += 1) {
        const x = Math.min(Math.max(points[2 * point] / stride - 0.5, 0), width - 1);
        const y = Math.min(Math.max(points[2 * point + 1] / stride - 0.5, 0), height - 1);
        const [left, top] = [Math.trunc(x), Math.trunc(y)];
        const [right, bottom] = [Math.min(left + 1, width - 1), Math.min(top + 1, height - 1)];
        const [across, down] = [x - left, y - top];
        for (let channel = 0; channel < channels; channel += 1) {
          const plane = channel * height * width;
          const upper =
            data[plane + top * width + left] * (1 - across) + data[plane + top * width + right] * across;
          const lower =
            data[plane + bottom * width + left] * (1 - across) +
            data[plane + bottom * width + right] * across;
          seen[point * this.seenSize + offset + channel] = upper * (1 - down) + lower * down;
        }
      }
      offset += channels;
    }
    return seen;
  }

  /**
   * The hints of a canvas as the network takes them.
   * @type {(features: Features, canvas: Pick<Canvas, "count" | "points" | "ab">) => Tokens}
   */
  tokens(features, { count, points, ab }) {
    const place = new Float32Array(3 * count);
    for (let at = 0; at < count; at += 1) place.set([points[2 * at], points[2 * at + 1], 1], 3 * at);
    return { count, seen: this.sample(features, points), ab, place };
  }

  /**
   * Run the decoder.
   *
   * @param tokens count, seen, ab and place; none by default
   * @param planes field of three channels at the size of the output; nothing by default
   * @returns logits with height, width and channels: planes, cut to the small copy's size / stride
   * @type {(features: Features, tokens?: Tokens, planes?: Field | null) => Promise<Logits>}
   */
  async decode(features, tokens = NO_HINTS, planes = null) {
    const { contract, Tensor } = this;
    /** @type {Record<string, TensorLike>} */
    const feeds = {};
    for (const { name } of contract.features) {
      const { data, dims } = features.arrays[name];
      feeds[name + DECODER_SUFFIX] = new Tensor("float32", data, dims);
    }
    const [rows, columns] = [features.padded.height, features.padded.width].map(
      (side) => side / contract.output_stride,
    );
    if (this.takesHints) {
      const { count } = tokens;
      feeds["hints.seen"] = new Tensor("float32", tokens.seen, [1, count, this.seenSize]);
      feeds["hints.ab"] = new Tensor("float32", tokens.ab, [1, count, 2]);
      feeds["hints.place"] = new Tensor("float32", tokens.place, [1, count, 3]);
      feeds["hints.planes"] = new Tensor("float32", paddedPlanes(planes, rows, columns), [
        1,
        3,
        rows,
        columns,
      ]);
    }
    const { output } = await this.decoder.run(feeds);
    const [, channels] = output.dims;
    const height = Math.ceil(features.size.height / contract.output_stride);
    const width = Math.ceil(features.size.width / contract.output_stride);
    return { logits: cut(output.data, channels, rows, columns, height, width), height, width, channels };
  }

  /**
   * Run the third entrance, to the embedding that things are read from: planes, cut as `decode` does.
   * @type {(features: Features) => Promise<Field>}
   */
  async embed(features) {
    const { contract, Tensor } = this;
    if (!contract.region || !this.openRegion) throw new Error("The model can't tell things apart.");
    const { input_suffix: suffix, output, stride } = contract.region;
    this.region ??= this.openRegion();
    const session = await this.region;
    /** @type {Record<string, TensorLike>} */
    const feeds = {};
    for (const { name } of contract.features) {
      const { data, dims } = features.arrays[name];
      feeds[name + suffix] = new Tensor("float32", data, dims);
    }
    const found = (await session.run(feeds))[output];
    const [, channels, rows, columns] = found.dims;
    const height = Math.ceil(features.size.height / stride);
    const width = Math.ceil(features.size.width / stride);
    return { data: cut(found.data, channels, rows, columns, height, width), height, width, channels };
  }
}

/**
 * A feature of a contract, which names all that it uses.
 * @type {(contract: Contract, name: string) => Feature}
 */
export function featureOf({ features }, name) {
  const found = features.find((one) => one.name === name);
  if (!found) throw new Error(`The contract has no feature “${name}”.`);
  return found;
}

/**
 * These tokens and others.
 * @type {(tokens: Tokens, others: Tokens) => Tokens}
 */
export function joined(tokens, others) {
  /** @type {(one: Float32Array, other: Float32Array) => Float32Array} */
  const both = (one, other) => {
    const made = new Float32Array(one.length + other.length);
    made.set(one);
    made.set(other, one.length);
    return made;
  };
  return {
    count: tokens.count + others.count,
    seen: both(tokens.seen, others.seen),
    ab: both(tokens.ab, others.ab),
    place: both(tokens.place, others.place),
  };
}

/** @type {(planes: Field | null, rows: number, columns: number) => Float32Array} */
function paddedPlanes(planes, rows, columns) {
  const padded = new Float32Array(3 * rows * columns);
  if (planes === null) return padded;
  for (let channel = 0; channel < 3; channel += 1) {
    for (let row = 0; row < planes.height; row += 1) {
      const to = (channel * rows + row) * columns;
      for (let column = 0; column < planes.width; column += 1) {
        padded[to + column] = planes.data[(row * planes.width + column) * 3 + channel];
      }
    }
  }
  return padded;
}

/**
 * @type {(planes: Float32Array, channels: number, rows: number, columns: number, height: number, width: number)
 *   => Float32Array}
 */
function cut(planes, channels, rows, columns, height, width) {
  if (rows === height && columns === width) return planes;
  const kept = new Float32Array(channels * height * width);
  for (let channel = 0; channel < channels; channel += 1) {
    for (let row = 0; row < height; row += 1) {
      const start = (channel * rows + row) * columns;
      kept.set(planes.subarray(start, start + width), (channel * height + row) * width);
    }
  }
  return kept;
}

/**
 * A field from planes.
 * @type {(planes: Field) => Field}
 */
export function planesToField({ data, height, width, channels }) {
  const made = field(height, width, channels);
  for (let channel = 0, at = 0; channel < channels; channel += 1) {
    for (let place = 0; place < height * width; place += 1, at += 1) {
      made.data[place * channels + channel] = data[at];
    }
  }
  return made;
}
