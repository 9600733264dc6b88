// A palette to keep to, and a photograph to follow.

import * as api from "./api.js";
import { nameOf } from "./color.js";
import { byId, icon, make, refill, tell } from "./dom.js";
import { UNTOUCHED } from "./edits.js";
import { Upload } from "./photo.js";
import { onLanguage, placeWords, t } from "./words.js";

/** @typedef {typeof import("./opening.js").askFile} AskFile */

const MOST = 12;
/** @type {Record<string, string[]>} */
const READY = {
  "palette.garden": ["#3f5d34", "#7f9a52", "#c2405a", "#e6b9b5", "#d9a441", "#8fb4cf", "#7a5c43"],
  "palette.coast": ["#2f5f7a", "#7fb0bf", "#d9c39a", "#b5714d", "#8a8f86", "#e7d9c3"],
  "palette.earth": ["#5b4332", "#94704c", "#c49a6c", "#6b7150", "#8c3f2e", "#d8c6a5"],
};

/** @type {(session: Session, askFile: AskFile) => (edit: Edit) => void} */
export function followPalette(session, askFile) {
  const own = () => session.current?.edit ?? UNTOUCHED;
  /** @type {(palette: string[], label: StepLabel) => void} */
  const change = (palette, label) => session.change({ ...own(), palette }, label);

  /** @type {(color: string, index: number) => HTMLElement} */
  const swatch = (color, index) => {
    const button = make(
      "button",
      {
        class: "swatch removable",
        type: "button",
        "aria-label": t("palette.remove", { color: nameOf(color) }),
        title: t("palette.remove", { color }),
        on: {
          click: () =>
            change(
              own().palette.filter((_, at) => at !== index),
              "step.paletteRemoved",
            ),
        },
      },
      icon("close"),
    );
    button.style.setProperty("--color", color);
    return button;
  };

  const adder = () => {
    const input = make("input", {
      type: "color",
      value: "#c0764a",
      "aria-label": t("palette.add"),
    });
    input.addEventListener("change", () => {
      change([...own().palette, input.value], "step.paletteAdded");
    });
    return make("label", { class: "swatch add", title: t("palette.addShort") }, input, icon("plus"));
  };

  const fromPicture = async () => {
    const [file] = await askFile({ several: false });
    if (!file) return;
    const photo = session.current;
    const upload = new Upload(file);
    try {
      const { palette } = await upload.use((id) => api.paletteOf(id));
      if (photo === session.current) change(palette.slice(0, MOST), "step.paletteFromPicture");
    } catch (error) {
      tell(error, { title: t("palette.noneFound") });
    } finally {
      upload.forget();
    }
  };

  byId("palette-presets").append(
    ...Object.entries(READY).map(([key, colors]) =>
      make("button", {
        class: "chip",
        type: "button",
        "data-t": key,
        on: { click: () => change(colors, ["step.paletteReady", { name: t(key) }]) },
      }),
    ),
    make(
      "button",
      { class: "chip", type: "button", on: { click: fromPicture } },
      icon("photo"),
      make("span", { "data-t": "palette.fromPicture" }),
    ),
  );
  placeWords(byId("palette-presets"));
  byId("palette-clear").addEventListener("click", () => change([], "step.paletteCleared"));

  /** @type {string[] | null} */
  let shown = null;
  onLanguage(() => {
    /** @type {Upload | null | undefined} */
    shown = null;
  });
  return function show({ palette }) {
    if (shown === palette) return;
    shown = palette;
    refill(byId("palette"), [...palette.map(swatch), ...(palette.length < MOST ? [adder()] : [])]);
    byId("palette-clear").hidden = palette.length === 0;
  };
}

/**
 * @type {(session: Session, askFile: AskFile) => { show: (edit: Edit) => void, take: (file: File)
 *   => Promise<void> }}
 */
export function followReference(session, askFile) {
  const part = byId("reference");
  /** @type {WeakMap<Upload, string>} */
  const urls = new WeakMap();

  /** @type {(reference: Upload) => string} */
  const urlOf = (reference) => {
    const url = urls.get(reference) ?? URL.createObjectURL(reference.file);
    urls.set(reference, url);
    return url;
  };

  /** @type {(reference: Upload | null, label: string) => void} */
  const set = (reference, label) => {
    if (session.current) session.change({ ...session.current.edit, reference }, label);
  };

  /** @type {(file: File) => Promise<void>} */
  const take = async (file) => {
    const photo = session.current;
    if (!photo?.size) return;
    const reference = new Upload(file);
    part.classList.add("sending");
    try {
      await reference.ready();
      if (reference.info?.gray) {
        tell(t("reference.gray"), { title: t("reference.refused", { name: file.name }) });
        reference.forget();
      } else if (photo === session.current) {
        set(reference, "step.reference");
      }
    } catch (error) {
      tell(error, { title: t("reference.refused", { name: file.name }) });
    }
    part.classList.remove("sending");
  };

  byId("reference-clear").addEventListener("click", () => set(null, "step.referenceRemoved"));

  /** @type {Upload | null | undefined} */
  let shown;
  onLanguage(() => {
    shown = undefined;
  });
  /** @type {(edit: Edit) => void} */
  const show = ({ reference }) => {
    if (shown === reference) return;
    shown = reference;
    byId("reference-clear").hidden = reference === null;
    byId("likeness-part").hidden = reference === null;
    const choose = make("button", {
      class: reference ? "reference-print" : "reference-empty",
      type: "button",
      "aria-label": reference ? t("reference.named", { name: reference.file.name }) : null,
      on: {
        click: async () => {
          const [file] = await askFile({ several: false });
          if (file) take(file);
        },
      },
    });
    if (reference) {
      choose.append(make("img", { src: urlOf(reference), alt: "" }), make("span", {}, reference.file.name));
    } else {
      choose.append(icon("photo"), make("span", {}, t("reference.choose")));
    }
    refill(part, [choose]);
  };

  return { show, take };
}
