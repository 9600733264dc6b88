// The server's doors for films. Errors as in `http_engine.js`.

import { ProblemError } from "../engine_errors.js";
import { inJson, send } from "../http_engine.js";

/**
 * @import { Marks, Shot } from "./marks.js"
 * @typedef {{ type: string, title: string, status: number, detail: string }} Problem
 * @typedef {{
 *   state: "waiting" | "running" | "finished" | "stopped" | "failed", frames: number, of: number, shot: number,
 *   seconds_left: number | null, name: string, order: RenderOrder, outdated: boolean, size_bytes: number | null,
 *   notes: string[], problem: Problem | null,
 * }} Rendering
 * @typedef {{
 *   id: string, name: string, width: number, height: number,
 *   place: { left: number, top: number, width: number, height: number },
 *   duration_s: number | null, rate: number, notes: string[],
 *   looking: { frames: number, of: number, finished: boolean },
 *   shots: Shot[], hints: Marks, rendering: Rendering | null, problem: Problem | null,
 * }} FilmState
 * @typedef {{
 *   shot: number, part: number, parts: number, first_frame: number, times: number[],
 *   frames: { number: number, large: boolean, data: string }[],
 * }} Glimpse
 * @typedef {{ container: string, codec: string | null, vividness: number }} RenderOrder
 * @typedef {{ offered: boolean, reason: string, upload_bytes: number, containers: Record<string, string[]> }} Facts
 */

/** @param {string} id @param {string} [door] */
const film = (id, door = "") => `v1/films/${encodeURIComponent(id)}${door}`;

/** @returns {Promise<Facts>} */
export const facts = () => inJson("v1/films");

/**
 * @param {File} file
 * @param {(share: number) => void} onSent
 * @returns {Promise<FilmState>}
 */
export const open = (file, onSent) =>
  inJson(`v1/films?name=${encodeURIComponent(file.name)}`, { method: "POST", body: file, onSent });

/** @param {string} id @returns {Promise<FilmState>} */
export const stateOf = (id) => inJson(film(id));

/** @param {string} id @param {Marks} marks @returns {Promise<FilmState>} */
export const mark = (id, marks) => inJson(film(id, "/hints"), { method: "PUT", json: marks });

/** @param {string} id @param {File} file @returns {Promise<{ picture: string, gray: boolean }>} */
export const keep = (id, file) =>
  inJson(film(id, `/pictures?name=${encodeURIComponent(file.name)}`), { method: "POST", body: file });

/**
 * @param {string} id
 * @param {{ shot: number, part: number, large: number | null, vividness: number }} order
 * @param {AbortSignal} signal
 * @returns {Promise<Glimpse>}
 */
export const glimpse = (id, order, signal) =>
  inJson(film(id, "/glimpse"), { method: "POST", json: order, signal });

/**
 * @param {string} id
 * @param {number} number of the frame
 * @param {number[]} point
 * @returns {Promise<{ colors: { color: string, share: number }[] }>}
 */
export const likelyColors = (id, number, [x, y]) =>
  inJson(film(id, `/colors?number=${number}&x=${x.toFixed(1)}&y=${y.toFixed(1)}`));

/** @param {string} id @param {RenderOrder} order @returns {Promise<Rendering>} */
export const render = (id, order) => inJson(film(id, "/rendering"), { method: "POST", json: order });

/** @param {string} id */
export const stop = (id) => send(film(id, "/rendering"), { method: "DELETE" });

/** @param {string} id */
export const close = (id) => send(film(id), { method: "DELETE" });

/** A problem that has come up in the background. @param {Problem} problem */
export const problemOf = ({ status, title, detail, type }) =>
  new ProblemError(status, title, detail, type.split(":").at(-1));

/** Whether an error says that a film is not open any more. @param {unknown} error */
export const isGone = (error) => error instanceof ProblemError && error.kind === "unknown-film";

/** Addresses of what browsers load by themselves. */
export const addressOf = {
  /** @param {string} id @param {number} first */
  thumbnail: (id, first) => film(id, `/thumbnail?first_frame=${first}`),
  /** @param {string} id @param {number} number */
  frame: (id, number) => film(id, `/frame?number=${number}`),
  /** @param {string} id @param {string} name */
  picture: (id, name) => film(id, `/pictures/${encodeURIComponent(name)}`),
  /** @param {string} id */
  hints: (id) => film(id, "/hints"),
  /** @param {string} id */
  result: (id) => film(id, "/result"),
};
