// Open photographs and what was asked for them, kept in the browser's storage until they are closed.

import { announce, byId, tell } from "./dom.js";
import { editsOut } from "./edits.js";
import { isThisMachine } from "./place.js";
import { t } from "./words.js";

/**
 * @typedef {{
 *   key: string, order: number, used: number, name: string, folder?: string, file: File, edits: string,
 *   reference: File | null,
 * }} Kept as it lies in the browser's storage
 */
/** @typedef {Pick<Kept, "file" | "folder" | "edits" | "reference"> & { current: boolean, keptAs: string }} KeptPhoto */

const DATABASE = "photochrom";
const STORE = "photographs";
const CHOICE = "photochrom-keep";
const CURRENT = "photochrom-current"; // the key of the photograph that was worked on last
const SHARE = 0.5; // of what the browser grants
const SETTLED_MS = 1500;
const LOCK = "photochrom-keeping"; // of the page that has open what is kept
const LOCK_MS = 1000; // a page that is reloaded lets go within this time

/** Whether work is kept: as chosen, or else where the page comes from this machine. */
function isWanted() {
  try {
    const chosen = localStorage.getItem(CHOICE);
    return chosen ? chosen === "yes" : isThisMachine(location.hostname);
  } catch {
    return false;
  }
}

/**
 * Whether no other page has open what is kept: two would overwrite each other's edits. This page holds
 * the lock until it is left, at once or after the others.
 * @type {() => Promise<boolean>}
 */
const isOurs = () =>
  new Promise((resolve) => {
    if (!navigator.locks) {
      resolve(true);
      return;
    }
    const hold = () => {
      resolve(true);
      return new Promise(() => {});
    };
    navigator.locks.request(LOCK, { signal: AbortSignal.timeout(LOCK_MS) }, hold).catch(() => {
      resolve(false);
      navigator.locks.request(LOCK, hold);
    });
  });

