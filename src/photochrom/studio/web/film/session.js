// The film that is open: its state on the server, the frames that are shown, and the steps of its hints.

import * as marks from "./marks.js";
import * as server from "./server.js";

/**
 * @import { Marks, Shot } from "./marks.js"
 * @import { FilmState, Glimpse, Rendering } from "./server.js"
 * @typedef {{ state: object, edit: object, frames: object, busy: object, idle: object, failed: { error: unknown },
 *   refused: { error: unknown }, lost: { error: unknown } }} FilmEvents
 */

const POLL_MS = 700;

/**
 * Events: "state" (the film, or none), "edit" (hints, or the frame), "frames" (new ones are here), "busy" and
 * "idle", and with `detail.error`: "failed" (no frames), "refused" (a change), "lost" (the film was closed).
 */
export class FilmSession extends /** @type {Telling<FilmEvents>} */ (EventTarget) {
  /** @type {FilmState | null} */
  film = null;
  /** @type {Glimpse | null} */
  glimpse = null;
  /** The number of the shot, from 1. */
  shotNumber = 1;
  part = 0;
  /** @type {number | null} the number of the frame that is shown large */
  frame = null;
  vividness = 1;
  /** @type {Marks[]} */
  #past = [];
  /** @type {Marks[]} */
  #future = [];
  #asked = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #polling;

  /** @returns {Shot | undefined} */
  get shot() {
    return this.film?.shots[this.shotNumber - 1];
  }

  /** @returns {Marks} what is known of the film */
  get known() {
    return this.film?.hints ?? marks.NOTHING;
  }

  /** When the frame that is shown stands in the film, in seconds; null where none is. */
  get time() {
    if (!this.glimpse || this.frame === null) return null;
    return this.glimpse.times[this.frame - this.glimpse.first_frame] ?? null;
  }

  get rate() {
    return this.film?.rate ?? 25;
  }

  get canUndo() {
    return this.#past.length > 0;
  }

  get canRedo() {
    return this.#future.length > 0;
  }

