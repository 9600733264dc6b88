// The first visit's guide: three steps that end with the visitor's own hint.

import { announce, byId } from "./dom.js";
import { stemOf } from "./reading.js";
import { onLanguage, t } from "./words.js";

const STORE = "photochrom-guide";
const STEPS = ["guide.compare", "guide.look", "guide.try", "guide.done"];
const LAST = STEPS.indexOf("guide.try");
const PORTRAIT = "astronaut"; // the sample with a face

function wasSeen() {
  try {
    return localStorage.getItem(STORE) !== null;
  } catch {
    return true;
  }
}

function remember() {
  try {
    localStorage.setItem(STORE, "seen");
  } catch {
    // It is shown again, then.
  }
}

/**
 * Show the guide with the first photograph that is painted, until it was followed or skipped.
 * @type {(session: Session, canHint: () => boolean) => void}
 */
export function followGuide(session, canHint) {
  /** @type {number | null} */
  let step = null;
  let isOver = wasSeen();

  /** @type {(now: number, photo: Photo) => string} */
  const keyNow = (now, photo) => {
    const isPortrait = stemOf(photo.name) === PORTRAIT;
    return STEPS[now] === "guide.try" && isPortrait ? "guide.tryPortrait" : STEPS[now];
  };

  const show = () => {
    const photo = session.current;
    byId("guide").hidden = step === null || photo === null || photo.error !== null;
    if (step === null || photo === null) return;
    const isDone = step > LAST;
    byId("guide-at").textContent = isDone ? "" : t("guide.at", { number: step + 1, count: LAST + 1 });
    byId("guide-text").textContent = t(keyNow(step, photo));
    byId("guide-next").hidden = step >= LAST;
    byId("guide-skip").textContent = t(isDone ? "page.close" : "guide.skip");
  };

  /** @type {(next: number | null) => void} */
  const goTo = (next) => {
    step = next;
    show();
    if (step !== null) announce(byId("guide-text").textContent);
    if (step === null || step > LAST) {
      isOver = true;
      remember();
    }
  };

  session.addEventListener("painted", ({ detail: { photo } }) => {
    if (step === null && !isOver && canHint() && photo === session.current) goTo(0);
    else show();
  });
  session.addEventListener("edit", () => {
    const own = session.current?.edit.hints.some((hint) => hint.group === null);
    if (step !== null && step <= LAST && own) goTo(LAST + 1);
  });
  session.addEventListener("select", show);
  session.addEventListener("failed", show);
  byId("guide-next").addEventListener("click", () => {
    if (step !== null) goTo(step + 1);
    if (byId("guide-next").hidden) byId("guide-skip").focus();
  });
  byId("guide-skip").addEventListener("click", () => {
    goTo(null);
    byId("stage").focus({ preventScroll: true });
  });
  onLanguage(show);
}
