// Photochrom Studio: puts the parts together.

import { followAlternatives } from "./alternatives.js";
import * as api from "./api.js";
import { followAppearance } from "./appearance.js";
import { announce, byId, checkedIn, closest, make, placeIcons, tell } from "./dom.js";
import { HintsError, hintsIn, isUntouched, UNTOUCHED, withLock } from "./edits.js";
import { reasonFor } from "./engine_errors.js";
import { Eyedropper } from "./eyedropper.js";
import { followFilms } from "./films_way.js";
import { followFilmstrip } from "./filmstrip.js";
import { followFocus } from "./focus.js";
import { followPointers } from "./gestures.js";
import { followGuide } from "./guide.js";
import { HintsLayer } from "./hints_layer.js";
import { followHistory } from "./history_panel.js";
import { followKeeping } from "./keeping.js";
import { drawLassos } from "./lasso.js";
import { followModels } from "./models.js";
import { askFile, followDrops, offer, showSamples } from "./opening.js";
import { ConfidenceMap, followSharpness } from "./overlays.js";
import { followPalette, followReference } from "./palette.js";
import { followHintList, followTabs } from "./panels.js";
import { Photo, Upload } from "./photo.js";
import { Picker } from "./picker.js";
import { followPicking } from "./picking.js";
import { PictureView } from "./picture_view.js";
import { editOf, isProject, openProject, ProjectError } from "./project.js";
import { RegionPreview } from "./reach.js";
import { isHints, stemOf } from "./reading.js";
import { followJobs, followSaving, offerFormats } from "./saving.js";
import { HintSelection } from "./selection.js";
import { Session } from "./session.js";
import { kindOf } from "./thrown.js";
import { followTone } from "./tone.js";
import { onLanguage, percent, spoken, t } from "./words.js";

/** @typedef {{ file: File, edits: string, reference: File | null, keptAs?: string | null }} Opening of a project or kept */

placeIcons();
function showPlace() {
  for (const part of document.querySelectorAll("[data-about]"))
    part.textContent = part.dataset.about === "stays" ? api.about.place.stays() : api.about.place.privacy();
}
showPlace();

const stage = byId("stage");
const session = new Session();
const view = new PictureView();
const selection = new HintSelection(view, session);
const layer = new HintsLayer(view, session, selection);
const picker = new Picker(new Eyedropper(view));
const BUSY_MS = 300;
const FINE = "0.014"; // the brush of which the engine chooses the size
/** @type {ReturnType<typeof setTimeout> | undefined} */
let lateBusy;
let tool = "hint";

const canHint = () => !session.cannot.hints;
const preview = new RegionPreview(view, session, () => canHint() && tool === "hint");

/** Half the width of the brush, in pixels of the photograph. */
const brushPx = () => {
  const { width, height } = session.current?.size ?? { width: 0, height: 0 };
  return Number(checkedIn(byId("brushes"))) * Math.min(width, height);
};
const brush = () => (checkedIn(byId("brushes")) === FINE ? null : brushPx());
const { beginHint, openHint } = followPicking({ session, view, layer, picker, canHint, brush, preview });
const withoutFilms = followFilms(api.about.films);
/** @type {TakeFiles} */
const openFiles = async (found) => {
  const files = withoutFilms(found);
  const photos = files.filter((file) => !isHints(file) && !isProject(file)).map((file) => new Photo(file));
  for (const file of files.filter(isHints)) await openHints(file, photos);
  for (const file of files.filter(isProject)) photos.push(...(await photosOf(file)));
  if (photos.length) session.add(photos);
};
const askMore = async () => openFiles(await askFile());
const askHints = async () => {
  for (const file of await askFile({ accept: ".json" })) await openHints(file);
};

const tone = followTone(session, layer, {
  isOn: () => tool === "lasso",
  toggle: () => {
    setTool(tool === "lasso" ? "hint" : "lasso");
    if (tool !== "lasso") return;
    tell(t("lasso.help"), { kind: "note" });
    byId("stage").focus({ preventScroll: true });
  },
});
const lassos = drawLassos(session, view, layer, (key) => {
  setTool("hint");
  tone.choose(key);
});
const showHistory = followHistory(session);
const keeping = followKeeping(session);
const showHintList = followHintList(session, layer, openHint);
const alternatives = followAlternatives(session);
const showPalette = followPalette(session, askFile);
const reference = followReference(session, askFile);
const showFilmstrip = followFilmstrip(session, askMore);
const confidence = new ConfidenceMap(session);
const choice = followModels(session);
const sharpness = followSharpness(view, session);
followGuide(session, canHint);
followTabs();
followFocus();
followAppearance();
followSaving(session);
followJobs(session, view);
followDrops((files, target) => {
  if (target.reference) reference.take(files[0]);
  else openFiles(files);
});
byId("open").addEventListener("click", askMore);
byId("close").addEventListener("click", () => {
  if (session.current) session.remove(session.current);
});
byId("open-more").addEventListener("click", askMore);
byId("hints-open").addEventListener("click", askHints);

