// local/painting.js: grays of pixels. What it paints is held against Python's in `against_python.mjs`.

import assert from "node:assert/strict";
import { test } from "node:test";

const load = (name) => import(new URL(`../../../src/photochrom/studio/web/local/${name}`, import.meta.url));
const { grayCodes } = await load("painting.js");
const { LINEAR, luminance, toEncoded } = await load("lab.js");

test("grays keep their codes", () => {
  const codes = Uint8ClampedArray.from({ length: 256 }, (_, code) => code);
  const rgba = Uint8ClampedArray.from({ length: 1024 }, (_, at) => (at % 4 === 3 ? 255 : at >> 2));
  assert.deepEqual([...grayCodes(rgba)], [...codes]);
});

test("colors become the grays of their luminance", () => {
  const levels = [0, 1, 2, 7, 30, 77, 128, 200, 254, 255];
  const colors = levels.flatMap((red) => levels.flatMap((green) => levels.map((blue) => [red, green, blue])));
  const found = grayCodes(Uint8ClampedArray.from(colors.flatMap((color) => [...color, 9])));
  colors.forEach((color, at) => {
    const exact = 255 * toEncoded(luminance(...color.map((code) => LINEAR[code])));
    assert.ok(Math.abs(found[at] - exact) < 0.53, `${color}: ${found[at]}, not ${exact}`);
  });
});
