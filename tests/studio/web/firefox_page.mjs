// A page in Firefox, over WebDriver BiDi, in the words of the journeys beside this.

import puppeteer from "puppeteer-core";

const PATIENCE_MS = 90_000;

/** A page of a new Firefox; what goes wrong and what is asked of other hosts is noted. */
export async function opened(executablePath, viewport, folder) {
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
  await page.setViewport(viewport);
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (line) => line.type() === "error" && faults.push(line.text()));
  page.on("request", (request) => {
    if (!/^(http:\/\/127\.0\.0\.1:|blob:|data:)/.test(request.url())) foreign.push(request.url());
  });
  return { browser, page, faults, foreign };
}

export const painted = (page) => page.waitForSelector("#stage[data-state=painted]");

/** Open a photograph with the page's own dialog, and wait until it is in color. */
export async function choose(page, photograph) {
  // The dialog that isn't shown counts as one that was cancelled.
  await page.$eval("#file", (input) =>
    input.addEventListener("cancel", (event) => event.stopImmediatePropagation(), { capture: true }),
  );
  const [chooser] = await Promise.all([page.waitForFileChooser(), page.click("#open")]);
  await chooser.accept([photograph]);
  await painted(page);
}

/** The mean of red, green and blue around a place, in shares of the sides. */
export const colorAt = (page, x, y) =>
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