/** @type {<Value>(request: IDBRequest<Value>) => Promise<Value>} */
const done = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/** @type {(mode: IDBTransactionMode) => Promise<IDBObjectStore>} */
async function store(mode) {
  const opening = indexedDB.open(DATABASE, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(STORE, { keyPath: "key" });
  const database = await done(opening);
  const transaction = database.transaction(STORE, mode);
  transaction.oncomplete = () => database.close();
  return transaction.objectStore(STORE);
}

/**
 * Everything that is kept.
 * @type {() => Promise<Kept[]>}
 */
const allKept = async () => done((await store("readonly")).getAll());

/** @type {(entry: Pick<Kept, "file" | "reference">) => number} */
const sizeOf = ({ file, reference }) => file.size + (reference?.size ?? 0);

/**
 * Make room for this many bytes by removing the oldest photographs.
 * @type {(bytes: number, key: string) => Promise<boolean>}
 */
async function makeRoom(bytes, key) {
  const { quota = 0 } = (await navigator.storage?.estimate?.()) ?? {};
  const kept = (await allKept()).filter((one) => one.key !== key);
  kept.sort((one, other) => one.used - other.used);
  let sum = bytes + kept.reduce((all, one) => all + sizeOf(one), 0);
  while (sum > SHARE * quota && kept.length) {
    const [oldest] = kept.splice(0, 1);
    sum -= sizeOf(oldest);
    await done((await store("readwrite")).delete(oldest.key));
  }
  return sum <= SHARE * quota;
}

/**
 * Keep what is open as it changes.
 * @type {(session: Session) => { restore: () => Promise<KeptPhoto[]> }}
 */
export function followKeeping(session) {
  let on = isWanted();
  const ours = isOurs();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let waiting;
  /** @type {WeakMap<Photo, string>} */
  const keys = new WeakMap();
  /** @type {Set<string>} */
  const known = new Set(); // what this page has kept or restored; other pages keep theirs
  /** @type {Set<string>} */
  const stored = new Set();
  /** @type {WeakMap<Photo, Edit>} */
  const written = new WeakMap(); // photograph -> the edit that is kept

  /** @type {(photo: Photo) => string} */
  const keyOf = (photo) => {
    const key = keys.get(photo) ?? photo.keptAs ?? crypto.randomUUID();
    keys.set(photo, key);
    return key;
  };

  /** @type {(photo: Photo, order: number) => Promise<void>} */
  const write = async (photo, order) => {
    const { edit } = photo;
    const reference = edit.reference?.file ?? null;
    const entry = {
      key: keyOf(photo),
      order,
      used: Date.now(),
      name: photo.name,
      folder: photo.folder,
      file: photo.upload.file,
      edits: JSON.stringify(editsOut(edit, { reference: reference?.name })),
      reference,
    };
    known.add(entry.key);
    // Only a file takes room: what changes in an edit is small.
    if (stored.has(entry.key) || (await makeRoom(sizeOf(entry), entry.key)))
      await done((await store("readwrite")).put(entry));
    stored.add(entry.key);
    written.set(photo, edit);
  };

  const settle = async () => {
    try {
      const open = session.photos.filter((photo) => !photo.error && photo.size);
      for (const [order, photo] of open.entries())
        if (on && written.get(photo) !== photo.edit) await write(photo, order);
      const present = new Set(session.photos.map(keyOf));
      for (const key of [...known].filter((one) => !present.has(one))) {
        await done((await store("readwrite")).delete(key));
        known.delete(key);
      }
    } catch {
      on = false; // storage is forbidden, or full: the page asks before it is left
      show();
    }
  };

  const later = () => {
    clearTimeout(waiting);
    if (on) waiting = setTimeout(settle, SETTLED_MS);
  };

  const keepCurrent = () => {
    try {
      if (on && session.current) localStorage.setItem(CURRENT, keyOf(session.current));
      else localStorage.removeItem(CURRENT);
    } catch {
      // The first photograph comes up, then.
    }
  };

  const forget = async () => {
    try {
      await done((await store("readwrite")).clear());
    } catch {
      // Nothing was kept, then.
    }
    stored.clear();
    for (const photo of session.photos) written.delete(photo);
  };

  const show = () => {
    byId("keep").checked = on;
  };

  /** @type {("list" | "edit" | "ready" | "painted")[]} */
  const changes = ["list", "edit", "ready", "painted"];
  for (const type of changes) session.addEventListener(type, later);
  session.addEventListener("select", keepCurrent);
  byId("keep").addEventListener("change", async () => {
    on = byId("keep").checked;
    try {
      localStorage.setItem(CHOICE, on ? "yes" : "no");
    } catch {
      on = false;
    }
    show();
    keepCurrent();
    if (on) later();
    else await forget();
  });
  byId("forget").addEventListener("click", async () => {
    clearTimeout(waiting);
    await forget();
    for (const photo of [...session.photos]) session.remove(photo);
    tell(t("keep.forgotten"), { kind: "good" });
    announce(t("keep.forgottenShort"));
  });
  addEventListener("beforeunload", (event) => {
    /** @type {(photo: Photo) => boolean} */
    const isKept = (photo) => on && written.get(photo) === photo.edit;
    if (session.photos.some((photo) => photo.history.canUndo && !isKept(photo))) event.preventDefault();
  });
  show();

  /**
   * What was kept, in order: { file, edits, reference, current, keptAs }.
   * @type {() => Promise<KeptPhoto[]>}
   */
  const restore = async () => {
    if (!on) return [];
    try {
      const last = localStorage.getItem(CURRENT);
      const kept = await allKept();
      if (kept.length && !(await ours)) {
        tell(t("keep.elsewhere"), { kind: "good" });
        return [];
      }
      kept.sort((one, other) => one.order - other.order);
      for (const { key } of kept) known.add(key);
      return kept.map(({ key, name, folder, file, edits, reference }) => ({
        file: file.name === name ? file : new File([file], name, { type: file.type }),
        folder,
        edits,
        reference,
        current: key === last,
        keptAs: key,
      }));
    } catch {
      return [];
    }
  };
  return { restore };
}
