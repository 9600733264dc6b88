// edits.js: what somebody has asked for, and hints from files.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  alternativeOf,
  bodyOf,
  editIn,
  editsOut,
  HintsError,
  hintsIn,
  hintsOut,
  makeHint,
  makeLasso,
  moved,
  recolored,
  UNTOUCHED,
  withAlternative,
  withHint,
  withLasso,
  withLassoTone,
  withoutHints,
} from "../../../src/photochrom/studio/web/edits.js";

const SIZE = { width: 100, height: 60 };
const red = () => makeHint([[10, 20]], { color: "#cc2222" });

test("an edit never changes: each step is a new one", () => {
  const hint = red();
  const one = withHint(UNTOUCHED, hint);
  const two = recolored(one, hint.key, "#2222cc");
  assert.deepEqual(UNTOUCHED.hints, []);
  assert.equal(one.hints[0].color, "#cc2222");
  assert.equal(two.hints[0].color, "#2222cc");
  assert.deepEqual(withoutHints(two, (other) => other.key === hint.key).hints, []);
});

test("a hint moves whole and never out of the photograph", () => {
  const stroke = makeHint(
    [
      [10, 20],
      [30, 50],
    ],
    { color: "#cc2222" },
  );
  const edit = withHint(UNTOUCHED, stroke);
  assert.deepEqual(moved(edit, new Set([stroke.key]), [5, -3], SIZE).hints[0].points, [
    [15, 17],
    [35, 47],
  ]);
  assert.deepEqual(moved(edit, new Set([stroke.key]), [500, 500], SIZE).hints[0].points, [
    [79, 29],
    [99, 59],
  ]);
  assert.deepEqual(moved(edit, new Set([stroke.key]), [-500, -500], SIZE).hints[0].points, [
    [0, 0],
    [20, 30],
  ]);
});

test("hints move together, as far as all of them can", () => {
  const [one, other, third] = [red(), makeHint([[95, 20]], { color: "#22c" }), red()];
  const edit = [one, other, third].reduce(withHint, UNTOUCHED);
  const places = moved(edit, new Set([one.key, other.key]), [30, 5], SIZE).hints.map(
    (hint) => hint.points[0],
  );
  assert.deepEqual(places, [
    [14, 25],
    [99, 25],
    [10, 20],
  ]);
});

test("a lasso has a tone of its own, goes out and comes in again", () => {
  const corners = [
    [1, 2],
    [30.126, 4],
    [5, 40],
  ];
  const lasso = makeLasso(corners);
  const edit = withLassoTone(withLasso(UNTOUCHED, lasso), lasso.key, { warmth: -0.5 });
  const out = [{ points: [corners[0], [30.13, 4], corners[2]], warmth: -0.5 }];
  assert.deepEqual(bodyOf(edit).lassos, out);
  assert.equal(bodyOf(UNTOUCHED).lassos, undefined); // which engines of before don't know
  const again = editIn(JSON.stringify(editsOut(edit)), SIZE);
  assert.deepEqual(bodyOf(again), bodyOf(edit));
  const broken = { ...editsOut(edit), lassos: [{ points: [[1, 2]], warmth: 1 }] };
  assert.throws(() => editIn(JSON.stringify(broken), SIZE), HintsError);
});

test("an alternative lies under what was set by hand, and can be left again", () => {
  const own = withHint(UNTOUCHED, red());
  const alternative = { number: 2, hints: [{ points: [[1, 2]], ab: [30, 4] }] };
  const edit = withAlternative(own, alternative);
  assert.equal(alternativeOf(edit), 2);
  assert.deepEqual(
    edit.hints.map((hint) => hint.group?.number ?? "own"),
    [2, "own"],
  );
  assert.deepEqual(withAlternative(edit, null).hints, own.hints);
  assert.equal(alternativeOf(own), null);
});

test("hints go out as the command line reads them, and come in again", () => {
  const stroke = makeHint([[1.23456, 2]], { ab: [10, -20], radius_px: 4 });
  const edit = withHint(withHint(UNTOUCHED, red()), stroke);
  const out = hintsOut(edit);
  assert.deepEqual(out, [
    { points: [[10, 20]], color: "#cc2222" },
    { points: [[1.23, 2]], ab: [10, -20], radius_px: 4 },
  ]);
  assert.deepEqual(bodyOf(edit, { size: "preview" }).hints, out);
  const again = hintsIn(JSON.stringify({ hints: out }), SIZE);
  assert.deepEqual(hintsOut({ hints: again }), out);
  assert.deepEqual(hintsOut({ hints: hintsIn('[{"x": 5, "y": 6, "color": "#c22"}]', SIZE) }), [
    { points: [[5, 6]], color: "#cc2222" },
  ]);
});

test("a file is taken whole or not at all, and says why", () => {
  const good = { x: 1, y: 2, color: "#c22" };
  const cases = {
    "not JSON": ["{", /not JSON/],
    "no list": ['{"hints": 3}', /no list/],
    none: ["[]", /no hints in the file/],
    "too many": [JSON.stringify(Array(201).fill(good)), /201 hints/],
    outside: [JSON.stringify([good, { ...good, x: 101 }]), /Hint 2: it lies at 101, 2, outside/],
    "no color": [JSON.stringify([{ x: 1, y: 2 }]), /Hint 1: it has no color/],
    "no place": [JSON.stringify([{ x: 1, color: "#c22" }]), /has no place/],
    unknown: [JSON.stringify([{ ...good, depth: 3 }]), /unknown key, “depth”/],
    radius: [JSON.stringify([{ ...good, radius_px: -1 }]), /radius/],
    "not an object": ["[3]", /is not an object/],
  };
  for (const [text, message] of Object.values(cases)) {
    assert.throws(
      () => hintsIn(text, SIZE),
      (error) => error instanceof HintsError && message.test(error.message),
    );
  }
});
