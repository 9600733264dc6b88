// The engine that is this page itself: photographs are read and painted by its workers, and
// nothing is sent. Its doors are those of `http_engine.js`.

import { onFiles } from "../arrivals.js";
import { OfflineError, ProblemError } from "../engine_errors.js";
import { isAbort, kindOf, messageOf } from "../thrown.js";
import { t } from "../words.js";
import { dressed } from "./metadata.js";
import { keepOffline } from "./offline.js";
import { probe } from "./probing.js";
import { Remote } from "./remote.js";

export { OfflineError, onFiles, ProblemError };

/** @typedef {typeof import("./worker.js").doors} ColorDoors */
/** @typedef {{ contract: Contract, reads: Format[], samples: Sample[], photochrom: string, quality: number }} Site */

/** @type {import("./metadata.js").Written[]} */
const WRITES = ["jpeg", "png", "webp"];
const PNG = { media_type: "image/png", suffixes: [".png"] };
/** @type {Record<string, string>} */
const UNKNOWN = { heif: "HEIC", tiff: "TIFF" }; // to most browsers; some of them read these
/** Names of cameras' own files: many are TIFF files with a small preview. */
const RAW = /\.(3fr|arw|cr[23w]|dng|erf|iiq|kdc|mrw|nef|nrw|orf|pef|raf|raw|rw[2l]|sr[2fw]|x3f)$/i;
const MOST_THREADS = 4;
const PAINTER_REST_MS = 10_000;
const DEEPEST_SIDE_PX = 16_384;
const BYTES_PER_PIXEL = 9; // its gray, and first the bitmap, then a canvas and what a JPEG's encoder holds

/**
 * How many pixels a photograph may have: an eighth of the memory, where the browser says it.
 * @type {() => number}
 */
const mostPixels = () => ((navigator.deviceMemory ?? 4) * 2 ** 30) / 8 / BYTES_PER_PIXEL;

/** @type {About} */
export const about = {
  place: {
    stays: () => t("place.staysInBrowser"),
    privacy: () => t("place.privacyInBrowser"),
    model: (name) => t("panel.modelInBrowser", { name }),
  },
  limits: () => t("download.limits"),
  films: false,
  grayFirst: true,
};

/** This engine never goes away. */
export const connection = new EventTarget();
export const isOnline = () => true;

/** @type {Remote<typeof import("./worker.js").doors>} */
const colors = new Remote(new URL("worker.js", import.meta.url));
/** @type {Remote<typeof import("./painter.js").doors>} */
const painter = new Remote(new URL("painter.js", import.meta.url));
/** @type {Map<string, { file: File, found: Found }>} */
const files = new Map(); // by id: { file, found }
/** @type {Promise<Site>} */
const site = fetch("engine/site.json").then((answer) => answer.json());
let [count, writing] = [0, 0]; // photographs opened so far; files that are being written
/** @type {ReturnType<typeof setTimeout> | undefined} */
let resting;

/** The page comes first, then the 11 MB of the model and of what runs it. */
const loaded = new Promise((done) => {
  if (document.readyState === "complete") done(null);
  else addEventListener("load", done, { once: true });
});

const started = Promise.all([site, loaded]).then(([{ contract }]) =>
  colors.call("start", {
    base: document.baseURI,
    contract,
    threads: crossOriginIsolated ? Math.min(MOST_THREADS, navigator.hardwareConcurrency) : 1,
  }),
);
started.catch(() => {}); // whoever needs it, hears of it
keepOffline(started, () => count === 0).catch(console.warn);

/**
 * Ask the worker; its errors become the page's.
 *
 * @template {keyof ColorDoors & string} Name
 * @param {Name} name
 * @param {Parameters<ColorDoors[Name]>[0]} args
 * @param {AbortSignal} [signal]
 * @returns {Promise<Awaited<ReturnType<ColorDoors[Name]>>>}
 */
async function ask(name, args, signal) {
  await started;
  try {
    return await colors.call(name, args, { signal });
  } catch (error) {
    throw problemOf(error);
  }
}

/**
 * What the page is told of an error of a worker.
 * @type {(error: unknown) => unknown}
 */
function problemOf(error) {
  if (isAbort(error) || error instanceof ProblemError) return error;
  const kind = kindOf(error);
  return new ProblemError(kind === "forgotten" ? 404 : 422, "", messageOf(error), kind);
}

/** @type {Cannot} */
const PAINTS_ALONE = Object.fromEntries(
  ["hints", "palette", "reference", "alternatives", "confidence"].map((one) => [one, "colors"]),
);

/**
 * There is one model, which came with the page.
 * @type {(name: string | null) => void}
 */
export function useModel() {}

/** @type {() => Promise<Models>} */
export async function getModels() {
  const { contract, reads } = await site;
  const model = {
    name: contract.name,
    default: true,
    domain: contract.domain,
    licence: contract.licence,
    size_bytes: 0,
    sha256: contract.sha256,
    like: "",
    fault: "",
    cannot: contract.token_features.length ? {} : PAINTS_ALONE,
  };
  const writes = reads.filter(({ name }) => WRITES.some((one) => one === name));
  return { models: [model], current: model.name, reads, writes, clips: false };
}

