// Whether a color profile means sRGB. Source: ICC.1:2010.

import { text } from "./bytes.js";
import { toLinear } from "./lab.js";

const PRIMARIES = {
  rXYZ: [0.4361, 0.2225, 0.0139],
  gXYZ: [0.3851, 0.7169, 0.0971],
  bXYZ: [0.1431, 0.0606, 0.7141],
};
const TOLERANCE = 0.003;

/**
 * Whether a profile's primaries and curves are sRGB's.
 * @type {(profile: Octets) => boolean}
 */
export function isSrgb(profile) {
  const view = new DataView(profile.buffer, profile.byteOffset, profile.length);
  if (profile.length < 132 || text(profile.subarray(16, 20)) !== "RGB ") return false;
  try {
    /** @type {Record<string, number>} */
    const tags = {};
    for (let left = view.getUint32(128), at = 132; left > 0; left -= 1, at += 12) {
      tags[text(profile.subarray(at, at + 4))] = view.getUint32(at + 4);
    }
    const primaries = Object.entries(PRIMARIES).every(([tag, wanted]) =>
      wanted.every(
        (value, axis) => Math.abs(view.getInt32(tags[tag] + 8 + 4 * axis) / 65536 - value) < TOLERANCE,
      ),
    );
    return primaries && ["rTRC", "gTRC", "bTRC"].every((tag) => isSrgbCurve(view, profile, tags[tag]));
  } catch (error) {
    if (error instanceof RangeError) return false; // it lacks something
    throw error;
  }
}

/** @type {(view: DataView, profile: Octets, at: number) => boolean} */
function isSrgbCurve(view, profile, at) {
  const curve = text(profile.subarray(at, at + 4)) === "para" ? parametric(view, at) : table(view, at);
  return [0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 1].every(
    (code) => Math.abs(curve(code) - toLinear(code)) < TOLERANCE,
  );
}

/** @type {(view: DataView, at: number) => (code: number) => number} */
function table(view, at) {
  const count = view.getUint32(at + 8);
  /** @type {(index: number) => number} */
  const value = (index) => view.getUint16(at + 12 + 2 * Math.min(index, count - 1)) / 65535;
  if (count === 0) return (code) => code;
  if (count === 1) return (code) => code ** (view.getUint16(at + 12) / 256);
  return (code) => {
    const place = code * (count - 1);
    const low = Math.floor(place);
    return value(low) + (place - low) * (value(low + 1) - value(low));
  };
}

/** @type {(view: DataView, at: number) => (code: number) => number} */
function parametric(view, at) {
  const kind = view.getUint16(at + 8);
  const numbers = Array.from(
    { length: [1, 3, 4, 5, 7][kind] ?? 0 },
    (_, index) => view.getInt32(at + 12 + 4 * index) / 65536,
  );
  const [gamma, a = 1, b = 0, c = 0, d = kind === 0 ? -1 : -b / a, e = 0, f = 0] = numbers;
  return (code) => (code >= d ? (a * code + b) ** gamma + e : c * code + f);
}
