// The page for films: puts the parts together.

import { followAppearance } from "../appearance.js";
import { announce, byId, closest, make, placeIcons, reasons, tell } from "../dom.js";
import { followFocus } from "../focus.js";
import { connection } from "../http_engine.js";
import { askFile } from "../opening.js";
import { isFilm } from "../reading.js";
import { number as inWords, onLanguage, percent, t } from "../words.js";
import { followFilmDrops } from "./drops.js";
import { HINTS_FILES, haveHints, readHints } from "./hints_file.js";
import * as marks from "./marks.js";
import { forget, remember, remembered } from "./opened.js";
import { followKnown, followReferences } from "./panel.js";
import { followFilmPicking } from "./picking.js";
import { followRendering } from "./rendering.js";
import * as server from "./server.js";
import { FilmSession } from "./session.js";
import { FilmStage } from "./stage.js";
import { clock, followFrames, followShots } from "./strips.js";

/**
 * @import { Marks } from "./marks.js"
 * @import { FilmState } from "./server.js"
 */

const LATE_MS = 300;
const FILMS = "video/*,.mkv,.mxf,.vob,.dv,.y4m";

placeIcons();
const session = new FilmSession();
const stage = new FilmStage();
const picking = followFilmPicking(session, stage);
const shots = followShots((number) => session.go(number, 0, null));
const showFrames = followFrames((number) => session.go(session.shotNumber, session.part, number));
const showKnown = followKnown({
  open: async (spot, time) => {
    await session.goTo(time);
    picking.openHint(spot);
  },
  remove: picking.remove,
  removeEntry: (entry) => session.change(marks.withoutEntry(session.known, entry)),
  go: (time) => session.goTo(time),
});
const showReferences = followReferences({
  follow: (at, shots) => session.change(marks.followedIn(session.known, at, shots)),
  remove: (at) => session.change(marks.withoutReference(session.known, at)),
});
const rendering = followRendering({
  current: () => session.film,
  began: (state) => session.takeRendering(state),
  changed: (vividness) => {
    session.vividness = vividness;
    session.look();
  },
});
followAppearance();
followFocus();

/* open, leave, come back */

async function showOpened() {
  const found = [];
  for (const id of remembered()) {
    try {
      found.push(await server.stateOf(id));
    } catch (error) {
      if (server.isGone(error)) forget(id);
    }
  }
  byId("opened-part").hidden = found.length === 0;
  const buttons = found.map((one) =>
    make("button", { class: "plain", type: "button", on: { click: () => begin(one) } }, one.name),
  );
  byId("opened").replaceChildren(...buttons.map((one) => make("li", {}, one)));
}

/** @param {FilmState} state */
function begin(state) {
  remember(state.id);
  history.replaceState(null, "", `#${state.id}`);
  document.body.dataset.scene = "work";
  stage.lay(state.place);
  byId("frames").replaceChildren();
  rendering.begin(state);
  session.vividness = rendering.vividness();
  for (const note of state.notes) tell(note, { title: state.name, kind: "note" });
  session.begin(state);
}

async function leave() {
  picking.close();
  session.leave();
  document.body.dataset.scene = "welcome";
  history.replaceState(null, "", location.pathname);
  await showOpened();
}

/** @param {BeforeUnloadEvent} event */
const askBeforeLeaving = (event) => event.preventDefault();

/** @param {File} file */
async function open(file) {
  byId("open").disabled = true;
  byId("sending").hidden = false;
  addEventListener("beforeunload", askBeforeLeaving);
  try {
    const state = await server.open(file, (share) => {
      byId("sending-bar").value = share;
      const words = share < 1 ? t("state.sending", { share: percent(share) }) : t("state.reading");
      byId("sending-text").textContent = words;
    });
    begin(state);
    announce(t("films.opened", { name: state.name }));
  } catch (error) {
    tell(error, { title: t("open.refused", { name: file.name }) });
  } finally {
    removeEventListener("beforeunload", askBeforeLeaving);
    byId("open").disabled = false;
    byId("sending").hidden = true;
  }
}

/* what is shown */

/** @type {string | null} */
let saidProblem = null;

function showState() {
  const { film } = session;
  byId("title").hidden = film === null;
  byId("title-name").textContent = film?.name ?? "";
  byId("title-size").textContent = film ? t("stage.size", { width: film.width, height: film.height }) : "";
  document.title = film ? `${film.name} · Photochrom Studio` : "Photochrom Studio";
  if (!film) return;
  showReferences(film, session.known);
  rendering.show(film);
  byId("looking").hidden = film.looking.finished || film.problem !== null;
  byId("looking-bar").max = Math.max(1, film.looking.of);
  byId("looking-bar").value = film.looking.frames;
  if (film.problem && saidProblem !== film.id) tell(server.problemOf(film.problem), { title: film.name });
  saidProblem = film.problem ? film.id : null;
  showEdit();
}

