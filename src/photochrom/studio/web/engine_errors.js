// What an engine says when it won't or can't.

import { t } from "./words.js";

/** It said no, and why. `kind` is the last word of the problem's type, such as "damaged". */
export class ProblemError extends Error {
  constructor(status, title, detail, kind = "") {
    super(detail || title || t("problem.status", { status }));
    this.status = status;
    this.title = title;
    this.kind = kind;
  }
}

/** It is not there. */
export class OfflineError extends Error {
  constructor() {
    super(t("problem.offline"));
  }
}
