// The browser's engine against what Python has computed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { asField, cases, farthest, near, withAlpha } from "./cases.mjs";

const engine = new URL("../../../src/photochrom/studio/web/local/", import.meta.url);
const load = (name) => import(new URL(name, engine));

const { AbGrid, setOff } = await load("grid.js");
const { guide } = await load("guide.js");
const { layOut, readHint, readLock } = await load("hints.js");
const { labToHex, srgbToLab, srgbToLightness } = await load("lab.js");
const { readLasso } = await load("lasso.js");
const { Network } = await load("network.js");
const { obey } = await load("obey.js");
const { Painter } = await load("painting.js");
const { paletteOf } = await load("palette.js");
const { Prepared } = await load("prepared.js");
const { findBorder } = await load("border.js");
const { regionOf } = await load("region.js");
const { packedTraits } = await load("traits.js");
const page = await load("../region.js");
const { Shrinker, boxFactor, resized } = await load("resize.js");
const { colorDeviation } = await load("toning.js");

test("colors", () => {
  const { srgb, lab, lightness, wide, codes } = cases.colors;
  near(srgbToLab(srgb.data), lab.data, 1e-3, "lab");
  near(srgbToLightness(srgb.data), lightness.data, 1e-3, "lightness");
  for (let at = 0; at < wide.data.length; at += 3) {
    const hex = labToHex([...wide.data.subarray(at, at + 3)]);
    const found = [1, 3, 5].map((start) => parseInt(hex.slice(start, start + 2), 16));
    near(found, [...codes.data.subarray(at, at + 3)], 1, `color ${at / 3}`);
  }
});

test("the grid of colors", () => {
  const { bins, logits, read_out, set_off, confidence, palette, reweighted } = cases.grid;
  const grid = new AbGrid(bins);
  const size = 42;
  const ab = grid.readOut(logits.data, size, 0.63);
  near(ab, read_out.data, 1e-3, "read-out");
  near(setOff(ab, 0.2), set_off.data, 1e-3, "set off");
  near(grid.confidence(grid.probabilities(logits.data, size), size), confidence.data, 1e-5, "confidence");
  const colors = palette.map((color) => readHint({ x: 0, y: 0, color }).ab);
  near(grid.readOut(grid.reweight(logits.data, size, colors), size, 1), reweighted.data, 1e-3, "palette");
});

test("small copies are those of libvips", () => {
  const { srgb, copies } = cases.resize;
  const [height, width] = srgb.shape;
  for (const {
    data,
    shape: [rows, columns],
  } of copies) {
    const shrinker = new Shrinker(width, height, boxFactor(width, columns), boxFactor(height, rows));
    for (let row = 0; row < height; row += 64) {
      // in stripes, as photographs come
      const part = srgb.data.subarray(3 * row * width, 3 * Math.min(height, row + 64) * width);
      shrinker.add(part, part.length / width / 3, 3);
    }
    const found = resized(shrinker.done(), columns, rows);
    const mean = found.data.reduce((sum, code, at) => sum + Math.abs(code - data[at]), 0) / data.length;
    assert.ok(mean < 0.8, `${columns} x ${rows}: ${mean} codes apart on average`);
  }
});

test("pixels are painted within one code", () => {
  for (const { srgb, offset, gain, painted } of cases.painting) {
    const [height, width] = srgb.shape;
    const painter = new Painter({ offset: asField(offset), gain: asField(gain) }, { width, height });
    const rgba = withAlpha(srgb.data);
    for (let row = 0; row < height; row += 64) {
      painter.paint(rgba.subarray(4 * row * width, 4 * Math.min(height, row + 64) * width), row);
    }
    const expected = withAlpha(painted.data);
    const apart = rgba.filter((code, at) => Math.abs(code - expected[at]) > 1).length;
    // Where a* or b* lies on the edge between two codes, one may be rounded up, one down.
    assert.ok(apart <= rgba.length / 1e5, `${width} x ${height}: ${apart} codes differ by more than 1`);
    near(rgba, expected, 2, `${width} x ${height}`);
  }
});

