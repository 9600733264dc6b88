// The worker that paints photographs at full size, so that hints don't wait for it.

import { Painter } from "./painting.js";
import { contextOf, decode, inStripes } from "./pixels.js";
import { serve } from "./remote.js";

export const doors = {
  /**
   * A file's pixels in color, as a file of another type. JPEG has white where there was nothing.
   * @type {(work: { file: Blob, coefficients: Coefficients, type: string, quality: number })
   *   => Promise<{ blob: Blob, size: Size }>}
   */
  async paint({ file, coefficients, type, quality }) {
    const bitmap = await decode(file);
    const { width, height } = bitmap;
    const painter = new Painter(coefficients, bitmap);
    const canvas = new OffscreenCanvas(width, height);
    const context = contextOf(canvas, { alpha: type !== "image/jpeg" });
    inStripes(bitmap, (stripe, top) => {
      painter.paint(stripe.data, top);
      if (type === "image/jpeg") onWhite(stripe.data);
      context.putImageData(stripe, 0, top);
    });
    bitmap.close();
    const blob = await canvas.convertToBlob({ type, quality });
    canvas.width = 0; // frees its pixels at once
    if (blob.type !== type) throw new TypeError(`This browser can't write ${type}.`);
    return { blob, size: { width, height } };
  },
};

serve(doors);

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
