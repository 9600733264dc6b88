// The core journey in Firefox, over WebDriver BiDi: open, color, hint, reach, undo, download.
// node firefox.mjs EXECUTABLE URL PHOTOGRAPH FOLDER; says in JSON what it has seen.

import { readdirSync } from "node:fs";
import { choose, colorAt, opened } from "./firefox_page.mjs";

const [executablePath, url, photograph, folder] = process.argv.slice(2);
const viewport = { width: 1280, height: 800 };
const { browser, page, faults, foreign } = await opened(executablePath, viewport, folder);

const shown = () => page.$eval(".images .after", ({ dataset, src }) => dataset.painting ?? src); // a canvas, or an image

/** Do something that repaints, and wait until that is shown. */
async function changed(act) {
  const before = await shown();
  await act();
  await page.waitForFunction(
    (earlier) => {
      const { dataset, src } = document.querySelector(".images .after") ?? { dataset: {} };
      const now = dataset.painting ?? src;
      return now !== earlier && document.querySelector("#stage").dataset.state === "painted";
    },
    {},
    before,
  );
}

const seen = {};
try {
  await page.goto(url);
  await page.evaluate(() => localStorage.setItem("photochrom-guide", "seen"));
  await page.waitForSelector(".print-gray");
  await choose(page, photograph);
  await page.$eval("#compare", (button) => button.click()); // all of it in color
  seen.colored = await colorAt(page, 0.3, 0.5);
  const box = await (await page.$("#frame")).boundingBox();
  await page.mouse.click(box.x + 0.3 * box.width, box.y + 0.5 * box.height);
  await page.waitForSelector(".likely-one");
  await page.$eval("#picker-hex", (field) => {
    field.value = "#2244cc";
  });
  await changed(() => page.$eval("#picker-hex", (field) => field.dispatchEvent(new Event("change"))));
  seen.hinted = await colorAt(page, 0.3, 0.5);
  await changed(() =>
    page.$eval("#reach", (slider) => {
      slider.value = "10";
      slider.dispatchEvent(new Event("input"));
      slider.dispatchEvent(new Event("change"));
    }),
  );
  await page.click("#picker-close");
  seen.reach = await page.$eval("#reach-value", (value) => value.textContent);
  await changed(() => page.click("#undo")); // color and reach were chosen in one go
  seen.undone = await colorAt(page, 0.3, 0.5);
  await page.click("#download");
  await page.waitForFunction(() => !document.querySelector("#download").hasAttribute("aria-busy"));
  const isSaved = (names) => names.length > 0 && !names.some((name) => name.endsWith(".part"));
  for (let tries = 0; tries < 100 && !isSaved(readdirSync(folder)); tries += 1)
    await new Promise((resolve) => {
      setTimeout(resolve, 100);
    });
  seen.files = readdirSync(folder);
} finally {
  await browser.close();
}
console.log(JSON.stringify({ ...seen, faults, foreign }));
