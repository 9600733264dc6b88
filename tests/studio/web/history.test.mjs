// history.js: undo and redo.

import assert from "node:assert/strict";
import { test } from "node:test";
import { History } from "../../../src/photochrom/studio/web/history.js";

test("steps are undone and redone in order, with their labels", () => {
  const history = new History(0);
  history.commit(1, "one");
  history.commit(2, "two");
  assert.equal(history.undo(), "two");
  assert.equal(history.present, 1);
  assert.equal(history.undo(), "one");
  assert.equal(history.undo(), null);
  assert.equal(history.present, 0);
  assert.equal(history.redo(), "one");
  assert.equal(history.redo(), "two");
  assert.equal(history.redo(), null);
  assert.equal(history.present, 2);
});

test("a new step forgets what was undone", () => {
  const history = new History(0);
  history.commit(1, "one");
  history.undo();
  history.commit(5, "five");
  assert.equal(history.canRedo, false);
  assert.equal(history.present, 5);
});

test("steps of one drag are one, until something else comes between", () => {
  const history = new History(0);
  for (const value of [1, 2, 3]) history.commit(value, "drag", "slider");
  history.commit(4, "other");
  history.commit(5, "drag", "slider");
  assert.deepEqual([history.undo(), history.present], ["drag", 4]);
  assert.deepEqual([history.undo(), history.present], ["other", 3]);
  assert.deepEqual([history.undo(), history.present], ["drag", 0]);
  assert.equal(history.canUndo, false);
});
