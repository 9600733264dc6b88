// Downloads: the photograph at full size, the hints, and the command that does the same.

import * as api from "./api.js";
import { colorLayer } from "./color_layer.js";
import { commandFor } from "./command.js";
import { announce, byId, checkedIn, closest, make, tell } from "./dom.js";
import { carried, editsOut, followed, hintsOut, isCarried, isUntouched, UNTOUCHED } from "./edits.js";
import { projectName, projectOf, zipOf } from "./project.js";
import { stemOf } from "./reading.js";
import { isShared, shareable } from "./sharing.js";
import { placeWords, t } from "./words.js";

/** @type {("ready" | "failed" | "list")[]} what may end the wait for a photograph that is read */
const READ = ["ready", "failed", "list"];

/** @type {(blob: Blob, name: string) => void} */
function save(blob, name) {
  const link = make("a", { href: URL.createObjectURL(blob), download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

/**
 * Everything that is open: its look for all, one ZIP, a project, and pictures to share.
 * @type {(session: Session, view: PictureView) => void}
 */
export function followJobs(session, view) {
  const sheet = byId("job-sheet");
  const busy = byId("job-busy");
  /** @type {() => NodeListOf<HTMLButtonElement>} */
  const buttons = () => sheet.querySelectorAll("button.plain");

  /** @type {(words: string, work: () => Promise<void>) => Promise<void>} */
  const run = async (words, work) => {
    for (const button of buttons()) button.disabled = true;
    busy.textContent = words;
    try {
      await work();
    } catch (error) {
      tell(error, { title: t("job.refused") });
    } finally {
      busy.textContent = "";
      show();
    }
  };

  /**
   * Everything that could be read. What still waits is read first: else it would be left out.
   * @type {() => Promise<Photo[]>}
   */
  const allRead = async () => {
    while (session.photos.some((photo) => !photo.size && !photo.error))
      await new Promise((resolve) => {
        for (const type of READ) session.addEventListener(type, resolve, { once: true });
      });
    return session.photos.filter((photo) => photo.size && !photo.error);
  };

  const show = () => {
    const several = session.photos.filter((photo) => !photo.error).length > 1;
    const edit = session.current?.edit;
    for (const button of buttons()) {
      const { carry } = button.dataset;
      const nothing = carry === "reference" ? !edit?.reference : isUntouched(edit ?? UNTOUCHED);
      button.disabled = Boolean(carry) && (!several || nothing);
    }
  };

  /** @type {(kind: import("./edits.js").Carried) => Promise<void>} */
  const carry = async (kind) => {
    const from = session.current;
    if (!from?.size) return;
    const others = (await allRead()).filter((photo) => photo !== from);
    for (const photo of others)
      if (photo.size)
        session.changeOf(photo, carried(kind, from.edit, photo.edit, from.size, photo.size), "step.carried");
    session.pump();
    sheet.close();
    tell(t("job.carried", { count: others.length }), { kind: "good" });
  };

  /**
   * Paint a photograph at full size, by this model whatever is chosen meanwhile.
   * @type {(photo: Photo, model: string | null, cannot: Cannot) => Promise<{ blob: Blob, name: string }>}
   */
  const paintFull = (photo, model, cannot) =>
    session.ask(
      photo,
      (id, body) => api.download(id, body, photo.name),
      { size: "full", format: null, model },
      undefined,
      cannot,
    );

  /** @type {Record<string, () => Promise<void>>} */
  const actions = {
    zip: () => {
      const { model, painter, cannot } = session;
      return run(t("state.reading"), async () => {
        const photos = await allRead();
        busy.textContent = t("job.paintingFirst", { count: photos.length });
        /** @type {(done: number) => void} */
        const said = (done) => {
          busy.textContent = t("job.painted", { done, count: photos.length });
        };
        /** @type {(photo: Photo) => Promise<{ blob: Blob, name: string }>} */
        const paint = (photo) => paintFull(photo, model, cannot);
        const blob = await zipOf(photos, paint, said, { painter, cannot });
        save(blob, "photographs-color.zip");
      });
    },
    project: () =>
      run(t("job.saving"), async () => {
        const photos = await allRead();
        save(await projectOf(photos, session.painter), projectName(photos));
      }),
  };

  /** @type {(photo: Photo) => Promise<void>} */
  const shareClip = async (photo) => {
    const film = await session.ask(photo, api.clip, { size: "preview" });
    save(film, `${stemOf(photo.name)}-before-after.mp4`);
  };

  /** @type {(kind: import("./sharing.js").Shared | "clip") => Promise<void>} */
  const share = async (kind) => {
    const photo = session.current;
    if (!photo) return;
    await run(t("job.making"), async () => {
      if (kind === "clip") {
        await shareClip(photo);
        return;
      }
      await photo.settle();
      const { before, after } = photo.previews;
      if (!before || !after) return;
      const { blob, suffix } = await shareable(kind, before, after, view.split, photo.name);
      save(blob, `${stemOf(photo.name)}${suffix}`);
    });
  };

  sheet.addEventListener("click", (event) => {
    const { carry: kind, share: shared, act } = closest(event, "button.plain")?.dataset ?? {};
    if (isCarried(kind)) run(t("state.reading"), () => carry(kind));
    else if (isShared(shared) || shared === "clip") share(shared);
    else if (act) actions[act]();
  });
  byId("job").addEventListener("click", () => {
    show();
    sheet.showModal();
  });
}

/**
 * Offer the formats that can be written, and no others.
 * @type {(formats: Format[]) => void}
 */
export function offerFormats(formats) {
  const choices = [{ name: "", title: null }, ...formats];
  byId("formats").replaceChildren(
    ...choices.map(({ name, title }) =>
      make(
        "label",
        { class: "choice" },
        make("input", { type: "radio", name: "format", value: name, ...(name ? {} : { checked: true }) }),
        make("span", title ? {} : { "data-t": "download.asItCame" }, title),
      ),
    ),
  );
  placeWords(byId("formats"));
}

/** @type {(session: Session) => void} */
export function followSaving(session) {
  const sheet = byId("download-sheet");
  const button = byId("download");

  /** @type {(words: string) => void} */
  const label = (words) => {
    for (const span of button.querySelectorAll("span")) span.textContent = words;
  };

  /** @type {(format: string, options?: { asLayer?: boolean }) => Promise<void>} */
  const download = async (format, { asLayer = false } = {}) => {
    const photo = session.current;
    if (!photo?.size || button.hasAttribute("aria-busy")) return;
    button.setAttribute("aria-busy", "true");
    label(t("state.painting"));
    announce(t("download.painting"));
    try {
      /** @type {Order} */
      const more = { size: "full", format: format || null };
      const { blob, name } = await session.ask(photo, (id, body) => api.download(id, body, photo.name), more);
      const saved = asLayer ? `${stemOf(photo.name)}-colors.png` : name;
      save(asLayer ? await colorLayer(blob) : blob, saved);
      announce(t("download.done", { name: saved }));
    } catch (error) {
      tell(error, { title: t("download.refused") });
    } finally {
      button.removeAttribute("aria-busy");
      label(t("bar.download"));
    }
  };

  button.addEventListener("click", () => download(""));
  byId("download-as").addEventListener("click", () => {
    sheet.close();
    download(checkedIn(byId("formats")));
  });
  byId("download-layer").addEventListener("click", () => {
    sheet.close();
    download("png", { asLayer: true });
  });
  byId("download-more").addEventListener("click", () => {
    const photo = session.current;
    if (!photo?.size) return;
    const { width, height } = photo.size;
    const note = t("download.note", { width, height });
    byId("download-note").textContent = [note, api.about.limits()].filter(Boolean).join(" ");
    byId("command").textContent = commandFor(photo, session.model);
    const isEdits = photo.edit.lassos.length > 0;
    byId("download-hints").disabled = !isEdits && photo.edit.hints.length === 0;
    for (const words of byId("download-hints").querySelectorAll("span"))
      words.textContent = t(isEdits ? "download.edits" : "download.hints");
    sheet.showModal();
  });
  byId("download-hints").addEventListener("click", () => {
    const photo = session.current;
    if (!photo) return;
    if (photo.edit.lassos.length) {
      const more = { reference: photo.edit.reference?.file.name, model: session.painter };
      const text = `${JSON.stringify(editsOut(followed(photo.edit, session.cannot), more), null, 1)}\n`;
      save(new Blob([text], { type: "application/json" }), `${photo.name}.edits.json`);
      return;
    }
    const lines = hintsOut(photo.edit).map((hint) => `  ${JSON.stringify(hint)}`);
    const text = `{"hints": [\n${lines.join(",\n")}\n]}\n`;
    save(new Blob([text], { type: "application/json" }), `${stemOf(photo.name)}.hints.json`);
  });
  byId("copy-command").addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(byId("command").textContent ?? "");
      announce(t("download.copied"));
      tell(t("download.copiedLong"), { kind: "good" });
    } catch {
      getSelection()?.selectAllChildren(byId("command"));
    }
  });
}
