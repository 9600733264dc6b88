// The words for people, in their language: `t` for modules, data-t for elements of the page.

import english from "./words/en.js";

const STORE = "photochrom-language";
const RIGHT_TO_LEFT = new Set(["ar"]);

/** Languages by code, each in its own name. */
export const LANGUAGES = {
  en: "English",
  de: "Deutsch",
  fr: "Français",
  es: "Español",
  ja: "日本語",
  zh: "简体中文",
  ar: "العربية",
};

const turns = new EventTarget();
let language = "en";
let table = english;

/** The language that is spoken now: a key of LANGUAGES. */
export const spoken = () => language;

/** Which of the languages fits the wishes best, the first wish first; English if none does. */
export function fitting(wishes) {
  const codes = Object.keys(LANGUAGES);
  for (const wish of wishes) {
    const code = codes.find((one) => one.toLowerCase() === String(wish).toLowerCase().split("-")[0]);
    if (code) return code;
  }
  return "en";
}

const made = new Map();

/** What `make` gives for the language and these options; made once, as that takes long. */
function kept(name, options, make) {
  const key = `${name} ${language} ${JSON.stringify(options)}`;
  if (!made.has(key)) made.set(key, make());
  return made.get(key);
}

/** A number as people write it, such as "1,024.5". */
export const number = (value, options = {}) =>
  kept("number", options, () => new Intl.NumberFormat(language, options)).format(value);

/** Whether there are words for a key. */
export const has = (key) => key in english;

/** A share 0..1 in percent. */
export const percent = (share) => number(share, { style: "percent", maximumFractionDigits: 0 });

const inText = (value) => {
  if (typeof value === "number") return number(value, { useGrouping: false });
  return RIGHT_TO_LEFT.has(language) ? `\u2068${value}\u2069` : String(value); // its own direction
};

/**
 * The words of a key.
 *
 * @param {string} key
 * @param {Record<string, string | number>} values for what stands in braces; `count` chooses the plural form
 */
export function t(key, values = {}) {
  const entry = table[key] ?? english[key];
  const text =
    typeof entry === "string"
      ? entry
      : entry[kept("plural", {}, () => new Intl.PluralRules(language)).select(Number(values.count))];
  return (text ?? entry.other).replace(/\{(\w+)\}/g, (gap, name) =>
    name in values ? inText(values[name]) : gap,
  );
}

/** The words of a step in the history: its key, or [key, values]. */
export function stepWords(label) {
  const [key, values] = [label].flat();
  return t(key, values);
}

const ATTRIBUTES = ["aria-label", "title", "content"];

/** Give every element with data-t its words, and with data-t-title its title, and so on. */
export function placeWords(root = document.documentElement) {
  const selector = ["[data-t]", ...ATTRIBUTES.map((name) => `[data-t-${name}]`)].join(", ");
  for (const element of [root, ...root.querySelectorAll(selector)]) {
    for (const name of ATTRIBUTES) {
      const key = element.getAttribute(`data-t-${name}`);
      if (key) element.setAttribute(name, t(key));
    }
    if (element.dataset.t) fill(element, t(element.dataset.t));
  }
}

/** Put words into an element; its children with data-slot stand where their names do. */
function fill(element, words) {
  const slots = new Map(
    [...element.querySelectorAll(":scope > [data-slot]")].map((one) => [one.dataset.slot, one]),
  );
  const parts = words.split(/\{(\w+)\}/);
  element.replaceChildren(...parts.map((part, at) => (at % 2 ? slots.get(part) : part)));
}

/** Speak another language from now on, and on later visits. */
export async function speak(code, { remember = true } = {}) {
  table = code === "en" ? english : (await import(`./words/${code}.js`)).default;
  language = code;
  try {
    if (remember) localStorage.setItem(STORE, code);
  } catch {
    // It lasts as long as the page, then.
  }
  const { documentElement } = globalThis.document ?? {};
  if (documentElement) {
    documentElement.lang = code === "zh" ? "zh-Hans" : code;
    documentElement.dir = RIGHT_TO_LEFT.has(code) ? "rtl" : "ltr";
    placeWords();
  }
  turns.dispatchEvent(new Event("turn"));
}

/** Call `show` whenever another language is spoken. */
export const onLanguage = (show) => turns.addEventListener("turn", show);

/** What was chosen on an earlier visit, or else what the browser wishes. */
function wished() {
  try {
    const chosen = localStorage.getItem(STORE);
    if (chosen) return [chosen];
  } catch {
    // The browser's own languages, then.
  }
  return globalThis.navigator?.languages ?? [];
}

if (globalThis.document) await speak(fitting(wished()), { remember: false });
