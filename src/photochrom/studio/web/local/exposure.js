// Lightness as the network wants to see it: a faded print with the range of a fresh one.
// The same as `photochrom.runtime.exposure`.

const ENDS = [0.01, 0.99];
const FADED = 50;
const FRESH = 75;
const FULL = 88;
const LARGEST_GAIN = 3;
const FLAT = 3;

/**
 * Stretch lightness of little range, for the network only.
 * @template {{ data: Float32Array }} Field
 * @param {Field} lightness L* 0..100
 * @returns {Field}
 */
export function evened(lightness) {
  const sorted = Float32Array.from(lightness.data).sort();
  const [low, high] = ENDS.map((share) => {
    const at = share * (sorted.length - 1);
    const first = Math.floor(at);
    const next = Math.min(first + 1, sorted.length - 1);
    return sorted[first] + (at - first) * (sorted[next] - sorted[first]);
  });
  const extent = high - low;
  if (!(extent > FLAT && extent < FRESH)) return lightness;
  const share = Math.min(1, Math.max(0, (extent - FADED) / (FRESH - FADED)));
  const gain = Math.min((FULL + share * (FRESH - FULL)) / extent, LARGEST_GAIN);
  const middle = (low + high) / 2;
  const moved = 50 + ((middle - 50) * (100 - gain * extent)) / (100 - extent);
  const data = lightness.data.map((light) => Math.min(100, Math.max(0, moved + (light - middle) * gain)));
  return { ...lightness, data };
}
