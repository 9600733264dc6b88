// The worker with the network: opens photographs, paints previews, and says what it knows of them.

import { EDGE_FINENESS, findBorder, scaledBox } from "./border.js";
import { base64 } from "./bytes.js";
import { readHint, readLock } from "./hints.js";
import { srgbToLightness } from "./lab.js";
import { readLasso } from "./lasso.js";
import { Network } from "./network.js";
import { grayCodes, Painter } from "./painting.js";
import { paletteOf, SIDE_PX } from "./palette.js";
import {
  contextOf,
  decode,
  encode,
  free,
  grayToRgba,
  inStripes,
  PREVIEW_PX,
  PREVIEW_QUALITY,
  scaled,
} from "./pixels.js";
import { Prepared } from "./prepared.js";
import { serve } from "./remote.js";
import { boxFactor, fitting, resized, Shrinker, smallSize } from "./resize.js";
import { isMonochrome } from "./toning.js";
import { packedTraits } from "./traits.js";

const THUMBNAIL_PX = 320;
const MOST_PICTURES = 24;

/**
 * @typedef {{
 *   prepared: () => Promise<Prepared>, preview: GrayImage, small: ChannelImage, tokens: Tokens | null,
 * }} Held
 */

/** @type {Network | null} */
let network = null;
/** @type {Map<string, Held>} */
const pictures = new Map(); // by id, those used longest ago first

/** A picture that the page knows, but that was let go of to save memory. */
class UnknownPicture extends Error {
  /** @type {string} */
  kind = "forgotten";
}

/** @type {(options: { base: string, contract: Contract, threads: number }) => Promise<Network>} */
async function load({ base, contract, threads }) {
  /** @type {(name: string) => string} */
  const at = (name) => new URL(`engine/${name}`, base).href;
  const ort = await import(at("ort.wasm.bundle.min.mjs"));
  ort.env.wasm.numThreads = threads;
  ort.env.logLevel = "error";
  /** @type {(name: string) => Promise<Octets>} */
  const bytes = async (name) => {
    const answer = await fetch(at(name));
    if (!answer.ok) throw new Error(`${name} can't be loaded (${answer.status}).`);
    return new Uint8Array(await answer.arrayBuffer());
  };
  /** @type {(name: string) => Promise<SessionLike>} */
  const open = async (name) => {
    const file = await bytes(name);
    const options = { executionProviders: ["wasm"], graphOptimizationLevel: "all" };
    const session = await ort.InferenceSession.create(file, options);
    free(file.buffer); // what it needs, it has copied
    return session;
  };
  // As bytes, and one after the other: browsers hold 60 MB less than where they compile what streams in.
  const runtime = await bytes("ort-wasm-simd-threaded.wasm");
  ort.env.wasm.wasmBinary = runtime;
  const encoder = await open("encoder.onnx");
  free(runtime.buffer);
  const decoder = await open("decoder.onnx");
  const openRegion = () => open("region.onnx");
  return new Network({ contract, Tensor: ort.Tensor, encoder, decoder, openRegion });
}

/** @type {(id: string) => Held} */
function known(id) {
  const picture = pictures.get(id);
  if (!picture) throw new UnknownPicture("There is no such picture any more.");
  pictures.delete(id);
  pictures.set(id, picture);
  return picture;
}

/**
 * Work that is done when it is first asked for, and again only where it failed.
 *
 * @template Value
 * @param {() => Promise<Value>} work
 */
function once(work) {
  /** @type {Promise<Value> | null} */
  let done = null;
  return () => {
    done ??= work().catch((error) => {
      done = null;
      throw error;
    });
    return done;
  };
}

/**
 * A bitmap at the size of the network's copy, as libvips shrinks it.
 * @type {(bitmap: ImageBitmap, size: Size) => ChannelImage}
 */
function copyOf(bitmap, { width, height }) {
  const [across, down] = [boxFactor(bitmap.width, width), boxFactor(bitmap.height, height)];
  const shrinker = new Shrinker(bitmap.width, bitmap.height, across, down);
  inStripes(bitmap, ({ data }, _top, rows) => shrinker.add(data, rows));
  return resized(shrinker.done(), width, height);
}

/** @type {(image: CodeImage) => Planes} */
const lightnessOf = ({ data, width, height }) => ({ data: srgbToLightness(data), width, height });

