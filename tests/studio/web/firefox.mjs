// The core journey in Firefox, over WebDriver BiDi: open, color, hint, reach, undo, download.
// node firefox.mjs EXECUTABLE URL PHOTOGRAPH FOLDER; says in JSON what it has seen.

import { readdirSync } from "node:fs";
import puppeteer from "puppeteer-core";

const [executablePath, url, photograph, folder] = process.argv.slice(2);
const PATIENCE_MS = 90_000;
const faults = [];
const foreign = [];

const browser = await puppeteer.launch({
  browser: "firefox",
  executablePath,
  headless: true,
  extraPrefsFirefox: {
    "browser.download.folderList": 2,
    "browser.download.dir": folder,
    "browser.download.alwaysOpenPanel": false,
    "browser.helperApps.neverAsk.saveToDisk": "image/jpeg",
  },
});
const page = await browser.newPage();
page.setDefaultTimeout(PATIENCE_MS);
await page.setViewport({ width: 1280, height: 800 });
page.on("pageerror", (error) => faults.push(String(error)));
page.on("console", (line) => line.type() === "error" && faults.push(line.text()));
page.on("request", (request) => {
  if (!/^(http:\/\/127\.0\.0\.1:|blob:|data:)/.test(request.url())) foreign.push(request.url());
});

const painted = () => page.waitForSelector("#stage[data-state=painted]");
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

/** The mean of red, green and blue around a place, in shares of the sides. */
const colorAt = (x, y) =>
  page.evaluate(
    (x, y) => {
      const image = document.querySelector(".images .after");
      const canvas = new OffscreenCanvas(
        image.naturalWidth ?? image.width,
        image.naturalHeight ?? image.height,
      );
      const context = canvas.getContext("2d");
      context.drawImage(image, 0, 0);
      const { data } = context.getImageData(
        Math.round(x * canvas.width) - 3,
        Math.round(y * canvas.height) - 3,
        7,
        7,
      );
      const sums = [0, 0, 0];
      for (let at = 0; at < data.length; at += 4) for (const one of [0, 1, 2]) sums[one] += data[at + one];
      return sums.map((sum) => sum / 49);
    },
    x,
    y,
  );

const seen = {};
try {
  await page.goto(url);
  await page.evaluate(() => localStorage.setItem("photochrom-guide", "seen"));
  await page.waitForSelector(".print-paper");
  // The dialog that isn't shown counts as one that was cancelled.
  await page.$eval("#file", (input) =>
    input.addEventListener("cancel", (event) => event.stopImmediatePropagation(), { capture: true }),
  );
  const [chooser] = await Promise.all([page.waitForFileChooser(), page.click("#open")]);
  await chooser.accept([photograph]);
  await painted();
  await page.$eval("#compare", (button) => button.click()); // all of it in color
  seen.colored = await colorAt(0.3, 0.5);
  const box = await (await page.$("#frame")).boundingBox();
  await page.mouse.click(box.x + 0.3 * box.width, box.y + 0.5 * box.height);
  await page.waitForSelector(".likely-one");
  await page.$eval("#picker-hex", (field) => {
    field.value = "#2244cc";
  });
  await changed(() => page.$eval("#picker-hex", (field) => field.dispatchEvent(new Event("change"))));
  seen.hinted = await colorAt(0.3, 0.5);
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
  seen.undone = await colorAt(0.3, 0.5);
  await page.click("#download");
  await page.waitForFunction(() => !document.querySelector("#download").hasAttribute("aria-busy"));
  for (let tries = 0; tries < 100 && !readdirSync(folder).some((name) => name.endsWith(".jpg")); tries += 1)
    await new Promise((resolve) => {
      setTimeout(resolve, 100);
    });
  seen.files = readdirSync(folder);
} finally {
  await browser.close();
}
console.log(JSON.stringify({ ...seen, faults, foreign }));
