// The worker that paints previews, so that the server need not send them.

import { field } from "./local/fields.js";
import { grayCodes, Painter } from "./local/painting.js";
import { decode, grayToRgba, inStripes } from "./local/pixels.js";
import { serve } from "./local/remote.js";

const MOST = 6; // previews that are held
const held = new Map(); // by id: { gray, width, height }, those used longest ago first

/** Coefficients from the server, as `Painter` takes them. */
function unpack({ width, height, steps, place, data }, size) {
  const bytes = Uint8Array.from(atob(data), (sign) => sign.charCodeAt(0));
  const levels = new Int16Array(bytes.buffer);
  const count = levels.length / 2;
  const [offset, gain] = [0, 1].map((at) =>
    field(
      height,
      width,
      2,
      Float32Array.from(levels.subarray(at * count, (at + 1) * count), (level) => level * steps[at]),
    ),
  );
  if (place === null) return { offset, gain };
  const [left, top, high, wide] = place;
  return { offset, gain, place: { left, top, width: wide, height: high }, size };
}

let table = null; // the canvas and the pixels that the latest preview was painted with

function painted({ gray, width, height }, coefficients) {
  if (table?.pixels.width !== width || table.pixels.height !== height) {
    const canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext("2d", { alpha: false });
    table = { canvas, context, pixels: new ImageData(grayToRgba(gray), width, height) };
  }
  const { canvas, context, pixels } = table;
  new Painter(coefficients, { width, height }).paint(pixels.data, 0, gray);
  context.putImageData(pixels, 0, 0);
  return canvas.transferToImageBitmap();
}

/** Whether pixels come back from a canvas as they were put there: some browsers blur them. */
function isTrue() {
  const canvas = new OffscreenCanvas(16, 16);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const rgba = grayToRgba(Uint8Array.from({ length: 256 }, (_, code) => code));
  context.putImageData(new ImageData(rgba, 16, 16), 0, 0);
  return context.getImageData(0, 0, 16, 16).data.every((code, at) => code === rgba[at]);
}

serve({
  /** Hold a preview in gray. */
  async hold({ id, file }) {
    if (!isTrue()) throw new Error("This browser changes the pixels that a page reads.");
    const bitmap = await decode(file);
    const { width, height } = bitmap;
    const gray = new Uint8Array(width * height);
    inStripes(bitmap, (stripe, top, rows) =>
      grayCodes(stripe.data, gray.subarray(top * width, (top + rows) * width)),
    );
    bitmap.close();
    held.set(id, { gray, width, height });
    if (held.size > MOST) held.delete(held.keys().next().value);
    const nothing = field(1, 1, 2);
    painted(held.get(id), { offset: nothing, gain: nothing }).close(); // makes the tables
  },

  /** A preview in color, as a bitmap; null where it is not held any more. */
  async paint({ id, coefficients }) {
    const preview = held.get(id);
    if (!preview) return null;
    held.delete(id);
    held.set(id, preview);
    return painted(preview, unpack(coefficients, preview));
  },

  async forget({ id }) {
    held.delete(id);
  },
});
