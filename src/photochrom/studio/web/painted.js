// What engines give back as painted: a file, or bitmaps from top to bottom.

import { contextOf } from "./local/pixels.js";

/**
 * A canvas of it, at most so wide; the bitmaps are closed.
 * @type {(painted: Painted, widest: number) => Promise<HTMLCanvasElement>}
 */
export async function small(painted, widest) {
  const stripes = painted instanceof Blob ? [await createImageBitmap(painted)] : painted;
  const { width } = stripes[0];
  const height = stripes.reduce((sum, one) => sum + one.height, 0);
  const scale = Math.min(1, widest / width);
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: Math.ceil(scale * width), height: Math.ceil(scale * height) });
  const context = contextOf(canvas);
  context.imageSmoothingQuality = "high";
  let row = 0;
  for (const stripe of stripes) {
    // Between whole pixels, or else one would see through where two meet.
    const [top, bottom] = [row, row + stripe.height].map((y) => Math.round((y / height) * canvas.height));
    context.drawImage(stripe, 0, top, canvas.width, bottom - top);
    row += stripe.height;
    stripe.close();
  }
  return canvas;
}
