// What somebody has asked for a photograph: an immutable value, and ways to get the next one.

import { parseHex } from "./color.js";
import { t } from "./words.js";

/** @typedef {"look" | "reference" | "all"} Carried what of an edit */

/** @type {(kind: string | undefined) => kind is Carried} */
export const isCarried = (kind) => kind === "look" || kind === "reference" || kind === "all";

/** @type {Edit} */
export const UNTOUCHED = Object.freeze({
  hints: [],
  lock: [],
  lassos: [],
  palette: [],
  vividness: 1,
  likeness: 1, // how far the reference is followed
  warmth: 0,
  tint: 0,
  strength: 1,
  reference: null,
});

/** @type {Tone[]} */
export const TONES = ["vividness", "likeness", "warmth", "tint", "strength"];

/**
 * Whether nothing is asked for.
 * @type {(edit: Edit) => boolean}
 */
export const isUntouched = (edit) =>
  !edit.hints.length &&
  !edit.lock.length &&
  !edit.lassos.length &&
  !edit.palette.length &&
  !edit.reference &&
  TONES.every((name) => edit[name] === UNTOUCHED[name]);

let made = 0;

/**
 * A hint: points in pixels of the photograph, `color` "#rrggbb" or `ab` [a, b].
 * @type {(points: Point[], look: ColorOrAb & HintReach, group?: HintGroup | null) => Hint}
 */
export function makeHint(points, look, group = null) {
  made += 1;
  return { key: `hint-${made}`, points, group, ...look };
}

/**
 * A lock: a stroke where hints from elsewhere change nothing.
 * @type {(edit: Edit, points: Point[], radius_px: number) => Edit}
 */
export const withLock = (edit, points, radius_px) => {
  made += 1;
  return { ...edit, lock: [...edit.lock, { key: `lock-${made}`, points, radius_px }] };
};

/** @type {(edit: Edit, key: string) => Edit} */
export const withoutLock = (edit, key) => ({ ...edit, lock: edit.lock.filter((one) => one.key !== key) });

/**
 * A lasso round a part of the photograph, with the whole photograph's tone as yet.
 * @type {(points: Point[]) => Lasso}
 */
export function makeLasso(points) {
  made += 1;
  return { key: `lasso-${made}`, points };
}

/** @type {(edit: Edit, lasso: Lasso) => Edit} */
export const withLasso = (edit, lasso) => ({ ...edit, lassos: [...edit.lassos, lasso] });

/** @type {(edit: Edit, key: string) => Edit} */
export const withoutLasso = (edit, key) => ({
  ...edit,
  lassos: edit.lassos.filter((one) => one.key !== key),
});

/**
 * Give a lasso a tone of its own; undefined: that of the whole photograph.
 * @type {(edit: Edit, key: string, tone: Partial<Record<LassoTone, number>>) => Edit}
 */
export const withLassoTone = (edit, key, tone) => ({
  ...edit,
  lassos: edit.lassos.map((one) => (one.key === key ? { ...one, ...tone } : one)),
});

/** @type {(edit: Edit, hint: Hint) => Edit} */
export const withHint = (edit, hint) => ({ ...edit, hints: [...edit.hints, hint] });

/** @type {(edit: Edit, unwanted: (hint: Hint) => boolean) => Edit} */
export const withoutHints = (edit, unwanted) => ({
  ...edit,
  hints: edit.hints.filter((hint) => !unwanted(hint)),
});

/** @type {(edit: Edit, key: string, change: (hint: Hint) => Hint) => Edit} */
const changed = (edit, key, change) => ({
  ...edit,
  hints: edit.hints.map((hint) => (hint.key === key ? change(hint) : hint)),
});

/** @type {(edit: Edit, key: string, color: string) => Edit} */
export const recolored = (edit, key, color) =>
  changed(edit, key, (hint) => ({ ...hint, color, ab: undefined }));

/** @type {(edit: Edit, key: string, reach: number | null) => Edit} */
export const reaching = (edit, key, reach) => changed(edit, key, (hint) => ({ ...hint, reach }));

/**
 * Move hints together, whole, but none out of the photograph.
 * @type {(edit: Edit, keys: Set<string>, by: Point, size: Size) => Edit}
 */
export function moved(edit, keys, [dx, dy], { width, height }) {
  /** @type {(value: number, low: number, high: number) => number} */
  const within = (value, low, high) => Math.min(high, Math.max(low, value));
  const points = edit.hints.filter((hint) => keys.has(hint.key)).flatMap((hint) => hint.points);
  if (!points.length) return edit;
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  const right = within(dx, -Math.min(...xs), width - 1 - Math.max(...xs));
  const down = within(dy, -Math.min(...ys), height - 1 - Math.max(...ys));
  return {
    ...edit,
    hints: edit.hints.map((hint) =>
      keys.has(hint.key) ? { ...hint, points: hint.points.map(([x, y]) => [x + right, y + down]) } : hint,
    ),
  };
}

