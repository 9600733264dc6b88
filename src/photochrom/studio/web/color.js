// sRGB hex <-> CIELAB (D65), as much of it as the color picker needs.

import { t } from "./words.js";

const WHITE = [0.95047, 1, 1.08883];

/** @type {(code: number) => number} */
const linear = (code) => (code <= 0.04045 ? code / 12.92 : ((code + 0.055) / 1.055) ** 2.4);
/** @type {(light: number) => number} */
const encoded = (light) => (light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055);

/**
 * "#c22" or "cc2222" -> "#cc2222"; null if it is no color.
 * @type {(text: string) => string | null}
 */
export function parseHex(text) {
  const digits = text.trim().replace(/^#/, "").toLowerCase();
  if (/^[0-9a-f]{6}$/.test(digits)) return `#${digits}`;
  if (/^[0-9a-f]{3}$/.test(digits)) return `#${[...digits].map((digit) => digit + digit).join("")}`;
  return null;
}

/** @type {(hex: string) => Lab} */
export function hexToLab(hex) {
  const [r, g, b] = [1, 3, 5].map((at) => linear(parseInt(hex.slice(at, at + 2), 16) / 255));
  const xyz = [
    0.4124564 * r + 0.3575761 * g + 0.1804375 * b,
    0.2126729 * r + 0.7151522 * g + 0.072175 * b,
    0.0193339 * r + 0.119192 * g + 0.9503041 * b,
  ];
  const [x, y, z] = xyz.map((value, index) => {
    const t = value / WHITE[index];
    return t > 216 / 24389 ? Math.cbrt(t) : ((24389 / 27) * t + 16) / 116;
  });
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

/** @type {(lab: Lab) => number[]} */
function labToLinear([light, a, b]) {
  const y = (light + 16) / 116;
  const [X, Y, Z] = [y + a / 500, y, y - b / 200].map(
    (t, index) => WHITE[index] * (t ** 3 > 216 / 24389 ? t ** 3 : ((116 * t - 16) * 27) / 24389),
  );
  return [
    3.2404542 * X - 1.5371385 * Y - 0.4985314 * Z,
    -0.969266 * X + 1.8760108 * Y + 0.041556 * Z,
    0.0556434 * X - 0.2040259 * Y + 1.0572252 * Z,
  ];
}

/**
 * The nearest color towards gray that a screen can show at this lightness.
 * @type {(lab: Lab) => string}
 */
export function labToHex([light, a, b]) {
  let share = 1;
  for (let step = 0, width = 0.5; step < 9; step += 1, width /= 2) {
    const shown = labToLinear([light, share * a, share * b]).every((v) => v > -0.0005 && v < 1.0005);
    if (shown && step === 0) break;
    share += shown ? width : -width;
  }
  const codes = labToLinear([light, share * a, share * b]).map((value) =>
    Math.round(255 * encoded(Math.min(1, Math.max(0, value)))),
  );
  return `#${codes.map((code) => code.toString(16).padStart(2, "0")).join("")}`;
}

/** @type {(light: number, chroma: number, hue: number) => string} */
export function lchToHex(light, chroma, hue) {
  const angle = (hue * Math.PI) / 180;
  return labToHex([light, chroma * Math.cos(angle), chroma * Math.sin(angle)]);
}

/**
 * "#rrggbb" -> [lightness, chroma, hue in degrees].
 * @type {(hex: string) => [number, number, number]}
 */
export function hexToLch(hex) {
  const [light, a, b] = hexToLab(hex);
  return [light, Math.hypot(a, b), ((Math.atan2(b, a) * 180) / Math.PI + 360) % 360];
}

/** @type {[number, string][]} up to which hue a name goes */
const NAMES = [
  [15, "color.pinkRed"],
  [40, "color.red"],
  [62, "color.orange"],
  [82, "color.golden"],
  [105, "color.yellow"],
  [128, "color.lime"],
  [155, "color.green"],
  [200, "color.seaGreen"],
  [235, "color.turquoise"],
  [270, "color.skyBlue"],
  [300, "color.blue"],
  [325, "color.violet"],
  [345, "color.magenta"],
  [361, "color.pinkRed"],
];

/**
 * A few words for a color, for people who can't see it.
 * @type {(hex: string) => string}
 */
export function nameOf(hex) {
  const [light, chroma, hue] = hexToLch(hex);
  /** @type {(color: string) => string} */
  const shaded = (color) =>
    light < 35 ? t("color.dark", { color }) : light > 75 ? t("color.light", { color }) : color;
  if (chroma < 7)
    return light < 12 ? t("color.black") : light > 93 ? t("color.white") : shaded(t("color.gray"));
  if ((hue < 45 || hue > 345) && light > 65)
    return chroma < 22 ? t("color.light", { color: t("color.pink") }) : t("color.pink");
  const brown = hue > 30 && hue < 85 && light < 55 && chroma < 50;
  const color = t(brown ? "color.brown" : (NAMES.find(([end]) => hue < end) ?? NAMES[0])[1]);
  return shaded(chroma < 22 ? t("color.muted", { color }) : color);
}
