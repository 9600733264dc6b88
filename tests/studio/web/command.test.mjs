// command.js: the command that makes the same picture.

import assert from "node:assert/strict";
import { test } from "node:test";
import { commandFor } from "../../../src/photochrom/studio/web/command.js";
import { UNTOUCHED } from "../../../src/photochrom/studio/web/edits.js";

test("names reach the command as they are, whatever is in them", () => {
  const reference = { file: { name: "rose 1.jpg" } };
  const edit = { ...UNTOUCHED, hints: [{}], reference };
  const command = (name) => commandFor({ name, edit });
  assert.equal(
    command("old.jpg"),
    "photochrom colorize old.jpg --hints old.hints.json --reference 'rose 1.jpg' -o color/",
  );
  assert.match(
    command("-Oma's.jpg"),
    /^photochrom colorize '.\/-Oma'\\''s.jpg' --hints '.\/-Oma'\\''s.hints/,
  );
});
