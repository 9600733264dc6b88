// film/session.js against a server that is played here: what is shown follows cuts, other tabs and refusals.

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import * as marks from "../../../src/photochrom/studio/web/film/marks.js";
import { FilmSession } from "../../../src/photochrom/studio/web/film/session.js";

const RATE = 25;
const BLUE = { x: 10, y: 10, color: "#2244cc" };
const UNKNOWN = { type: "urn:photochrom:problem:unknown-film", title: "Not Found", detail: "It is closed." };
const REFUSED = {
  type: "urn:photochrom:problem:filmhints",
  title: "Unprocessable",
  detail: "It lies outside.",
};

/** A film of 60 frames in shots of 20, of which a server has looked at `seen`. */
class Server {
  seen = 60;
  hints = structuredClone(marks.NOTHING);
  isOpen = true;
  refuses = false;
  /** @type {string[]} what it was asked */
  asked = [];
  /** @type {(() => void)[] | null} answers that are held back */
  held = null;

  get shots() {
    const { add = [], remove = [] } = this.hints.cuts;
    const removed = remove.map((time) => Math.round(time * RATE));
    const added = add.map((time) => Math.round(time * RATE));
    const starts = [0, ...[20, 40].filter((one) => !removed.includes(one)), ...added].sort((a, b) => a - b);
    return starts
      .filter((first) => first < this.seen)
      .map((first, at, all) => {
        const after = all[at + 1] ?? this.seen;
        const [start_s, end_s] = [first / RATE, after / RATE];
        return { number: at + 1, start_s, end_s, first_frame: first, frames: after - first, parts: 1 };
      });
  }

  get state() {
    const looking = { frames: this.seen, of: 60, finished: this.seen === 60 };
    const { shots, hints } = this;
    return { id: "film", rate: RATE, looking, shots, hints, rendering: null, problem: null };
  }

  async fetch(path, { method, body, signal }) {
    const door = path.split("/").slice(3).join("/");
    this.asked.push(`${method} ${door}`);
    const order = body === undefined ? undefined : JSON.parse(body);
    if (this.held) {
      await new Promise((resolve, reject) => {
        this.held.push(resolve);
        signal?.addEventListener("abort", () => reject(signal.reason));
      });
    }
    if (!this.isOpen) return Response.json(UNKNOWN, { status: 404 });
    if (door === "glimpse") return Response.json(this.glimpse(order));
    if (method === "PUT") {
      if (this.refuses) return Response.json(REFUSED, { status: 422 });
      this.hints = order;
    }
    return Response.json(this.state);
  }

  glimpse({ shot, large }) {
    const { first_frame, frames } = this.shots[shot - 1];
    const times = Array.from({ length: frames }, (_, at) => (first_frame + at) / RATE);
    const shown = [first_frame, first_frame + frames - 1].map((number) => ({ number, large: false }));
    return {
      shot,
      part: 0,
      parts: 1,
      first_frame,
      times,
      frames: [...shown, { number: large, large: true }],
    };
  }

  release() {
    const [held, ...others] = this.held;
    this.held = others.length ? others : null;
    held();
  }
}

const fetching = globalThis.fetch;
let server;
let session;
let told;

beforeEach(async () => {
  server = new Server();
  globalThis.fetch = (path, options) => server.fetch(path, options);
  session = new FilmSession();
  told = [];
  for (const type of ["refused", "failed", "lost"]) session.addEventListener(type, () => told.push(type));
  session.begin(server.state);
  await session.look();
});

afterEach(() => {
  session.leave();
  globalThis.fetch = fetching;
});

