// The film that is open: its state on the server, the frames that are shown, and the steps of its hints.

import { History } from "../history.js";
import { LatestQueue } from "../queue.js";
import { isAbort } from "../thrown.js";
import * as marks from "./marks.js";
import * as server from "./server.js";

/**
 * @import { Marks, Shot } from "./marks.js"
 * @import { FilmState, Glimpse, Rendering } from "./server.js"
 * @typedef {{ state: object, edit: object, frames: object, busy: object, idle: object, failed: { error: unknown },
 *   refused: { error: unknown }, lost: { error: unknown } }} FilmEvents
 */

const POLL_MS = 700;

/** Which frames a shot has, in a word. @param {Shot} shot */
const framesOf = ({ first_frame, frames }) => `${first_frame}+${frames}`;

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
  /** @type {History<Marks>} */
  #history = new History(marks.NOTHING);
  /** What the server has taken last, */
  #taken = marks.NOTHING;
  /** and what it has made of that. */
  #served = "";
  #changes = 0;
  #refusals = 0;
  /** Which frames of which shot were asked for last. */
  #asked = "";
  #queue = new LatestQueue();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #polling;

  /** @returns {Shot | undefined} */
  get shot() {
    return this.film?.shots[this.shotNumber - 1];
  }

  /** What is known of the film. */
  get known() {
    return this.#history.present;
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
    return this.#history.canUndo;
  }

  get canRedo() {
    return this.#history.canRedo;
  }

  /** @param {FilmState} state */
  begin(state) {
    [this.glimpse, this.shotNumber, this.part, this.frame] = [null, 1, 0, null];
    this.#history = new History(state.hints);
    this.#taken = state.hints;
    this.#served = JSON.stringify(state.hints);
    this.film = null;
    this.#take(state);
    if (state.shots.length) this.look();
  }

  leave() {
    clearTimeout(this.#polling);
    this.#queue.clear();
    [this.film, this.glimpse] = [null, null];
    this.#tell("state");
  }

  /** @param {Rendering} rendering */
  takeRendering(rendering) {
    if (this.film) this.#take({ ...this.film, rendering });
  }

  /**
   * @param {FilmState} state
   * @returns {boolean} whether the frames have to be asked for anew
   */
  #take(state) {
    const isFirst = this.film?.shots.length === 0 && state.shots.length > 0;
    this.film = { ...state, hints: this.known };
    const isElsewhere = this.#settle();
    this.#tell("state");
    const isRendering = state.rendering?.state === "waiting" || state.rendering?.state === "running";
    clearTimeout(this.#polling);
    if (isRendering || !(state.looking.finished || state.problem))
      this.#polling = setTimeout(() => this.poll(), POLL_MS);
    return isFirst || isElsewhere;
  }

  /**
   * Stay with the frame that is shown, in whichever shot it lies by now.
   *
   * @returns {boolean} whether that shot has other frames than those that were asked for
   */
  #settle() {
    const { film, frame } = this;
    if (!film?.shots.length) return false;
    if (frame === null) this.shotNumber = Math.min(this.shotNumber, film.shots.length);
    else this.shotNumber = (film.shots.findLast((one) => one.first_frame <= frame) ?? film.shots[0]).number;
    const shot = film.shots[this.shotNumber - 1];
    const isWhole = shot.number < film.shots.length || film.looking.finished || film.problem !== null;
    if (!isWhole || !this.#asked || this.#asked === framesOf(shot)) return false;
    this.part = marks.partAt(shot, frame ?? shot.first_frame);
    this.glimpse = null;
    return true;
  }

  /** Ask how the film is; hints may have changed elsewhere. */
  async poll() {
    const id = this.film?.id;
    if (!id) return;
    const before = this.#changes;
    try {
      const state = await server.stateOf(id);
      if (this.film?.id !== id) return;
      const served = JSON.stringify(state.hints);
      // A change that was made here meanwhile is newer than this answer.
      const isNews = before === this.#changes && this.known === this.#taken && served !== this.#served;
      if (isNews) {
        this.#history.commit(state.hints, "");
        [this.#taken, this.#served] = [state.hints, served];
      }
      const isOther = this.#take(state);
      if (isNews || isOther) await this.look();
    } catch (error) {
      if (this.film?.id !== id) return;
      if (server.isGone(error)) this.#tell("lost", { error });
      else this.#polling = setTimeout(() => this.poll(), 3 * POLL_MS);
    }
  }

  /** Ask for everything again. */
  async refresh() {
    await this.poll();
    await this.look();
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

  /** Ask for the frames of this part in color; one request is under way, and the latest waits. */
  async look() {
    const { film, shot } = this;
    if (!film) return;
    if (shot) this.#asked = framesOf(shot);
    this.#tell("busy");
    this.#queue.push((signal) => this.#work(film.id, signal));
    await this.#queue.idle();
    if (this.film?.id === film.id) this.#tell("idle");
  }

  /** @param {string} id @param {AbortSignal} signal */
  async #work(id, signal) {
    try {
      if (this.film?.id === id && this.known !== this.#taken) await this.#send(id);
      if (this.film?.id === id) await this.#paint(id, signal);
    } catch (error) {
      if (isAbort(error)) throw error;
      if (this.film?.id !== id) return;
      this.#tell(server.isGone(error) ? "lost" : "failed", { error });
    }
  }

  /** @param {string} id */
  async #send(id) {
    const next = this.known;
    try {
      const state = await server.mark(id, next);
      if (this.film?.id !== id) return;
      this.#changes += 1;
      [this.#taken, this.#served] = [next, JSON.stringify(state.hints)];
      this.#take(state);
    } catch (error) {
      if (this.film?.id !== id) return;
      if (server.isGone(error)) throw error;
      this.#refusals += 1;
      this.#goBack();
      this.film = { ...this.film, hints: this.known };
      this.#tell("edit");
      this.#tell("refused", { error });
    }
  }

  /** To what the server has taken last. */
  #goBack() {
    while (this.known !== this.#taken && this.#history.canUndo) this.#history.undo();
    while (this.known !== this.#taken && this.#history.canRedo) this.#history.redo();
    if (this.known !== this.#taken) this.#history.commit(this.#taken, "");
  }

  /** @param {string} id @param {AbortSignal} signal */
  async #paint(id, signal) {
    const { shot, shotNumber, part, frame, vividness } = this;
    if (!shot) return;
    this.#asked = framesOf(shot);
    const first = shot.first_frame + Math.floor((shot.frames * part) / shot.parts);
    const order = { shot: shotNumber, part, large: frame ?? first, vividness };
    const found = await server.glimpse(id, order, signal);
    const isWanted = this.shotNumber === shotNumber && this.part === part && this.frame === frame;
    if (this.film?.id !== id || !isWanted) return;
    this.glimpse = found;
    this.frame = found.frames.find((one) => one.large)?.number ?? found.first_frame;
    this.#tell("frames");
    this.#tell("edit");
  }

  /* hints */

  /**
   * Change what is known.
   *
   * @param {Marks} next
   * @param {string | null} [merge] changes in a row with the same word are one step
   * @returns {Promise<boolean>} whether the server has taken it
   */
  async change(next, merge = null) {
    if (!this.film) return false;
    this.#history.commit(next, "", merge);
    return this.#changed();
  }

  async #changed() {
    if (!this.film) return false;
    const before = this.#refusals;
    this.#changes += 1;
    this.film = { ...this.film, hints: this.known };
    this.#tell("edit");
    await this.look();
    return this.#refusals === before;
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
    const label = back ? this.#history.undo() : this.#history.redo();
    if (label === null) return false;
    this.#changed();
    return true;
  }

  /** A shot begins with the frame that is shown. Returns as `change`. */
  async cut() {
    const { time, shot } = this;
    if (time === null || !shot) return false;
    return this.change(marks.withCut(this.known, shot, time, this.rate));
  }

  /** The shot goes on with the one before it. Returns as `change`. */
  async join() {
    const { shot } = this;
    if (!shot || this.shotNumber < 2) return false;
    return this.change(marks.withoutCut(this.known, shot, this.rate));
  }

  /** @param {string} type @param {object} [detail] */
  #tell(type, detail = {}) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
