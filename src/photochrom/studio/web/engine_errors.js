// What an engine says when it won't or can't.

import { kindOf, messageOf } from "./thrown.js";
import { has, spoken, t } from "./words.js";

/** @type {Record<number, string>} */
const KINDS = { 404: "forgotten", 500: "failed", 503: "busy" };

/** It said no, and why. `kind` is the last word of the problem's type, such as "damaged". */
export class ProblemError extends Error {
  /**
   * @param {number} status as in HTTP
   * @param {string} title
   * @param {string} detail
   * @param {string} kind
   */
  constructor(status, title, detail, kind = "") {
    super(detail || title || t("problem.status", { status }));
    this.status = status;
    this.title = title;
    this.kind = kind || (KINDS[status] ?? "");
  }
}

/** It is not there. */
export class OfflineError extends Error {
  constructor() {
    super(t("problem.offline"));
  }
}

const COMPLETE = new Set(["decode"]); // kinds of which the page's own sentence says all

/**
 * What people read of an error: in English what the engine says, which is English; in other
 * languages the page's own sentence for its kind, and what the engine says beside it, where that
 * says more.
 *
 * @type {(error: unknown) => { said: string, detail: string }}
 */
export function reasonFor(error) {
  if (typeof error === "string") return { said: error, detail: "" };
  const key = `problem.${kindOf(error)}`;
  if (COMPLETE.has(kindOf(error))) return { said: t(key), detail: "" };
  const detail = messageOf(error);
  const said = spoken() === "en" || !has(key) ? detail : t(key);
  return { said, detail: detail === said ? "" : detail };
}
