// place.js: what is said of where photographs go is true for whoever reads it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { isThisMachine, placeOf } from "../../../src/photochrom/studio/web/place.js";

test("the loopback's names are this machine", () => {
  for (const name of ["localhost", "127.0.0.1", "127.9.9.9", "[::1]"]) assert.ok(isThisMachine(name), name);
});

test("all others are not", () => {
  for (const name of ["studio.lan", "192.168.1.5", "localhost.example", "127.0.0.1.example", ""])
    assert.ok(!isThisMachine(name), name);
});

test("a visitor of another machine reads where photographs go", () => {
  for (const text of [
    placeOf("localhost").stays(),
    placeOf("localhost").privacy(),
    placeOf("localhost").model("m"),
  ])
    assert.match(text, /this machine/);
  const far = placeOf("studio.lan");
  for (const text of [far.stays(), far.privacy(), far.model("m")]) {
    assert.match(text, /studio\.lan/);
    assert.doesNotMatch(text, /this machine/);
  }
});