test("toned and colored pictures are told apart", () => {
  for (const {
    srgb: {
      data,
      shape: [height, width],
    },
    deviation,
  } of cases.toning) {
    near([colorDeviation({ data, width, height })], [deviation], 0.01, "deviation");
  }
});

test("the palette of a picture", () => {
  assert.deepEqual(paletteOf(cases.palette.srgb.data), cases.palette.colors);
});

// The network itself answers from what was recorded; what it is asked must be the same.

const { network: recorded } = cases;
const { contract } = recorded;

class Tensor {
  constructor(type, data, dims) {
    Object.assign(this, { type, data, dims });
  }
}

function replay() {
  const answer = ({ data, shape }) => ({ data, dims: shape });
  const encoder = {
    async run({ lightness }) {
      const run = recorded.runs.find(
        ({ given }) => given.lightness && farthest(lightness.data, given.lightness.data) < 1e-3,
      );
      assert.ok(run, "the encoder was never given this lightness");
      return Object.fromEntries(Object.entries(run.answers).map(([name, value]) => [name, answer(value)]));
    },
  };
  const decoder = {
    async run(feeds) {
      const alike = recorded.runs.filter(
        ({ answers, given }) =>
          answers.output && given["hints.seen"].shape[1] === feeds["hints.seen"].dims[1],
      );
      const run = alike.find(
        ({ given }) => farthest(feeds["hints.place"].data, given["hints.place"].data) < 1e-3,
      );
      assert.ok(run, "the decoder was never given these hints");
      for (const [name, { data }] of Object.entries(run.given)) near(feeds[name].data, data, 2e-3, name);
      return { output: answer(run.answers.output) };
    },
  };
  const region = {
    async run() {
      const { output } = contract.region;
      const { answers } = recorded.runs.find((one) => one.answers[output]);
      return { [output]: answer(answers[output]) };
    },
  };
  return new Network({ contract, Tensor, encoder, decoder, openRegion: async () => region });
}

async function prepare() {
  const {
    small: {
      data,
      shape: [height, width],
    },
    size,
  } = recorded;
  return Prepared.of(replay(), { data, width, height }, size);
}

const example = () => {
  const {
    reference: { seen, ab, place },
  } = recorded;
  return { count: seen.shape[0], seen: seen.data, ab: ab.data, place: place.data };
};

test("hints are laid out", async () => {
  const prepared = await prepare();
  near(prepared.coarse.data, recorded.coarse.data, 1e-3, "coarse lightness");
  const hints = recorded.hints.map(readHint);
  const canvas = layOut(hints, recorded.size, prepared.lightness, contract.output_stride);
  for (const name of ["points", "ab", "radii"]) near(canvas[name], recorded.canvas[name].data, 2e-3, name);
  near(canvas.planes.data, recorded.canvas.planes.data, 2e-3, "planes");
  const automatic = asField(recorded.results.automatic);
  near(
    obey(automatic, prepared.coarse, canvas, contract.output_stride).data,
    recorded.obeyed.data,
    1e-3,
    "obey",
  );
});

test("a hint outside the picture is refused", () => {
  const lightness = { data: new Float32Array(64), width: 8, height: 8, channels: 1 };
  const outside = [readHint({ x: 90, y: 3, color: "#c22" })];
  assert.throws(() => layOut(outside, { width: 80, height: 80 }, lightness, 4), /outside the picture/);
  assert.throws(() => readHint({ x: NaN, y: 3, color: "#c22" }), TypeError);
  assert.throws(() => readHint({ x: 1, y: 3, color: "red" }), /not a color/);
});

