// The service worker: kept up to date, and let in only where nothing is open yet.

/**
 * Register it, and let a version that waits take over while nothing is lost by it. On a first visit it
 * comes after what is needed at once: most files are in the browser's own cache then.
 * @type {(first: Promise<unknown>) => Promise<void>}
 */
export async function keepOffline(first) {
  if (!("serviceWorker" in navigator)) return;
  const { serviceWorker } = navigator;
  if (!serviceWorker.controller) await first.catch(() => {});
  const registration = await serviceWorker.register("sw.js", { updateViaCache: "none" });
  if (!registration.waiting || !serviceWorker.controller) return;
  serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
  registration.waiting.postMessage("take over");
}