/**
 * Where there is a plain border: a small copy of what lies inside, and where that is.
 * @type {(bitmap: ImageBitmap, small: ChannelImage, side: number) => { small: ChannelImage, box: Box } | null}
 */
function lookInside(bitmap, small, side) {
  const border = findBorder(lightnessOf(small));
  if (border === null) return null;
  const scale = (EDGE_FINENESS * side) / Math.min(border.right - border.left, border.bottom - border.top);
  const size = { width: Math.round(scale * small.width), height: Math.round(scale * small.height) };
  const larger = copyOf(bitmap, size);
  const exact = findBorder(lightnessOf(larger)) ?? scaledBox(border, small, size);
  const box = scaledBox(exact, size, bitmap);
  const part = cutOut(larger, exact);
  const wanted = smallSize({ width: box.right - box.left, height: box.bottom - box.top }, side);
  return { small: shrunk(part, wanted), box };
}

/**
 * An image in memory at a smaller size.
 * @type {(image: ChannelImage, size: Size) => ChannelImage}
 */
function shrunk(image, { width, height }) {
  const [across, down] = [boxFactor(image.width, width), boxFactor(image.height, height)];
  const shrinker = new Shrinker(image.width, image.height, across, down);
  shrinker.add(image.data, image.height, 3);
  return resized(shrinker.done(), width, height);
}

/** @type {(image: CodeImage, box: Box) => ChannelImage} */
function cutOut({ data, width }, { top, left, bottom, right }) {
  const cut = new Uint8Array(3 * (right - left) * (bottom - top));
  for (let row = top, to = 0; row < bottom; row += 1, to += 3 * (right - left)) {
    cut.set(data.subarray(3 * (row * width + left), 3 * (row * width + right)), to);
  }
  return { data: cut, width: right - left, height: bottom - top, channels: 3 };
}

/**
 * What to paint, from an order as the page writes it.
 * @type {(order: Order) => Promise<PaintOptions & { hints: ReadHint[] }>}
 */
async function optionsOf(order) {
  const { hints = [], palette = [], vividness = 1, reference = null, lock = [] } = order;
  const { likeness = 1 } = order;
  const { warmth = 0, tint = 0, strength = 1, lassos = [] } = order;
  const example = reference === null ? null : known(reference);
  if (example) example.tokens ??= await (await example.prepared()).reference();
  return {
    hints: hints.map(readHint),
    palette,
    vividness,
    reference: example?.tokens ?? null,
    likeness,
    lock: lock.map(readLock),
    tone: { warmth, tint, strength },
    lassos: lassos.map(readLasso),
  };
}

/** @type {(prepared: Prepared, options: PaintOptions & { hints: ReadHint[] }) => Promise<Coefficients>} */
async function coefficientsOf(prepared, options) {
  return (await prepared.seeing(options.hints)).coefficients(options);
}

/** @type {(picture: GrayImage, coefficients: Coefficients) => Promise<Blob>} */
function paintGray({ gray, width, height }, coefficients) {
  const rgba = grayToRgba(gray);
  new Painter(coefficients, { width, height }).paint(rgba, 0, gray);
  return encode(rgba, width, height, "image/jpeg", PREVIEW_QUALITY);
}

/** @type {(blob: Blob) => Promise<string>} */
const dataUrl = async (blob) =>
  `data:${blob.type};base64,${base64(new Uint8Array(await blob.arrayBuffer()))}`;