/**
 * Take one of the alternatives: its hints lie under those that were set by hand.
 * @type {(edit: Edit, alternative: Pick<Alternative, "number" | "hints"> | null) => Edit}
 */
export function withAlternative(edit, alternative) {
  const own = edit.hints.filter((hint) => hint.group === null);
  if (alternative === null) return { ...edit, hints: own };
  /** @type {HintGroup} */
  const group = { kind: "alternative", number: alternative.number };
  const given = alternative.hints.map(({ points, ab }) => makeHint(points, { ab }, group));
  return { ...edit, hints: [...given, ...own] };
}

/** @type {(edit: Edit) => number | null} */
export const alternativeOf = (edit) =>
  edit.hints.find((hint) => hint.group?.kind === "alternative")?.group?.number ?? null;

/** @type {(value: number) => number} */
const rounded = (value) => Math.round(100 * value) / 100;

/** @type {(points: Point[]) => Point[]} */
const roundedPoints = (points) => points.map(([x, y]) => [rounded(x), rounded(y)]);

/**
 * Hints as the server and `photochrom colorize --hints` read them.
 * @type {(edit: Edit) => HintEntry[]}
 */
export function hintsOut(edit) {
  return edit.hints.map(({ points, color, ab, radius_px, reach }) => ({
    points: roundedPoints(points),
    ...(color ? { color } : { ab }),
    ...(radius_px ? { radius_px: rounded(radius_px) } : {}),
    ...(reach ? { reach: rounded(reach) } : {}),
  }));
}

/** @type {(edit: Edit) => LockEntry[]} */
const locksOut = (edit) =>
  edit.lock.map(({ points, radius_px }) => ({
    points: roundedPoints(points),
    ...(radius_px ? { radius_px: rounded(radius_px) } : {}),
  }));

/** @type {(edit: Edit) => { lassos?: LassoEntry[] }} */
const lassosOut = ({ lassos }) =>
  lassos.length
    ? { lassos: lassos.map(({ key: _key, points, ...tone }) => ({ points: roundedPoints(points), ...tone })) }
    : {};

/** @type {(edit: Edit) => Record<Tone, number>} */
const tonesOf = (edit) =>
  /** @type {Record<Tone, number>} */ (Object.fromEntries(TONES.map((name) => [name, edit[name]])));

/**
 * The body of a paint request.
 * @type {(edit: Edit, more?: Order) => Order}
 */
export function bodyOf(edit, more = {}) {
  return {
    hints: hintsOut(edit),
    lock: locksOut(edit),
    palette: edit.palette,
    ...lassosOut(edit),
    ...tonesOf(edit),
    ...more,
  };
}

/**
 * What of an edit a model can follow that `cannot` do everything.
 * @type {(edit: Edit, cannot: Cannot) => Edit}
 */
export const followed = (edit, cannot) => ({
  ...edit,
  ...(cannot.palette ? { palette: [] } : {}),
  ...(cannot.reference ? { reference: null } : {}),
  ...(cannot.hints ? { hints: [] } : {}),
});

/**
 * An edit as a file, as `photochrom colorize --edits` reads it.
 *
 * @param edit
 * @param more where its reference lies beside it, and who paints
 * @type {(edit: Edit, more?: { reference?: string | null, model?: Painter | null }) => object}
 */
export const editsOut = (edit, { reference = null, model = null } = {}) => ({
  photochrom: "edits",
  version: 1,
  ...(model ? { model } : {}),
  ...bodyOf(edit),
  ...(reference ? { reference } : {}),
});

/** @type {LassoTone[]} */
export const LASSO_TONES = ["vividness", "warmth", "tint", "strength"];

/**
 * A lasso of a file. Throws where it is none.
 * @type {(entry: LassoEntry) => Lasso}
 */
function lassoIn({ points, ...tones }) {
  if (!Array.isArray(points) || points.length < 3 || !points.every(isPair))
    throw new HintsError(t("file.wrongKept", { fault: t("fault.place") }));
  const own = LASSO_TONES.filter((name) => Number.isFinite(tones[name])).map((name) => [name, tones[name]]);
  return { ...makeLasso(points), ...Object.fromEntries(own) };
}

/**
 * An edit from a file, without its reference; errors as for `hintsIn`.
 * @type {(text: string, size: Size) => Edit}
 */
export function editIn(text, size) {
  const content = JSON.parse(text);
  if (content.photochrom !== "edits" || content.version !== 1) throw new HintsError(t("file.noEdits"));
  /** @type {{ hints?: HintEntry[], lock?: KeptLock[], palette?: string[], lassos?: LassoEntry[] }} */
  const { hints = [], lock = [], palette = [], lassos = [] } = content;
  const wrong = lock.map((one) => faultOf({ ...one, ab: [0, 0] }, size)).find((fault) => fault !== null);
  if (wrong) throw new HintsError(t("file.wrongKept", { fault: wrong }));
  return {
    ...UNTOUCHED,
    hints: hints.length ? hintsIn(JSON.stringify(hints), size) : [],
    lock: lock.reduce((edit, { points, radius_px }) => withLock(edit, points, radius_px), UNTOUCHED).lock,
    lassos: lassos.map(lassoIn),
    palette: palette.map(parseHex).filter((color) => color !== null),
    ...Object.fromEntries(TONES.map((name) => [name, Number(content[name] ?? UNTOUCHED[name])])),
  };
}