  /** @param {FilmState} state */
  begin(state) {
    [this.glimpse, this.shotNumber, this.part, this.frame] = [null, 1, 0, null];
    [this.#past, this.#future] = [[], []];
    this.film = null;
    this.take(state);
  }

  leave() {
    clearTimeout(this.#polling);
    this.#asked += 1;
    [this.film, this.glimpse] = [null, null];
    this.#tell("state");
  }

  /** @param {FilmState} state */
  take(state) {
    const hadShots = this.film?.id === state.id && this.film.shots.length > 0;
    this.film = state;
    this.#tell("state");
    if (!hadShots && state.shots.length) this.go(this.shotNumber, this.part, null);
    const working = state.rendering?.state === "waiting" || state.rendering?.state === "running";
    clearTimeout(this.#polling);
    if (working || !(state.looking.finished || state.problem))
      this.#polling = setTimeout(() => this.poll(), POLL_MS);
  }

  /** @param {Rendering} rendering */
  takeRendering(rendering) {
    if (this.film) this.take({ ...this.film, rendering });
  }

  async poll() {
    const id = this.film?.id;
    if (!id) return;
    const before = this.film?.hints;
    try {
      const state = await server.stateOf(id);
      // A change that is on its way is newer than this answer.
      if (this.film?.id === id)
        this.take(this.film.hints === before ? state : { ...state, hints: this.film.hints });
    } catch (error) {
      if (this.film?.id !== id) return;
      if (server.isGone(error)) this.#tell("lost", { error });
      else this.#polling = setTimeout(() => this.poll(), 3 * POLL_MS);
    }
  }

  /* going about */

  /** @param {number} shotNumber @param {number} part @param {number | null} frame */
  async go(shotNumber, part, frame) {
    if (shotNumber !== this.shotNumber || part !== this.part) this.glimpse = null;
    [this.shotNumber, this.part, this.frame] = [shotNumber, part, frame];
    this.#tell("edit");
    await this.look();
  }

  /** Go to the frame of a time. @param {number} time */
  async goTo(time) {
    const { film } = this;
    if (!film?.shots.length) return;
    const half = 0.5 / film.rate;
    const one = film.shots.findLast(({ start_s }) => start_s <= time + half) ?? film.shots[0];
    const share = Math.floor((one.parts * (time + half - one.start_s)) / (one.end_s - one.start_s));
    await this.go(one.number, Math.min(one.parts - 1, Math.max(0, share)), null);
    const { glimpse } = this;
    const at = glimpse?.times.findIndex((when) => Math.abs(when - time) < half) ?? -1;
    if (glimpse && at >= 0) await this.go(this.shotNumber, this.part, glimpse.first_frame + at);
  }

  /** One frame on or back. @param {number} by */
  async step(by) {
    const { glimpse, frame, shotNumber, part, film } = this;
    if (!glimpse || frame === null || !film) return;
    const next = frame + by;
    const isHere = next >= glimpse.first_frame && next < glimpse.first_frame + glimpse.times.length;
    if (isHere) await this.go(shotNumber, part, next);
    else if (by > 0 && part < glimpse.parts - 1) await this.go(shotNumber, part + 1, next);
    else if (by > 0 && shotNumber < film.shots.length) await this.go(shotNumber + 1, 0, next);
    else if (by < 0 && part > 0) await this.go(shotNumber, part - 1, next);
    else if (by < 0 && shotNumber > 1)
      await this.go(shotNumber - 1, film.shots[shotNumber - 2].parts - 1, next);
  }

  /** Ask for the frames of this part in color. */
  async look() {
    const { film, shot } = this;
    if (!film || !shot) return;
    this.#asked += 1;
    const turn = this.#asked;
    this.#tell("busy");
    try {
      const first = shot.first_frame + Math.floor((shot.frames * this.part) / shot.parts);
      const { shotNumber, part, vividness } = this;
      const order = { shot: shotNumber, part, large: this.frame ?? first, vividness };
      const found = await server.glimpse(film.id, order);
      if (turn !== this.#asked) return;
      this.glimpse = found;
      this.frame = found.frames.find((one) => one.large)?.number ?? found.first_frame;
      this.#tell("frames");
      this.#tell("edit");
    } catch (error) {
      if (turn === this.#asked) this.#tell("failed", { error });
    } finally {
      if (turn === this.#asked) this.#tell("idle");
    }
  }

  /* hints */

  /** @param {Marks} next @param {{ step?: boolean }} [options] step: it can be undone */
  async change(next, { step = true } = {}) {
    const { film } = this;
    if (!film) return;
    const before = this.known;
    this.film = { ...film, hints: next };
    if (step) [this.#past, this.#future] = [[...this.#past, before], []];
    this.#tell("edit");
    try {
      const state = await server.mark(film.id, next);
      if (this.film?.id !== film.id || this.film.hints !== next) return; // a later change counts
      if (this.shotNumber > state.shots.length)
        [this.shotNumber, this.part, this.frame, this.glimpse] = [state.shots.length, 0, null, null];
      this.take({ ...state, hints: next });
      await this.look();
    } catch (error) {
      this.#tell("refused", { error });
      if (this.film?.id !== film.id || this.film.hints !== next) return;
      this.film = { ...this.film, hints: before };
      if (step) this.#past.pop();
      this.#tell("edit");
    }
  }

  /**
   * Take the content of a hints file, once the server has understood it. Errors as in `server.js`.
   *
   * @param {object} content
   */
  async takeFile(content) {
    const { film } = this;
    if (!film) return;
    const { hints } = await server.mark(film.id, { ...marks.NOTHING, ...content });
    if (this.film?.id === film.id) await this.change(hints);
  }

  /** @param {boolean} back */
  undo(back) {
    const [from, to] = back ? [this.#past, this.#future] : [this.#future, this.#past];
    const next = from.pop();
    if (!next) return false;
    to.push(this.known);
    this.change(next, { step: false });
    return true;
  }

  /** A shot begins with the frame that is shown. */
  async cut() {
    const { time, shot } = this;
    if (time === null || !shot) return;
    [this.shotNumber, this.part, this.glimpse] = [this.shotNumber + 1, 0, null];
    await this.change(marks.withCut(this.known, shot, time, this.rate));
  }

  /** The shot goes on with the one before it. */
  async join() {
    const { shot } = this;
    if (!shot || this.shotNumber < 2) return;
    [this.shotNumber, this.part, this.frame, this.glimpse] = [this.shotNumber - 1, 0, null, null];
    await this.change(marks.withoutCut(this.known, shot, this.rate));
  }

  /** @param {string} type @param {object} [detail] */
  #tell(type, detail = {}) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
