// The words for people, in their language: `t` for modules, data-t for elements of the page.

import english from "./words/en.js";

const STORE = "photochrom-language";
const RIGHT_TO_LEFT = new Set(["ar"]);

/**
 * Languages by code, each in its own name.
 * @type {Record<string, string>}
 */
export const LANGUAGES = {
  en: "English",
  de: "Deutsch",
  fr: "Français",
  es: "Español",
  ja: "日本語",
  zh: "简体中文",
  ar: "العربية",
};

/** @type {Record<string, Entry>} */
const usual = english;
const turns = new EventTarget();
let language = "en";
/** @type {Record<string, Entry>} */
let table = usual;

/** The language that is spoken now: a key of LANGUAGES. */
export const spoken = () => language;

/**
 * Which of the languages fits the wishes best, the first wish first; English if none does.
 * @type {(wishes: readonly string[]) => string}
 */
export function fitting(wishes) {
  const codes = Object.keys(LANGUAGES);
  for (const wish of wishes) {
    const code = codes.find((one) => one.toLowerCase() === String(wish).toLowerCase().split("-")[0]);
    if (code) return code;
  }
  return "en";
}

/** @type {Map<string, Intl.NumberFormat | Intl.PluralRules>} */
const made = new Map();

/**
 * What `make` gives for the language and these options; made once, as that takes long.
 * @type {<Made extends Intl.NumberFormat | Intl.PluralRules>(
 *   name: string, options: object, make: ()
 *   => Made) => Made}
 */
function kept(name, options, make) {
  const key = `${name} ${language} ${JSON.stringify(options)}`;
  if (!made.has(key)) made.set(key, make());
  return /** @type {ReturnType<typeof make>} */ (made.get(key));
}

/**
 * A number as people write it, such as "1,024.5".
 * @type {(value: number, options?: Intl.NumberFormatOptions) => string}
 */
export const number = (value, options = {}) =>
  kept("number", options, () => new Intl.NumberFormat(language, options)).format(value);

/**
 * Whether there are words for a key.
 * @type {(key: string) => boolean}
 */
export const has = (key) => key in usual;

/**
 * A share 0..1 in percent.
 * @type {(share: number) => string}
 */
export const percent = (share) => number(share, { style: "percent", maximumFractionDigits: 0 });

/** @type {(value: string | number) => string} */
const inText = (value) => {
  if (typeof value === "number") return number(value, { useGrouping: false });
  return RIGHT_TO_LEFT.has(language) ? `\u2068${value}\u2069` : String(value); // its own direction
};

/**
 * The form of an entry for a number.
 * @type {(entry: Exclude<Entry, string>, count: number) => string}
 */
const plural = (entry, count) =>
  entry[kept("plural", {}, () => new Intl.PluralRules(language)).select(count)] ?? entry.other;

/**
 * The words of a key.
 *
 * @param {string} key
 * @param {Values} values for what stands in braces; `count` chooses the plural form
 */
export function t(key, values = {}) {
  const entry = table[key] ?? usual[key];
  const text = typeof entry === "string" ? entry : plural(entry, Number(values.count));
  return text.replace(/\{(\w+)\}/g, (gap, name) => (name in values ? inText(values[name]) : gap));
}

/**
 * The words of a step in the history: its key, or [key, values].
 * @type {(label: StepLabel) => string}
 */
export function stepWords(label) {
  return typeof label === "string" ? t(label) : t(...label);
}

const ATTRIBUTES = ["aria-label", "title", "content"];

/**
 * Give every element with data-t its words, and with data-t-title its title, and so on.
 * @type {(root?: HTMLElement) => void}
 */
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

/**
 * Put words into an element; its children with data-slot stand where their names do.
 * @type {(element: Element, words: string) => void}
 */
function fill(element, words) {
  const slots = new Map(
    [...element.querySelectorAll(":scope > [data-slot]")].map((one) => [one.dataset.slot ?? "", one]),
  );
  const parts = words.split(/\{(\w+)\}/);
  element.replaceChildren(...parts.map((part, at) => (at % 2 ? (slots.get(part) ?? "") : part)));
}

/**
 * Speak another language from now on, and on later visits.
 * @type {(code: string, options?: { remember?: boolean }) => Promise<void>}
 */
export async function speak(code, { remember = true } = {}) {
  table = code === "en" ? usual : (await import(`./words/${code}.js`)).default;
  language = code;
  try {
    if (remember) localStorage.setItem(STORE, code);
  } catch {
    // It lasts as long as the page, then.
  }
  if (globalThis.document) {
    const { documentElement } = document;
    documentElement.lang = code === "zh" ? "zh-Hans" : code;
    documentElement.dir = RIGHT_TO_LEFT.has(code) ? "rtl" : "ltr";
    placeWords();
  }
  turns.dispatchEvent(new Event("turn"));
}

/**
 * Call `show` whenever another language is spoken.
 * @type {(show: () => void) => void}
 */
export const onLanguage = (show) => turns.addEventListener("turn", show);

/**
 * What was chosen on an earlier visit, or else what the browser wishes.
 * @type {() => readonly string[]}
 */
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
