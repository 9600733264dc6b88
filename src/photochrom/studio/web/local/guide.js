// Coarse ab -> coefficients that follow the edges of lightness: `photochrom.runtime.upsample`.

import { field } from "./fields.js";

const RADIUS = 1;
const EPSILON = 4;

/**
 * @param ab field of two channels
 * @param lightness field, L* of the same positions
 * @returns offset and gain, fields of two channels; ab = offset + gain L*
 * @type {(ab: Field, lightness: Field) => { offset: Field, gain: Field }}
 */
export function guide(ab, lightness) {
  const { height, width } = ab;
  const size = height * width;
  const light = lightness.data;
  const squares = light.map((value) => value * value);
  const products = ab.data.map((value, at) => value * light[at >> 1]);
  const meanLight = windowMean(light, height, width, 1);
  const meanSquares = windowMean(squares, height, width, 1);
  const meanAb = windowMean(ab.data, height, width, 2);
  const meanProducts = windowMean(products, height, width, 2);
  const slope = new Float32Array(2 * size);
  for (let at = 0; at < 2 * size; at += 1) {
    const mean = meanLight[at >> 1];
    const variance = Math.max(meanSquares[at >> 1] - mean * mean, 0);
    slope[at] = (meanProducts[at] - mean * meanAb[at]) / (variance + EPSILON);
  }
  const gain = windowMean(slope, height, width, 2);
  const offset = Float32Array.from(ab.data, (value, at) => value - gain[at] * light[at >> 1]);
  return { offset: field(height, width, 2, offset), gain: field(height, width, 2, Float32Array.from(gain)) };
}

/**
 * Means over square windows; the edge is repeated.
 * @type {(data: Numbers, height: number, width: number, channels: number) => Float64Array}
 */
function windowMean(data, height, width, channels) {
  const across = pass(data, height, width, channels, channels);
  return pass(across, width, height, channels, channels * width);
}

/**
 * Means along one axis: `step` apart lie neighbors, of which a line has `count`.
 * @type {(data: Numbers, lines: number, count: number, channels: number, step: number) => Float64Array}
 */
function pass(data, lines, count, channels, step) {
  const means = new Float64Array(data.length);
  const lineStep = step === channels ? count * channels : channels;
  for (let line = 0; line < lines; line += 1) {
    for (let channel = 0; channel < channels; channel += 1) {
      const start = line * lineStep + channel;
      for (let at = 0; at < count; at += 1) {
        let sum = 0;
        for (let near = at - RADIUS; near <= at + RADIUS; near += 1) {
          sum += data[start + Math.min(count - 1, Math.max(0, near)) * step];
        }
        means[start + at * step] = sum / (2 * RADIUS + 1);
      }
    }
  }
  return means;
}
