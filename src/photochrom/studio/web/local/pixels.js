// Photographs as the browser decodes them: upright, in sRGB, 8 bits; in stripes, to save memory.

const STRIPE_PIXELS = 1 << 20;

/** Decode a file. Throws where the browser can't. */
export async function decode(file) {
  try {
    return await createImageBitmap(file, { imageOrientation: "from-image", colorSpaceConversion: "default" });
  } catch {
    const said =
      "This browser can't decode it: it is broken, cut short, or of a format that it doesn't know.";
    throw Object.assign(new TypeError(said), { kind: "decode" });
  }
}

/** Call `take(rgba, top, rows)` for one stripe after the other; rows are even but for the last. */
export function inStripes(bitmap, take) {
  const { width, height } = bitmap;
  const most = Math.min(height, Math.max(2, 2 * Math.floor(STRIPE_PIXELS / width / 2)));
  const canvas = new OffscreenCanvas(width, most);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  for (let top = 0; top < height; top += most) {
    const rows = Math.min(most, height - top);
    context.clearRect(0, 0, width, most);
    context.drawImage(bitmap, 0, -top);
    take(context.getImageData(0, 0, width, rows), top, rows);
  }
}

/** RGBA pixels of a bitmap at another size, as the browser scales it. */
export function scaled(bitmap, width, height) {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, width, height);
  return context.getImageData(0, 0, width, height).data;
}

/** RGBA pixels -> a file. */
export function encode(rgba, width, height, type, quality) {
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext("2d").putImageData(new ImageData(rgba, width, height), 0, 0);
  return canvas.convertToBlob({ type, quality });
}

/** Codes of gray as RGBA. */
export function grayToRgba(gray, rgba = new Uint8ClampedArray(4 * gray.length)) {
  for (let pixel = 0, at = 0; pixel < gray.length; pixel += 1, at += 4) {
    rgba[at] = gray[pixel];
    rgba[at + 1] = gray[pixel];
    rgba[at + 2] = gray[pixel];
    rgba[at + 3] = 255;
  }
  return rgba;
}
