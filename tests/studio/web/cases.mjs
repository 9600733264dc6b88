// The cases that Python has written, and how near to them is near enough.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

const TYPES = { Float32Array, Uint8Array };

function revive(_, value) {
  if (!value || typeof value !== "object" || !value.array) return value;
  const bytes = Buffer.from(value.data, "base64");
  const data = new TYPES[value.array](bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  return { data, shape: value.shape };
}

export const cases = JSON.parse(readFileSync(process.env.CASES, "utf8"), revive);

/** A field of what Python calls (height, width) or (height, width, channels). */
export const asField = ({ data, shape: [height, width, channels = 1] }) => ({
  data,
  height,
  width,
  channels,
});

export function farthest(found, expected) {
  if (found.length !== expected.length) return Infinity;
  let most = 0;
  for (let at = 0; at < found.length; at += 1) {
    const apart = Math.abs(found[at] - expected[at]);
    if (!(apart <= most)) most = apart; // NaN, too
  }
  return most;
}

export function near(found, expected, tolerance, what = "") {
  const apart = farthest(found, expected);
  assert.ok(apart <= tolerance, `${what} differs by ${apart}; at most ${tolerance} is allowed`);
}

/** RGB codes as RGBA. */
export function withAlpha(srgb) {
  const rgba = new Uint8Array((srgb.length / 3) * 4).fill(255);
  for (let from = 0, to = 0; from < srgb.length; from += 3, to += 4)
    rgba.set(srgb.subarray(from, from + 3), to);
  return rgba;
}
