// The colors alone, as a layer for an editor: over the gray photograph it gives the painted one.

import { grayCodes } from "./local/painting.js";
import { contextOf, decode, inStripes } from "./local/pixels.js";

/**
 * Make of painted pixels, RGBA, those of the layer: as transparent as they can be.
 *
 * Over gray g, a color c is ``(1 - alpha) g + alpha layer``; alpha is the least for which the layer's
 * color lies within 0..255. The pixels' own alpha is left aside.
 *
 * Source: the GIMP's "color to alpha", with the gray of each pixel.
 * @type {(rgba: Uint8ClampedArray, gray?: Uint8Array) => Uint8ClampedArray}
 */
export function toLayer(rgba, gray = grayCodes(rgba)) {
  for (let pixel = 0, at = 0; pixel < gray.length; pixel += 1, at += 4) {
    const g = gray[pixel];
    let alpha = 0;
    for (let channel = at; channel < at + 3; channel += 1) {
      const away = rgba[channel] - g;
      if (away !== 0) alpha = Math.max(alpha, away > 0 ? away / (255 - g) : -away / g);
    }
    const cover = Math.ceil(255 * alpha);
    for (let channel = at; channel < at + 3; channel += 1)
      rgba[channel] = cover ? Math.round(g + ((rgba[channel] - g) * 255) / cover) : g;
    rgba[at + 3] = cover;
  }
  return rgba;
}

/**
 * The layer of a painted photograph, a file without losses: PNG of the same size.
 * @type {(painted: Blob) => Promise<Blob>}
 */
export async function colorLayer(painted) {
  const bitmap = await decode(painted);
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = contextOf(canvas);
  inStripes(bitmap, (stripe, top) => {
    toLayer(stripe.data);
    context.putImageData(stripe, 0, top);
  });
  bitmap.close();
  const blob = await canvas.convertToBlob({ type: "image/png" });
  canvas.width = 0; // frees its pixels at once
  return blob;
}
