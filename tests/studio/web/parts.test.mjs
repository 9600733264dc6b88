// What the types say of the page's elements is what the page has.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const read = (place) => readFileSync(new URL(`../../../${place}`, import.meta.url), "utf8");

const KINDS = {
  button: "HTMLButtonElement",
  canvas: "HTMLCanvasElement",
  details: "HTMLDetailsElement",
  dialog: "HTMLDialogElement",
  input: "HTMLInputElement",
  svg: "SVGSVGElement",
};

test("elements are of the kinds that page.d.ts gives their ids", () => {
  const page = read("src/photochrom/studio/web/index.html");
  const inPage = [...page.matchAll(/<(\w+)\b[^>]*?\bid="([\w-]+)"/g)]
    .filter(([, tag]) => tag in KINDS)
    .map(([, tag, id]) => `${id}: ${KINDS[tag]}`);
  const [, parts] = /type Parts =(.*?);\n/s.exec(read("page.d.ts"));
  const inTypes = parts
    .split("Record<")
    .flatMap((record) =>
      [...record.matchAll(/"([\w-]+)"/g)].map(([, id]) => `${id}: ${/(\w+)\s*>/.exec(record)[1]}`),
    );
  assert.deepEqual(inTypes.sort(), inPage.sort());
});
