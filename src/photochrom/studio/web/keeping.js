// Open photographs and what was asked for them, kept in the browser's storage until they are closed.

import { announce, byId, tell } from "./dom.js";
import { editsOut } from "./edits.js";
import { isThisMachine } from "./place.js";
import { t } from "./words.js";

const DATABASE = "photochrom";
const STORE = "photographs";
const CHOICE = "photochrom-keep";
const SHARE = 0.5; // of what the browser grants
const SETTLED_MS = 1500;

/** Whether work is kept: as chosen, or else where the page comes from this machine. */
function isWanted() {
  try {
    const chosen = localStorage.getItem(CHOICE);
    return chosen ? chosen === "yes" : isThisMachine(location.hostname);
  } catch {
    return false;
  }
}

const done = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

async function store(mode) {
  const opening = indexedDB.open(DATABASE, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(STORE, { keyPath: "key" });
  const database = await done(opening);
  const transaction = database.transaction(STORE, mode);
  transaction.oncomplete = () => database.close();
  return transaction.objectStore(STORE);
}

const sizeOf = ({ file, reference }) => file.size + (reference?.size ?? 0);

/** Make room for so many bytes: the oldest go first. */
async function makeRoom(bytes, key) {
  const { quota = 0 } = (await navigator.storage?.estimate?.()) ?? {};
  const kept = (await done((await store("readonly")).getAll())).filter((one) => one.key !== key);
  kept.sort((one, other) => one.used - other.used);
  let sum = bytes + kept.reduce((all, one) => all + sizeOf(one), 0);
  while (sum > SHARE * quota && kept.length) {
    const oldest = kept.shift();
    sum -= sizeOf(oldest);
    await done((await store("readwrite")).delete(oldest.key));
  }
  return sum <= SHARE * quota;
}

/**
 * Keep what is open as it changes.
 *
 * @returns {{ restore: () => Promise<any[]> }}
 */
export function followKeeping(session) {
  let on = isWanted();
  let waiting;
  const keys = new WeakMap();
  const known = new Set(); // what this page has kept or restored; other pages keep theirs
  const stored = new Set();
  const written = new WeakMap(); // photograph -> the edit that is kept

  const keyOf = (photo) => {
    if (!keys.has(photo)) keys.set(photo, photo.keptAs ?? crypto.randomUUID());
    return keys.get(photo);
  };

  const write = async (photo, order) => {
    const { edit } = photo;
    const reference = edit.reference?.file ?? null;
    const entry = {
      key: keyOf(photo),
      order,
      used: Date.now(),
      current: photo === session.current,
      name: photo.name,
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

  for (const type of ["list", "edit", "ready", "painted"]) session.addEventListener(type, later);
  byId("keep").addEventListener("change", async () => {
    on = byId("keep").checked;
    try {
      localStorage.setItem(CHOICE, on ? "yes" : "no");
    } catch {
      on = false;
    }
    show();
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
    const isKept = (photo) => on && written.get(photo) === photo.edit;
    if (session.photos.some((photo) => photo.history.canUndo && !isKept(photo))) event.preventDefault();
  });
  show();

  /** What was kept, in order: { file, edits, reference, current, keptAs }. */
  const restore = async () => {
    if (!on) return [];
    try {
      const kept = await done((await store("readonly")).getAll());
      kept.sort((one, other) => one.order - other.order);
      for (const { key } of kept) known.add(key);
      return kept.map(({ key, name, file, edits, reference, current }) => ({
        file: file.name === name ? file : new File([file], name, { type: file.type }),
        edits,
        reference,
        current,
        keptAs: key,
      }));
    } catch {
      return [];
    }
  };
  return { restore };
}
