// From a spot on the frame to a hint with a color, in the picker that photographs have, too.

import { announce, byId } from "../dom.js";
import { Picker } from "../picker.js";
import { t } from "../words.js";
import * as marks from "./marks.js";
import { likelyColors } from "./server.js";

/**
 * @import { Spot } from "./marks.js"
 * @import { FilmSession } from "./session.js"
 * @import { FilmStage } from "./stage.js"
 */

/** To a tenth of a pixel. @param {number[]} point */
const rounded = ([x, y]) => ({ x: Math.round(10 * x) / 10, y: Math.round(10 * y) / 10 });

/**
 * @param {FilmSession} session
 * @param {FilmStage} stage
 */
export function followFilmPicking(session, stage) {
  const picker = new Picker(null);
  /** @type {{ spot: Spot | null, point: number[], time: number, frame: number, merge: string } | null} */
  let picking = null;
  let picked = 0;

  /** @param {number[]} point @param {Spot | null} spot @param {string | null} color */
  const open = (point, spot, color) => {
    const { film, frame, time } = session;
    if (!film || frame === null || time === null) return;
    picked += 1;
    picking = { spot, point, time, frame, merge: `pick ${picked}` };
    stage.ghost(spot ? null : point);
    picker.open({
      color,
      likely: likelyColors(film.id, frame, point).then(({ colors }) => colors),
      reach: null,
      returnTo: () => {
        if (picking?.spot) stage.focus(picking.spot);
        else byId("stage").focus({ preventScroll: true });
      },
    });
  };

  /** @param {Spot} spot */
  const openHint = (spot) => {
    const hint = marks.hintAt(session.known, spot);
    if (hint) open([hint.x, hint.y], spot, hint.color);
  };

  /** @param {Spot} spot */
  const remove = (spot) => {
    session.change(marks.withoutHint(session.known, spot));
    announce(t("hints.deleted"));
  };

  picker.addEventListener("choose", ({ detail: { color } }) => {
    if (!session.film || !picking) return;
    if (picking.spot) {
      session.change(marks.changed(session.known, picking.spot, { color }), picking.merge);
      return;
    }
    const hint = { ...rounded(picking.point), color };
    const made = marks.withHint(session.known, session.rate, picking.time, hint);
    picking.spot = made.spot;
    stage.ghost(null);
    session.change(made.marks, picking.merge);
  });
  picker.addEventListener("close", () => stage.ghost(null));
  session.addEventListener("edit", () => {
    const isElsewhere = session.frame !== null && session.frame !== picking?.frame;
    if (isElsewhere && picker.isOpen) picker.close();
  });
  picker.addEventListener("delete", () => {
    const spot = picking?.spot;
    picker.close();
    if (spot) remove(spot);
  });
  stage.addEventListener("spot", ({ detail }) => open(detail.point, null, null));
  stage.addEventListener("open", ({ detail }) => openHint(detail.spot));
  stage.addEventListener("delete", ({ detail }) => remove(detail.spot));
  stage.addEventListener("move", ({ detail: { spot, point } }) => {
    session.change(marks.changed(session.known, spot, rounded(point)), `move ${spot.entry}.${spot.hint}`);
  });
  return { close: () => picker.close(), openHint, remove };
}
