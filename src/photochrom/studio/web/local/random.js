// NumPy's default generator for one seed (SeedSequence and PCG64), so that alternatives are the
// same in both engines. Source: O'Neill, "PCG", 2014; numpy.random.

const MASK32 = 0xffffffffn;
const MASK128 = (1n << 128n) - 1n;
const MULTIPLIER = 0x2360ed051fc65da44385df649fccf645n;

/**
 * Uniform doubles in 0..1, as `numpy.random.default_rng(seed).random()` gives them.
 * @type {(seed: number) => () => number}
 */
export function uniform(seed) {
  const words = seedWords(BigInt(seed));
  /** @type {(at: number) => bigint} */
  const wide = (at) => words[at] | (words[at + 1] << 32n);
  const start = (wide(0) << 64n) | wide(2);
  const increment = ((((wide(4) << 64n) | wide(6)) << 1n) | 1n) & MASK128;
  /** @type {(state: bigint) => bigint} */
  const step = (state) => (state * MULTIPLIER + increment) & MASK128;
  let state = step(step(0n) + start);
  return () => {
    state = step(state);
    const turn = state >> 122n;
    const folded = ((state >> 64n) ^ state) & ((1n << 64n) - 1n);
    const value = ((folded >> turn) | (folded << ((64n - turn) & 63n))) & ((1n << 64n) - 1n);
    return Number(value >> 11n) / 2 ** 53;
  };
}

/**
 * SeedSequence: eight 32-bit words from a seed of at most 32 bits.
 * @type {(seed: bigint) => bigint[]}
 */
function seedWords(seed) {
  /** @type {(one: bigint, other: bigint) => bigint} */
  const mul = (one, other) => (one * other) & MASK32;
  let hash = 0x43b0d7e5n;
  /** @type {(value: bigint) => bigint} */
  const hashed = (value) => {
    const mixed = (value ^ hash) & MASK32;
    hash = mul(hash, 0x931e8875n);
    const out = mul(mixed, hash);
    return out ^ (out >> 16n);
  };
  /** @type {(x: bigint, y: bigint) => bigint} */
  const mix = (x, y) => {
    const out = (mul(0xca01f9ddn, x) - mul(0x4973f715n, y)) & MASK32;
    return out ^ (out >> 16n);
  };
  const pool = [seed & MASK32, 0n, 0n, 0n].map(hashed);
  for (let from = 0; from < 4; from += 1) {
    for (let to = 0; to < 4; to += 1) {
      if (from !== to) pool[to] = mix(pool[to], hashed(pool[from]));
    }
  }
  let second = 0x8b51f9ddn;
  return Array.from({ length: 8 }, (_, at) => {
    const value = pool[at % 4] ^ second;
    second = mul(second, 0x58f38dedn);
    const out = mul(value & MASK32, second);
    return out ^ (out >> 16n);
  });
}
