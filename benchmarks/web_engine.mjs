// What the browser's engine takes, in Node: CPU milliseconds as JSON. Called by `web.py`.
//
//     node benchmarks/web_engine.mjs SITE SMALL HEIGHT WIDTH
//
// SITE is a folder of `photochrom export --web`, SMALL a file of 8-bit sRGB pixels.

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { brotliCompressSync, constants } from "node:zlib";

const [site, small, height, width] = process.argv.slice(2);
const at = (name) => resolve(site, name);
const load = (name) => import(pathToFileURL(at(name)).href);
const ort = await load("engine/ort.wasm.bundle.min.mjs");
ort.env.wasm.wasmBinary = readFileSync(at("engine/ort-wasm-simd-threaded.wasm"));
ort.env.wasm.numThreads = 1;
const { Network } = await load("static/local/network.js");
const { Prepared } = await load("static/local/prepared.js");
const { readHint } = await load("static/local/hints.js");
const { Painter } = await load("static/local/painting.js");
const { grayToRgba } = await load("static/local/pixels.js");
const { contract } = JSON.parse(readFileSync(at("engine/site.json"), "utf8"));
const open = (name) => ort.InferenceSession.create(readFileSync(at(`engine/${name}.onnx`)));
const network = new Network({
  contract,
  Tensor: ort.Tensor,
  encoder: await open("encoder"),
  decoder: await open("decoder"),
  openRegion: () => open("region"),
});
const image = { data: readFileSync(small), width: Number(width), height: Number(height), channels: 3 };
const size = { width: 4 * image.width, height: 4 * image.height };

/** CPU milliseconds of a call, those of other threads that compile its code meanwhile included. */
async function taken(call, round) {
  const before = process.cpuUsage();
  await call(round);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** The median of several calls, after those of which V8 compiles the code once more. */
async function median(call, rounds = 7, before = 20) {
  const times = [];
  for (let round = -before; round < rounds; round += 1) {
    const time = await taken(call, round);
    if (round >= 0) times.push(time);
  }
  return times.sort((one, other) => one - other)[rounds >> 1];
}

const whole = async () => (await Prepared.of(network, image, size)).coefficients({});
const first = await taken(whole, 0);
const automatic = await median(whole);
const prepared = await Prepared.of(network, image, size);
await prepared.coefficients({});
// Another place each time, as in Python: what was found for a place is remembered.
const hint = await median((round) =>
  prepared.coefficients({
    hints: [readHint({ x: size.width / 2 + round, y: size.height / 2, color: "#2244cc" })],
  }),
);
const [wide, high] = [4000, 3000];
const gray = Uint8Array.from({ length: wide * high }, (_, pixel) => (pixel % wide) % 251);
const rgba = grayToRgba(gray);
const coefficients = await prepared.coefficients({});
const painted = await median(async () => new Painter({ ...coefficients, place: null }, { width: wide, height: high }).paint(rgba, 0), 3, 1);
const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } };
const bytes = {};
for (const name of ["ort-wasm-simd-threaded.wasm", "ort.wasm.bundle.min.mjs", "encoder.onnx", "decoder.onnx"]) {
  bytes[name] = brotliCompressSync(readFileSync(at(`engine/${name}`)), quality).length;
}
process.stdout.write(JSON.stringify({ first, automatic, hint, painted, bytes }));
process.exit(0);
