// queue.js: one request under way, and at most the latest one waiting.

import assert from "node:assert/strict";
import { test } from "node:test";
import { LatestQueue } from "../../../src/photochrom/studio/web/queue.js";

function job(log, name) {
  let end;
  const ended = new Promise((resolve) => {
    end = resolve;
  });
  const run = async (signal) => {
    log.push(`${name} begins`);
    signal.addEventListener("abort", () => {
      log.push(`${name} is aborted`);
      end();
    });
    await ended;
    if (signal.aborted) throw new DOMException("gone", "AbortError");
    log.push(`${name} ends`);
  };
  return { run, end };
}

test("only the latest of those that wait is done", async () => {
  const log = [];
  const queue = new LatestQueue();
  const jobs = ["a", "b", "c"].map((name) => job(log, name));
  for (const one of jobs) queue.push(one.run);
  for (const one of jobs) one.end();
  await queue.idle();
  assert.deepEqual(log, ["a begins", "a ends", "c begins", "c ends"]);
});

test("clearing aborts what is under way and drops what waits", async () => {
  const log = [];
  const queue = new LatestQueue();
  queue.push(job(log, "a").run);
  queue.push(job(log, "b").run);
  queue.clear();
  await queue.idle();
  assert.deepEqual(log, ["a begins", "a is aborted"]);
});

test("an idle queue waits for nothing, and can be used again", async () => {
  const log = [];
  const queue = new LatestQueue();
  await queue.idle();
  const one = job(log, "a");
  queue.push(one.run);
  one.end();
  await queue.idle();
  const two = job(log, "b");
  queue.push(two.run);
  two.end();
  await queue.idle();
  assert.equal(log.at(-1), "b ends");
});
