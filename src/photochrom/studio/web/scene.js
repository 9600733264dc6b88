// What is shown of the open photograph: its state, its title, before and after, or why it can't be opened.

import * as api from "./api.js";
import { announce, byId, make, tell } from "./dom.js";
import { isUntouched, UNTOUCHED } from "./edits.js";
import { reasonFor } from "./engine_errors.js";
import { kindOf } from "./thrown.js";
import { percent, spoken, t } from "./words.js";

const BUSY_MS = 300;

/**
 * @typedef {{
 *   session: Session, view: PictureView, layer: HintsLayer, picker: Picker,
 *   confidence: import("./overlays.js").ConfidenceMap,
 *   sharpness: ReturnType<typeof import("./overlays.js").followSharpness>,
 *   alternatives: ReturnType<typeof import("./alternatives.js").followAlternatives>,
 *   showFilmstrip: () => void, showPanels: (edit: Edit) => void, askMore: () => void,
 * }} Scene showPanels: what the panels say of an edit
 */

/**
 * @type {(parts: Scene) => { setState: (state: string, text?: string) => void, showEdit: () => void, showAll: () => void }}
 */
export function followScene(parts) {
  const { session, view, layer, picker, confidence, sharpness, alternatives } = parts;
  const { showFilmstrip, showPanels, askMore } = parts;
  const { stage } = view;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let lateBusy;

  /** @type {(state: string, text?: string) => void} */
  function setState(state, text = "") {
    stage.dataset.state = state;
    stage.setAttribute("aria-busy", String(state === "sending" || state === "busy"));
    clearTimeout(lateBusy);
    byId("busy").hidden = state !== "sending";
    // What is done at once needs no word, and a ring that turns would slow it down.
    if (state === "busy")
      lateBusy = setTimeout(() => {
        byId("busy").hidden = stage.dataset.state !== "busy";
      }, BUSY_MS);
    byId("busy-text").textContent = api.isOnline() ? text || t("state.painting") : t("place.waiting");
    byId("failed").hidden = state !== "failed";
    for (const part of document.querySelectorAll(".tools, .sections")) part.inert = state === "failed";
  }

  /** What is known of the photograph and of what was done to it, beside it. */
  function showEdit() {
    const photo = session.current;
    const edit = photo?.edit ?? UNTOUCHED;
    showPanels(edit);
    layer.render();
    byId("undo").disabled = !photo?.history.canUndo;
    byId("redo").disabled = !photo?.history.canRedo;
    byId("reset").disabled = isUntouched(edit);
    if (photo?.size)
      setState(photo.isPainted ? "painted" : stage.dataset.state === "sending" ? "sending" : "busy");
  }

  function showTitle() {
    const photo = session.current;
    byId("title").hidden = photo === null;
    document.title = photo ? `${photo.name} · Photochrom Studio` : "Photochrom Studio";
    byId("title-name").textContent = photo?.name ?? "";
    byId("title-size").textContent = photo?.size ? t("stage.size", photo.size) : "";
    for (const button of [byId("download"), byId("download-more")])
      button.disabled = !photo?.size || photo.error !== null;
    stage.setAttribute("aria-label", photo ? t("stage.named", { name: photo.name }) : t("stage.photograph"));
  }

  /**
   * Why a photograph can't be opened, without the file's name before it.
   * @type {(photo: Photo) => string}
   */
  function reasonOf({ name, error }) {
    const { said } = reasonFor(error);
    const words = said.startsWith(`${name}: `) ? said.slice(name.length + 2) : said;
    return words[0].toLocaleUpperCase(spoken()) + words.slice(1);
  }

  /** @type {(photo: Photo) => void} */
  function showFailure(photo) {
    const { detail } = reasonFor(photo.error);
    byId("failed").replaceChildren(
      ...[
        make("h2", {}, t("open.refused", { name: photo.name })),
        make("p", {}, reasonOf(photo)),
        detail ? make("p", { class: "note", lang: "en", dir: "ltr" }, detail) : null,
        make(
          "div",
          { class: "row" },
          kindOf(photo.error) === "damaged" && !photo.upload.damaged
            ? make(
                "button",
                {
                  class: "plain",
                  type: "button",
                  on: { click: () => session.retry(photo, { damaged: true }) },
                },
                t("open.damaged"),
              )
            : null,
          make("button", { class: "primary", type: "button", on: { click: askMore } }, t("open.another")),
          make(
            "button",
            { class: "plain", type: "button", on: { click: () => session.remove(photo) } },
            t("open.close"),
          ),
        ),
      ].filter((part) => part !== null),
    );
    view.lay(null);
    setState("failed");
  }

  session.addEventListener("list", showFilmstrip);

  session.addEventListener("select", async () => {
    const photo = session.current;
    picker.close();
    layer.forgetCross();
    sharpness.stop();
    confidence.hide();
    document.body.dataset.scene = photo ? "work" : "welcome";
    showTitle();
    showFilmstrip();
    if (!photo) {
      view.lay(null);
      setState("empty");
      showEdit();
      return;
    }
    if (photo.error) {
      showFailure(photo);
      showEdit();
      return;
    }
    photo.sharp = null;
    view.lay(photo.size);
    setState("sending", t(photo.size ? "state.painting" : "state.reading"));
    const { after } = photo;
    if (photo.afterUrl && after) {
      const before = photo.beforeUrl ? view.showBefore(photo.beforeUrl) : showLocal(photo);
      await Promise.all([before, view.showAfter(after)]);
      if (photo !== session.current) return;
      setState("painted");
      if (!photo.isPainted) session.repaint();
      alternatives.load(photo);
    } else {
      showLocal(photo);
    }
    showEdit();
  });

  /**
   * Show the file itself, in gray, while the server reads it.
   * @type {(photo: Photo) => Promise<void>}
   */
  async function showLocal(photo) {
    if (api.about.grayFirst) return; // the page would hold all its pixels once more
    const probe = new Image();
    probe.src = photo.localUrl;
    try {
      await probe.decode();
    } catch {
      return; // not a format for browsers: it comes from the server
    }
    if (photo !== session.current || photo.beforeUrl || photo.error) return;
    if (!view.size) view.lay(photo.size ?? { width: probe.naturalWidth, height: probe.naturalHeight });
    await view.showBefore(photo.localUrl, { gray: true });
  }

  session.addEventListener("ready", ({ detail: { photo } }) => {
    for (const note of photo.info?.notes ?? []) tell(note, { title: photo.name, kind: "note" });
    if (photo !== session.current || !photo.size) return;
    const { width, height } = photo.size;
    if (view.size?.width !== width || view.size?.height !== height) {
      view.lay(photo.size);
      showLocal(photo);
    }
    showTitle();
    setState("sending", t("state.painting"));
  });

  session.addEventListener("sent", ({ detail: { photo, share } }) => {
    if (photo !== session.current || photo.size) return;
    setState("sending", share < 1 ? t("state.sending", { share: percent(share) }) : t("state.reading"));
  });

  session.addEventListener("before", ({ detail: { photo } }) => {
    if (photo === session.current && photo.beforeUrl) view.showBefore(photo.beforeUrl);
  });

  session.addEventListener("busy", ({ detail: { photo } }) => {
    if (photo === session.current && view.hasAfter) setState("busy");
  });

  session.addEventListener("painted", async ({ detail: { photo } }) => {
    showFilmstrip();
    const { after } = photo;
    if (photo !== session.current || !after) return;
    const first = !view.hasAfter;
    await view.showAfter(after);
    if (photo !== session.current) return;
    showEdit();
    if (first) {
      setState("painted");
      view.sweep(0.5);
      announce(t("stage.colored"));
      alternatives.load(photo);
    }
    if (photo.isPainted) {
      confidence.refresh();
      sharpness.settle();
    }
  });

  session.addEventListener("failed", ({ detail: { photo } }) => {
    if (photo !== session.current) return;
    const better = photo.batch.find((one) => !one.error); // the first that can be opened is shown
    if (better) {
      session.select(better);
    } else {
      showFailure(photo);
      showTitle();
    }
  });

  session.addEventListener("opened", ({ detail: { photos } }) => {
    const failed = photos.filter((photo) => photo.error);
    if (!failed.length || photos.length === 1) return;
    tell("", {
      title: t("open.summary", { opened: photos.length - failed.length, failed: failed.length }),
      details: failed.map((photo) => t("open.reason", { name: photo.name, reason: reasonOf(photo) })),
    });
  });

  session.addEventListener("refused", ({ detail: { photo, error } }) => {
    tell(error, { title: t("paint.refused") });
    if (photo === session.current) setState("painted");
  });

  session.addEventListener("edit", ({ detail }) => {
    showEdit();
    sharpness.stop();
    if (detail.said) announce(detail.said);
  });

  const showAll = () => {
    showTitle();
    showFilmstrip();
    showEdit();
    if (session.current?.error) showFailure(session.current);
  };

  return { setState, showEdit, showAll };
}
