// Elements, icons and words for people. No state.

import { reasonFor } from "./engine_errors.js";
import { t } from "./words.js";

/** @typedef {{ title?: string, kind?: "error" | "good" | "note", details?: string[], action?: Child }} Message */

/** @type {Record<string, string>} */
const ICONS = {
  add: '<path d="M12 5v14M5 12h14"/>',
  back: '<path d="M14.500 6l-6 6 6 6"/>',
  close: '<path d="M6 6l12 12M18 6L6 18"/>',
  compare:
    '<rect x="4" y="5" width="16" height="14" rx="2"/><path d="M12 3v18"/><path d="M14.5 16l4-4M14.500 11.500l3-3" />',
  copy: '<rect x="8.500" y="8.500" width="11" height="11" rx="2"/><path d="M15.500 5.500a2 2 0 0 0-2-1.500h-7a2 2 0 0 0-2 2v7a2 2 0 0 0 1.500 2"/>',
  cut: '<path d="M12 4v16M8.500 8.500L5 12l3.500 3.500M15.500 8.500L19 12l-3.500 3.500"/>',
  divide: '<path d="M9 7l-5 5 5 5M15 7l5 5-5 5"/>',
  down: '<path d="M7 10l5 5 5-5"/>',
  download: '<path d="M12 4v11M7.500 11l4.500 4.500 4.500-4.500M5 20h14"/>',
  film: '<rect x="3.500" y="5" width="17" height="14" rx="2"/><path d="M8 5v14M16 5v14M3.500 9.700H8M3.500 14.300H8M16 9.700h4.500M16 14.300h4.500"/>',
  globe:
    '<circle cx="12" cy="12" r="8.500"/><path d="M3.500 12h17M12 3.500c2.500 2.300 3.700 5.200 3.700 8.500s-1.200 6.200-3.700 8.500c-2.500-2.300-3.700-5.200-3.700-8.500s1.200-6.200 3.700-8.500z"/>',
  hand: '<path d="M12 3.500v17M3.500 12h17M9.500 6L12 3.500 14.500 6M9.500 18l2.500 2.500 2.500-2.500M6 9.500L3.500 12 6 14.500M18 9.500l2.500 2.500-2.500 2.500"/>',
  eyedropper:
    '<path d="M13.500 6.500l4 4M11.500 8.500l-6.200 6.200-.8 4.800 4.800-.8 6.200-6.200M12 5l7 7M15.500 8.500l2.500-2.500a1.800 1.800 0 0 0-2.500-2.500L13 6"/>',
  keep: '<rect x="5.500" y="11" width="13" height="9" rx="2"/><path d="M8.500 11V8a3.500 3.500 0 0 1 7 0v3"/>',
  help: '<circle cx="12" cy="12" r="8.500"/><path d="M9.600 9.600a2.450 2.450 0 1 1 3.500 2.200c-.8.400-1.100.9-1.100 1.700"/><path d="M12 16.600v.05"/>',
  hint: '<path d="M12 3.500c3.200 3.800 5.500 6.700 5.500 10a5.500 5.500 0 0 1-11 0c0-3.300 2.300-6.200 5.500-10z"/><path d="M9.500 14a2.600 2.600 0 0 0 2.500 2.500"/>',
  join: '<path d="M12 4v16M4 12h5M6.500 9.500L9 12l-2.500 2.500M20 12h-5M17.500 9.500L15 12l2.500 2.500"/>',
  json: '<path d="M9 4.500c-2.500 0-2.500 1-2.500 3s0 4.500-2.500 4.500c2.500 0 2.500 2.500 2.500 4.500s0 3 2.500 3M15 4.500c2.500 0 2.500 1 2.500 3s0 4.500 2.500 4.500c-2.500 0-2.500 2.500-2.500 4.500s0 3-2.500 3"/>',
  minus: '<path d="M6 12h12"/>',
  on: '<path d="M9.500 6l6 6-6 6"/>',
  photo:
    '<rect x="3.500" y="5" width="17" height="14" rx="2"/><circle cx="9" cy="10" r="1.600"/><path d="M4 17l4.800-4.200 3.200 2.700 3.800-4 4.700 4.500"/>',
  plus: '<path d="M12 6v12M6 12h12"/>',
  redo: '<path d="M19 9.500H9.500a5 5 0 0 0 0 10H13M15.500 5.500l4 4-4 4"/>',
  reset: '<path d="M5 12a7 7 0 1 0 2.300-5.200M5 4.500v4h4"/>',
  stack:
    '<rect x="4" y="8.500" width="12.500" height="11" rx="2"/><path d="M7.500 5.500h10a2.500 2.500 0 0 1 2.500 2.500v8"/>',
  theme: '<circle cx="12" cy="12" r="8"/><path d="M12 4a8 8 0 0 1 0 16z" fill="currentColor"/>',
  trash:
    '<path d="M5 7h14M10 7V4.500h4V7M7 7l.8 12.500h8.400L17 7M10.500 10.500v5.500M13.500 10.500v5.500"/>',
  undo: '<path d="M5 9.500h9.500a5 5 0 0 1 0 10H11M8.500 5.500l-4 4 4 4"/>',
  confidence:
    '<path d="M3 12c2.500-4 5.500-6 9-6s6.500 2 9 6c-2.500 4-5.500 6-9 6s-6.500-2-9-6z"/><circle cx="12" cy="12" r="2.600"/>',
};

