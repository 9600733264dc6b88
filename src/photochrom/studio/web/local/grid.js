// The bins of the ab plane, and distributions over them: Python's `photochrom.ab`.
// Logits are as the network answers: one plane of `size` positions for each bin.

const PIVOT_CHROMA = 35;

const STEPS = 64; // of the table, for each factor of e
const FAINT = 20; // shares below e^-20 of the largest one change nothing
const BLOCK = 512; // positions whose sums stay in the processor's nearest memory

/** e^-x for x in 0 .. FAINT, in steps; what lies between is a parabola's, right to 1e-6. */
const POWERS = Float64Array.from({ length: FAINT * STEPS + 1 }, (_, step) => Math.exp(-step / STEPS));

export class AbGrid {
  /** @param {Point[]} bins a* and b* of each bin's center */
  constructor(bins, step = 10) {
    this.step = step;
    this.a = Float32Array.from(bins, ([a]) => a);
    this.b = Float32Array.from(bins, ([, b]) => b);
    this.length = bins.length;
  }

  /**
   * The annealed mean: sharpen by 1 / temperature, then average. Two numbers a position.
   * @type {(logits: Float32Array, size: number, temperature: number) => Float32Array}
   */
  readOut(logits, size, temperature) {
    const ab = new Float32Array(2 * size);
    const highest = this.#highest(logits, size);
    const [mass, sumA, sumB] = [0, 1, 2].map(() => new Float64Array(BLOCK));
    const scale = STEPS / temperature;
    for (let start = 0; start < size; start += BLOCK) {
      const count = Math.min(BLOCK, size - start);
      for (const sum of [mass, sumA, sumB]) sum.fill(0);
      for (let bin = 0; bin < this.length; bin += 1) {
        const a = this.a[bin];
        const b = this.b[bin];
        const from = bin * size + start;
        for (let place = 0; place < count; place += 1) {
          const steps = (highest[start + place] - logits[from + place]) * scale;
          if (steps >= FAINT * STEPS) continue;
          const whole = steps | 0;
          const rest = (steps - whole) / STEPS;
          const share = POWERS[whole] * (1 - rest + 0.5 * rest * rest);
          mass[place] += share;
          sumA[place] += share * a;
          sumB[place] += share * b;
        }
      }
      for (let place = 0; place < count; place += 1) {
        ab[2 * (start + place)] = sumA[place] / mass[place];
        ab[2 * (start + place) + 1] = sumB[place] / mass[place];
      }
    }
    return ab;
  }

  /**
   * The distributions themselves, in planes as the logits are.
   * @type {(logits: Float32Array, size: number) => Float32Array}
   */
  probabilities(logits, size) {
    const highest = this.#highest(logits, size);
    const mass = new Float64Array(size);
    const shares = new Float32Array(logits.length);
    for (let bin = 0, at = 0; bin < this.length; bin += 1) {
      for (let place = 0; place < size; place += 1, at += 1) {
        shares[at] = Math.exp(logits[at] - highest[place]);
        mass[place] += shares[at];
      }
    }
    for (let bin = 0, at = 0; bin < this.length; bin += 1) {
      for (let place = 0; place < size; place += 1, at += 1) shares[at] /= mass[place];
    }
    return shares;
  }

  /**
   * Favor the bins near a palette of [a, b]: p'(q) ~ p(q) w(q).
   * @type {(logits: Float32Array, size: number, palette: Point[], sigma?: number) => Float32Array}
   */
  reweight(logits, size, palette, sigma = 12) {
    const weighted = new Float32Array(logits.length);
    for (let bin = 0, at = 0; bin < this.length; bin += 1) {
      const squared = Math.min(...palette.map(([a, b]) => (this.a[bin] - a) ** 2 + (this.b[bin] - b) ** 2));
      const weight = Math.log(Math.exp(-squared / (2 * sigma ** 2)) + 1e-6);
      for (let place = 0; place < size; place += 1, at += 1) weighted[at] = logits[at] + weight;
    }
    return weighted;
  }

  /**
   * 1 less the entropy of each distribution: 0 (any color is as likely) .. 1 (certain).
   * @type {(probabilities: Float32Array, size: number) => Float32Array}
   */
  confidence(probabilities, size) {
    const entropy = new Float64Array(size);
    for (let bin = 0, at = 0; bin < this.length; bin += 1) {
      for (let place = 0; place < size; place += 1, at += 1) {
        const share = probabilities[at];
        entropy[place] -= share * Math.log(Math.max(share, 1e-12));
      }
    }
    const most = Math.log(this.length);
    return Float32Array.from(entropy, (value) => Math.min(1, Math.max(0, 1 - value / most)));
  }

  /** @type {(logits: Float32Array, size: number) => Float32Array} */
  #highest(logits, size) {
    const highest = logits.slice(0, size);
    for (let bin = 1, at = size; bin < this.length; bin += 1) {
      for (let place = 0; place < size; place += 1, at += 1) {
        if (logits[at] > highest[place]) highest[place] = logits[at];
      }
    }
    return highest;
  }
}

/**
 * Set vivid colors off from pale ones, in place: chroma c becomes c (max(c, 1) / 35)^contrast.
 * @type {<Ab extends Numbers>(ab: Ab, contrast: number) => Ab}
 */
export function setOff(ab, contrast) {
  if (contrast === 0) return ab;
  for (let at = 0; at < ab.length; at += 2) {
    const chroma = Math.hypot(ab[at], ab[at + 1]);
    const factor = (Math.max(chroma, 1) / PIVOT_CHROMA) ** contrast;
    ab[at] *= factor;
    ab[at + 1] *= factor;
  }
  return ab;
}
