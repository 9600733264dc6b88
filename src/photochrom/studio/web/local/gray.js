// A whole photograph as codes of gray, a byte for each pixel: a quarter of what a bitmap takes.

import { grayCodes } from "./painting.js";
import { inStripes } from "./pixels.js";

/**
 * The grays that have the lightness of a bitmap's pixels; and how much each pixel covers, null where
 * all of them cover all.
 * @type {(bitmap: ImageBitmap) => { gray: Octets, cover: Octets | null }}
 */
export function grayOf(bitmap) {
  const { width, height } = bitmap;
  const gray = new Uint8Array(width * height);
  /** @type {Octets | null} */
  let cover = null;
  inStripes(bitmap, ({ data }, top, rows) => {
    const start = top * width;
    grayCodes(data, gray.subarray(start, start + rows * width));
    for (let at = 3, pixel = start; at < data.length; at += 4, pixel += 1) {
      if (data[at] === 255) continue;
      cover ??= new Uint8Array(gray.length).fill(255);
      cover[pixel] = data[at];
    }
  });
  return { gray, cover };
}
