// The door to the engine that reads and paints photographs: the Studio's server, or workers of this
// page. <html data-engine> says which one; no other module knows.

const { engine: chosen } = document.documentElement.dataset;
/** @type {Engine} */
const engine = await import(chosen === "local" ? "./local/engine.js" : "./http_engine.js");

/** Why an engine won't do something (ProblemError), or that it is away (OfflineError). */
export const { ProblemError, OfflineError } = engine;

/** What the engine is, in words for people; see `http_engine.js`. */
export const { about } = engine;

/** "online" and "offline" events, and which of the two it is. */
export const { connection, isOnline } = engine;

export const { getModels, getSamples, getFile } = engine;

/** Calls `useModel(name)` choose who paints from then on; null: the engine's own. */
export const { useModel } = engine;

/** Photographs by their ids: `upload` gives one, `forget` lets it go. */
export const { upload, forget, original, paint, download } = engine;

/** Before and after as a short film, where `getModels` says that there are `clips`. */
export const { clip } = engine;
export const { alternatives, confidence, likelyColors, paletteOf } = engine;

/** By what a photograph's regions are told apart; see `region.js`. */
export const { traits } = engine;

/** Calls `take(files)` for photographs that the system hands to the page. */
export const { onFiles } = engine;
