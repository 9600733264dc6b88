// The service worker: kept up to date, and let in only where nothing is open yet.

/**
 * Register it, and let a version that waits take over while nothing is lost by it. On a first visit it
 * comes after what is needed at once: most files are in the browser's own cache then.
 *
 * The new version may take over late: if a request comes while the old worker stops, Chromium starts it
 * again, until it has rested for 30 s. The page is not loaded again where a photograph is open by then.
 * @type {(first: Promise<unknown>, isUnused: () => boolean) => Promise<void>}
 */
export async function keepOffline(first, isUnused) {
  if (!("serviceWorker" in navigator)) return;
  const { serviceWorker } = navigator;
  if (!serviceWorker.controller) await first.catch(() => {});
  const registration = await serviceWorker.register("sw.js", { updateViaCache: "none" });
  if (!registration.waiting || !serviceWorker.controller) return;
  const reload = () => isUnused() && location.reload();
  serviceWorker.addEventListener("controllerchange", reload, { once: true });
  registration.waiting.postMessage("take over");
}
