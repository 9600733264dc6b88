// Four other plausible versions; taking one adds its hints, and work goes on from there.

import * as api from "./api.js";
import { byId, make } from "./dom.js";
import { versionOf, withVersion } from "./edits.js";

const COUNT = 4;

export function followVersions(session, canHint) {
  const part = byId("versions");
  const say = (text) => {
    byId("versions-note").textContent = text;
  };
  const usual = "What could be otherwise, the likeliest first.";

  const take = (version) => {
    const { edit } = session.current;
    const left = versionOf(edit) === version.number;
    session.change(
      withVersion(edit, left ? null : version),
      left ? "version left" : `version ${version.number}`,
    );
  };

  let shown = null; // the versions whose buttons stand there

  const show = () => {
    const photo = session.current;
    const versions = photo?.versions;
    if (!versions || versions === "asked") {
      shown = null;
      const blanks = photo && !photo.error && canHint() ? [1, 2, 3, 4] : [];
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
        const percent = Math.round(100 * version.likelihood);
        return make(
          "button",
          {
            class: "version",
            type: "button",
            "data-version": version.number,
            "aria-label": `Version ${version.number}, ${percent} % likely`,
            title: `${percent} % likely`,
            on: { click: () => take(version) },
          },
          make("img", { src: version.thumbnail, alt: "" }),
          make("small", {}, `${percent}\u2009%`),
        );
      }),
    );
    say(versions.length ? usual : "The network sees no other version.");
  };

  const load = async (photo) => {
    if (!canHint() || photo.versions || !photo.size) return;
    photo.versions = "asked";
    say(usual);
    show();
    try {
      const body = { count: COUNT, seed: 0, vividness: photo.edit.vividness };
      const answer = await photo.upload.use((id) => api.alternatives(id, body));
      photo.versions = answer.alternatives;
    } catch (error) {
      photo.versions = null;
      if (!(error instanceof api.OfflineError)) say(error.message);
    }
    if (photo === session.current) show();
  };

  return { show, load };
}
