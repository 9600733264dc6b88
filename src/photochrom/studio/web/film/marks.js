// What is known of a film, as its hints file says it: colors at places, painted frames, references, cuts.
// Plain functions from one such document to the next.

/**
 * @typedef {{ x: number, y: number, color: string }} Hint a color at a place, in pixels of the upright frame
 * @typedef {{ time?: number, frame?: number, hints?: Hint[], picture?: string, span?: string }} Entry of one frame
 * @typedef {{ picture: string, shots: number[] }} Reference shots are numbered from 1; none means all
 * @typedef {{ version: 1, hints: Entry[], references: Reference[], cuts: { add?: number[], remove?: number[] } }} Marks
 * @typedef {{ number: number, start_s: number, end_s: number, first_frame: number, frames: number, parts: number }} Shot
 * @typedef {{ entry: number, hint: number }} Spot where a hint stands in the document
 */

/** @type {Marks} */
export const NOTHING = { version: 1, hints: [], references: [], cuts: {} };

/**
 * When the frame of an entry is shown, in seconds.
 *
 * @param {Entry} entry
 * @param {number} rate frames a second
 */
export const timeOf = (entry, rate) => entry.time ?? (entry.frame ?? 0) / rate;

/**
 * In which part of a shot a frame lies, from 0.
 *
 * @param {Shot} shot
 * @param {number} frame
 */
export function partAt({ first_frame, frames, parts }, frame) {
  let part = parts - 1;
  while (part > 0 && first_frame + Math.floor((frames * part) / parts) > frame) part -= 1;
  return part;
}

/**
 * The entries from one time to another, with their places in the document.
 *
 * @param {Marks} marks
 * @param {number} rate
 * @param {number} start
 * @param {number} end
 * @returns {{ entry: Entry, at: number }[]}
 */
export function entriesBetween(marks, rate, start, end) {
  const half = 0.5 / rate;
  return marks.hints
    .map((entry, at) => ({ entry, at }))
    .filter(({ entry }) => {
      const time = timeOf(entry, rate);
      return time >= start - half && time < end - half;
    });
}

/**
 * Whether something is known of a shot in particular: hints, a painted frame or a reference of its own.
 *
 * @param {Marks} marks
 * @param {number} rate
 * @param {Shot} shot
 */
export const knows = (marks, rate, { number, start_s, end_s }) =>
  entriesBetween(marks, rate, start_s, end_s).length > 0 ||
  marks.references.some(({ shots }) => shots.includes(number));

/**
 * A further hint on the frame of a time.
 *
 * @param {Marks} marks
 * @param {number} rate
 * @param {number} time
 * @param {Hint} hint
 * @returns {{ marks: Marks, spot: Spot }}
 */
export function withHint(marks, rate, time, hint) {
  const there = marks.hints.findIndex(
    (one) => one.hints && !one.span && Math.abs(timeOf(one, rate) - time) < 0.5 / rate,
  );
  if (there < 0) {
    const hints = [...marks.hints, { time, hints: [hint] }];
    return { marks: { ...marks, hints }, spot: { entry: marks.hints.length, hint: 0 } };
  }
  const before = marks.hints[there].hints ?? [];
  const hints = marks.hints.with(there, { ...marks.hints[there], hints: [...before, hint] });
  return { marks: { ...marks, hints }, spot: { entry: there, hint: before.length } };
}

/**
 * The hint at a spot; undefined where there is none.
 *
 * @param {Marks} marks
 * @param {Spot} spot
 */
export const hintAt = (marks, { entry, hint }) => marks.hints[entry]?.hints?.[hint];

/**
 * A hint with another color or place.
 *
 * @param {Marks} marks
 * @param {Spot} spot
 * @param {Partial<Hint>} change
 * @returns {Marks}
 */
export function changed(marks, { entry, hint }, change) {
  const one = marks.hints[entry];
  const hints = (one.hints ?? []).map((old, at) => (at === hint ? { ...old, ...change } : old));
  return { ...marks, hints: marks.hints.with(entry, { ...one, hints }) };
}

/**
 * @param {Marks} marks
 * @param {Spot} spot
 * @returns {Marks}
 */
export function withoutHint(marks, { entry, hint }) {
  const left = (marks.hints[entry].hints ?? []).filter((_, at) => at !== hint);
  if (!left.length) return withoutEntry(marks, entry);
  return { ...marks, hints: marks.hints.with(entry, { ...marks.hints[entry], hints: left }) };
}

/**
 * @param {Marks} marks
 * @param {number} entry
 * @returns {Marks}
 */
export const withoutEntry = (marks, entry) => ({
  ...marks,
  hints: marks.hints.filter((_, at) => at !== entry),
});

