// Coloring the whole film: how it is written, how far it is, and the files to take home.

import { announce, byId, tell } from "../dom.js";
import { number, onLanguage, percent, t } from "../words.js";
import * as server from "./server.js";

/**
 * @import { FilmState, RenderOrder, Rendering } from "./server.js"
 */

/** How films can be written: the word for it, container and codec; the container's usual codec is null. */
/** @type {Record<string, { container: string, codec: string | null }>} */
const WAYS = {
  h264: { container: "mp4", codec: null },
  h265: { container: "mp4", codec: "h265" },
  av1: { container: "mp4", codec: "av1" },
  prores: { container: "mov", codec: "prores" },
  ffv1: { container: "mkv", codec: "ffv1" },
};

/** Which of them an order is; undefined: one that this page doesn't offer. @param {RenderOrder} order */
const wayOf = ({ container, codec }) =>
  Object.keys(WAYS).find((way) => WAYS[way].container === container && WAYS[way].codec === codec);

const USUAL = 0.95;

/** Time that is left, in words. @param {number} seconds */
function left(seconds) {
  const minutes = Math.ceil(seconds / 60);
  return minutes < 2 ? t("films.soon") : t("films.minutesLeft", { count: minutes });
}

/**
 * @param {{ current: () => FilmState | null, began: (rendering: Rendering) => void, changed: (vividness: number) => void }} acts
 * @returns {{ begin: (film: FilmState) => void, show: (film: FilmState) => void, vividness: () => number }}
 */
export function followRendering({ current, began, changed }) {
  const vividness = () => Number(byId("vividness").value);
  /** @type {string | null} */
  let last = null;

  /** @returns {RenderOrder} */
  const order = () => ({ ...WAYS[byId("film-format").value], vividness: vividness() });

  const showCommand = () => {
    const film = current();
    if (!film) return;
    const { container, codec, vividness: vivid } = order();
    const stem = film.name.replace(/\.[^.]+$/, "");
    const quoted = (/** @type {string} */ name) => (/^[\w.-]+$/.test(name) ? name : `"${name}"`);
    const parts = [
      "photochrom video",
      quoted(film.name),
      "-o",
      quoted([`${stem}-color`, container].join(".")),
    ];
    if (
      film.hints.hints.length ||
      film.hints.references.length ||
      film.hints.cuts.add?.length ||
      film.hints.cuts.remove?.length
    )
      parts.push("--hints", quoted(`${stem}.hints.json`));
    if (codec) parts.push("--codec", codec);
    if (vivid !== USUAL) parts.push("--vividness", String(vivid));
    byId("film-command").textContent = parts.join(" ");
    byId("save-hints").href = server.addressOf.hints(film.id);
  };

  const showVividness = () => {
    byId("vividness-value").textContent = number(vividness(), { minimumFractionDigits: 2 });
    byId("vividness").style.setProperty("--at", `${50 * vividness()}%`);
  };

  /** @param {FilmState} film */
  const show = (film) => {
    const { rendering } = film;
    const busy = rendering?.state === "waiting" || rendering?.state === "running";
    byId("render").hidden = busy;
    byId("render-stop").hidden = !busy;
    byId("render-progress").hidden = !busy;
    byId("film-format").disabled = busy;
    byId("vividness").disabled = busy;
    const finished = rendering?.state === "finished";
    const isOutdated =
      rendering?.outdated === true || (finished && rendering.order.vividness !== vividness());
    const isReady = finished && !isOutdated;
    byId("film-download").hidden = !finished;
    byId("film-download").className = isReady ? "primary" : "plain";
    byId("render").className = isReady ? "plain" : "primary";
    byId("film-download").href = server.addressOf.result(film.id);
    showCommand();
    const words = rendering ? said(rendering) : "";
    const isChanged = isOutdated && (busy || finished);
    byId("render-state").textContent = isChanged ? `${words} ${t("films.outdated")}` : words;
    if (!rendering) return;
    byId("render-progress").max = Math.max(1, rendering.of);
    byId("render-progress").value = rendering.frames;
    if (last !== null && last !== rendering.state && !busy) announce(words);
    if (last !== rendering.state && rendering.state === "failed" && rendering.problem)
      tell(server.problemOf(rendering.problem), { title: t("films.notRendered") });
    if (last !== rendering.state && finished)
      for (const note of rendering.notes) tell(note, { title: film.name, kind: "note" });
    last = rendering.state;
  };

  /** @param {Rendering} rendering */
  const said = (rendering) => {
    if (rendering.state === "waiting") return t("films.waits");
    if (rendering.state === "stopped")
      return t("films.stopped", { share: percent(rendering.frames / Math.max(1, rendering.of)) });
    if (rendering.state === "failed") return t("films.notRendered");
    if (rendering.state === "finished") {
      const megabytes = number((rendering.size_bytes ?? 0) / 1e6, { maximumFractionDigits: 1 });
      return t("films.finished", { size: megabytes });
    }
    if (!rendering.shot) return t("films.begun");
    const share = percent(rendering.frames / Math.max(1, rendering.of));
    const running = t("films.running", { share, shot: rendering.shot });
    return rendering.seconds_left === null ? running : `${running} ${left(rendering.seconds_left)}`;
  };

  /** @param {FilmState} film that has been opened */
  const begin = ({ rendering }) => {
    last = null;
    byId("film-format").value = (rendering && wayOf(rendering.order)) ?? "h264";
    byId("vividness").value = String(rendering?.order.vividness ?? USUAL);
    showVividness();
  };

  byId("render").addEventListener("click", async () => {
    const film = current();
    if (!film) return;
    try {
      last = "asked";
      began(await server.render(film.id, order()));
      announce(t("films.begun"));
      byId("render-stop").focus();
    } catch (error) {
      tell(error, { title: t("films.notRendered") });
    }
  });
  byId("render-stop").addEventListener("click", async () => {
    const film = current();
    if (film) await server.stop(film.id).catch(tell);
  });
  byId("film-format").addEventListener("change", showCommand);
  byId("vividness").addEventListener("input", showVividness);
  byId("vividness").addEventListener("change", () => {
    const film = current();
    if (film) show(film);
    changed(vividness());
  });
  byId("copy-command").addEventListener("click", async () => {
    await navigator.clipboard.writeText(byId("film-command").textContent ?? "").catch(() => {});
    announce(t("download.copied"));
  });
  onLanguage(showVividness);
  showVividness();
  return { begin, show, vividness };
}
