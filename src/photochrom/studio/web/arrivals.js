// Photographs that the system hands to an installed page: opened with it, or shared by another app.

const SHARED = "photochrom-shared";

/**
 * Calls `take(files)` for what has come, and for what comes.
 * @type {(take: TakeFiles) => void}
 */
export function onFiles(take) {
  window.launchQueue?.setConsumer(async ({ files }) => {
    if (files.length) take(await Promise.all(files.map((one) => one.getFile())));
  });
  if (new URL(location.href).searchParams.has("shared")) {
    history.replaceState(null, "", location.pathname);
    shared().then((files) => {
      if (files.length) take(files);
    });
  }
}

/** What the service worker has kept; it is given once. */
async function shared() {
  const cache = await caches.open(SHARED);
  /** @type {File[]} */
  const files = [];
  for (const request of await cache.keys()) {
    const kept = await cache.match(request);
    if (!kept) continue;
    const name = decodeURIComponent(kept.headers.get("X-Name") ?? "photograph");
    const blob = await kept.blob();
    files.push(new File([blob], name, { type: blob.type }));
    await cache.delete(request);
  }
  return files;
}
