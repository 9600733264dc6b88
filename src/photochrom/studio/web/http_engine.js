// The engine that is the Studio's server. Errors: ProblemError (it said no), OfflineError (it is not there).

import { onFiles } from "./arrivals.js";
import { OfflineError, ProblemError } from "./engine_errors.js";
import { Remote } from "./local/remote.js";
import { isThisMachine, placeOf } from "./place.js";
import { isAbort } from "./thrown.js";

export { OfflineError, onFiles, ProblemError };

/**
 * @typedef {{
 *   method?: string, json?: object, body?: FormData | Blob, signal?: AbortSignal, onSent?: (share: number) => void,
 * }} Sending
 */

/**
 * What the page says of this engine.
 * @type {About}
 */
export const about = {
  place: placeOf(globalThis.location?.hostname ?? "localhost"),
  limits: () => "",
  films: true,
  grayFirst: false,
};

export const connection = new EventTarget();
let online = true;
/** @type {boolean} */
let probing = false;

const RETRY_MS = 1500;
const BUSY_TRIES = 6;
const MOST_PAINTERS = 2;

/** @type {(ms: number) => Promise<void>} */
const pause = (ms) =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

export const isOnline = () => online;

/** @type {(value: boolean) => void} */
function setOnline(value) {
  if (online === value) return;
  online = value;
  connection.dispatchEvent(new Event(online ? "online" : "offline"));
  if (!online && !probing) probe();
}

/** Ask now and then whether the server is back. */
async function probe() {
  probing = true;
  while (!online) {
    await pause(RETRY_MS);
    try {
      const answer = await fetch("healthz", { cache: "no-store" });
      if (answer.ok) setOnline(true);
    } catch {
      // Still away.
    }
  }
  probing = false;
}

/** @type {(answer: Response) => Promise<ProblemError>} */
async function problemOf(answer) {
  try {
    const body = await answer.json();
    const detail = typeof body.detail === "string" ? body.detail : "";
    return new ProblemError(
      answer.status,
      body.title ?? "",
      detail,
      String(body.type ?? "")
        .split(":")
        .at(-1),
    );
  } catch {
    return new ProblemError(answer.status, answer.statusText, "");
  }
}

/**
 * `fetch` for a body whose way to the server is followed: `onSent` gets the share that is there, 0..1.
 * @type {(path: string, options: Sending & { onSent: (share: number) => void }) => Promise<Response>}
 */
function fetchFollowed(path, { method = "GET", body, signal, onSent }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, path);
    request.responseType = "blob";
    request.upload.onprogress = ({ loaded, total }) => onSent(total ? loaded / total : 0);
    request.onload = () => {
      const headers = { "Retry-After": request.getResponseHeader("Retry-After") ?? "" };
      resolve(new Response(request.response, { status: request.status, headers }));
    };
    request.onerror = () => reject(new TypeError());
    request.onabort = () => reject(new DOMException("Aborted", "AbortError"));
    signal?.addEventListener("abort", () => request.abort());
    request.send(body);
  });
}

/**
 * @param {string} path
 * @param {Sending} options
 */
export async function send(path, { method = "GET", json, body, signal, onSent } = {}) {
  /** @type {HeadersInit} */
  const headers = json === undefined ? {} : { "Content-Type": "application/json" };
  const content = json === undefined ? body : JSON.stringify(json);
  for (let attempt = 1; ; attempt += 1) {
    let answer;
    try {
      answer = onSent
        ? await fetchFollowed(path, { method, body, signal, onSent })
        : await fetch(path, { method, headers, body: content, signal });
    } catch (error) {
      if (isAbort(error)) throw error;
      setOnline(false);
      throw new OfflineError();
    }
    setOnline(true);
    if (answer.ok) return answer;
    const problem = await problemOf(answer);
    if (answer.status !== 503 || attempt >= BUSY_TRIES) throw problem;
    await pause(1000 * Math.min(10, Number(answer.headers.get("Retry-After")) || 1));
  }
}

/** @type {(path: string, options?: Sending) => Promise<any>} */
export const inJson = async (path, options) => (await send(path, options)).json();
/** @type {(path: string, options?: Sending) => Promise<Blob>} */
const inBytes = async (path, options) => (await send(path, options)).blob();
/** @type {(id: string, door?: string) => string} */
const picture = (id, door = "") => `v1/pictures/${encodeURIComponent(id)}${door}`;

/** @type {() => Promise<Models>} */
export const getModels = () => inJson("v1/models");

/** @type {string | null} */
let chosen = null;
/** @type {(name: string | null) => void} */
export const useModel = (name) => {
  chosen = name;
};

/**
 * The body of an order, which may name another model.
 * @type {(json: Order) => Order}
 */
const ordered = (json) => (chosen === null ? json : { model: chosen, ...json });
/** @type {(sign: string) => string} */
const modelQuery = (sign) => (chosen === null ? "" : `${sign}model=${encodeURIComponent(chosen)}`);

