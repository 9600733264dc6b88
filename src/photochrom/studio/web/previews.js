// A worker that paints a stripe of each preview, so that the server need not send them.

import { field } from "./local/fields.js";
import { grayOf } from "./local/gray.js";
import { Painter } from "./local/painting.js";
import { contextOf, decode, grayToRgba } from "./local/pixels.js";
import { serve } from "./local/remote.js";

/** @typedef {GrayImage & { top: number }} HeldStripe width and height are those of the whole preview */

const MOST = 6; // previews that are held
/** @type {Map<string, HeldStripe>} */
const held = new Map(); // by id: a stripe's gray, its top, the size of all; those used longest ago first

/**
 * Coefficients from the server, as `Painter` takes them.
 * @type {(packed: PackedCoefficients, size: Size) => Coefficients}
 */
function unpack({ width, height, steps, place, data }, size) {
  const text = atob(data);
  const bytes = new Uint8Array(text.length); // in loops: `from` takes longer than painting
  for (let at = 0; at < bytes.length; at += 1) bytes[at] = text.charCodeAt(at);
  const levels = new Int16Array(bytes.buffer);
  const [offset, gain] = steps.map((step, plane) => {
    const values = field(height, width, 2);
    const start = plane * values.data.length;
    for (let at = 0; at < values.data.length; at += 1) values.data[at] = levels[start + at] * step;
    return values;
  });
  if (place === null) return { offset, gain };
  const [left, top, high, wide] = place;
  return { offset, gain, place: { left, top, width: wide, height: high }, size };
}

/** @type {{ canvas: OffscreenCanvas, context: OffscreenCanvasRenderingContext2D, pixels: ImageData } | null} */
let table = null; // the canvas and the pixels that the latest stripe was painted with

/** @type {(stripe: HeldStripe, coefficients: Coefficients) => ImageBitmap} */
function painted({ gray, width, height, top }, coefficients) {
  const rows = gray.length / width;
  if (table?.pixels.width !== width || table.pixels.height !== rows) {
    const canvas = new OffscreenCanvas(width, rows);
    const context = contextOf(canvas, { alpha: false });
    table = { canvas, context, pixels: new ImageData(grayToRgba(gray), width, rows) };
  }
  const { canvas, context, pixels } = table;
  new Painter(coefficients, { width, height }).paint(pixels.data, top, gray);
  context.putImageData(pixels, 0, 0);
  return canvas.transferToImageBitmap();
}

/** Whether pixels come back from a canvas as they were put there: some browsers blur them. */
function isTrue() {
  const canvas = new OffscreenCanvas(16, 16);
  const context = contextOf(canvas, { willReadFrequently: true });
  const rgba = grayToRgba(Uint8Array.from({ length: 256 }, (_, code) => code));
  context.putImageData(new ImageData(rgba, 16, 16), 0, 0);
  return context.getImageData(0, 0, 16, 16).data.every((code, at) => code === rgba[at]);
}

export const doors = {
  /**
   * Hold one stripe of a gray preview, number `index` of `count`; false if that isn't possible.
   * @type {(of: { id: string, file: Blob, index: number, count: number }) => Promise<boolean>}
   */
  async hold({ id, file, index, count }) {
    if (!isTrue()) return false;
    const bitmap = await decode(file);
    const { width, height } = bitmap;
    /** @type {(at: number) => number} */
    const edge = (at) => Math.min(height, 2 * Math.ceil((height * at) / count / 2)); // an even row
    const { gray } = grayOf(bitmap);
    bitmap.close();
    const [top, bottom] = [edge(index), edge(index + 1)];
    const own = { gray: gray.slice(top * width, bottom * width), top, width, height };
    held.set(id, own);
    const [oldest] = held.keys();
    if (held.size > MOST) held.delete(oldest);
    if (top < bottom) {
      const nothing = field(1, 1, 2);
      painted(own, { offset: nothing, gain: nothing }).close(); // makes the tables
    }
    return true;
  },

  /**
   * The stripe in color, as a bitmap; null where it is not held any more.
   * @type {(of: { id: string, coefficients: PackedCoefficients }) => Promise<ImageBitmap | null>}
   */
  async paint({ id, coefficients }) {
    const preview = held.get(id);
    if (!preview) return null;
    held.delete(id);
    held.set(id, preview);
    return painted(preview, unpack(coefficients, preview));
  },

  /** @type {(of: { id: string }) => Promise<void>} */
  async forget({ id }) {
    held.delete(id);
  },
};

serve(doors);
