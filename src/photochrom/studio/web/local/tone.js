// Warmer or cooler, greener or pinker, paler: Python's `photochrom.runtime.tone`.

const SHIFT_AB = 18;

/**
 * Tone colors, in place. Throws where a number is out of its range.
 * @type {<Ab extends Numbers>(ab: Ab, tone?: ToneOrder) => Ab}
 */
export function toned(ab, { warmth = 0, tint = 0, strength = 1 } = {}) {
  const inRange = Math.abs(warmth) <= 1 && Math.abs(tint) <= 1 && strength >= 0 && strength <= 1;
  if (!inRange) throw new RangeError("Warmth and tint are -1 to 1, strength 0 to 1.");
  if (warmth === 0 && tint === 0 && strength === 1) return ab;
  for (let at = 0; at < ab.length; at += 2) {
    ab[at] = (ab[at] + tint * SHIFT_AB) * strength;
    ab[at + 1] = (ab[at + 1] + warmth * SHIFT_AB) * strength;
  }
  return ab;
}