/* what is shown */

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

function showEdit() {
  const photo = session.current;
  const edit = photo?.edit ?? UNTOUCHED;
  tone.show();
  showHistory();
  showHintList(edit);
  showPalette(edit);
  reference.show(edit);
  alternatives.show();
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
  if (photo.waitingHints) applyHints(photo, photo.waitingHints);
  photo.waitingHints = null;
  if (photo.waitingEdits) applyEdits(photo, photo.waitingEdits);
  photo.waitingEdits = null;
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

session.addEventListener("model", () => {
  byId("unguided").hidden = canHint();
  document.body.classList.toggle("no-hints", !canHint());
  if (!canHint()) setTool("hand");
  if (session.cannot.confidence) confidence.hide();
  sharpness.stop();
  preview.hide();
  alternatives.show();
});

session.addEventListener("lost", ({ detail: { error } }) => {
  tell(error, { title: t("models.lost") });
  begin();
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

/** @type {(kept: Opening) => Photo} */
function photoOf({ file, edits, reference: example, keptAs = null }) {
  const photo = new Photo(file);
  photo.keptAs = keptAs;
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
    if (model) await choice.goOn(model);
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

/* hints */

/**
 * Give a file of hints to the photograph of its name, or else to the one that is shown.
 * @type {(file: File, opening?: Photo[]) => Promise<void>}
 */
async function openHints(file, opening = []) {
  /** @type {(photo: Photo) => boolean} */
  const sameName = (photo) => stemOf(photo.name) === stemOf(file.name);
  const photo =
    opening.find(sameName) ??
    session.photos.find(sameName) ??
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
    session.changeOf(photo, { ...photo.edit, hints: [...photo.edit.hints, ...hints] }, "step.hintsFromFile");
    announce(t("hints.taken", { count: hints.length, name }));
  } catch (error) {
    if (!(error instanceof HintsError)) throw error;
    tell(error, { title: name });
  }
}

/** @type {(point: Point, isFinger?: boolean) => void} */
function tap(point, isFinger = false) {
  if (tool === "keep") keep([point]);
  else if (tool === "lasso") lassos.tap(point);
  else {
    const hadSelected = selection.size > 0;
    selection.take([]);
    if (isFinger && hadSelected) return; // it has ended the selection
    if (picker.isOpen && innerWidth < 760) picker.close();
    beginHint([point]);
  }
}

followPointers(view, () => tool === "hand", {
  tap,
  stroke: (points) => {
    if (!view.hasAfter) return;
    if (tool === "lasso") lassos.stroke(points);
    else if (canHint()) layer.ghost([...points]);
  },
  strokeEnd: (points) => {
    if (tool === "keep") keep([...points]);
    else if (tool === "lasso") lassos.strokeEnd([...points]);
    else beginHint([...points]);
  },
  strokeCancel: () => {
    layer.ghost(null);
    tone.show();
  },
  mayBand: () => tool === "hint" && canHint() && Boolean(session.current?.edit.hints.length),
  band: ([x1, y1], [x2, y2]) => {
    layer.outline([
      [x1, y1],
      [x2, y1],
      [x2, y2],
      [x1, y2],
    ]);
  },
  bandEnd: (from, to) => {
    tone.show();
    selection.takeWithin(from, to);
  },
});
layer.addEventListener("spot", ({ detail }) => tap(detail.points[0]));

/**
 * Lock what lies under a stroke: hints from elsewhere change nothing there.
 * @type {(points: Point[]) => void}
 */
function keep(points) {
  layer.ghost(null);
  const photo = session.current;
  if (!photo?.size || !view.hasAfter) return;
  session.change(withLock(photo.edit, points, 2 * brushPx()), "step.kept");
  announce(t("stage.kept"));
}

function nextUncertain() {
  const place = confidence.next();
  if (!place) return;
  view.reveal(place);
  layer.putCross(place);
  announce(t("stage.atUncertain"));
}

/* tools */

/** @type {(name: string) => void} */
function setTool(name) {
  tool = name;
  lassos.cancel();
  for (const one of ["hint", "keep", "hand"])
    byId(`tool-${one}`).setAttribute("aria-pressed", String(one === name));
  stage.classList.toggle("hand", name === "hand");
  stage.classList.toggle("drawing", name === "lasso");
  tone.show();
}

/** @type {(value: boolean) => void} */
function setComparing(value) {
  view.setComparing(value);
  byId("compare").setAttribute("aria-pressed", String(value));
}

byId("tool-hint").addEventListener("click", () => setTool("hint"));
byId("tool-keep").addEventListener("click", () => setTool("keep"));
byId("tool-hand").addEventListener("click", () => setTool("hand"));
byId("next-uncertain").addEventListener("click", nextUncertain);
byId("compare").addEventListener("click", () => setComparing(!view.comparing));
byId("confidence").addEventListener("click", () => confidence.toggle());
byId("zoom-in").addEventListener("click", () => view.zoomBy(1.5));
byId("zoom-out").addEventListener("click", () => view.zoomBy(1 / 1.5));
byId("zoom-level").addEventListener("click", () => (view.isFitted ? view.actual() : view.fit()));
byId("undo").addEventListener("click", () => session.undo());
byId("redo").addEventListener("click", () => session.redo());
byId("reset").addEventListener("click", () => {
  picker.close();
  session.change(UNTOUCHED, "step.reset");
  announce(t("stage.wasReset"));
});

view.addEventListener("move", () => {
  const words = view.isFitted ? t("tools.fit") : percent(view.zoom);
  byId("zoom-level").textContent = words;
  byId("zoom-level").setAttribute("aria-label", t("tools.zoomAt", { zoom: words }));
  if (!stage.matches(".panning")) sharpness.settle();
});

/**
 * What single keys do, wherever the focus is but in text fields.
 * @type {Record<string, () => void>}
 */
const KEYS = {
  "+": () => view.zoomBy(1.5),
  "=": () => view.zoomBy(1.5),
  "-": () => view.zoomBy(1 / 1.5),
  0: () => view.fit(),
  1: () => view.actual(),
  c: () => setComparing(!view.comparing),
  u: () => {
    if (!session.cannot.confidence) confidence.toggle();
  },
  n: nextUncertain,
  "[": () => session.step(-1),
  "]": () => session.step(1),
};

document.addEventListener("keydown", (event) => {
  if (closest(event, "input[type=text], textarea, dialog[open]") || event.altKey) return;
  const key = event.key.toLowerCase();
  if (event.ctrlKey || event.metaKey) {
    if (key !== "z" && key !== "y") return;
    event.preventDefault();
    if (key === "y" || event.shiftKey) session.redo();
    else session.undo();
  } else if (event.key === "Escape" && picker.isOpen) {
    picker.close();
  } else if (event.key === "Escape" && tool === "lasso") {
    setTool("hint");
  } else if (session.current && KEYS[key]) {
    event.preventDefault();
    KEYS[key]();
  }
});

/* the engine comes and goes */

api.connection.addEventListener("offline", () => {
  byId("offline").textContent = t("place.away");
  byId("offline").hidden = false;
  if (stage.dataset.state === "sending") setState("sending");
});
api.connection.addEventListener("online", () => {
  byId("offline").hidden = true;
  if (stage.dataset.state === "sending") setState("sending", t("state.reading"));
  announce(t("place.back"));
  if (session.photos.length) session.resume();
  else if (!byId("prints").children.length) begin();
});
async function begin() {
  try {
    const { models, current, reads, writes, clips } = await api.getModels();
    offer(reads);
    offerFormats(writes);
    byId("share-clip").hidden = !clips;
    choice.show(models, current);
    await showSamples((photo) => session.add([photo]));
  } catch (error) {
    if (!(error instanceof api.OfflineError)) tell(error, { title: t("page.partly") });
  }
}

/** Open again what was open on the last visit. */
async function restore() {
  const kept = await keeping.restore();
  if (!kept.length) return;
  const photos = kept.map(photoOf);
  const last = photos.find((_, at) => kept[at].current) ?? photos[0];
  const chosen = session.current ?? last;
  session.add(photos);
  session.select(chosen);
  announce(t("stage.restored"));
}

onLanguage(() => {
  picker.close();
  showPlace();
  showTitle();
  showFilmstrip();
  showEdit();
  if (session.current?.error) showFailure(session.current);
});

byId("welcome").removeAttribute("aria-busy"); // its words are there
showEdit();
restore();
begin();
api.onFiles(openFiles);
