// local/offline.js: a new version takes over, and the page is loaded again only while nothing is open.

import assert from "node:assert/strict";
import { test } from "node:test";
import { keepOffline } from "../../../src/photochrom/studio/web/local/offline.js";

for (const unused of [true, false])
  test(`the page is ${unused ? "" : "not "}loaded again where ${unused ? "nothing" : "a photograph"} is open`, async () => {
    const said = [];
    let loads = 0;
    const serviceWorker = Object.assign(new EventTarget(), {
      controller: {},
      register: async () => ({ waiting: { postMessage: (text) => said.push(text) } }),
    });
    const faked = { navigator: { serviceWorker }, location: { reload: () => (loads += 1) } };
    for (const [name, value] of Object.entries(faked))
      Object.defineProperty(globalThis, name, { value, configurable: true });
    let isUnused = true;
    await keepOffline(Promise.resolve(), () => isUnused);
    assert.deepEqual(said, ["take over"]);
    assert.equal(loads, 0);
    isUnused = unused; // opened meanwhile
    serviceWorker.dispatchEvent(new Event("controllerchange"));
    assert.equal(loads, unused ? 1 : 0);
  });
