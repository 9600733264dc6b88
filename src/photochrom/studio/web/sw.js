// @ts-nocheck: a service worker knows other globals than a page.
// Keeps the whole site for use without a network, and isolates its pages where the host can't.
// SITE, { version, policy, files: { path: hash } }, is written before this by the export.

const NAME = "photochrom-";
const CACHE = NAME + SITE.version;
const SHARED = "photochrom-shared";
const scope = new URL("./", self.location);
const HEADERS = {
  "Content-Security-Policy": SITE.policy,
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
};

/** A file is kept under its name and hash: what a new version leaves as it was is not fetched. */
const keyOf = (path) => `${scope.href}${path}?${encodeURIComponent(SITE.files[path])}`;

self.addEventListener("install", (event) => {
  event.waitUntil(keepAll());
});

async function keepAll() {
  const cache = await caches.open(CACHE);
  const paths = Object.keys(SITE.files);
  await Promise.all(
    Array.from({ length: 6 }, async () => {
      for (let path = paths.pop(); path !== undefined; path = paths.pop()) await keep(cache, path);
    }),
  );
}

async function keep(cache, path) {
  const key = keyOf(path);
  const known = await caches.match(key);
  // With its hash, so that files of two versions never come together.
  const options = { cache: "no-cache", integrity: SITE.files[path] };
  await cache.put(key, known ?? (await fetch(new URL(path, scope), options)));
}

self.addEventListener("activate", (event) => {
  event.waitUntil(
    (async () => {
      for (const name of await caches.keys()) {
        if (name.startsWith(NAME) && name !== CACHE && name !== SHARED) await caches.delete(name);
      }
      await self.clients.claim();
    })(),
  );
});

self.addEventListener("message", ({ data }) => {
  if (data === "take over") self.skipWaiting();
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== scope.origin || !url.pathname.startsWith(scope.pathname)) return;
  const path = url.pathname.slice(scope.pathname.length);
  if (request.method === "POST" && path === "share") event.respondWith(take(request));
  else if (request.method === "GET") event.respondWith(answer(request, path));
});

async function answer(request, path) {
  const name = path === "" || path === "share" ? "index.html" : decodeURIComponent(path);
  const kept = SITE.files[name] ? await caches.match(keyOf(name), { cacheName: CACHE }) : null;
  const response = kept ?? (await fetch(request));
  if (response.type === "error" || response.type.startsWith("opaque")) return response;
  const headers = new Headers(response.headers);
  for (const [header, value] of Object.entries(HEADERS)) headers.set(header, value);
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}

/** Photographs that another app shares: kept until the page asks for them. */
async function take(request) {
  const form = await request.formData();
  const cache = await caches.open(SHARED);
  const files = form.getAll("photographs").filter((file) => file instanceof File);
  await Promise.all(
    files.map((file, number) =>
      cache.put(
        new URL(`shared/${Date.now()}-${number}`, scope),
        new Response(file, {
          headers: { "Content-Type": file.type, "X-Name": encodeURIComponent(file.name) },
        }),
      ),
    ),
  );
  return Response.redirect(new URL("./?shared", scope), 303);
}
