// By what a photograph's regions are told apart, for a page that finds them by itself; see
// `region.js` of the page.

import { base64 } from "./bytes.js";
import { planesToField } from "./network.js";
import { readersOf, stepOf, WAY } from "./region.js";

const [TRAIT_LEVELS, EMBEDDING_LEVELS] = [2000, 32];

/** @type {(prepared: import("./prepared.js").Prepared) => Promise<PackedTraits>} */
export async function packedTraits(prepared) {
  const readers = readersOf(prepared.contract.region);
  const traits = readers.length ? planesToField(await prepared.embedding()) : await prepared.traits();
  const scale = readers.length ? EMBEDDING_LEVELS : TRAIT_LEVELS;
  const levels = Int16Array.from(traits.data, (value) =>
    Math.min(32767, Math.max(-32768, Math.round(value * scale))),
  );
  const { left, top, width, height } = prepared.place;
  const { width: columns, height: rows, channels } = traits;
  return {
    width: columns,
    height: rows,
    channels,
    levels: scale,
    place: [left, top, height, width],
    way: WAY,
    step: stepOf(traits),
    readers,
    data: base64(new Uint8Array(levels.buffer)),
  };
}