/** @type {() => Promise<{ samples: Sample[] }>} */
export const getSamples = async () => ({ samples: (await site).samples });

/** @type {(url: string) => Promise<Blob>} */
export const getFile = async (url) => (await fetch(url)).blob();

/**
 * Open a photograph. Errors as the server's: 413 where it is too large, 422 where it can't be read.
 * @type {(file: File, options?: UploadOptions) => Promise<Opened>}
 */
export async function upload(file, { signal, damaged = false } = {}) {
  const found = await probe(file);
  checkSize(found);
  if (found.inks) throw new ProblemError(422, "", t("problem.inks"), "inks");
  if (found.cut && !damaged) throw new ProblemError(422, "", t("problem.damaged"), "damaged");
  count += 1;
  const id = `photograph-${count}`;
  const info = await ask("open", { id, file }, signal).catch((error) => {
    if (kindOf(error) !== "decode") throw error;
    if (RAW.test(file.name)) throw new ProblemError(422, "", t("problem.raw"), "raw");
    const format = UNKNOWN[found.format];
    if (format) throw new ProblemError(422, "", t("problem.unknownFormat", { format }), "format");
    throw error;
  });
  files.set(id, { file, found });
  const notes = found.bits > 8 ? [t("open.bits", { bits: found.bits })] : [];
  return { id, name: file.name, format: found.format, notes, ...info };
}

/** @type {(size: Size) => void} */
function checkSize({ width, height }) {
  const most = mostPixels();
  const side = Math.max(width, height);
  if (width * height <= most && side <= DEEPEST_SIDE_PX) return;
  /** @type {(pixels: number) => number} */
  const megapixels = (pixels) => Math.round(pixels / 1e6);
  const found = { width, height, megapixels: megapixels(width * height) };
  const limit = { most: megapixels(most), side: DEEPEST_SIDE_PX };
  throw new ProblemError(413, "", t("problem.tooLarge", { ...found, ...limit }));
}

/** @type {(id: string) => Promise<void>} */
export const forget = async (id) => {
  files.delete(id);
  await ask("forget", { id });
};

/** @type {Engine["original"]} */
export const original = (id, signal) => ask("original", { id }, signal);
/**
 * A canvas writes no films.
 * @type {Engine["clip"]}
 */
export const clip = () => Promise.reject(new ProblemError(501, "", ""));
/** @type {Engine["confidence"]} */
export const confidence = (id, order, signal) => ask("confidence", { id, order }, signal);
/** @type {Engine["alternatives"]} */
export const alternatives = (id, order, signal) => ask("alternatives", { id, order }, signal);
/** @type {Engine["traits"]} */
export const traits = (id) => ask("traits", { id });
/** @type {Engine["paletteOf"]} */
export const paletteOf = (id) => ask("palette", { id });
/** @type {Engine["likelyColors"]} */
export const likelyColors = (id, point, signal) => ask("likelyColors", { id, point }, signal);

/** @type {(id: string, order: Order, signal?: AbortSignal) => Promise<Blob>} */
export const paint = (id, order, signal) =>
  order.size === "full" ? paintFull(id, order, signal) : ask("paint", { id, order }, signal);

/** @type {(id: string) => { file: File, found: Found }} */
function known(id) {
  const held = files.get(id);
  if (!held) throw new ProblemError(404, "", t("problem.forgotten"));
  return held;
}

/**
 * The format of a result: as asked, or the photograph's own where it can be written.
 * @type {(order: Order, found: Found) => Promise<{ name: import("./metadata.js").Written, media_type: string, suffixes: string[] }>}
 */
async function formatOf(order, found) {
  const wanted = order.format ?? found.format;
  const name = WRITES.find((one) => one === wanted) ?? "png";
  const { media_type, suffixes } = (await site).reads.find((one) => one.name === name) ?? PNG;
  return { name, media_type, suffixes };
}

/**
 * The photograph at full size as a file, with the metadata that it came with.
 * @type {(id: string, order: Order, signal?: AbortSignal) => Promise<Blob>}
 */
async function paintFull(id, order, signal) {
  const { file, found } = known(id);
  const { contract, photochrom, quality } = await site;
  const { name: format, media_type: type } = await formatOf(order, found);
  clearTimeout(resting);
  writing += 1;
  try {
    painter.call("start", undefined).catch(() => {}); // if it can't, painting will tell
    const coefficients = await ask("coefficients", { id, order }, signal);
    const work = { file, coefficients, type, quality: (order.quality ?? quality) / 100 };
    const painted = await painter.call("paint", work, { signal });
    return await dressed(painted, format, found, { model: contract, version: photochrom });
  } catch (error) {
    throw problemOf(error);
  } finally {
    writing -= 1;
    if (writing === 0) resting = setTimeout(() => painter.end(), PAINTER_REST_MS); // it holds much memory
  }
}

/** @type {Engine["download"]} */
export async function download(id, order, fallback) {
  const { file, found } = known(id);
  const { name: format, suffixes } = await formatOf(order, found);
  const stem = (file?.name ?? fallback).replace(/\.[^.]*$/, "") || "photograph";
  return { blob: await paintFull(id, { ...order, format }), name: `${stem}-color${suffixes[0]}` };
}
