// Four other plausible versions; taking one adds its hints, and work goes on from there.

import * as api from "./api.js";
import { byId, make, tell } from "./dom.js";
import { versionOf, withVersion } from "./edits.js";
import { onLanguage, percent, t } from "./words.js";

const COUNT = 4;

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
    const left = versionOf(edit) === version.number;
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
    if (versions !== shown) lay(versions);
    shown = versions;
    const taken = versionOf(photo.edit);
    for (const button of part.children) {
      button.setAttribute("aria-pressed", String(Number(button.dataset.version) === taken));
    }
  };

  const lay = (versions) => {
    part.replaceChildren(
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
    );
    say(versions.length ? usual : "versions.none");
  };

  const load = async (photo) => {
    if (!can() || photo.versions || !photo.size) return;
    photo.versions = "asked";
    say(usual);
    show();
    try {
      const body = { count: COUNT, seed: 0, vividness: photo.edit.vividness };
      const answer = await photo.upload.use((id) => api.alternatives(id, body));
      photo.versions = answer.alternatives;
    } catch (error) {
      photo.versions = null;
      if (!(error instanceof api.OfflineError)) tell(error, { title: t("versions.title") });
    }
    if (photo === session.current) show();
  };

  return { show, load };
}
