// Photographs as the browser decodes them: upright, in sRGB, 8 bits; in stripes, to save memory.

/**
 * @template Any
 * @typedef {Any extends HTMLCanvasElement ? CanvasRenderingContext2D : OffscreenCanvasRenderingContext2D} Context
 */

/** Previews: their longer side, and their quality as JPEG; as the server's. */
export const PREVIEW_PX = 1600;
export const PREVIEW_QUALITY = 0.88;
const STRIPE_PIXELS = 1 << 18;

/**
 * The context of a canvas of which nothing has had another kind.
 *
 * @template {OffscreenCanvas | HTMLCanvasElement} Any
 * @param {Any} canvas
 * @param {CanvasRenderingContext2DSettings} options
 * @returns {Context<Any>}
 */
export function contextOf(canvas, options = {}) {
  const context = canvas.getContext("2d", options);
  if (!context) throw new Error("The browser gives no more memory for canvases.");
  return /** @type {any} */ (context); // of the canvas's kind
}

/**
 * Decode a file. Throws where the browser can't.
 * @type {(file: Blob) => Promise<ImageBitmap>}
 */
export async function decode(file) {
  try {
    return await createImageBitmap(file, { imageOrientation: "from-image", colorSpaceConversion: "default" });
  } catch {
    throw Object.assign(new TypeError("The browser can't decode it."), { kind: "decode" });
  }
}

/**
 * How many rows a stripe has: even, unless it is the only one.
 * @type {(size: Size) => number}
 */
export const rowsOf = ({ width, height }) =>
  Math.min(height, Math.max(2, 2 * Math.floor(STRIPE_PIXELS / width / 2)));

/**
 * Call `take(stripe, top, rows)` for one stripe after the other; its pixels are there only meanwhile.
 * @type {(bitmap: ImageBitmap, take: (stripe: ImageData, top: number, rows: number) => void) => void}
 */
export function inStripes(bitmap, take) {
  const { width, height } = bitmap;
  const most = rowsOf(bitmap);
  const canvas = new OffscreenCanvas(width, most);
  const context = contextOf(canvas, { willReadFrequently: true });
  for (let top = 0; top < height; top += most) {
    const rows = Math.min(most, height - top);
    context.clearRect(0, 0, width, most);
    context.drawImage(bitmap, 0, -top);
    const stripe = context.getImageData(0, 0, width, rows);
    take(stripe, top, rows);
    free(stripe.data.buffer);
  }
  canvas.width = 0; // frees its pixels at once
}

/** @type {MessagePort | null} */
let nowhere = null;

/**
 * Give a buffer's memory back at once: browsers count it among the garbage late, after tens of MB.
 * @type {(buffer: ArrayBuffer) => void}
 */
export function free(buffer) {
  if (nowhere === null) {
    const { port1, port2 } = new MessageChannel();
    port2.close();
    nowhere = port1;
  }
  nowhere.postMessage(null, [buffer]);
}

/**
 * RGBA pixels of a bitmap at another size, as the browser scales it.
 * @type {(bitmap: ImageBitmap, width: number, height: number) => Uint8ClampedArray<ArrayBuffer>}
 */
export function scaled(bitmap, width, height) {
  const canvas = new OffscreenCanvas(width, height);
  const context = contextOf(canvas, { willReadFrequently: true });
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  canvas.width = 0;
  return data;
}

/**
 * RGBA pixels -> a file; their memory is given back.
 * @type {(rgba: Uint8ClampedArray<ArrayBuffer>, width: number, height: number, type: string, quality: number)
 *   => Promise<Blob>}
 */
export async function encode(rgba, width, height, type, quality) {
  const canvas = new OffscreenCanvas(width, height);
  contextOf(canvas).putImageData(new ImageData(rgba, width, height), 0, 0);
  free(rgba.buffer);
  const blob = await canvas.convertToBlob({ type, quality });
  canvas.width = 0;
  return blob;
}

/**
 * Codes of gray as RGBA.
 * @type {(gray: Uint8Array, rgba?: Uint8ClampedArray<ArrayBuffer>) => Uint8ClampedArray<ArrayBuffer>}
 */
export function grayToRgba(gray, rgba = new Uint8ClampedArray(4 * gray.length)) {
  for (let pixel = 0, at = 0; pixel < gray.length; pixel += 1, at += 4) {
    rgba[at] = gray[pixel];
    rgba[at + 1] = gray[pixel];
    rgba[at + 2] = gray[pixel];
    rgba[at + 3] = 255;
  }
  return rgba;
}
