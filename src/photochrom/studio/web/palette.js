// A palette to keep to, and a photograph to follow.

import * as api from "./api.js";
import { nameOf } from "./color.js";
import { byId, icon, make, refill, tell } from "./dom.js";
import { Upload } from "./session.js";

const MOST = 12;
const READY = {
  Garden: ["#3f5d34", "#7f9a52", "#c2405a", "#e6b9b5", "#d9a441", "#8fb4cf", "#7a5c43"],
  Coast: ["#2f5f7a", "#7fb0bf", "#d9c39a", "#b5714d", "#8a8f86", "#e7d9c3"],
  Earth: ["#5b4332", "#94704c", "#c49a6c", "#6b7150", "#8c3f2e", "#d8c6a5"],
};

export function followPalette(session, askFile) {
  const change = (palette, label) => session.change({ ...session.current.edit, palette }, label);

  const swatch = (color, index) => {
    const button = make(
      "button",
      {
        class: "swatch removable",
        type: "button",
        "aria-label": `Remove ${nameOf(color)}`,
        title: `Remove ${color}`,
        on: {
          click: () =>
            change(
              session.current.edit.palette.filter((_, at) => at !== index),
              "palette colour removed",
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
      "aria-label": "Add a colour to the palette",
    });
    input.addEventListener("change", () => {
      change([...session.current.edit.palette, input.value], "palette colour added");
    });
    return make("label", { class: "swatch add", title: "Add a colour" }, input, icon("plus"));
  };

  const fromPicture = async () => {
    const [file] = await askFile({ several: false });
    if (!file) return;
    const photo = session.current;
    const upload = new Upload(file);
    try {
      const { palette } = await upload.use((id) => api.paletteOf(id));
      if (photo === session.current) change(palette.slice(0, MOST), "palette from a picture");
    } catch (error) {
      tell(error.message, { title: "No palette from this picture" });
    } finally {
      upload.forget();
    }
  };

  byId("palette-presets").append(
    ...Object.entries(READY).map(([name, colors]) =>
      make(
        "button",
        { class: "chip", type: "button", on: { click: () => change(colors, `palette ${name}`) } },
        name,
      ),
    ),
    make(
      "button",
      { class: "chip", type: "button", on: { click: fromPicture } },
      icon("photo"),
      "From a picture",
    ),
  );
  byId("palette-clear").addEventListener("click", () => change([], "palette cleared"));

  let shown = null;
  return function show({ palette }) {
    if (shown === palette) return;
    shown = palette;
    refill(byId("palette"), [...palette.map(swatch), ...(palette.length < MOST ? [adder()] : [])]);
    byId("palette-clear").hidden = palette.length === 0;
  };
}

export function followReference(session, askFile) {
  const part = byId("reference");
  const urls = new WeakMap();

  const urlOf = (reference) => {
    if (!urls.has(reference)) urls.set(reference, URL.createObjectURL(reference.file));
    return urls.get(reference);
  };

  const set = (reference, label) => session.change({ ...session.current.edit, reference }, label);

  const take = async (file) => {
    const photo = session.current;
    if (!photo?.size) return;
    const reference = new Upload(file);
    part.classList.add("sending");
    try {
      await reference.ready();
      if (reference.info.gray) {
        tell("It is grey itself. Take a photograph in colour.", { title: `${file.name} can't be followed` });
        reference.forget();
      } else if (photo === session.current) {
        set(reference, "reference photograph");
      }
    } catch (error) {
      tell(error.message, { title: `${file.name} can't be followed` });
    }
    part.classList.remove("sending");
  };

  byId("reference-clear").addEventListener("click", () => set(null, "reference removed"));

  let shown;
  const show = ({ reference }) => {
    if (shown === reference) return;
    shown = reference;
    byId("reference-clear").hidden = reference === null;
    const choose = make("button", {
      class: reference ? "reference-print" : "reference-empty",
      type: "button",
      "aria-label": reference ? `Colours like ${reference.file.name}; choose another` : null,
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
      choose.append(icon("photo"), make("span", {}, "Choose or drop a photograph in colour to follow"));
    }
    refill(part, [choose]);
  };

  return { show, take };
}