/** Everything that changes with hints, or with the frame that is shown. */
function showEdit() {
  const { film, glimpse, shot, time, frame, part, shotNumber } = session;
  if (!film) return;
  byId("undo").disabled = !session.canUndo;
  byId("redo").disabled = !session.canRedo;
  shots.show(film, shotNumber, session.known);
  showKnown(film, session.known, shot);
  byId("frame-time").textContent = time === null ? "" : clock(time, 2);
  byId("cut").disabled = time === null || frame === shot?.first_frame;
  byId("join").disabled = shotNumber < 2;
  byId("save-frame").hidden = frame === null;
  byId("add-painted").disabled = time === null;
  if (frame !== null) byId("save-frame").href = server.addressOf.frame(film.id, frame);
  const [parts, last] = [glimpse?.parts ?? 1, film.shots.at(-1)];
  byId("frame-back").disabled = frame === null || frame === 0;
  byId("frame-on").disabled = frame === null || !last || frame >= last.first_frame + last.frames - 1;
  byId("parts").hidden = parts < 2;
  byId("part-text").textContent = t("films.part", { number: part + 1, count: parts });
  byId("part-back").disabled = part === 0;
  byId("part-on").disabled = part >= parts - 1;
  const here =
    time === null ? [] : marks.entriesBetween(session.known, film.rate, time, time + 1 / film.rate);
  stage.mark(
    here.flatMap(({ entry, at }) =>
      (entry.hints ?? []).map((hint, index) => ({ hint, spot: { entry: at, hint: index } })),
    ),
  );
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let late;

/** @param {boolean} value */
function setBusy(value) {
  clearTimeout(late);
  byId("stage").setAttribute("aria-busy", String(value));
  byId("busy-text").textContent = t("state.painting");
  // What is done at once needs no word.
  if (value) late = setTimeout(() => byId("busy").removeAttribute("hidden"), LATE_MS);
  else byId("busy").hidden = true;
}

session.addEventListener("state", showState);
session.addEventListener("edit", showEdit);
session.addEventListener("busy", () => setBusy(true));
session.addEventListener("idle", () => setBusy(false));
session.addEventListener("frames", () => {
  const { glimpse, frame } = session;
  if (!glimpse) return;
  byId("failed").hidden = true;
  showFrames(glimpse, frame);
  if (session.shot) shots.paint(session.shot, glimpse);
  const shown = glimpse.frames.find((one) => one.large);
  if (shown) stage.show(shown.data);
});
session.addEventListener("failed", ({ detail: { error } }) => {
  const again = { class: "plain", type: "button", on: { click: () => session.refresh() } };
  byId("failed").replaceChildren(...reasons(error), make("button", again, t("films.again")));
  byId("failed").hidden = false;
});
session.addEventListener("refused", ({ detail: { error } }) => tell(error, { title: t("films.notTaken") }));
session.addEventListener("lost", ({ detail: { error } }) => {
  forget(session.film?.id);
  tell(error, { title: session.film?.name });
  leave();
});

/* painted frames, references, files of hints */

/** @param {File} file @param {(name: string) => Marks} use */
async function keep(file, use) {
  if (!session.film) return false;
  try {
    const { picture, gray } = await server.keep(session.film.id, file);
    const isTaken = await session.change(use(picture));
    if (isTaken && gray) tell(t("films.gray"), { title: file.name, kind: "note" });
    return isTaken;
  } catch (error) {
    tell(error, { title: t("open.refused", { name: file.name }) });
    return false;
  }
}

/** @param {File} file */
async function takePainted(file) {
  const { time, rate } = session;
  if (time === null) {
    tell(t("films.noFrame"), { title: file.name, kind: "note" });
    return;
  }
  const isTaken = await keep(file, (name) => marks.withPicture(session.known, rate, time, name));
  if (isTaken) announce(t("films.paintedTaken", { time: clock(time, 2) }));
}

/** @param {File} file */
const takeReference = (file) =>
  keep(file, (name) => marks.withReference(session.known, name, [session.shotNumber]));

/** @param {File[]} files one of them with hints */
async function takeHints(files) {
  if (!session.film) return;
  /** @type {string[]} */
  let details = [];
  try {
    const { content, missing } = await readHints(session.film.id, files);
    if (missing.length) details = [t("films.withPictures")];
    await session.takeFile(content);
  } catch (error) {
    tell(error, { title: files[0].name, details });
  }
}

/** @param {File[]} files @param {boolean} aside whether they were laid beside the film */
function takeAny(files, aside) {
  const [file] = files;
  if (session.film && haveHints(files)) takeHints(files);
  else if (isFilm(file)) {
    if (session.film) tell(t("films.closeFirst"), { title: file.name, kind: "note" });
    else open(file);
  } else if (!session.film) tell(t("films.noFilm"), { title: file.name });
  else if (aside) takeReference(file);
  else takePainted(file);
}
followFilmDrops(() => session.film !== null, takeAny);

/** @param {(file: File) => unknown} use @param {string} accept */
async function ask(use, accept) {
  const [file] = await askFile({ several: false, accept });
  if (file) await use(file);
}

async function askHints() {
  const files = await askFile({ accept: HINTS_FILES });
  if (files.length) await takeHints(files);
}

/** Close the film, and have it deleted. */
async function close() {
  const id = session.film?.id;
  if (!id) return;
  forget(id);
  await leave();
  await server.close(id).catch(tell);
}

/* controls */

/** @param {boolean} back */
function undo(back) {
  picking.close();
  if (session.undo(back)) announce(t(back ? "films.undone" : "films.redone"));
}

/** @type {Record<string, () => unknown>} */
const BUTTONS = {
  open: () => ask(open, FILMS),
  close: () => {
    const { film, known } = session;
    const isBare = JSON.stringify(known) === JSON.stringify(marks.NOTHING);
    if (film?.rendering || !isBare) byId("close-sheet").showModal();
    else close();
  },
  "close-surely": () => {
    byId("close-sheet").close();
    close();
  },
  leave,
  undo: () => undo(true),
  redo: () => undo(false),
  "frame-back": () => session.step(-1),
  "frame-on": () => session.step(1),
  "part-back": () => session.go(session.shotNumber, session.part - 1, null),
  "part-on": () => session.go(session.shotNumber, session.part + 1, null),
  compare: () => {
    const gray = byId("film-frame").classList.toggle("as-it-was");
    byId("compare").setAttribute("aria-pressed", String(gray));
  },
  cut: async () => {
    const time = session.time ?? 0;
    if (await session.cut()) announce(t("films.cutAdded", { time: clock(time, 2) }));
  },
  join: async () => {
    if (await session.join()) announce(t("films.cutRemoved"));
  },
  "add-painted": () => ask(takePainted, "image/*"),
  "add-reference": () => ask(takeReference, "image/*"),
  "hints-open": askHints,
};
for (const [id, act] of Object.entries(BUTTONS)) byId(id).addEventListener("click", act);

/** @type {Record<string, () => unknown>} what single keys do, wherever the focus is but in fields */
const KEYS = {
  ",": () => session.step(-1),
  ".": () => session.step(1),
  "[": () => session.shotNumber > 1 && session.go(session.shotNumber - 1, 0, null),
  "]": () =>
    session.shotNumber < (session.film?.shots.length ?? 0) && session.go(session.shotNumber + 1, 0, null),
  c: BUTTONS.compare,
};
document.addEventListener("keydown", (event) => {
  if (!session.film || event.altKey || closest(event, "input, select, textarea, dialog[open]")) return;
  const key = event.key.toLowerCase();
  if ((event.ctrlKey || event.metaKey) && (key === "z" || key === "y")) {
    event.preventDefault();
    undo(key === "z" && !event.shiftKey);
  } else if (!event.ctrlKey && !event.metaKey && KEYS[key]) {
    event.preventDefault();
    KEYS[key]();
  } else if (event.key === "Escape") picking.close();
});

connection.addEventListener("offline", () => {
  byId("offline").textContent = t("films.away");
  byId("offline").hidden = false;
});
connection.addEventListener("online", () => {
  byId("offline").hidden = true;
  session.refresh();
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) session.poll(); // another tab may have changed something
});
onLanguage(() => {
  picking.close();
  byId("busy-text").textContent = t("state.painting");
  showState();
  if (session.glimpse) showFrames(session.glimpse, session.frame);
});

async function start() {
  const [id] = [location.hash.slice(1), ...remembered()].filter(Boolean);
  try {
    const { offered, reason, upload_bytes } = await server.facts();
    byId("open").disabled = !offered;
    const size = inWords(upload_bytes / 1e9, { maximumFractionDigits: 1 });
    const why = make("span", { lang: "en", dir: "ltr" }, ` ${reason}`);
    byId("films-limit").replaceChildren(
      ...(offered ? [t("films.limit", { size })] : [t("films.notOffered"), why]),
    );
    if (!offered) return;
    if (id) begin(await server.stateOf(id));
  } catch (error) {
    if (server.isGone(error)) {
      forget(id);
      if (location.hash) tell(error);
      history.replaceState(null, "", location.pathname);
    } else tell(error, { title: t("page.partly") });
  }
  if (!session.film) await showOpened();
}
start();
