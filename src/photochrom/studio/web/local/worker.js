// The worker with the network: opens photographs, paints previews, and says what it knows of them.

import { readHint } from "./hints.js";
import { Network } from "./network.js";
import { grayCodes, Painter } from "./painting.js";
import { paletteOf, SIDE_PX } from "./palette.js";
import { decode, encode, grayToRgba, inStripes, scaled } from "./pixels.js";
import { Prepared } from "./prepared.js";
import { serve } from "./remote.js";
import { boxFactor, fitting, resized, Shrinker, smallSize } from "./resize.js";
import { isMonochrome } from "./toning.js";

const PREVIEW_PX = 1600;
const PREVIEW_QUALITY = 0.88;
const THUMBNAIL_PX = 320;
const MOST_PICTURES = 24;

let network = null;
const pictures = new Map(); // by id, those used longest ago first

/** A picture that the page knows, but that was let go of to save memory. */
class UnknownPicture extends Error {}

async function load({ base, contract, threads }) {
  const at = (name) => new URL(`engine/${name}`, base).href;
  const ort = await import(at("ort.wasm.bundle.min.mjs"));
  ort.env.wasm.wasmPaths = { wasm: at("ort-wasm-simd-threaded.wasm") };
  ort.env.wasm.numThreads = threads;
  ort.env.logLevel = "error";
  const bytes = async (name) => {
    const answer = await fetch(at(name));
    if (!answer.ok) throw new Error(`${name} can't be loaded (${answer.status}).`);
    return new Uint8Array(await answer.arrayBuffer());
  };
  const files = await Promise.all(["encoder.onnx", "decoder.onnx"].map(bytes));
  const options = { executionProviders: ["wasm"], graphOptimizationLevel: "all" };
  const sessions = [];
  for (const file of files) sessions.push(await ort.InferenceSession.create(file, options)); // not at once
  return new Network({ contract, Tensor: ort.Tensor, encoder: sessions[0], decoder: sessions[1] });
}

function known(id) {
  const picture = pictures.get(id);
  if (!picture) throw new UnknownPicture("There is no such picture any more.");
  pictures.delete(id);
  pictures.set(id, picture);
  return picture;
}

/** What to paint, from an order as the page writes it. */
function optionsOf({ hints = [], palette = [], vividness = 1, reference = null }) {
  const example = reference === null ? null : known(reference);
  if (example) example.tokens ??= example.prepared.reference();
  return { hints: hints.map(readHint), palette, vividness, reference: example?.tokens ?? null };
}

function paintGray({ gray, width, height }, coefficients) {
  const rgba = grayToRgba(gray);
  new Painter(coefficients, { width, height }).paint(rgba, 0, gray);
  return encode(rgba, width, height, "image/jpeg", PREVIEW_QUALITY);
}

async function dataUrl(blob) {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192)
    text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return `data:${blob.type};base64,${btoa(text)}`;
}

serve({
  /** Load the model; once. */
  async start(options) {
    network ??= await load(options);
  },

  /** Read a photograph and run the encoder over it. */
  async open({ id, file }) {
    const bitmap = await decode(file);
    const size = { width: bitmap.width, height: bitmap.height };
    const wanted = smallSize(size, network.contract.short_side_px);
    const shrinker = new Shrinker(
      size.width,
      size.height,
      boxFactor(size.width, wanted.width),
      boxFactor(size.height, wanted.height),
    );
    inStripes(bitmap, ({ data }, _top, rows) => shrinker.add(data, rows));
    const small = resized(shrinker.done(), wanted.width, wanted.height);
    const shown = fitting(size, PREVIEW_PX);
    const preview = { ...shown, gray: grayCodes(scaled(bitmap, shown.width, shown.height)) };
    bitmap.close();
    const prepared = await Prepared.of(network, small, size);
    pictures.set(id, { prepared, preview, small, tokens: null });
    if (pictures.size > MOST_PICTURES) pictures.delete(pictures.keys().next().value);
    return { ...size, gray: isMonochrome(small), preview: shown };
  },

  async forget({ id }) {
    pictures.delete(id);
  },

  /** The preview in gray. */
  async original({ id }) {
    const {
      preview: { gray, width, height },
    } = known(id);
    return encode(grayToRgba(gray), width, height, "image/jpeg", PREVIEW_QUALITY);
  },

  /** The preview in color. */
  async paint({ id, order }) {
    const { prepared, preview } = known(id);
    return paintGray(preview, await prepared.coefficients(optionsOf(order)));
  },

  /** What the other worker paints the full size with. */
  async coefficients({ id, order }) {
    return known(id).prepared.coefficients(optionsOf(order));
  },

  /** How sure the network is: gray, white where it is certain. */
  async confidence({ id, order }) {
    const { prepared, preview } = known(id);
    const { data, width, height } = await prepared.confidence(optionsOf(order));
    const levels = grayToRgba(Uint8Array.from(data, (sure) => Math.round(255 * sure)));
    const coarse = await createImageBitmap(new ImageData(levels, width, height));
    return encode(
      new Uint8ClampedArray(scaled(coarse, preview.width, preview.height)),
      preview.width,
      preview.height,
      "image/png",
    );
  },

  /** Other plausible results, each with a small picture. */
  async alternatives({ id, order }) {
    const { prepared, preview } = known(id);
    const options = optionsOf(order);
    const found = await prepared.alternatives(order.count, order.seed);
    const { width, height } = fitting(preview, THUMBNAIL_PX);
    const { data } = resized({ data: preview.gray, ...preview, channels: 1 }, width, height);
    const thumbnail = { gray: Uint8Array.from(data), width, height };
    const alternatives = [];
    for (const [index, { hints, likelihood }] of found.entries()) {
      const all = [...hints.map(readHint), ...options.hints];
      const blob = await paintGray(thumbnail, await prepared.coefficients({ ...options, hints: all }));
      alternatives.push({ number: index + 1, likelihood, hints, thumbnail: await dataUrl(blob) });
    }
    return { alternatives };
  },

  async likelyColors({ id, point: [x, y] }) {
    return { colors: await known(id).prepared.likelyColors(x, y) };
  },

  /** The main colors of a photograph as it came. */
  async palette({ id }) {
    const { small } = known(id);
    const scale = SIDE_PX / Math.min(small.width, small.height);
    const [width, height] = [small.width, small.height].map((side) => Math.max(1, Math.round(side * scale)));
    return { palette: paletteOf(resized(small, width, height).data) };
  },
});
