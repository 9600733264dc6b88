// The Studio without a server in Firefox at a phone's width: a visit, one without the host, an update.
// node firefox_site.mjs EXECUTABLE URL PHOTOGRAPH FOLDER; after each part it says in JSON what it has
// seen, and waits for a line.

import { createInterface } from "node:readline";
import { choose, colorAt, opened } from "./firefox_page.mjs";

const [executablePath, url, photograph, folder] = process.argv.slice(2);
const phone = { width: 390, height: 844, hasTouch: true };
const { browser, page, faults, foreign } = await opened(executablePath, phone, folder);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

const saw = async (seen) => {
  console.log(JSON.stringify({ ...seen, faults, foreign }));
  await lines.next();
};
const visit = async () => {
  await page.goto(url);
  await page.waitForSelector(".print-gray");
  return page.evaluate(() => crossOriginIsolated);
};
const model = () => page.waitForFunction(() => document.querySelector("#model")?.textContent);

/** Visit it, and look for a new version; whether it is used already. */
async function isNew() {
  try {
    await visit();
    const name = await (await model()).jsonValue();
    if (name.includes("resnet18-gray")) return true;
    await page.evaluate(async () => {
      await (await navigator.serviceWorker.ready).update();
    });
  } catch {
    // The page was loaded anew meanwhile.
  }
  return false;
}

try {
  const first = await visit();
  await page.evaluate(() => {
    localStorage.setItem("photochrom-guide", "seen");
    localStorage.setItem("photochrom-keep", "no");
    return navigator.serviceWorker.ready.then(() => null);
  });
  await saw({ isolated: first, model: await (await model()).jsonValue() });

  const again = await visit();
  await choose(page, photograph);
  await page.$eval("#compare", (button) => button.click()); // all of it in color
  const wide = await page.evaluate(() => document.scrollingElement.scrollWidth - innerWidth);
  await saw({ isolated: again, colored: await colorAt(page, 0.3, 0.5), wide });

  for (let tries = 0; !(await isNew()); tries += 1) {
    if (tries === 20) throw new Error("The new version does not come.");
    await new Promise((done) => {
      setTimeout(done, 500);
    });
  }
  await page.waitForFunction(async () => (await caches.keys()).length === 1);
  await saw({});
} finally {
  await browser.close();
}
process.exit(0);