/** @type {() => Promise<{ samples: Sample[] }>} */
export const getSamples = () => inJson("v1/samples");
/** @type {(url: string) => Promise<Blob>} */
export const getFile = (url) => inBytes(url);

/**
 * `damaged`: take what can be decoded of a file that is broken or cut short.
 * @type {(file: File, options?: UploadOptions) => Promise<Opened>}
 */
export function upload(file, { signal, damaged = false, onSent } = {}) {
  const body = new FormData();
  body.append("file", file, file.name);
  return inJson(`v1/pictures${damaged ? "?allow_damaged=true" : ""}`, {
    method: "POST",
    body,
    signal,
    onSent,
  });
}

/* Previews are painted here, over the preview in gray: coefficients are soon made and sent. */

/** @type {Remote<typeof import("./previews.js").doors>[]} */
const painters = Array.from(
  { length: Math.min(MOST_PAINTERS, globalThis.navigator?.hardwareConcurrency ?? 1) },
  () => new Remote(new URL("previews.js", import.meta.url)),
);
let canPaint = typeof OffscreenCanvas === "function";
/** @type {Set<string>} */
const held = new Set(); // ids of previews that are here, or on their way
/** @type {Set<string>} */
const seen = new Set(); // ids that the server has painted

/** @type {(id: string, file: Blob) => Promise<void>} */
async function hold(id, file) {
  if (!canPaint) return;
  try {
    const count = painters.length;
    const done = await Promise.all(
      painters.map((one, index) => one.call("hold", { id, file, index, count })),
    );
    canPaint = done.every(Boolean);
    if (canPaint) held.add(id);
  } catch {
    canPaint = false; // the server does it
  }
}

/** @type {Engine["original"]} */
export async function original(id, signal) {
  const file = await inBytes(picture(id, "/original"), { signal });
  hold(id, file);
  return file;
}

/**
 * A preview as bitmaps from top to bottom or a file, or the picture at full size as a file.
 * @type {Engine["paint"]}
 */
export async function paint(id, json, signal) {
  const order = { method: "POST", json: ordered(json), signal };
  if (json.size === "preview" && held.has(id)) {
    const coefficients = await inJson(picture(id, "/coefficients"), order);
    const stripes = await Promise.all(
      painters.map((one) => one.call("paint", { id, coefficients }, { signal }).catch(() => null)),
    );
    signal?.throwIfAborted();
    const there = stripes.filter((one) => one !== null);
    if (there.length === stripes.length) return there;
    held.delete(id);
  }
  const file = await inBytes(picture(id, "/paint"), order);
  if (json.size === "preview" && seen.has(id) && !held.has(id)) original(id).catch(() => {});
  seen.add(id);
  return file;
}

/** @type {Engine["confidence"]} */
export const confidence = (id, { hints, reference }, signal) =>
  inBytes(picture(id, "/confidence"), { method: "POST", json: ordered({ hints, reference }), signal });
/** @type {Engine["alternatives"]} */
export const alternatives = (id, json, signal) =>
  inJson(picture(id, "/alternatives"), { method: "POST", json: ordered(json), signal });
/** @type {Engine["clip"]} */
export const clip = (id, json) => inBytes(picture(id, "/clip"), { method: "POST", json: ordered(json) });
/** @type {Engine["traits"]} */
export const traits = (id) => inJson(picture(id, `/traits${modelQuery("?")}`));
/** @type {Engine["paletteOf"]} */
export const paletteOf = (id) => inJson(picture(id, "/palette"));

/** @type {Engine["forget"]} */
export function forget(id) {
  seen.delete(id);
  if (held.delete(id)) for (const one of painters) one.call("forget", { id }).catch(() => {});
  return send(picture(id), { method: "DELETE" });
}

/** @type {Engine["likelyColors"]} */
export const likelyColors = (id, [x, y], signal) =>
  inJson(picture(id, `/colors?x=${x.toFixed(1)}&y=${y.toFixed(1)}${modelQuery("&")}`), { signal });

/**
 * The picture at full size, and the file name that the server gives it.
 * @type {Engine["download"]}
 */
export async function download(id, json, fallback) {
  const answer = await send(picture(id, "/paint"), { method: "POST", json: ordered(json) });
  const said = answer.headers.get("Content-Disposition") ?? "";
  const coded = /filename\*=UTF-8''([^;]+)/i.exec(said);
  const plain = /filename="([^"]+)"/i.exec(said);
  const name = coded ? decodeURIComponent(coded[1]) : plain ? plain[1] : fallback;
  return { blob: await answer.blob(), name };
}

/** The page as an app, where it comes from this machine. */
if (globalThis.navigator?.serviceWorker && isThisMachine(location.hostname))
  navigator.serviceWorker.register("sw.js", { updateViaCache: "none" }).catch(console.warn);
