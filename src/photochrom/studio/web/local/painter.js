// The worker that paints photographs at full size, so that hints don't wait for it.

import { grayOf } from "./gray.js";
import { Painter, prepareTables } from "./painting.js";
import { contextOf, decode, free, rowsOf } from "./pixels.js";
import { serve } from "./remote.js";

export const doors = {
  /** Begin, while something else is waited for. */
  async start() {
    prepareTables();
  },

  /**
   * A file's pixels in color, as a file of another type. JPEG has white where there was nothing.
   * @type {(work: { file: Blob, coefficients: Coefficients, type: string, quality: number })
   *   => Promise<{ blob: Blob, size: Size }>}
   */
  async paint({ file, coefficients, type, quality }) {
    const bitmap = await decode(file);
    const { width, height } = bitmap;
    const pixels = grayOf(bitmap);
    bitmap.close(); // the canvas is as large
    const canvas = new OffscreenCanvas(width, height);
    const alpha = pixels.cover !== null && type !== "image/jpeg";
    const context = contextOf(canvas, { alpha, willReadFrequently: true });
    put(context, { ...pixels, alpha }, new Painter(coefficients, canvas));
    for (const plane of [pixels.gray, pixels.cover]) if (plane) free(plane.buffer);
    const blob = await canvas.convertToBlob({ type, quality });
    canvas.width = 0; // frees its pixels at once
    if (blob.type !== type) throw new TypeError(`This browser can't write ${type}.`);
    return { blob, size: { width, height } };
  },
};

serve(doors);

/**
 * Paint a whole canvas, stripe by stripe; on white where it has no alpha.
 * @type {(context: OffscreenCanvasRenderingContext2D,
 *   pixels: ReturnType<typeof grayOf> & { alpha: boolean }, painter: Painter) => void}
 */
function put(context, { gray, cover, alpha }, painter) {
  const { width, height } = context.canvas;
  const most = rowsOf(context.canvas);
  const stripe = new ImageData(width, most);
  stripe.data.fill(255);
  for (let top = 0; top < height; top += most) {
    const rows = Math.min(most, height - top);
    const [from, to] = [top * width, (top + rows) * width];
    const rgba = stripe.data.subarray(0, 4 * (to - from));
    if (cover) for (let pixel = from, at = 3; pixel < to; pixel += 1, at += 4) rgba[at] = cover[pixel];
    painter.paint(rgba, top, gray.subarray(from, to));
    if (cover && !alpha) onWhite(rgba);
    context.putImageData(stripe, 0, top, 0, 0, width, rows);
  }
}

/** @type {(rgba: Uint8ClampedArray) => void} */
function onWhite(rgba) {
  for (let at = 0; at < rgba.length; at += 4) {
    const cover = rgba[at + 3];
    if (cover === 255) continue;
    for (let channel = at; channel < at + 3; channel += 1) {
      rgba[channel] = Math.round((rgba[channel] * cover + 255 * (255 - cover)) / 255);
    }
    rgba[at + 3] = 255;
  }
}
