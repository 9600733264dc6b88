// The service worker: kept up to date, and let in only where nothing is open yet.

/** Register it, and let a version that waits take over while nothing is lost by it. */
export async function keepOffline() {
  if (!("serviceWorker" in navigator)) return;
  const { serviceWorker } = navigator;
  const registration = await serviceWorker.register("sw.js", { updateViaCache: "none" });
  if (!registration.waiting || !serviceWorker.controller) return;
  serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
  registration.waiting.postMessage("take over");
}
