// The films that are open on the server, as far as this browser knows them.

const STORE = "photochrom-films";

/** @returns {string[]} their ids, the latest first */
export function remembered() {
  try {
    const found = JSON.parse(localStorage.getItem(STORE) ?? "[]");
    return Array.isArray(found) ? found.map(String) : [];
  } catch {
    return [];
  }
}

/** @param {string[]} ids */
function keep(ids) {
  try {
    localStorage.setItem(STORE, JSON.stringify([...new Set(ids)]));
  } catch {
    // The address still names the film.
  }
}

/** @param {string} id */
export const remember = (id) => keep([id, ...remembered()]);

/** @param {string | undefined} id */
export const forget = (id) => keep(remembered().filter((one) => one !== id));
