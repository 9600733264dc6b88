// Bytes of files and what they mean.

const WINDOW = 1 << 16;

/** A file, of which parts are read as they are asked for. */
export class Bytes {
  #start = 0;
  /** @type {Octets} */
  #window = new Uint8Array(0);

  /** @param {Blob} file */
  constructor(file) {
    this.file = file;
    this.size = file.size;
  }

  /**
   * Whether some bytes come, one after the other, from a place on.
   * @type {(sought: number[], start: number) => Promise<boolean>}
   */
  async holds(sought, start) {
    const parts = 1 << 22;
    for (let from = start; from < this.size; from += parts - sought.length) {
      const part = new Uint8Array(await this.file.slice(from, from + parts).arrayBuffer());
      for (let at = part.indexOf(sought[0]); at >= 0; at = part.indexOf(sought[0], at + 1))
        if (sought.every((byte, one) => part[at + one] === byte)) return true;
    }
    return false;
  }

  /**
   * Some bytes. Throws a RangeError where the file ends before.
   * @type {(start: number, length: number) => Promise<Octets>}
   */
  async at(start, length) {
    if (start + length > this.size) throw new RangeError("The file ends too early.");
    if (start < this.#start || start + length > this.#start + this.#window.length) {
      const end = Math.min(this.size, start + Math.max(length, WINDOW));
      this.#window = new Uint8Array(await this.file.slice(start, end).arrayBuffer());
      this.#start = start;
    }
    return this.#window.subarray(start - this.#start, start - this.#start + length);
  }

  /**
   * The same as a view for numbers.
   * @type {(start: number, length: number) => Promise<DataView>}
   */
  async view(start, length) {
    const bytes = await this.at(start, length);
    return new DataView(bytes.buffer, bytes.byteOffset, length);
  }
}

/**
 * Bytes as text, one character for each.
 * @type {(bytes: Uint8Array) => string}
 */
export const text = (bytes) => String.fromCharCode(...bytes);

/**
 * Text of such characters as bytes.
 * @type {(characters: string) => Octets}
 */
export const ascii = (characters) => Uint8Array.from(characters, (one) => one.charCodeAt(0));

/** @type {(bytes: Octets, stream: GenericTransformStream) => Promise<Octets>} */
const through = async (bytes, stream) =>
  new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer());

/** @type {(bytes: Octets) => Promise<Octets>} */
export const inflated = (bytes) => through(bytes, new DecompressionStream("deflate"));
/** @type {(bytes: Octets) => Promise<Octets>} */
export const deflated = (bytes) => through(bytes, new CompressionStream("deflate"));

/**
 * Several pieces of bytes as one.
 * @type {(...parts: Uint8Array[]) => Octets}
 */
export function concat(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/**
 * A number of `count` bytes, the first the highest; or the lowest.
 * @type {(value: number, count: number, little?: boolean) => Octets}
 */
export function number(value, count, little = false) {
  const bytes = Uint8Array.from({ length: count }, (_, at) => Math.floor(value / 256 ** at) % 256);
  return little ? bytes : bytes.reverse();
}

/** @type {(bytes: Uint8Array) => string} */
export function base64(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192)
    text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
}
