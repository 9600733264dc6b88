// Files with what was done to photographs: hints, projects, and what was open on the last visit.

import { announce, tell } from "./dom.js";
import { HintsError, hintsIn, isUntouched } from "./edits.js";
import { Photo, Upload } from "./photo.js";
import { editOf, openProject, ProjectError } from "./project.js";
import { photographOf } from "./reading.js";
import { t } from "./words.js";

/** @typedef {{ file: File, folder?: string, edits: string, reference: File | null, keptAs?: string | null }} Opening of a project or kept */

/**
 * @param goOn continues with the model of a project
 * @type {(session: Session, goOn: (model: Painter) => Promise<unknown>) => {
 *   openHints: (file: File, opening?: Photo[]) => Promise<void>,
 *   photosOf: (file: File) => Promise<Photo[]>, photoOf: (kept: Opening) => Photo,
 * }}
 */
export function followEditFiles(session, goOn) {
  /** @type {(kept: Opening) => Photo} */
  function photoOf({ file, folder = "", edits, reference: example, keptAs = null }) {
    const photo = new Photo(file);
    photo.keptAs = keptAs;
    photo.folder = folder;
    photo.waitingEdits = { text: edits, reference: example && new Upload(example) };
    return photo;
  }

  /**
   * The photographs of a project, each with its edits to come once its size is known.
   * @type {(file: File) => Promise<Photo[]>}
   */
  async function photosOf(file) {
    try {
      const found = await openProject(file);
      const model = found.find((one) => one.model)?.model;
      if (model) await goOn(model);
      return found.map(photoOf);
    } catch (error) {
      if (!(error instanceof ProjectError || error instanceof SyntaxError)) throw error;
      tell(error, { title: file.name });
      return [];
    }
  }

  /** @type {(photo: Photo, edits: NonNullable<Photo["waitingEdits"]>) => void} */
  function applyEdits(photo, { text, reference: example }) {
    if (!photo.size) return;
    try {
      const edit = editOf(text, photo.size, example);
      if (!isUntouched(edit)) session.changeOf(photo, edit, "step.editsFromFile");
    } catch (error) {
      if (!(error instanceof HintsError || error instanceof SyntaxError)) throw error;
      tell(error, { title: photo.name });
    }
  }

  /**
   * Give a file of hints to the photograph of its name, or else to the one that is shown.
   * @type {(file: File, opening?: Photo[]) => Promise<void>}
   */
  async function openHints(file, opening = []) {
    const photo =
      photographOf(file, opening) ??
      photographOf(file, session.photos) ??
      (opening.length === 1 ? opening[0] : session.current);
    if (!photo) {
      tell(t("hints.photographFirst"), { title: file.name });
      return;
    }
    let text;
    try {
      text = await file.text();
    } catch {
      tell(t("hints.unreadable"), { title: file.name });
      return;
    }
    if (photo.size) applyHints(photo, { name: file.name, text });
    else photo.waitingHints = { name: file.name, text };
  }

  /** @type {(photo: Photo, hints: NonNullable<Photo["waitingHints"]>) => void} */
  function applyHints(photo, { name, text }) {
    if (!photo.size) return;
    try {
      const hints = hintsIn(text, photo.size);
      session.changeOf(
        photo,
        { ...photo.edit, hints: [...photo.edit.hints, ...hints] },
        "step.hintsFromFile",
      );
      announce(t("hints.taken", { count: hints.length, name }));
    } catch (error) {
      if (!(error instanceof HintsError)) throw error;
      tell(error, { title: name });
    }
  }

  session.addEventListener("ready", ({ detail: { photo } }) => {
    if (photo.waitingHints) applyHints(photo, photo.waitingHints);
    photo.waitingHints = null;
    if (photo.waitingEdits) applyEdits(photo, photo.waitingEdits);
    photo.waitingEdits = null;
  });

  return { openHints, photosOf, photoOf };
}
