// reading.js: files are read whole, and folders walked in order.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  dropped,
  FileError,
  folderOf,
  isHints,
  photographOf,
  stemOf,
  whole,
} from "../../../src/photochrom/studio/web/reading.js";

const file = (name, content = "x") => new File([content], name, { type: "image/jpeg" });
const fileEntry = (name) => ({ isFile: true, isDirectory: false, name, file: (take) => take(file(name)) });

/** A folder that gives its entries in parts, as browsers do. */
function folderEntry(name, entries) {
  return {
    isFile: false,
    isDirectory: true,
    name,
    createReader: () => {
      const left = [...entries];
      return { readEntries: (take) => take(left.splice(0, 2)) };
    },
  };
}

const transfer = (...entries) => ({
  items: entries.map((entry) => ({ kind: "file", webkitGetAsEntry: () => entry })),
  files: [],
});

test("a file is copied whole, or said why not", async () => {
  const copy = await whole(file("a.jpg", "pixels"));
  assert.deepEqual([copy.name, copy.type, await copy.text()], ["a.jpg", "image/jpeg", "pixels"]);
  await assert.rejects(whole(file("a.jpg", "")), new FileError("The file is empty."));
  const gone = { name: "a.jpg", arrayBuffer: () => Promise.reject(new Error("NotFound")) };
  await assert.rejects(whole(gone), /moved, deleted or changed/);
});

test("folders are walked in the order of names, as people count", async () => {
  const inner = folderEntry("b", [fileEntry("z.jpg"), fileEntry("notes.txt")]);
  const album = folderEntry("album", [
    fileEntry("10.jpg"),
    inner,
    fileEntry("9.jpg"),
    fileEntry(".hidden.jpg"),
  ]);
  const { files, folders } = await dropped(transfer(fileEntry("first.png"), album));
  assert.deepEqual(folders, ["album"]);
  const names = files.map((one) => one.name);
  assert.deepEqual(names.slice(0, 3), ["first.png", "9.jpg", "10.jpg"]);
  assert.ok(names.includes("z.jpg"));
  assert.ok(!names.includes("notes.txt"));
  const places = ["first.png", "9.jpg", "z.jpg"].map((name) => folderOf(files[names.indexOf(name)]));
  assert.deepEqual(places, ["", "album", "album/b"]);
});

test("hints find the photograph of their name in their own folder first", async () => {
  const year = (name) => folderEntry(name, [fileEntry("scan.jpg"), fileEntry("scan.hints.json")]);
  const { files } = await dropped(transfer(folderEntry("album", [year("1950"), year("1960")])));
  const photos = files
    .filter((one) => !isHints(one))
    .map((one) => ({ name: one.name, folder: folderOf(one) }));
  const [first, second] = files.filter(isHints);
  assert.equal(photographOf(first, photos).folder, "album/1950");
  assert.equal(photographOf(second, photos).folder, "album/1960");
  assert.equal(photographOf(file("scan.json"), photos), photos[0]);
  assert.equal(photographOf(file("other.json"), photos), undefined);
});

test("files of hints are known, and find their photograph", () => {
  assert.ok(isHints(file("a.hints.JSON")));
  assert.ok(!isHints(file("a.jpg")));
  assert.equal(stemOf("flower.jpg"), "flower");
  assert.equal(stemOf("flower.hints.json"), "flower");
});
