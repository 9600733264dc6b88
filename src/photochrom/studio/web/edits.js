// What somebody has asked for a photograph: an immutable value, and ways to get the next one.

export const UNTOUCHED = Object.freeze({ hints: [], palette: [], vividness: 1, reference: null });

let made = 0;

/** A hint: points in pixels of the photograph, `color` "#rrggbb" or `ab` [a, b]. */
export function makeHint(points, look, group = null) {
  made += 1;
  return { key: `hint-${made}`, points, group, ...look };
}

export const withHint = (edit, hint) => ({ ...edit, hints: [...edit.hints, hint] });

export const withoutHints = (edit, unwanted) => ({
  ...edit, hints: edit.hints.filter((hint) => !unwanted(hint)),
});

export const recolored = (edit, key, color) => ({
  ...edit,
  hints: edit.hints.map((hint) => (hint.key === key ? { ...hint, color, ab: undefined } : hint)),
});

/** Move a hint, whole, but never out of the photograph. */
export function moved(edit, key, [dx, dy], { width, height }) {
  const within = (value, low, high) => Math.min(high, Math.max(low, value));
  return {
    ...edit,
    hints: edit.hints.map((hint) => {
      if (hint.key !== key) return hint;
      const xs = hint.points.map(([x]) => x);
      const ys = hint.points.map(([, y]) => y);
      const right = within(dx, -Math.min(...xs), width - 1 - Math.max(...xs));
      const down = within(dy, -Math.min(...ys), height - 1 - Math.max(...ys));
      return { ...hint, points: hint.points.map(([x, y]) => [x + right, y + down]) };
    }),
  };
}

/** Take one of the other versions: its hints lie under those that were set by hand. */
export function withVersion(edit, version) {
  const own = edit.hints.filter((hint) => hint.group === null);
  if (version === null) return { ...edit, hints: own };
  const group = { kind: "version", number: version.number };
  const given = version.hints.map(({ points, ab }) => makeHint(points, { ab }, group));
  return { ...edit, hints: [...given, ...own] };
}

export const versionOf = (edit) =>
  edit.hints.find((hint) => hint.group?.kind === "version")?.group.number ?? null;

const rounded = (value) => Math.round(100 * value) / 100;

/** Hints as the server and `photochrom colorize --hints` read them. */
export function hintsOut(edit) {
  return edit.hints.map(({ points, color, ab, radius_px }) => ({
    points: points.map((point) => point.map(rounded)),
    ...(color ? { color } : { ab }),
    ...(radius_px ? { radius_px } : {}),
  }));
}

/** The body of a paint request. */
export function bodyOf(edit, more = {}) {
  return {
    hints: hintsOut(edit), palette: edit.palette, vividness: edit.vividness, ...more,
  };
}

/** Hints from a file that this page or the command line has written. */
export function hintsIn(text) {
  const content = JSON.parse(text);
  const entries = Array.isArray(content) ? content : content.hints;
  return entries.map(({ x, y, points, color, ab, radius_px }) =>
    makeHint(points ?? [[x, y]], { ...(color ? { color } : { ab }), ...(radius_px ? { radius_px } : {}) }));
}
