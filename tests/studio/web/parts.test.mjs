// What the types say of the page's elements is what the page has.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const read = (place) => readFileSync(new URL(`../../../${place}`, import.meta.url), "utf8");

const KINDS = {
  a: "HTMLAnchorElement",
  button: "HTMLButtonElement",
  canvas: "HTMLCanvasElement",
  details: "HTMLDetailsElement",
  dialog: "HTMLDialogElement",
  input: "HTMLInputElement",
  progress: "HTMLProgressElement",
  select: "HTMLSelectElement",
  svg: "SVGSVGElement",
};

/** Those that modules ask for more than what every element has, wherever they have an id. */
const MUST = /HTML(Button|Canvas|Details|Dialog|Input)Element|SVG/;

test("elements are of the kinds that page.d.ts gives their ids", () => {
  const pages = ["index.html", "film.html"].map((name) => read(`src/photochrom/studio/web/${name}`)).join("");
  const [, parts] = /type Parts =(.*?);\n/s.exec(read("page.d.ts"));
  const inTypes = parts
    .split("Record<")
    .flatMap((record) =>
      [...record.matchAll(/"([\w-]+)"/g)].map(([, id]) => `${id}: ${/(\w+)\s*>/.exec(record)[1]}`),
    );
  const inPages = [...pages.matchAll(/<(\w+)\b[^>]*?\bid="([\w-]+)"/g)]
    .filter(([, tag]) => tag in KINDS)
    .map(([, tag, id]) => `${id}: ${KINDS[tag]}`)
    .filter((one) => MUST.test(one) || inTypes.includes(one));
  assert.deepEqual(inTypes.sort(), [...new Set(inPages)].sort());
});
