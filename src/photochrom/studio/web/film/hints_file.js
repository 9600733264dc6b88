// A hints file with the pictures that it names: as files, or as the ZIP that the page gives.

import { isProject, unzip } from "../project.js";
import { isHints } from "../reading.js";
import { t } from "../words.js";
import { renamed } from "./marks.js";
import * as server from "./server.js";

/** What people can choose. */
export const HINTS_FILES = ".json,.zip,image/*";

/** Whether one of these files has hints. @param {File[]} files */
export const haveHints = (files) => files.some((file) => isHints(file) || isProject(file));

export class HintsFileError extends Error {}

/** "a.png" of "stills/a.png". @param {string} path */
const lastOf = (path) => path.split(/[/\\]/).at(-1) ?? path;

/** @param {File[]} files @returns {Promise<File[]>} with what lies in archives */
async function unpacked(files) {
  const found = [];
  for (const file of files) {
    if (!isProject(file)) found.push(file);
    else for (const [name, content] of await unzip(file)) found.push(new File([content], lastOf(name)));
  }
  return found;
}

/**
 * Read a hints file, and send the pictures that have come with it.
 *
 * @param {string} id of the film
 * @param {File[]} chosen
 * @returns {Promise<{ content: object, missing: string[] }>} missing: pictures that it names, and that haven't come
 */
export async function readHints(id, chosen) {
  const files = await unpacked(chosen);
  const file = files.find(isHints);
  if (!file) throw new HintsFileError(t("films.noHintsFile"));
  let content;
  try {
    content = JSON.parse(await file.text());
  } catch {
    throw new HintsFileError(t("file.notJson"));
  }
  if (content === null || typeof content !== "object") throw new HintsFileError(t("file.notJson"));
  /** @type {Set<string>} */
  const names = new Set();
  renamed(content, (name) => {
    names.add(name);
    return name;
  });
  /** @type {Map<string, string>} */
  const kept = new Map();
  for (const name of names) {
    const picture = files.find((one) => one.name === lastOf(name));
    if (picture) kept.set(name, (await server.keep(id, picture)).picture);
  }
  const missing = [...names].filter((name) => !kept.has(name));
  return { content: renamed(content, (name) => kept.get(name) ?? name), missing };
}
