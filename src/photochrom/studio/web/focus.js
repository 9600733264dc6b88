// Where the focus goes when what had it is gone, hidden or disabled: to what is nearest, never to nothing.

import { byId } from "./dom.js";

const CONTROLS = "button, input, summary, [tabindex='0'], a[href]";

/** @type {(one: Element) => boolean} */
const takesFocus = (one) =>
  one.isConnected &&
  one.checkVisibility({ visibilityProperty: true }) &&
  !one.matches(":disabled") &&
  !one.closest("[inert]");

/** Watch over the focus. */
export function followFocus() {
  /** @type {Element[]} the latest that had it, and what that lies in */
  let way = [];
  document.addEventListener("focusin", ({ target }) => {
    way = [];
    /** @type {Element | null} */
    let one = target instanceof Element ? target : null;
    for (; one && one !== document.body; one = one.parentElement) way.push(one);
  });

  const mend = () => {
    if (document.activeElement !== document.body || !way.length || takesFocus(way[0])) return;
    const isThere = way[0].isConnected && way[0].checkVisibility(); // only disabled: not what is beside it
    const isWelcome = document.body.dataset.scene === "welcome";
    const rooms = isThere || isWelcome ? [] : way.slice(1);
    const near = rooms.map((room) => [...room.querySelectorAll(CONTROLS)].find(takesFocus)).find(Boolean);
    const usual = [byId("stage"), byId("open")].find(takesFocus);
    (near ?? usual)?.focus({ preventScroll: true });
  };

  const soon = () => {
    if (document.activeElement === document.body && way.length) requestAnimationFrame(mend);
  };
  new MutationObserver(soon).observe(document.body, {
    subtree: true,
    childList: true,
    attributes: true,
    attributeFilter: ["hidden", "disabled", "inert", "data-scene"],
  });
  document.addEventListener("focusout", () => requestAnimationFrame(mend));
}
