// The engine that is the Studio's server. Errors: ProblemError (it said no), OfflineError (it is not there).

import { onFiles } from "./arrivals.js";
import { OfflineError, ProblemError } from "./engine_errors.js";
import { Remote } from "./local/remote.js";
import { isThisMachine, placeOf } from "./place.js";

export { OfflineError, onFiles, ProblemError };

/** What the page says of this engine. */
export const about = {
  place: placeOf(globalThis.location?.hostname ?? "localhost"),
  limits: () => "",
};

export const connection = new EventTarget();
let online = true;
let probing = null;

const RETRY_MS = 1500;
const BUSY_TRIES = 6;
const MOST_PAINTERS = 2;

const pause = (ms) =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

export const isOnline = () => online;

function setOnline(value) {
  if (online === value) return;
  online = value;
  connection.dispatchEvent(new Event(online ? "online" : "offline"));
  if (!online && probing === null) probe();
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
  probing = null;
}

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

/** `fetch` for a body whose way to the server is followed: `onSent` gets the share that is there, 0..1. */
function fetchFollowed(path, { method, body, signal, onSent }) {
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
 * @param {{method?: string, json?: object, body?: BodyInit, signal?: AbortSignal, onSent?: (share: number) => void}} options
 */
async function send(path, { method = "GET", json, body, signal, onSent } = {}) {
  const headers = json === undefined ? {} : { "Content-Type": "application/json" };
  const content = json === undefined ? body : JSON.stringify(json);
  for (let attempt = 1; ; attempt += 1) {
    let answer;
    try {
      answer = onSent
        ? await fetchFollowed(path, { method, body, signal, onSent })
        : await fetch(path, { method, headers, body: content, signal });
    } catch (error) {
      if (error.name === "AbortError") throw error;
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

const inJson = async (path, options) => (await send(path, options)).json();
const inBytes = async (path, options) => (await send(path, options)).blob();
const picture = (id, door = "") => `v1/pictures/${encodeURIComponent(id)}${door}`;

export const getModels = () => inJson("v1/models");

let chosen = null;
export const useModel = (name) => {
  chosen = name;
};

/** The body of an order, which may name another model. */
const ordered = (json) => (chosen === null ? json : { model: chosen, ...json });
const modelQuery = (sign) => (chosen === null ? "" : `${sign}model=${encodeURIComponent(chosen)}`);

export const getSamples = () => inJson("v1/samples");
export const getFile = (url) => inBytes(url);

/**
 * @param {File} file
 * @param {{signal?: AbortSignal, damaged?: boolean, onSent?: (share: number) => void}} options damaged: take what can be decoded of
 *   a file that is broken or cut short
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

const painters = Array.from(
  { length: Math.min(MOST_PAINTERS, globalThis.navigator?.hardwareConcurrency ?? 1) },
  () => new Remote(new URL("previews.js", import.meta.url)),
);
let canPaint = typeof OffscreenCanvas === "function";
const held = new Set(); // ids of previews that are here, or on their way
const seen = new Set(); // ids that the server has painted

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

export async function original(id, signal) {
  const file = await inBytes(picture(id, "/original"), { signal });
  hold(id, file);
  return file;
}

/** A preview as bitmaps from top to bottom or a file, or the picture at full size as a file. */
export async function paint(id, json, signal) {
  const order = { method: "POST", json: ordered(json), signal };
  if (json.size === "preview" && held.has(id)) {
    const coefficients = await inJson(picture(id, "/coefficients"), order);
    const stripes = await Promise.all(
      painters.map((one) => one.call("paint", { id, coefficients }, { signal }).catch(() => null)),
    );
    signal?.throwIfAborted();
    if (stripes.every(Boolean)) return stripes;
    held.delete(id);
  }
  const file = await inBytes(picture(id, "/paint"), order);
  if (json.size === "preview" && seen.has(id) && !held.has(id)) original(id).catch(() => {});
  seen.add(id);
  return file;
}

export const confidence = (id, { hints, reference }, signal) =>
  inBytes(picture(id, "/confidence"), { method: "POST", json: ordered({ hints, reference }), signal });
export const alternatives = (id, json, signal) =>
  inJson(picture(id, "/alternatives"), { method: "POST", json: ordered(json), signal });
export const traits = (id) => inJson(picture(id, `/traits${modelQuery("?")}`));
export const paletteOf = (id) => inJson(picture(id, "/palette"));

export function forget(id) {
  seen.delete(id);
  if (held.delete(id)) for (const one of painters) one.call("forget", { id }).catch(() => {});
  return send(picture(id), { method: "DELETE" });
}

export const likelyColors = (id, [x, y], signal) =>
  inJson(picture(id, `/colors?x=${x.toFixed(1)}&y=${y.toFixed(1)}${modelQuery("&")}`), { signal });

/** The picture at full size, and the file name that the server gives it. */
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
