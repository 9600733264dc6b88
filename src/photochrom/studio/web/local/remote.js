// Calls to a worker and its answers. A worker: `serve({ name: async (arguments) => value })`.

import { kindOf, messageOf } from "../thrown.js";

/**
 * A worker that is started when it is first called.
 *
 * @template {Doors} D what it answers to
 */
export class Remote {
  /** @type {Map<number, { resolve: (value: any) => void, reject: (error: unknown) => void }>} */
  #calls = new Map();
  #count = 0;
  /** @type {Worker | null} */
  #worker = null;

  /** @param {URL} url */
  constructor(url) {
    this.url = url;
  }

  /**
   * Call one of the worker's functions; an aborted call is not begun any more.
   *
   * @template {keyof D & string} Name
   * @param {Name} name
   * @param {Parameters<D[Name]>[0]} args
   * @param {{ signal?: AbortSignal }} options
   * @returns {Promise<Awaited<ReturnType<D[Name]>>>}
   */
  call(name, args, { signal } = {}) {
    if (signal?.aborted) return Promise.reject(signal.reason);
    this.#worker ??= this.#start();
    const worker = this.#worker;
    this.#count += 1;
    const number = this.#count;
    return new Promise((resolve, reject) => {
      this.#calls.set(number, { resolve, reject });
      signal?.addEventListener(
        "abort",
        () => {
          this.#worker?.postMessage({ cancel: number });
          this.#calls.delete(number);
          reject(signal.reason);
        },
        { once: true },
      );
      worker.postMessage({ number, name, args });
    });
  }

  /** Give its memory back; the next call starts it again. */
  end() {
    this.#worker?.terminate();
    this.#worker = null;
    this.#fail(new Error("The work was stopped."));
  }

  /** @type {() => Worker} */
  #start() {
    const worker = new Worker(this.url, { type: "module" });
    worker.addEventListener("message", ({ data: { number, value, error } }) => {
      const call = this.#calls.get(number);
      this.#calls.delete(number);
      if (error) call?.reject(Object.assign(new Error(error.message), { kind: error.kind }));
      else call?.resolve(value);
    });
    worker.addEventListener("error", (event) => {
      this.#worker = null;
      const said = event.message || "The browser has stopped the work, perhaps for lack of memory.";
      this.#fail(Object.assign(new Error(said), { kind: "stopped" }));
    });
    return worker;
  }

  /** @type {(error: unknown) => void} */
  #fail(error) {
    for (const { reject } of this.#calls.values()) reject(error);
    this.#calls.clear();
  }
}

/**
 * In a worker: answer calls, one after the other.
 * @type {(doors: Doors) => void}
 */
export function serve(doors) {
  /** @type {Set<number>} */
  const cancelled = new Set();
  let last = Promise.resolve();
  /** @type {(call: { number: number, name: string, args: never }) => Promise<void>} */
  const answer = async ({ number, name, args }) => {
    if (cancelled.delete(number)) return;
    try {
      const value = await doors[name](args);
      const transfer = value instanceof ImageBitmap ? [value] : [];
      postMessage({ number, value }, { transfer });
    } catch (error) {
      postMessage({ number, error: { message: messageOf(error), kind: kindOf(error) } });
    }
  };
  addEventListener("message", ({ data }) => {
    if (data.cancel) cancelled.add(data.cancel);
    else last = last.then(() => answer(data));
  });
}
