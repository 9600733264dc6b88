// color.js: colors as the picker shows and names them.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  hexToLab,
  hexToLch,
  labToHex,
  lchToHex,
  nameOf,
  parseHex,
} from "../../../src/photochrom/studio/web/color.js";

test("colors are read in the forms that people write", () => {
  assert.equal(parseHex("#c22"), "#cc2222");
  assert.equal(parseHex(" CC2244 "), "#cc2244");
  for (const wrong of ["", "#cc22", "red", "#ggg", "#cc22445"]) assert.equal(parseHex(wrong), null);
});

test("CIELAB is that of published values", () => {
  // Lindbloom's calculator, D65
  const published = { "#ff0000": [53.24, 80.09, 67.2], "#808080": [53.59, 0, 0], "#ffffff": [100, 0, 0] };
  for (const [hex, expected] of Object.entries(published)) {
    for (const [at, value] of hexToLab(hex).entries()) assert.ok(Math.abs(value - expected[at]) < 0.05);
  }
});

test("what a screen can show comes back as it was", () => {
  for (const hex of ["#000000", "#cc2244", "#123456", "#fedcba", "#ffffff"]) {
    assert.equal(labToHex(hexToLab(hex)), hex);
    assert.equal(lchToHex(...hexToLch(hex)), hex);
  }
});

test("what a screen can't show moves towards gray, at its lightness", () => {
  const wanted = [60, 100, -90];
  const found = hexToLab(labToHex(wanted));
  assert.ok(Math.abs(found[0] - wanted[0]) < 0.5);
  assert.ok(Math.hypot(found[1], found[2]) < Math.hypot(wanted[1], wanted[2]));
  assert.ok(Math.abs(found[1] / found[2] - wanted[1] / wanted[2]) < 0.05);
});

test("colors have names for people who can't see them", () => {
  assert.equal(nameOf("#000000"), "black");
  assert.equal(nameOf("#ffffff"), "white");
  assert.match(nameOf("#808080"), /gray/);
  assert.match(nameOf("#cc0000"), /red/);
  assert.match(nameOf("#5a3a1a"), /brown/);
});
