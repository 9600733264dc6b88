// film/marks.js: what is known of a film, from one document to the next.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as marks from "../../../src/photochrom/studio/web/film/marks.js";

const RATE = 25;
const shot = (number, start_s, end_s) => ({ number, start_s, end_s });
const hint = (x) => ({ x, y: 1, color: "#cc2244" });

test("hints of one frame stand together, and go one by one", () => {
  const one = marks.withHint(marks.NOTHING, RATE, 1.0, hint(1));
  const two = marks.withHint(one.marks, RATE, 1.0001, hint(2));
  const three = marks.withHint(two.marks, RATE, 1.04, hint(3));
  assert.deepEqual(
    [one.spot, two.spot, three.spot],
    [
      { entry: 0, hint: 0 },
      { entry: 0, hint: 1 },
      { entry: 1, hint: 0 },
    ],
  );
  assert.deepEqual(marks.NOTHING.hints, []);
  assert.equal(marks.hintAt(three.marks, two.spot).x, 2);
  const moved = marks.changed(three.marks, two.spot, { x: 9 });
  assert.equal(marks.hintAt(moved, two.spot).x, 9);
  assert.equal(marks.hintAt(moved, one.spot).x, 1);
  const left = marks.withoutHint(marks.withoutHint(moved, one.spot), { entry: 0, hint: 0 });
  assert.deepEqual(left.hints, [{ time: 1.04, hints: [hint(3)] }]);
});

test("entries belong to the shot in which their frame lies, by time or by number", () => {
  const known = { ...marks.NOTHING, hints: [{ time: 0.99 }, { frame: 25 }, { time: 1.98 }, { time: 2.0 }] };
  const found = marks.entriesBetween(known, RATE, 1, 2).map(({ at }) => at);
  assert.deepEqual(found, [0, 1]); // 0.99 and 1.98 are the frames of 1.0 and 2.0
});

test("a painted frame takes the place of another, and leaves hints alone", () => {
  const { marks: hinted } = marks.withHint(marks.NOTHING, RATE, 1, hint(1));
  const painted = marks.withPicture(marks.withPicture(hinted, RATE, 1, "a.png"), RATE, 1.01, "b.png");
  assert.deepEqual(painted.hints, [
    { time: 1, hints: [hint(1)] },
    { time: 1.01, picture: "b.png" },
  ]);
});

test("cuts come and go, and references go with their shots", () => {
  const known = marks.withReference(marks.NOTHING, "a.jpg", [1, 2, 4]);
  const cut = marks.withCut(known, shot(2, 4, 8), 6, RATE);
  assert.deepEqual(cut.cuts, { add: [6], remove: [] });
  assert.deepEqual(cut.references[0].shots, [1, 2, 3, 5]);
  const back = marks.withoutCut(cut, shot(3, 6, 8), RATE);
  assert.deepEqual(back.cuts, { add: [], remove: [] });
  assert.deepEqual(back.references[0].shots, [1, 2, 4]);
  const joined = marks.withoutCut(known, shot(2, 4, 8), RATE);
  assert.deepEqual(joined.cuts, { add: [], remove: [4] });
  assert.deepEqual(joined.references[0].shots, [1, 3]);
  assert.deepEqual(marks.withCut(joined, shot(1, 0, 8), 4, RATE).cuts, { add: [], remove: [] });
});

test("shots are written and read as people write them", () => {
  assert.deepEqual(marks.shotsIn(" 5, 1-3 2", 6), [1, 2, 3, 5]);
  assert.deepEqual(marks.shotsIn("", 6), []);
  for (const wrong of ["7", "0", "3-1", "1-", "all"]) assert.equal(marks.shotsIn(wrong, 6), null);
  assert.equal(marks.textOf([5, 1, 2, 3]), "1-3, 5");
  assert.deepEqual(marks.shotsIn(marks.textOf([1, 2, 4, 9]), 9), [1, 2, 4, 9]);
});

test("a frame lies in one of the parts of its shot", () => {
  const long = { first_frame: 10, frames: 100, parts: 3 }; // from 10, 43 and 76
  const found = [10, 42, 43, 75, 76, 109].map((frame) => marks.partAt(long, frame));
  assert.deepEqual(found, [0, 0, 1, 1, 2, 2]);
});

test("something is known of a shot by its hints, or by a reference of its own", () => {
  const { marks: hinted } = marks.withHint(marks.NOTHING, RATE, 1, hint(1));
  const known = marks.withReference(marks.withReference(hinted, "a.jpg", [3]), "b.jpg", []);
  const found = [shot(1, 0, 1), shot(2, 1, 2), shot(3, 2, 3)].map((one) => marks.knows(known, RATE, one));
  assert.deepEqual(found, [false, true, true]);
});

test("pictures get other names in whatever a file may hold", () => {
  const found = marks.renamed(
    {
      version: 1,
      hints: [
        { time: 0, picture: "stills/a.png" },
        { time: 1, hints: [] },
      ],
      references: [null, 5],
    },
    (name) => `kept-${name}`,
  );
  assert.deepEqual(found, {
    version: 1,
    hints: [
      { time: 0, picture: "kept-stills/a.png" },
      { time: 1, hints: [] },
    ],
    references: [null, 5],
  });
  assert.deepEqual(marks.renamed({ hints: "none" }, String), { hints: "none" });
});
