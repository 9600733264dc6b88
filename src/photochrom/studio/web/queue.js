// One request under way, at most one waiting, and that is the latest.

export class LatestQueue {
  #running = null;
  #waiting = null;
  #idle = [];

  /** Run `job(signal)` as soon as the one under way has ended, unless a later one comes. */
  push(job) {
    this.#waiting = job;
    if (!this.#running) this.#run();
  }

  /** Abort what is under way and drop what waits. */
  clear() {
    this.#waiting = null;
    this.#running?.abort();
  }

  /** Resolves when nothing is to be done. */
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
      this.#running = new AbortController();
      try {
        await job(this.#running.signal);
      } catch (error) {
        if (error.name !== "AbortError") throw error;
      } finally {
        this.#running = null;
      }
    }
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}
