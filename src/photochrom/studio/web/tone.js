// Vividness, warmth, tint and strength, of the whole photograph or of a lasso; and how far the
// reference is followed.

import { byId, make, refill } from "./dom.js";
import { LASSO_TONES, UNTOUCHED, withLassoTone, withoutLasso } from "./edits.js";
import { number, onLanguage, percent, t } from "./words.js";

/** @type {[number, string][]} up to which value a word goes */
const WORDS = [
  [0.3, "tone.veryCalm"],
  [0.85, "tone.calm"],
  [1.15, "tone.natural"],
  [1.7, "tone.vivid"],
  [3, "tone.veryVivid"],
];

/** @type {(value: number) => string} */
const vividnessWord = (value) => t((WORDS.find(([end]) => value < end) ?? WORDS[0])[1]);

/** @type {Tone[]} */
const SLIDERS = ["vividness", "likeness", "warmth", "tint", "strength"];

/**
 * What a slider shows beside it, and what it says of itself.
 * @type {(name: Tone, value: number) => [string, string]}
 */
function wordsFor(name, value) {
  if (name === "vividness") {
    const word = vividnessWord(value);
    return [word, t("tone.said", { word, value })];
  }
  const isShare = name === "strength" || name === "likeness";
  const said = isShare ? percent(value) : number(Math.round(100 * value), { signDisplay: "exceptZero" });
  return [said, said];
}

/** @type {(name: Tone) => LassoTone | null} */
const lassoTone = (name) => LASSO_TONES.find((one) => one === name) ?? null;

/**
 * @type {(session: Session, layer: HintsLayer, drawing: { isOn: () => boolean, toggle: () => void }) =>
 *   { show: () => void, choose: (key: string | null) => void }}
 */
export function followTone(session, layer, drawing) {
  /** @type {string | null} the lasso that the sliders are for; null: all of the photograph */
  let chosen = null;
  let drag = 0;

  const lassoNow = () => session.current?.edit.lassos.find((one) => one.key === chosen) ?? null;

  /** @type {(name: Tone, value: number | undefined, merge?: string | null) => void} */
  const set = (name, value, merge = null) => {
    const edit = session.current?.edit;
    if (!edit) return;
    const lasso = lassoNow();
    const own = lassoTone(name);
    const next =
      lasso && own
        ? withLassoTone(edit, lasso.key, { [own]: value })
        : { ...edit, [name]: value ?? UNTOUCHED[name] };
    session.change(next, `step.${name}`, merge && `${merge} ${lasso?.key}`);
  };

  /** @type {(key: string | null) => void} */
  const choose = (key) => {
    chosen = key;
    if (drawing.isOn()) drawing.toggle();
    show();
  };

  /** @type {(words: string, isPressed: boolean, act: () => void, title?: string) => HTMLElement} */
  const chip = (words, isPressed, act, title) =>
    make(
      "button",
      {
        class: "chip",
        type: "button",
        title,
        "aria-pressed": String(isPressed),
        on: { click: act },
      },
      words,
    );

  /** @type {(lassos: Lasso[], lasso: Lasso | null) => HTMLElement[]} */
  const chips = (lassos, lasso) => [
    chip(t("lasso.whole"), lasso === null && !drawing.isOn(), () => choose(null)),
    ...lassos.map((one, at) =>
      chip(t("lasso.one", { number: at + 1 }), one === lasso, () => choose(one.key)),
    ),
    chip(t("lasso.draw"), drawing.isOn(), drawing.toggle, t("lasso.drawAbout")),
  ];

  /** @type {unknown[]} for what the chips stand there */
  let shown = [];
  onLanguage(() => {
    shown = [];
  });

  const show = () => {
    const edit = session.current?.edit ?? UNTOUCHED;
    const lasso = lassoNow();
    if (!lasso) chosen = null;
    for (const name of SLIDERS) {
      const own = lassoTone(name);
      const value = (lasso && own ? lasso[own] : undefined) ?? edit[name];
      const slider = byId(name);
      if (Number(slider.value) !== value) slider.value = String(value);
      const [words, said] = wordsFor(name, value);
      byId(`${name}-value`).textContent = words;
      slider.setAttribute("aria-valuetext", said);
      if (name === "vividness") slider.style.setProperty("--at", `${50 * value}%`);
    }
    layer.outline(lasso?.points ?? null);
    byId("lasso-delete").hidden = lasso === null;
    const now = [edit.lassos, lasso, drawing.isOn()];
    if (now.every((part, at) => part === shown[at])) return;
    shown = now;
    refill(byId("tone-for"), chips(edit.lassos, lasso));
  };

  for (const name of SLIDERS) {
    const slider = byId(name);
    slider.addEventListener("input", () => set(name, Number(slider.value), `${name} ${drag}`));
    slider.addEventListener("change", () => {
      drag += 1;
    });
    slider.addEventListener("dblclick", () => set(name, undefined));
  }
  byId("lasso-delete").addEventListener("click", () => {
    const photo = session.current;
    if (photo && chosen) session.change(withoutLasso(photo.edit, chosen), "step.lassoDeleted");
  });

  return { show, choose };
}
