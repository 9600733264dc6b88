// One request under way, at most one waiting, and that is the latest.

import { isAbort } from "./thrown.js";

export class LatestQueue {
  /** @type {AbortController | null} */
  #running = null;
  /** @type {((signal: AbortSignal) => Promise<void>) | null} */
  #waiting = null;
  /** @type {((nothing?: undefined) => void)[]} */
  #idle = [];

  /**
   * Run `job(signal)` as soon as the one under way has ended, unless a later one comes.
   * @type {(job: (signal: AbortSignal) => Promise<void>) => void}
   */
  push(job) {
    this.#waiting = job;
    if (!this.#running) this.#run();
  }

  /** Abort what is under way and drop what waits. */
  clear() {
    this.#waiting = null;
    this.#running?.abort();
  }

  /**
   * Resolves when nothing is to be done.
   * @type {() => Promise<void>}
   */
  idle() {
    return this.#running
      ? new Promise((resolve) => {
          this.#idle.push(resolve);
        })
      : Promise.resolve();
  }

  async #run() {
    while (this.#waiting) {
      const job = this.#waiting;
      this.#waiting = null;
      const abort = new AbortController();
      this.#running = abort;
      try {
        await job(abort.signal);
      } catch (error) {
        if (!isAbort(error)) throw error;
      } finally {
        this.#running = null;
      }
    }
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}
