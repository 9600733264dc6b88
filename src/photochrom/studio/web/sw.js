// @ts-nocheck: a service worker knows other globals than a page.
// Keeps the page's own files for use without a network. On a host of static files it answers first,
// and isolates the page where the host can't; beside the Studio's server (no policy) it answers only
// what the server doesn't, and touches nothing but those files: no photograph, no answer of the API.
// SITE, { version, policy, files: { path: hash } }, is written before this.

const NAME = "photochrom-";
const CACHE = NAME + SITE.version;
const SHARED = "photochrom-shared";
const scope = new URL("./", self.location);
const { port1: nowhere, port2: end } = new MessageChannel();
end.close();
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
  if (!SITE.policy) self.skipWaiting(); // the page comes from the server, whatever is kept
});

async function keepAll() {
  const cache = await caches.open(CACHE);
  const paths = Object.keys(SITE.files);
  await Promise.all(
    Array.from({ length: 6 }, async () => {
      for (let path = paths.pop(); path !== undefined; path = paths.pop()) await keep(cache, path);
    }),
  );
  for (const path of Object.keys(SITE.files)) await check(cache, path);
}

async function keep(cache, path) {
  const key = keyOf(path);
  const known = await caches.match(key);
  const at = new URL(path === "index.html" ? "./" : path, scope);
  await cache.put(key, known ?? (await fetch(at, { cache: "no-cache" })));
}

/**
 * Compare a file's hash, so that files of two versions never come together. It is done once the file
 * is kept: fetches with `integrity` hold whole files in memory, until garbage is collected.
 */
async function check(cache, path) {
  const bytes = await (await cache.match(keyOf(path))).arrayBuffer();
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  nowhere.postMessage(null, [bytes]); // frees its memory at once
  if (`sha256-${btoa(String.fromCharCode(...digest))}` === SITE.files[path]) return;
  await caches.delete(CACHE);
  throw new Error(`${path} is of another version.`);
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
  if (!SITE.policy) {
    const isPlain = request.method === "GET" && !url.search;
    const name = path === "" ? "index.html" : path;
    if (isPlain && name in SITE.files) event.respondWith(behind(request, name));
  } else if (request.method === "POST" && path === "share") event.respondWith(take(request));
  else if (request.method === "GET") event.respondWith(answer(request, path));
});

/** What the server says, or else what is kept. */
async function behind(request, name) {
  try {
    return await fetch(request);
  } catch {
    return (await caches.match(keyOf(name), { cacheName: CACHE })) ?? Response.error();
  }
}

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