test("a cut and its end leave the frame where it is, in whichever shot it lies", async () => {
  await session.go(2, 0, 30);
  assert.equal(await session.cut(), true);
  assert.deepEqual([session.shotNumber, session.frame, session.film.shots.length], [3, 30, 4]);
  assert.equal(await session.join(), true);
  assert.deepEqual([session.shotNumber, session.frame, session.film.shots.length], [2, 30, 3]);
  await session.go(3, 0, 45);
  assert.equal(await session.join(), true); // the shot before goes on with frame 45
  assert.deepEqual([session.shotNumber, session.frame], [2, 45]);
  assert.equal(session.glimpse.times.length, 40);
  session.undo(true);
  await session.look();
  assert.deepEqual([session.shotNumber, session.frame, session.glimpse.times.length], [3, 45, 20]);
});

test("what the server refuses leaves everything as it was", async () => {
  await session.go(2, 0, 30);
  server.refuses = true;
  assert.equal(await session.cut(), false);
  assert.deepEqual([session.shotNumber, session.frame, session.canUndo], [2, 30, false]);
  assert.deepEqual(session.known, marks.NOTHING);
  server.refuses = false;
  await session.cut();
  server.refuses = true;
  session.undo(true);
  await session.look();
  assert.deepEqual([session.film.shots.length, session.canUndo, session.canRedo], [4, true, false]);
  assert.deepEqual(told, ["refused", "refused"]);
});

test("a slider's way is one step, and asks for the frames once or twice", async () => {
  server.held = [];
  server.asked = [];
  const { marks: hinted, spot } = marks.withHint(session.known, RATE, session.time, BLUE);
  const colors = ["#2244cc", "#2255cc", "#2266cc", "#2277cc", "#2288cc"];
  const done = colors.map((color) => session.change(marks.changed(hinted, spot, { color }), "pick 1"));
  while (server.held) {
    server.release();
    await new Promise(setImmediate);
    server.held ??= server.asked.length < 4 ? [] : null;
  }
  await Promise.all(done);
  assert.deepEqual(server.asked, ["PUT hints", "POST glimpse", "PUT hints", "POST glimpse"]);
  assert.equal(server.hints.hints[0].hints[0].color, "#2288cc");
  session.undo(true);
  await session.look();
  assert.deepEqual([server.hints.hints, session.canUndo], [[], false]);
});

test("an answer from before a change does not undo it", async () => {
  server.held = [];
  const polled = session.poll();
  const [old] = server.held;
  const { hints } = server;
  server.held = null;
  await session.change(marks.withHint(session.known, RATE, session.time, BLUE).marks);
  const now = server.hints;
  server.hints = hints;
  old();
  await polled;
  server.hints = now;
  assert.equal(session.known.hints.length, 1);
  assert.equal(session.film.hints.hints.length, 1);
});

test("what another tab has changed is shown, and can be undone", async () => {
  const { marks: elsewhere } = marks.withHint(marks.NOTHING, RATE, 0, BLUE);
  server.hints = { ...elsewhere, cuts: { add: [0.4] } };
  server.asked = [];
  await session.poll();
  assert.deepEqual(server.asked, ["GET ", "POST glimpse"]);
  assert.equal(session.known.hints.length, 1);
  assert.equal(session.glimpse.times.length, 10);
  server.asked = [];
  await session.poll();
  assert.deepEqual(server.asked, ["GET "]);
  session.undo(true);
  await session.look();
  assert.deepEqual([server.hints, session.glimpse.times.length], [marks.NOTHING, 20]);
});

test("a film that somebody has closed is lost, whatever is asked of it", async () => {
  for (const act of [() => session.step(1), () => session.cut(), () => session.poll()]) {
    server.isOpen = true;
    session.begin(server.state);
    await session.go(1, 0, 5);
    server.isOpen = false;
    told = [];
    await act();
    assert.deepEqual(told, ["lost"]);
  }
});

test("a shot that was opened before it was seen to its end is shown again then", async () => {
  server.seen = 12;
  session.begin(server.state);
  await session.look();
  assert.equal(session.glimpse.times.length, 12);
  server.seen = 19;
  server.asked = [];
  await session.poll();
  assert.deepEqual(server.asked, ["GET "]); // it still grows
  server.seen = 60;
  await session.poll();
  assert.equal(session.glimpse.times.length, 20);
});
