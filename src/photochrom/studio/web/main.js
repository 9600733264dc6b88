// Photochrom Studio: puts the parts together.

import { followAlternatives } from "./alternatives.js";
import * as api from "./api.js";
import { followAppearance } from "./appearance.js";
import { followControls } from "./controls.js";
import { announce, byId, checkedIn, placeIcons, tell } from "./dom.js";
import { followEditFiles } from "./edit_files.js";
import { Eyedropper } from "./eyedropper.js";
import { followFilms } from "./films_way.js";
import { followFilmstrip } from "./filmstrip.js";
import { followFocus } from "./focus.js";
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
import { Photo } from "./photo.js";
import { Picker } from "./picker.js";
import { followPicking } from "./picking.js";
import { PictureView } from "./picture_view.js";
import { isProject } from "./project.js";
import { RegionPreview } from "./reach.js";
import { isHints } from "./reading.js";
import { followJobs, followSaving, offerFormats } from "./saving.js";
import { followScene } from "./scene.js";
import { HintSelection } from "./selection.js";
import { Session } from "./session.js";
import { followTone } from "./tone.js";
import { followPresses, Tools } from "./tools.js";
import { onLanguage, t } from "./words.js";

placeIcons();
function showPlace() {
  for (const part of document.querySelectorAll("[data-about]"))
    part.textContent = part.dataset.about === "stays" ? api.about.place.stays() : api.about.place.privacy();
}
showPlace();

const session = new Session();
const view = new PictureView();
const selection = new HintSelection(view, session);
const layer = new HintsLayer(view, session, selection);
const picker = new Picker(new Eyedropper(view, layer));
const tools = new Tools();
const FINE = "0.014"; // the brush of which the engine chooses the size

const canHint = () => !session.cannot.hints;
const preview = new RegionPreview(view, session, () => canHint() && tools.now === "hint");

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
  isOn: () => tools.now === "lasso",
  toggle: () => {
    tools.take(tools.now === "lasso" ? "hint" : "lasso");
    if (tools.now !== "lasso") return;
    tell(t("lasso.help"), { kind: "note" });
    view.stage.focus({ preventScroll: true });
  },
});
const lassos = drawLassos(session, view, layer, (key) => {
  tools.take("hint");
  tone.choose(key);
});
tools.addEventListener("change", () => {
  lassos.cancel();
  tone.show();
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
const { openHints, photosOf, photoOf } = followEditFiles(session, (model) => choice.goOn(model));
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

/** @type {(edit: Edit) => void} */
function showPanels(edit) {
  tone.show();
  showHistory();
  showHintList(edit);
  showPalette(edit);
  reference.show(edit);
  alternatives.show();
}

const { setState, showEdit, showAll } = followScene({
  session,
  view,
  layer,
  picker,
  confidence,
  sharpness,
  alternatives,
  showFilmstrip,
  showPanels,
  askMore,
});
followPresses({
  tools,
  session,
  view,
  layer,
  selection,
  picker,
  lassos,
  tone,
  canHint,
  brushPx,
  beginHint,
});
followControls({ session, view, layer, picker, tools, selection, confidence, sharpness });

session.addEventListener("model", () => {
  byId("unguided").hidden = canHint();
  document.body.classList.toggle("no-hints", !canHint());
  if (!canHint()) tools.take("hand");
  if (session.cannot.confidence) confidence.hide();
  sharpness.stop();
  preview.hide();
  alternatives.show();
});

session.addEventListener("lost", ({ detail: { error } }) => {
  tell(error, { title: t("models.lost") });
  begin();
});

/* the engine comes and goes */

api.connection.addEventListener("offline", () => {
  byId("offline").textContent = t("place.away");
  byId("offline").hidden = false;
  if (view.stage.dataset.state === "sending") setState("sending");
});
api.connection.addEventListener("online", () => {
  byId("offline").hidden = true;
  if (view.stage.dataset.state === "sending") setState("sending", t("state.reading"));
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
  showAll();
});

byId("welcome").removeAttribute("aria-busy"); // its words are there
showEdit();
restore();
begin();
api.onFiles(openFiles);