/**
 * What a hint is like, but for where it lies.
 * @type {(hint: Hint) => ColorOrAb & HintReach}
 */
const withoutKey = ({ key: _key, points: _points, group: _group, ...look }) => look;

/**
 * What is carried to another photograph: its "look", its "reference", or "all".
 * @type {(kind: Carried, from: Edit, own: Edit, fromSize: Size, toSize: Size) => Edit}
 */
export function carried(kind, from, own, fromSize, toSize) {
  const look = { palette: from.palette, ...tonesOf(from) };
  if (kind === "look") return { ...own, ...look };
  if (kind === "reference") return { ...own, reference: from.reference, likeness: from.likeness };
  const scale = [toSize.width / fromSize.width, toSize.height / fromSize.height];
  /** @type {<Lying extends { points: Point[], radius_px?: number }>(lying: Lying) => Lying} */
  const fit = (lying) => ({
    ...lying,
    points: lying.points.map(([x, y]) => [x * scale[0], y * scale[1]]),
    ...(lying.radius_px ? { radius_px: lying.radius_px * Math.sqrt(scale[0] * scale[1]) } : {}),
  });
  const hints = from.hints.map(fit).map((hint) => makeHint(hint.points, withoutKey(hint), hint.group));
  return {
    ...own,
    ...look,
    reference: from.reference,
    hints,
    lock: from.lock.map(fit),
    lassos: from.lassos.map(fit),
  };
}

export class HintsError extends Error {}

const MOST_HINTS = 200;
const MOST_AB = 255;
const MOST_REACH = 16;
const KEYS = new Set(["x", "y", "points", "color", "ab", "radius_px", "reach"]);
/**
 * @param {unknown} value
 * @returns {value is Point}
 */
function isPair(value) {
  return Array.isArray(value) && value.length === 2 && value.every(Number.isFinite);
}

/**
 * Hints from a file that this page or the command line has written: all of them, or none.
 *
 * @param text what is in the file
 * @param size of the photograph that they are for
 * @type {(text: string, size: Size) => Hint[]}
 */
export function hintsIn(text, size) {
  let content;
  try {
    content = JSON.parse(text);
  } catch {
    throw new HintsError(t("file.notJson"));
  }
  const entries = Array.isArray(content) ? content : content?.hints;
  if (!Array.isArray(entries)) throw new HintsError(t("file.noList"));
  if (!entries.length) throw new HintsError(t("file.noHints"));
  if (entries.length > MOST_HINTS) {
    throw new HintsError(t("file.tooMany", { count: entries.length, most: MOST_HINTS }));
  }
  return entries.map((entry, index) => {
    const wrong = faultOf(entry, size);
    if (wrong) throw new HintsError(t("file.wrongHint", { number: index + 1, fault: wrong }));
    const { x, y, points = [[x, y]], color, ab, radius_px, reach } = entry;
    const look = color ? { color: parseHex(color) ?? color } : { ab };
    return makeHint(points, { ...look, ...(radius_px ? { radius_px } : {}), ...(reach ? { reach } : {}) });
  });
}

/**
 * What is wrong with an entry of a file of hints; null if nothing is.
 * @type {(entry: unknown, size: Size) => string | null}
 */
function faultOf(entry, { width, height }) {
  if (typeof entry !== "object" || entry === null || Array.isArray(entry)) return t("fault.object");
  const unknown = Object.keys(entry).find((key) => !KEYS.has(key));
  if (unknown) return t("fault.key", { key: unknown });
  /** @type {{ [name: string]: unknown }} */
  const { x, y, points = [[x, y]], color, ab, radius_px, reach } = { ...entry };
  if (!Array.isArray(points) || !points.length || !points.every(isPair)) return t("fault.place");
  const outside = points.find(([px, py]) => px < 0 || py < 0 || px > width || py > height);
  if (outside) {
    const [outX, outY] = outside;
    return t("fault.outside", { x: outX, y: outY, width, height });
  }
  const colored = color
    ? typeof color === "string" && parseHex(color)
    : isPair(ab) && ab.every((value) => Math.abs(value) <= MOST_AB);
  if (!colored) return t("fault.color");
  /** @type {(value: unknown) => boolean} */
  const isAbove0 = (value) =>
    value === undefined || value === null || (typeof value === "number" && value > 0 && value < Infinity);
  if (!isAbove0(radius_px)) return t("fault.radius");
  if (!isAbove0(reach) || Number(reach ?? 0) > MOST_REACH) return t("fault.reach", { most: MOST_REACH });
  return null;
}
