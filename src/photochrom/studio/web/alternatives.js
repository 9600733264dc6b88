// Four alternatives; taking one adds its hints, and work goes on from there.

import * as api from "./api.js";
import { byId, make, refill, tell } from "./dom.js";
import { alternativeOf, UNTOUCHED, withAlternative } from "./edits.js";
import { small } from "./painted.js";
import { onLanguage, percent, t } from "./words.js";

const COUNT = 4;
const REST_MS = 1200; // after the last change, until the alternatives follow it
const WIDTH = 320;
const LEAST_SHARE = 0.01;

/**
 * What is asked for beside an alternative, which its pictures depend on; changes are new values.
 * @type {(edit: Edit) => unknown[]}
 */
const ownPart = (edit) => [
  ...edit.hints.filter((hint) => hint.group === null),
  ...[
    edit.lock,
    edit.palette,
    edit.reference,
    edit.likeness,
    edit.vividness,
    edit.warmth,
    edit.tint,
    edit.strength,
  ],
];

/**
 * How likely an alternative is, in words; what is on offer is never "0%".
 * @type {(alternative: Alternative) => string}
 */
const shareOf = ({ likelihood }) =>
  likelihood < LEAST_SHARE ? `< ${percent(LEAST_SHARE)}` : percent(likelihood);

/** @type {(one: unknown[], other: unknown[]) => boolean} */
const isSame = (one, other) => one.length === other.length && one.every((part, at) => part === other[at]);

/**
 * @type {(session: Session) => { show: () => void, load: (photo: Photo, options?: { again?: boolean })
 *   => Promise<void> }}
 */
export function followAlternatives(session) {
  const can = () => !session.cannot.alternatives;
  const part = byId("alternatives");
  /** @type {(key: string) => void} */
  const say = (key) => {
    byId("alternatives-note").dataset.t = key;
    byId("alternatives-note").textContent = t(key);
  };
  const usual = "alternatives.about";

  /** @type {(alternative: Alternative | null) => void} */
  const take = (alternative) => {
    const edit = session.current?.edit ?? UNTOUCHED;
    const left = alternative === null || alternativeOf(edit) === alternative.number;
    if (left && alternativeOf(edit) === null) return;
    session.change(
      withAlternative(edit, left ? null : alternative),
      left ? "step.alternativeLeft" : ["step.alternative", { number: alternative.number }],
    );
  };

  /** @type {Alternative[] | null} */
  let shown = null; // the alternatives whose buttons stand there
  onLanguage(() => {
    shown = null;
  });

  const show = () => {
    const photo = session.current;
    const alternatives = photo?.alternatives;
    if (!photo || !alternatives || alternatives === "asked") {
      shown = null;
      const blanks = photo && !photo.error && can() ? [1, 2, 3, 4] : [];
      part.replaceChildren(...blanks.map(() => make("span", { class: "alternative waiting" })));
      part.setAttribute("aria-busy", String(alternatives === "asked"));
      return;
    }
    part.removeAttribute("aria-busy");
    if (alternatives !== shown) lay(photo, alternatives);
    shown = alternatives;
    const taken = alternativeOf(photo.edit) ?? 0;
    for (const button of part.children) {
      button.setAttribute("aria-pressed", String(Number(button.dataset.alternative) === taken));
    }
    clearTimeout(resting);
    if (photo.isPainted && !isSame(photo.alternativesOf, ownPart(photo.edit)))
      resting = setTimeout(() => load(photo, { again: true }), REST_MS);
  };

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let resting;

  /** @type {(photo: Photo) => HTMLElement} */
  const usualButton = (photo) =>
    make(
      "button",
      {
        class: "alternative",
        type: "button",
        "data-alternative": 0,
        "aria-label": t("alternatives.usual"),
        title: t("alternatives.usual"),
        on: { click: () => take(null) },
      },
      photo.usual,
      make("small", {}, t("alternatives.now")),
    );

  /** @type {(photo: Photo, alternatives: Alternative[]) => void} */
  const lay = (photo, alternatives) => {
    const buttons = [
      ...(alternatives.length ? [usualButton(photo)] : []),
      ...alternatives.map((alternative) => {
        const share = shareOf(alternative);
        return make(
          "button",
          {
            class: "alternative",
            type: "button",
            "data-alternative": alternative.number,
            "aria-label": t("alternatives.named", { number: alternative.number, share }),
            title: t("alternatives.likely", { share }),
            on: { click: () => take(alternative) },
          },
          make("img", { src: alternative.thumbnail, alt: "" }),
          make("small", {}, share),
        );
      }),
    ];
    refill(part, buttons);
    say(alternatives.length ? usual : "alternatives.none");
  };

  /**
   * Ask for a photograph's alternatives, with what is asked for beside them; once, or `again`.
   * @type {(photo: Photo, options?: { again?: boolean }) => Promise<void>}
   */
  const load = async (photo, { again = false } = {}) => {
    if (!can() || !photo.size || photo.alternatives === "asked" || (photo.alternatives && !again)) return;
    const before = photo.alternatives;
    const edit = withAlternative(photo.edit, null);
    if (!again) {
      photo.alternatives = "asked";
      say(usual);
      show();
    }
    try {
      const one = { edit, upload: photo.upload };
      const { alternatives } = await session.ask(one, api.alternatives, { count: COUNT, seed: 0 });
      if (alternatives.length)
        photo.usual = await small(await session.ask(one, api.paint, { size: "preview" }), WIDTH);
      photo.alternatives = alternatives;
      photo.alternativesOf = ownPart(edit);
    } catch (error) {
      photo.alternatives = before;
      if (!(error instanceof api.OfflineError)) tell(error, { title: t("alternatives.title") });
    }
    if (photo === session.current) show();
  };

  return { show, load };
}
