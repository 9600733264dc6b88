// What is known of something that was thrown.

/**
 * Whether work was only stopped.
 * @type {(error: unknown) => boolean}
 */
export const isAbort = (error) => error instanceof Error && error.name === "AbortError";

/**
 * The kind that our own errors have, such as "damaged"; empty where it has none.
 * @type {(error: unknown) => string}
 */
export const kindOf = (error) =>
  error instanceof Error && "kind" in error && typeof error.kind === "string" ? error.kind : "";

/** @type {(error: unknown) => string} */
export const messageOf = (error) => (error instanceof Error ? error.message : String(error));
