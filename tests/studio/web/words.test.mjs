// words.js and the languages: nothing is missing, nothing is left over, and no word stands elsewhere.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { LANGUAGES } from "../../../src/photochrom/studio/web/words.js";

const WEB = new URL("../../../src/photochrom/studio/web/", import.meta.url);
const read = (name) => readFileSync(new URL(name, WEB), "utf8");
const table = async (code) => (await import(new URL(`words/${code}.js`, WEB))).default;
const english = await table("en");
const modules = readdirSync(WEB, { recursive: true }).filter(
  (name) => /\.js$/.test(name) && !/^(words|vendor)[/\\]|^sw\.js$/.test(name),
);

/** The modules that speak; those of the engine say what is wrong as the server does, for programs. */
const speaking = modules.filter((name) => !/^(local[/\\]|previews)/.test(name) || /engine/.test(name));
const pages = ["index.html", "film.html"].map(read);
const page = pages.join("\n");

/** The string literals of a module, and what stands between the gaps of its templates. */
function literalsOf(source) {
  const found = [];
  const skip =
    /\/\/[^\n]*|\/\*[\s\S]*?\*\/|(?<=[(,=:[!&|?;{}\n]\s*)\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n])+\/[dgimsuvy]*|"((?:\\.|[^"\\\n])*)"|'((?:\\.|[^'\\\n])*)'|`/g;
  const template = (from) => {
    let at = from;
    for (let start = at; at < source.length; at += 1) {
      if (source[at] === "\\") at += 1;
      else if (source[at] === "`" || source.startsWith("${", at)) {
        found.push(source.slice(start, at));
        if (source[at] === "`") return at + 1;
        at = code(at + 2, true);
        start = at;
        at -= 1;
      }
    }
    return at;
  };
  const code = (from, inGap) => {
    let depth = 0;
    for (let at = from; at < source.length; ) {
      skip.lastIndex = at;
      const next = skip.exec(source);
      const stop = next?.index ?? source.length;
      if (inGap) {
        for (; at < stop; at += 1) {
          if (source[at] === "{") depth += 1;
          else if (source[at] === "}" && depth === 0) return at + 1;
          else if (source[at] === "}") depth -= 1;
        }
      }
      if (!next) return source.length;
      if (next[0] === "`") {
        at = template(stop + 1);
      } else {
        if (next[1] !== undefined || next[2] !== undefined) found.push(next[1] ?? next[2]);
        at = stop + next[0].length;
      }
    }
    return source.length;
  };
  code(0, false);
  return found;
}

const gapsOf = (text) => new Set([...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name));
const formsOf = (entry) => (typeof entry === "string" ? { other: entry } : entry);

for (const code of Object.keys(LANGUAGES)) {
  test(`${code} has the keys, gaps and plural forms that it needs`, async () => {
    const words = await table(code);
    assert.deepEqual(Object.keys(words), Object.keys(english), "the same keys, in the same order");
    const { pluralCategories } = new Intl.PluralRules(code).resolvedOptions();
    for (const [key, entry] of Object.entries(words)) {
      assert.equal(typeof entry, typeof english[key], key);
      const wanted = gapsOf(formsOf(english[key]).other);
      if (typeof entry === "object")
        assert.deepEqual(Object.keys(entry).sort(), [...pluralCategories].sort(), key);
      for (const [form, text] of Object.entries(formsOf(entry))) {
        assert.ok(text.trim(), key);
        const gaps = gapsOf(text);
        if (form !== "other" && wanted.has("count")) gaps.add("count"); // "a hint" says how many
        assert.deepEqual(gaps, wanted, `${key}, ${form}`);
      }
    }
  });
}

test("every key is used, and every key that is used is there", () => {
  const inPage = [...page.matchAll(/data-t(?:-[\w-]+)?="([^"]+)"/g)].map(([, key]) => key);
  const literals = speaking.flatMap((name) => literalsOf(read(name)));
  const families = new Set(Object.keys(english).map((key) => key.split(".")[0]));
  const isKey = (text) => /^[a-z]+\.[A-Za-z]\w*$/.test(text) && families.has(text.split(".")[0]);
  const used = new Set([...inPage, ...literals.filter(isKey)]);
  const begun = literals.filter((text) => /^[a-z]+\.$/.test(text) && families.has(text.slice(0, -1)));
  const isUsed = (key) => used.has(key) || begun.some((start) => key.startsWith(start));
  assert.deepEqual(
    Object.keys(english).filter((key) => !isUsed(key)),
    [],
  );
  const files = new Set(["film.html", ...modules.map((name) => name.split("/").at(-1))]);
  assert.deepEqual(
    [...used].filter((key) => !(key in english) && !files.has(key)),
    [],
  );
});

test("the page itself has no words, but names, keys and commands", () => {
  const shown = page
    .replace(/<!--[\s\S]*?-->|<(title|script|style|code|kbd)\b[\s\S]*?<\/\1>|<[^>]+>/g, "\n")
    .match(/[\p{L}]{2,}[^\n]*/gu);
  assert.deepEqual(shown, ["Studio", "Studio"]);
  const attributes = [...page.matchAll(/\s(?:aria-label|title|alt|placeholder|aria-valuetext)="([^"]*)"/g)];
  assert.deepEqual(new Set(attributes.map(([, text]) => text)), new Set(["Photochrom"]));
});

/** Names of keys, events, errors, headers and products: the same for everybody. */
const NAMES =
  /^(Escape|Enter|Delete|Backspace|Home|End|Page(Up|Down)|Arrow\w+|\w+Error|Aborted|Files|WebP|UnknownPicture|(Content|Retry)-\w+|X-Name| · Photochrom Studio|Photochrom Studio|take over)$/;
const classes = new Set(
  ["base.css", "studio.css", "film.css"].flatMap((name) =>
    [...read(name).matchAll(/\.([a-z][\w-]*)/g)].map(([, one]) => one),
  ),
);

test("no module has words for people", () => {
  const isWords = (text) =>
    !NAMES.test(text) &&
    !/^\s*<|[{}<>=#[]|rgb|deg\b|^photochrom |^\((prefers|max|min)-/.test(text) && // markup, styles, commands
    !/^[a-z]+\.$/.test(text) && // the beginning of a key
    !/^(button|input|img|svg|h[1-6]|textarea|select|dialog)[, ]/.test(text) && // selectors
    !text.split(/\s+/).every((word) => classes.has(word)) &&
    (/\p{Ll}{2,}[,.:;]? [\p{L}“]/u.test(text) ||
      /^\p{Lu}\p{Ll}{2,}/u.test(text) ||
      /\p{Ll}[.…]$/u.test(text));
  const found = speaking.flatMap((name) =>
    literalsOf(read(name).replace(/LANGUAGES = \{[^}]*\}/, "")) // each in its own name
      .filter((text) => isWords(text))
      .map((text) => `${name}: ${text}`),
  );
  assert.deepEqual(found, []);
});
