// Downloads: the photograph at full size, the hints, and the command that does the same.

import * as api from "./api.js";
import { announce, byId, make, tell } from "./dom.js";
import { hintsOut } from "./edits.js";

const FORMATS = [
  ["", "As it came"],
  ["jpeg", "JPEG"],
  ["png", "PNG"],
  ["tiff", "TIFF"],
  ["webp", "WebP"],
  ["avif", "AVIF"],
];

const stemOf = (name) => name.replace(/\.[^.]+$/, "");

function save(blob, name) {
  const link = make("a", { href: URL.createObjectURL(blob), download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

/** The command that makes the same picture from the hints file. */
export function commandFor(photo) {
  const quoted = (text) => (/^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
  const { edit } = photo;
  return [
    `photochrom colorize ${quoted(photo.name)}`,
    edit.hints.length ? `--hints ${quoted(`${stemOf(photo.name)}.hints.json`)}` : "",
    edit.vividness === 1 ? "" : `--vividness ${edit.vividness}`,
    edit.palette.length ? `--palette '${edit.palette.join(",")}'` : "",
    edit.reference ? `--reference ${quoted(edit.reference.file.name)}` : "",
    "-o colour/",
  ]
    .filter(Boolean)
    .join(" ");
}

export function followSaving(session) {
  const sheet = byId("download-sheet");
  const button = byId("download");

  const download = async (format) => {
    const photo = session.current;
    if (!photo?.size || button.hasAttribute("aria-busy")) return;
    button.setAttribute("aria-busy", "true");
    button.querySelector("span").textContent = "Painting";
    announce("Painting the photograph at full size.");
    try {
      const more = { size: "full", format: format || null, quality: 92 };
      const { blob, name } = await session.ask(photo, (id, body) => api.download(id, body, photo.name), more);
      save(blob, name);
      announce(`${name} is downloaded.`);
    } catch (error) {
      tell(error.message, { title: "It could not be downloaded" });
    } finally {
      button.removeAttribute("aria-busy");
      button.querySelector("span").textContent = "Download";
    }
  };

  const formats = byId("formats");
  formats.append(
    ...FORMATS.filter(([value]) => !value || api.about.writes.includes(value)).map(([value, name]) =>
      make(
        "label",
        { class: "choice" },
        make("input", { type: "radio", name: "format", value, ...(value ? {} : { checked: true }) }),
        make("span", {}, name),
      ),
    ),
  );

  button.addEventListener("click", () => download(""));
  byId("download-as").addEventListener("click", () => {
    sheet.close();
    download(formats.querySelector("input:checked").value);
  });
  byId("download-more").addEventListener("click", () => {
    const photo = session.current;
    const { width, height } = photo.size;
    byId("download-note").textContent =
      `${width} × ${height} pixels, as large as it came; its date and place stay in the file.${api.about.limits}`;
    byId("command").textContent = commandFor(photo);
    byId("download-hints").disabled = photo.edit.hints.length === 0;
    sheet.showModal();
  });
  byId("download-hints").addEventListener("click", () => {
    const photo = session.current;
    const lines = hintsOut(photo.edit).map((hint) => `  ${JSON.stringify(hint)}`);
    const text = `{"hints": [\n${lines.join(",\n")}\n]}\n`;
    save(new Blob([text], { type: "application/json" }), `${stemOf(photo.name)}.hints.json`);
  });
  byId("copy-command").addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(byId("command").textContent);
      announce("Copied.");
      tell("The command is copied.", { kind: "good" });
    } catch {
      getSelection().selectAllChildren(byId("command"));
    }
  });
}
