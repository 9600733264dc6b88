// Before and after in one: side by side, split, an animation, and a page with a slider of its own.

import { contextOf } from "./local/pixels.js";
import { animated } from "./webp.js";
import { spoken, t } from "./words.js";

/** @typedef {"beside" | "split" | "animation" | "slider"} Shared */

const GAP_PX = 12;

/** @type {(kind: string | undefined) => kind is Shared} */
export const isShared = (kind) =>
  kind === "beside" || kind === "split" || kind === "animation" || kind === "slider";

/**
 * @type {(width: number, height: number, draw: (context: OffscreenCanvasRenderingContext2D) => void)
 *   => Promise<Blob>}
 */
async function canvasOf(width, height, draw) {
  const canvas = new OffscreenCanvas(width, height);
  const context = contextOf(canvas);
  context.fillStyle = "#ffffff";
  context.fillRect(0, 0, width, height);
  draw(context);
  return canvas.convertToBlob({ type: "image/jpeg", quality: 0.92 });
}

/**
 * @param before the photograph in gray
 * @param after the same in color
 * @param split where a split lies, 0..1
 * @type {(kind: Shared, before: Blob, after: Blob, split: number, title: string) => Promise<{ blob: Blob,
 *   suffix: string }>}
 */
export async function shareable(kind, before, after, split, title) {
  if (kind === "slider") return { blob: await sliderOf(before, after, title), suffix: ".html" };
  const [gray, color] = await Promise.all([before, after].map((blob) => createImageBitmap(blob)));
  const { width, height } = color;
  if (kind === "beside") {
    const blob = await canvasOf(2 * width + GAP_PX, height, (context) => {
      context.drawImage(gray, 0, 0, width, height);
      context.drawImage(color, width + GAP_PX, 0);
    });
    return { blob, suffix: "-before-after.jpg" };
  }
  if (kind === "animation") return { blob: await animationOf(gray, color), suffix: "-before-after.webp" };
  const at = Math.round(split * width);
  const blob = await canvasOf(width, height, (context) => {
    context.drawImage(color, 0, 0);
    const from = (at / width) * gray.width;
    if (at > 0) context.drawImage(gray, 0, 0, from, gray.height, 0, 0, at, height);
    context.fillRect(at - 1, 0, 2, height);
  });
  return { blob, suffix: "-split.jpg" };
}

const LONGEST_PX = 960;
const STEPS = 16;
const [STEP_MS, REST_MS] = [60, 1200];

/**
 * A WebP in which the colors come in from the left, and go again.
 * @type {(gray: ImageBitmap, color: ImageBitmap) => Promise<Blob>}
 */
async function animationOf(gray, color) {
  const scale = Math.min(1, LONGEST_PX / Math.max(color.width, color.height));
  const [width, height] = [color.width, color.height].map((side) => Math.max(1, Math.round(scale * side)));
  const canvas = new OffscreenCanvas(width, height);
  const context = contextOf(canvas, { alpha: false });
  context.imageSmoothingQuality = "high";
  const files = [];
  for (let step = 0; step <= STEPS; step += 1) {
    const seen = Math.round((0.5 - 0.5 * Math.cos((Math.PI * step) / STEPS)) * width);
    context.drawImage(gray, 0, 0, width, height);
    context.save();
    context.beginPath();
    context.rect(0, 0, seen, height);
    context.clip();
    context.drawImage(color, 0, 0, width, height);
    context.restore();
    const blob = await canvas.convertToBlob({ type: "image/webp", quality: 0.8 });
    if (blob.type !== "image/webp") throw new Error(t("share.noWebp"));
    files.push(new Uint8Array(await blob.arrayBuffer()));
  }
  const there = files.map((file, at) => ({ file, ms: at % STEPS ? STEP_MS : REST_MS }));
  const back = there.slice(1, -1).reverse();
  return new Blob([animated([...there, ...back], { width, height })], { type: "image/webp" });
}

/** @type {(blob: Blob) => Promise<string>} */
const inUrl = (blob) =>
  new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });

/**
 * A page that needs nothing but itself.
 * @type {(before: Blob, after: Blob, title: string) => Promise<Blob>}
 */
async function sliderOf(before, after, title) {
  const [gray, color] = await Promise.all([before, after].map(inUrl));
  /** @type {(text: string) => string} */
  const safe = (text) => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
  const page = `<!doctype html>
<html lang="${spoken()}">
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${safe(title)}</title>
<style>
body { margin: 0; min-height: 100vh; display: grid; place-content: center; background: #2b2b2b; }
figure { position: relative; margin: 0; max-width: 100vw; }
img { display: block; max-width: 100vw; max-height: 92vh; }
.before { position: absolute; inset: 0; width: 100%; height: 100%; clip-path: inset(0 calc(100% - var(--at, 50%)) 0 0); }
input { width: 100%; margin: 12px 0; }
</style>
<figure><img src="${color}" alt="${safe(t("share.inColor", { name: title }))}"><img class="before" src="${gray}" alt="${safe(t("share.asItWas", { name: title }))}"></figure>
<input type="range" value="50" aria-label="${safe(t("share.slider"))}">
<script>
const [slider, figure] = [document.querySelector("input"), document.querySelector("figure")];
slider.addEventListener("input", () => figure.style.setProperty("--at", slider.value + "%"));
</script>
`;
  return new Blob([page], { type: "text/html" });
}