/**
 * One of the icons above, as an SVG element that screen readers skip.
 * @type {(name: string) => ChildNode}
 */
export function icon(name) {
  const holder = document.createElement("template");
  holder.innerHTML = `<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">${ICONS[name]}</svg>`;
  return holder.content.children[0];
}

/**
 * Give every element with data-icon its icon.
 * @type {(root?: ParentNode) => void}
 */
export function placeIcons(root = document) {
  for (const element of root.querySelectorAll("[data-icon]")) {
    element.prepend(icon(element.dataset.icon ?? ""));
  }
}

/**
 * An element: attributes, `on` for listeners, and children.
 * @type {<Tag extends keyof HTMLElementTagNameMap>(
 *   tag: Tag, attributes?: Attributes,
 *   ...children: Child[]) => HTMLElementTagNameMap[Tag]}
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "object") {
      for (const [type, listener] of Object.entries(value))
        element.addEventListener(type, /** @type {EventListener} */ (listener));
    } else {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/**
 * Replace what an element holds; the focus stays at its place among the controls in it.
 * @type {(element: Element, children: Element[]) => void}
 */
export function refill(element, children) {
  /** @type {() => Element[]} */
  const controls = () => [...element.querySelectorAll("button, input")];
  const { activeElement } = document;
  const at = activeElement ? controls().indexOf(activeElement) : -1;
  const wanted = new Set(children);
  for (const old of [...element.children]) if (!wanted.has(old)) old.remove();
  children.forEach((child, place) => {
    const there = element.children[place] ?? null;
    if (there !== child) element.insertBefore(child, there);
  });
  if (at >= 0) (controls()[at] ?? controls().at(-1))?.focus({ preventScroll: true });
}

/**
 * An element of the page, by its id.
 * @type {<Id extends string>(id: Id) => Part<Id>}
 */
export function byId(id) {
  return /** @type {any} */ (document.getElementById(id)); // of which kind it is, `Parts` says
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let spoken;

/**
 * Say something to screen readers.
 * @type {(text: string) => void}
 */
export function announce(text) {
  const region = byId("announce");
  region.textContent = "";
  clearTimeout(spoken);
  spoken = setTimeout(() => {
    region.textContent = text;
  }, 40);
}

/**
 * Paragraphs for text or an error.
 * @type {(what: unknown) => HTMLElement[]}
 */
export function reasons(what) {
  const { said, detail } = reasonFor(what);
  const parts = [
    said ? make("p", {}, said) : null,
    detail ? make("p", { class: "note", lang: "en", dir: "ltr" }, detail) : null,
  ];
  return parts.filter((part) => part !== null);
}

/**
 * A message, text or an error, that stays until it is dismissed, or for some seconds if it is good news.
 * @type {(what: unknown, options?: Message) => void}
 */
export function tell(what, { title = "", kind = "error", details = [], action = null } = {}) {
  const card = make(
    "div",
    { class: `message ${kind}`, role: kind === "error" ? "alert" : "status" },
    make(
      "div",
      {},
      title ? make("strong", {}, title) : null,
      ...reasons(what),
      details.length
        ? make("ul", { class: "details" }, ...details.map((line) => make("li", {}, line)))
        : null,
      action,
    ),
    make(
      "button",
      {
        class: "quiet small",
        "aria-label": t("page.dismiss"),
        on: { click: () => card.remove() },
      },
      icon("close"),
    ),
  );
  const region = byId("messages");
  region.append(card);
  while (region.children.length > 4) region.children[0].remove();
  if (kind !== "error") setTimeout(() => card.remove(), 6000);
}

/**
 * The nearest element round what an event happened to, itself included.
 * @type {(event: Event, selectors: string) => HTMLElement | null}
 */
export const closest = (event, selectors) =>
  event.target instanceof Element ? event.target.closest(selectors) : null;

/**
 * The value of the choice that is made in an element.
 * @type {(element: Element) => string}
 */
export const checkedIn = (element) => {
  const chosen = element.querySelector("input:checked");
  return chosen instanceof HTMLInputElement ? chosen.value : "";
};

export const reducedMotion = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