/**
 * The frame of a time in color, in place of a picture that was there.
 *
 * @param {Marks} marks
 * @param {number} rate
 * @param {number} time
 * @param {string} picture
 * @returns {Marks}
 */
export function withPicture(marks, rate, time, picture) {
  const others = marks.hints.filter(
    (one) => !(one.picture && Math.abs(timeOf(one, rate) - time) < 0.5 / rate),
  );
  return { ...marks, hints: [...others, { time, picture }] };
}

/**
 * A shot begins at a time: the references to the shots behind go with them.
 *
 * @param {Marks} marks
 * @param {Shot} shot the one in which the time lies
 * @param {number} time
 * @param {number} rate
 * @returns {Marks}
 */
export function withCut(marks, shot, time, rate) {
  const renumbered = renumber(marks, (number) => {
    if (number < shot.number) return [number];
    return number === shot.number ? [number, number + 1] : [number + 1];
  });
  const { add = [], remove = [] } = marks.cuts;
  const left = remove.filter((one) => Math.abs(one - time) >= 0.5 / rate);
  const cuts = left.length < remove.length ? { add, remove: left } : { add: [...add, time], remove };
  return { ...renumbered, cuts };
}

/**
 * A shot goes on with the one before it.
 *
 * @param {Marks} marks
 * @param {Shot} shot
 * @param {number} rate
 * @returns {Marks}
 */
export function withoutCut(marks, shot, rate) {
  const renumbered = renumber(marks, (number) => [number < shot.number ? number : number - 1]);
  const { add = [], remove = [] } = marks.cuts;
  const left = add.filter((one) => Math.abs(one - shot.start_s) >= 0.5 / rate);
  const cuts = left.length < add.length ? { add: left, remove } : { add, remove: [...remove, shot.start_s] };
  return { ...renumbered, cuts };
}

/**
 * @param {Marks} marks
 * @param {(number: number) => number[]} numbers what becomes of a shot's number
 * @returns {Marks}
 */
function renumber(marks, numbers) {
  const references = marks.references.map((one) => ({
    ...one,
    shots: [...new Set(one.shots.flatMap(numbers))],
  }));
  return { ...marks, references };
}

/**
 * @param {Marks} marks
 * @param {string} picture
 * @param {number[]} shots
 * @returns {Marks}
 */
export const withReference = (marks, picture, shots) => ({
  ...marks,
  references: [...marks.references, { picture, shots }],
});

/**
 * @param {Marks} marks
 * @param {number} at
 * @param {number[]} shots
 * @returns {Marks}
 */
export const followedIn = (marks, at, shots) => ({
  ...marks,
  references: marks.references.with(at, { ...marks.references[at], shots }),
});

/**
 * @param {Marks} marks
 * @param {number} at
 * @returns {Marks}
 */
export const withoutReference = (marks, at) => ({
  ...marks,
  references: marks.references.filter((_, one) => one !== at),
});

/**
 * The pictures that the content of a hints file names, and that content with other names for them.
 *
 * @param {Partial<Marks>} content as it was read: it may be anything
 * @param {(name: string) => string} named
 */
export function renamed(content, named) {
  /** @type {(entries: unknown) => unknown} */
  const inList = (entries) =>
    Array.isArray(entries)
      ? entries.map((one) =>
          typeof one?.picture === "string" ? { ...one, picture: named(one.picture) } : one,
        )
      : entries;
  const { hints, references, ...others } = content;
  return {
    ...others,
    ...(hints === undefined ? {} : { hints: inList(hints) }),
    ...(references === undefined ? {} : { references: inList(references) }),
  };
}

/**
 * "1-3, 5" -> [1, 2, 3, 5]; null if it is something else.
 *
 * @param {string} text
 * @param {number} most the last shot's number
 * @returns {number[] | null}
 */
export function shotsIn(text, most) {
  const found = new Set();
  for (const part of text.split(/[\s,;、，،]+/).filter(Boolean)) {
    const range = /^(\d+)(?:[-–](\d+))?$/.exec(part);
    if (!range) return null;
    const [first, last] = [Number(range[1]), Number(range[2] ?? range[1])];
    if (first < 1 || last < first || last > most) return null;
    for (let number = first; number <= last; number += 1) found.add(number);
  }
  return [...found].sort((one, other) => one - other);
}

/**
 * [1, 2, 3, 5] -> "1-3, 5".
 *
 * @param {number[]} shots
 */
export function textOf(shots) {
  /** @type {number[][]} */
  const runs = [];
  for (const number of [...shots].sort((one, other) => one - other)) {
    const last = runs.at(-1);
    if (last && number === last[1] + 1) last[1] = number;
    else runs.push([number, number]);
  }
  return runs.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(", ");
}
