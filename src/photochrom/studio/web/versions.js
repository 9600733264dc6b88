// Four other plausible versions; taking one adds its hints, and work goes on from there.

import * as api from "./api.js";
import { byId, make, refill, tell } from "./dom.js";
import { versionOf, withVersion } from "./edits.js";
import { small } from "./painted.js";
import { onLanguage, percent, t } from "./words.js";

const COUNT = 4;
const REST_MS = 1200; // after the last change, until the versions follow it
const WIDTH = 320;

/** What is asked for beside a version, which its pictures depend on; changes are new values. */
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

const isSame = (one, other) => one.length === other.length && one.every((part, at) => part === other[at]);

export function followVersions(session) {
  const can = () => !session.cannot.alternatives;
  const part = byId("versions");
  const say = (key) => {
    byId("versions-note").dataset.t = key;
    byId("versions-note").textContent = t(key);
  };
  const usual = "versions.about";

  const take = (version) => {
    const { edit } = session.current;
    const left = version === null || versionOf(edit) === version.number;
    if (left && versionOf(edit) === null) return;
    session.change(
      withVersion(edit, left ? null : version),
      left ? "step.versionLeft" : ["step.version", { number: version.number }],
    );
  };

  let shown = null; // the versions whose buttons stand there
  onLanguage(() => {
    shown = null;
  });

  const show = () => {
    const photo = session.current;
    const versions = photo?.versions;
    if (!versions || versions === "asked") {
      shown = null;
      const blanks = photo && !photo.error && can() ? [1, 2, 3, 4] : [];
      part.replaceChildren(...blanks.map(() => make("span", { class: "version waiting" })));
      part.setAttribute("aria-busy", String(versions === "asked"));
      return;
    }
    part.removeAttribute("aria-busy");
    if (versions !== shown) lay(photo);
    shown = versions;
    const taken = versionOf(photo.edit) ?? 0;
    for (const button of part.children) {
      button.setAttribute("aria-pressed", String(Number(button.dataset.version) === taken));
    }
    clearTimeout(resting);
    if (photo.isPainted && !isSame(photo.versionsOf, ownPart(photo.edit)))
      resting = setTimeout(() => load(photo, { again: true }), REST_MS);
  };

  let resting;

  const usualButton = (photo) =>
    make(
      "button",
      {
        class: "version",
        type: "button",
        "data-version": 0,
        "aria-label": t("versions.usual"),
        title: t("versions.usual"),
        on: { click: () => take(null) },
      },
      photo.usual,
      make("small", {}, t("versions.now")),
    );

  const lay = (photo) => {
    const { versions } = photo;
    const buttons = [
      ...(versions.length ? [usualButton(photo)] : []),
      ...versions.map((version) => {
        const share = percent(version.likelihood);
        return make(
          "button",
          {
            class: "version",
            type: "button",
            "data-version": version.number,
            "aria-label": t("versions.named", { number: version.number, share }),
            title: t("versions.likely", { share }),
            on: { click: () => take(version) },
          },
          make("img", { src: version.thumbnail, alt: "" }),
          make("small", {}, share),
        );
      }),
    ];
    refill(part, buttons);
    say(versions.length ? usual : "versions.none");
  };

  /** Ask for a photograph's versions, with what is asked for beside them; once, or `again`. */
  const load = async (photo, { again = false } = {}) => {
    if (!can() || !photo.size || photo.versions === "asked" || (photo.versions && !again)) return;
    const before = photo.versions;
    const edit = withVersion(photo.edit, null);
    if (!again) {
      photo.versions = "asked";
      say(usual);
      show();
    }
    try {
      const one = { edit, upload: photo.upload };
      const { alternatives } = await session.ask(one, api.alternatives, { count: COUNT, seed: 0 });
      if (alternatives.length)
        photo.usual = await small(await session.ask(one, api.paint, { size: "preview" }), WIDTH);
      photo.versions = alternatives;
      photo.versionsOf = ownPart(edit);
    } catch (error) {
      photo.versions = before;
      if (!(error instanceof api.OfflineError)) tell(error, { title: t("versions.title") });
    }
    if (photo === session.current) show();
  };

  return { show, load };
}