test("every way to paint gives Python's colors", async () => {
  const prepared = await prepare();
  const hints = recorded.hints.map(readHint);
  const reaching = recorded.reaching.map(readHint);
  const { palette } = recorded;
  const ways = {
    automatic: {},
    calm: { vividness: 0.3 },
    vivid: { vividness: 1.7 },
    palette: { palette },
    hinted: { hints },
    reached: { hints: [hints[0], ...reaching] },
    locked: { hints: [hints[0], ...reaching], lock: recorded.locks.map(readLock) },
    toned: { tone: { warmth: 0.4, tint: -0.3, strength: 0.7 } },
    lassoed: { hints, tone: { warmth: 0.2 }, lassos: recorded.lassos.map(readLasso) },
    reference: { reference: example() },
    likened: { reference: example(), likeness: 0.4 },
    all: { hints, reference: example(), palette, vividness: 0.8 },
  };
  for (const [name, way] of Object.entries(ways)) {
    near((await prepared.ab(way)).data, recorded.results[name].data, 1e-3, name);
  }
  const { offset, gain } = guide(asField(recorded.results.automatic), prepared.coarse);
  near(offset.data, recorded.offset.data, 1e-2, "offset"); // L* times the gain's rounding
  near(gain.data, recorded.gain.data, 1e-4, "gain");
  near((await prepared.confidence()).data, recorded.confidence.data, 1e-5, "confidence");
});

test("regions are Python's", async () => {
  const prepared = await prepare();
  const traits = await prepared.traits();
  near(traits.data, recorded.traits.data, 1e-3, "traits");
  const { width, height } = recorded.size;
  const spot = [Math.trunc((150 / height) * traits.height), Math.trunc((200 / width) * traits.width)];
  near(regionOf(traits, spot, 1.4), recorded.by_edges.data, 1e-2, "by edges"); // sweeps end when they settle
  for (const [reach, region] of Object.entries(recorded.regions))
    near(await prepared.regionsOf([spot], Number(reach)), region.data, 1e-3, `reach ${reach}`);
});

test("a page finds Python's regions by itself", async () => {
  const traits = page.unpack(await packedTraits(await prepare()));
  for (const [reach, region] of Object.entries(recorded.regions))
    near(page.regionOf(traits, [200, 150], Number(reach)), region.data, 0.05, `reach ${reach}`);
});

test("borders are found", () => {
  for (const { lightness, box } of cases.border) assert.deepEqual(findBorder(asField(lightness)), box);
});

test("a reference becomes Python's tokens", async () => {
  const {
    data,
    shape: [height, width],
  } = recorded.reference_small;
  const prepared = await Prepared.of(replay(), { data, width, height }, { width, height });
  const tokens = await prepared.reference();
  // Of two members that lie equally near to the middle of a group, rounding decides.
  const expected = recorded.reference.ab.data;
  const known = Array.from({ length: tokens.count }, (_, at) =>
    tokens.ab.subarray(2 * at, 2 * at + 2),
  ).filter(([a, b]) =>
    expected.some((value, at) => at % 2 === 0 && Math.hypot(a - value, b - expected[at + 1]) < 0.01),
  );
  assert.equal(tokens.count, expected.length / 2);
  assert.ok(known.length >= 0.9 * tokens.count, `${known.length} of ${tokens.count} tokens are Python's`);
  assert.ok(tokens.place.every((value) => value === 0));
});

test("likely colors and alternatives are Python's", async () => {
  const prepared = await prepare();
  for (const { at, colors } of recorded.likely) {
    const found = await prepared.likelyColors(...at);
    assert.deepEqual(
      found.map(({ color }) => color),
      colors.map(([color]) => color),
    );
    near(
      found.map(({ share }) => share),
      colors.map(([, share]) => share),
      1e-4,
      "shares",
    );
  }
  const found = await prepared.alternatives(4, 3);
  assert.equal(found.length, recorded.alternatives.length);
  found.forEach(({ hints, likelihood }, index) => {
    const expected = recorded.alternatives[index];
    near([likelihood], [expected.likelihood], 1e-4, "likelihood");
    near(
      hints.flatMap((one) => one.points.flat()),
      expected.hints.flatMap((one) => one.points.flat()),
      1e-2,
      "spots",
    );
    near(
      hints.flatMap((one) => one.ab),
      expected.hints.flatMap((one) => one.ab),
      1e-2,
      "colors",
    );
  });
});
