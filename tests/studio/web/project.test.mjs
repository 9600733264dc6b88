// project.js: photographs of equal names stay apart in what is saved.

import assert from "node:assert/strict";
import { test } from "node:test";
import { UNTOUCHED } from "../../../src/photochrom/studio/web/edits.js";
import { openProject, projectOf, unzip, zipOf } from "../../../src/photochrom/studio/web/project.js";

const reference = { file: new File(["rose"], "rose.jpg") };
const photo = (folder, edit = UNTOUCHED) => ({
  name: "scan.jpg",
  folder,
  edit,
  upload: { file: new File([folder], "scan.jpg") },
});
const PHOTOS = [photo("Album/1950", { ...UNTOUCHED, reference }), photo("Album/1960"), photo(""), photo("")];
const PLACES = ["Album/1950/scan.jpg", "Album/1960/scan.jpg", "scan.jpg", "scan (2).jpg"];

test("results and edits lie in the folders that their photographs come from", async () => {
  const paint = async ({ folder }) => ({ blob: new Blob([folder]), name: "scan-color.jpg" });
  const options = { painter: null, cannot: {} };
  const zip = await zipOf(PHOTOS, paint, () => {}, options);
  const entries = await unzip(new File([zip], "photographs-color.zip"));
  assert.deepEqual(
    [...entries.keys()],
    [
      ...PLACES.flatMap((place) => [
        place.replace(/scan(.*)\.jpg/, "scan-color$1.jpg"),
        `${place}.edits.json`,
      ]),
      "references/rose.jpg",
    ],
  );
  const edits = JSON.parse(await entries.get("Album/1950/scan.jpg.edits.json").text());
  assert.equal(edits.reference, "../../references/rose.jpg");
  assert.equal(await entries.get("Album/1960/scan-color.jpg").text(), "Album/1960");
});

test("a project gives photographs back to their folders", async () => {
  const project = await projectOf(PHOTOS, null);
  const opened = await openProject(new File([project], "scan.photochrom.zip"));
  assert.deepEqual(
    opened.map((one) => [one.folder, one.file.name].filter(Boolean).join("/")),
    PLACES,
  );
  assert.equal(await opened[0].reference.text(), "rose");
});