export const doors = {
  /**
   * Load the model; once.
   * @type {(options: { base: string, contract: Contract, threads: number }) => Promise<void>}
   */
  async start(options) {
    network ??= await load(options);
  },

  /**
   * Read a photograph; the encoder runs over it when it is first asked for more than its gray.
   * @type {(of: { id: string, file: Blob }) => Promise<Size & { gray: boolean, preview: Size }>}
   */
  async open({ id, file }) {
    const bitmap = await decode(file);
    const size = { width: bitmap.width, height: bitmap.height };
    if (!network) throw new Error("The model isn't loaded yet.");
    const opened = network;
    const side = opened.contract.short_side_px;
    const small = copyOf(bitmap, smallSize(size, side));
    const inside = lookInside(bitmap, small, side);
    const shown = fitting(size, PREVIEW_PX);
    const pixels = scaled(bitmap, shown.width, shown.height);
    bitmap.close();
    const preview = { ...shown, gray: grayCodes(pixels) };
    free(pixels.buffer);
    const prepared = once(() => Prepared.of(opened, small, size, inside));
    pictures.set(id, { prepared, preview, small, tokens: null });
    const [oldest] = pictures.keys();
    if (pictures.size > MOST_PICTURES) pictures.delete(oldest);
    return { ...size, gray: isMonochrome(small), preview: shown };
  },

  /** @type {(of: { id: string }) => Promise<void>} */
  async forget({ id }) {
    pictures.delete(id);
  },

  /**
   * The preview in gray.
   * @type {(of: { id: string }) => Promise<Blob>}
   */
  async original({ id }) {
    const {
      preview: { gray, width, height },
    } = known(id);
    return encode(grayToRgba(gray), width, height, "image/jpeg", PREVIEW_QUALITY);
  },

  /**
   * The preview in color.
   * @type {(of: { id: string, order: Order }) => Promise<Blob>}
   */
  async paint({ id, order }) {
    const { prepared, preview } = known(id);
    return paintGray(preview, await coefficientsOf(await prepared(), await optionsOf(order)));
  },

  /**
   * What the other worker paints the full size with.
   * @type {(of: { id: string, order: Order }) => Promise<Coefficients>}
   */
  async coefficients({ id, order }) {
    return coefficientsOf(await known(id).prepared(), await optionsOf(order));
  },

  /**
   * How sure the network is: gray, white where it is certain, as on a border.
   * @type {(of: { id: string, order: Order }) => Promise<Blob>}
   */
  async confidence({ id, order }) {
    const { prepared, preview } = known(id);
    const options = await optionsOf(order);
    const seen = await (await prepared()).seeing(options.hints);
    const { data, width, height } = await seen.confidence(options);
    const levels = grayToRgba(Uint8Array.from(data, (sure) => Math.round(255 * sure)));
    const coarse = await createImageBitmap(new ImageData(levels, width, height));
    const canvas = new OffscreenCanvas(preview.width, preview.height);
    const context = contextOf(canvas);
    context.fillStyle = "#fff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    const [across, down] = [preview.width / seen.size.width, preview.height / seen.size.height];
    const { left, top, width: wide, height: high } = seen.place;
    context.drawImage(coarse, left * across, top * down, wide * across, high * down);
    return canvas.convertToBlob({ type: "image/png" });
  },

  /**
   * By what regions are told apart, for a page that finds them by itself.
   * @type {(of: { id: string }) => Promise<PackedTraits>}
   */
  async traits({ id }) {
    return packedTraits(await known(id).prepared());
  },

  /**
   * Other plausible results, each with a small picture.
   * @type {(of: { id: string, order: Order }) => Promise<{ alternatives: Alternative[] }>}
   */
  async alternatives({ id, order }) {
    const { preview, ...picture } = known(id);
    const prepared = await picture.prepared();
    const options = await optionsOf(order);
    const found = await prepared.alternatives(order.count, order.seed);
    const { width, height } = fitting(preview, THUMBNAIL_PX);
    const { data } = resized({ data: preview.gray, ...preview, channels: 1 }, width, height);
    const thumbnail = { gray: Uint8Array.from(data), width, height };
    const alternatives = [];
    for (const [index, { hints, likelihood }] of found.entries()) {
      const all = [...hints.map(readHint), ...options.hints];
      const blob = await paintGray(thumbnail, await coefficientsOf(prepared, { ...options, hints: all }));
      alternatives.push({ number: index + 1, likelihood, hints, thumbnail: await dataUrl(blob) });
    }
    return { alternatives };
  },

  /** @type {(of: { id: string, point: Point }) => Promise<{ colors: LikelyColor[] }>} */
  async likelyColors({ id, point: [x, y] }) {
    return { colors: await (await known(id).prepared()).likelyColors(x, y) };
  },

  /**
   * The main colors of a photograph as it came.
   * @type {(of: { id: string }) => Promise<{ palette: string[] }>}
   */
  async palette({ id }) {
    const { small } = known(id);
    const scale = SIDE_PX / Math.min(small.width, small.height);
    const [width, height] = [small.width, small.height].map((side) => Math.max(1, Math.round(side * scale)));
    return { palette: paletteOf(resized(small, width, height).data) };
  },
};

serve(doors);
