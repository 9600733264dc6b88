// sRGB hex <-> CIELAB (D65), as much of it as the colour picker needs.

const WHITE = [0.95047, 1, 1.08883];

const linear = (code) => (code <= 0.04045 ? code / 12.92 : ((code + 0.055) / 1.055) ** 2.4);
const encoded = (light) => (light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055);

/** "#c22" or "cc2222" -> "#cc2222"; null if it is no colour. */
export function parseHex(text) {
  const digits = text.trim().replace(/^#/, "").toLowerCase();
  if (/^[0-9a-f]{6}$/.test(digits)) return `#${digits}`;
  if (/^[0-9a-f]{3}$/.test(digits)) return `#${[...digits].map((digit) => digit + digit).join("")}`;
  return null;
}

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
 * The nearest colour towards grey that a screen can show at this lightness.
 *
 * @param {number[]} lab
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

export function lchToHex(light, chroma, hue) {
  const angle = (hue * Math.PI) / 180;
  return labToHex([light, chroma * Math.cos(angle), chroma * Math.sin(angle)]);
}

/** "#rrggbb" -> [lightness, chroma, hue in degrees]. */
export function hexToLch(hex) {
  const [light, a, b] = hexToLab(hex);
  return [light, Math.hypot(a, b), ((Math.atan2(b, a) * 180) / Math.PI + 360) % 360];
}

/** @type {[number, string][]} up to which hue a name goes */
const NAMES = [
  [15, "pink red"],
  [40, "red"],
  [62, "orange"],
  [82, "golden"],
  [105, "yellow"],
  [128, "lime"],
  [155, "green"],
  [200, "sea green"],
  [235, "turquoise"],
  [270, "sky blue"],
  [300, "blue"],
  [325, "violet"],
  [345, "magenta"],
  [361, "pink red"],
];

/** A few words for a colour, for people who can't see it. */
export function nameOf(hex) {
  const [light, chroma, hue] = hexToLch(hex);
  const shade = light < 35 ? "dark " : light > 75 ? "light " : "";
  if (chroma < 7) return light < 12 ? "black" : light > 93 ? "white" : `${shade}grey`;
  const hued = NAMES.find(([end]) => hue < end)[1];
  if ((hue < 45 || hue > 345) && light > 65) return chroma < 22 ? "light pink" : "pink";
  const brown = hue > 30 && hue < 85 && light < 55 && chroma < 50;
  return `${shade}${chroma < 22 ? "muted " : ""}${brown ? "brown" : hued}`;
}
