// The models that there are: which one paints, what it can't do, and all of them side by side.

import * as api from "./api.js";
import { announce, byId, make, refill, tell } from "./dom.js";
import { small } from "./painted.js";
import { onLanguage, t } from "./words.js";

/** @typedef {{ show: (found: Model[], current: string) => void, goOn: (wanted: Painter) => Promise<void> }} Choice */

const STORE = "photochrom-model";
const WIDTH = 640; // of what each has painted

/** @type {[Ability, string][]} what a model may be unable to do, and where the page offers it */
const PLACES = [
  ["palette", '[data-section="palette"]'],
  ["reference", '[data-section="reference"]'],
  ["alternatives", '[data-section="alternatives"]'],
];

/** @type {(one: unknown, other: unknown) => boolean} */
const alike = (one, other) => JSON.stringify(one) === JSON.stringify(other);

function ofLastVisit() {
  try {
    return localStorage.getItem(STORE);
  } catch {
    return null; // storage is forbidden
  }
}

/** @type {(session: Session) => Choice} */
export function followModels(session) {
  const sheet = byId("models-sheet");
  const compare = byId("models-compare");
  /** @type {Model[]} */
  let models = [];
  /** @type {string | null} */
  let own = null; // the name of the engine's own
  /** @type {Map<string, HTMLCanvasElement>} */
  let results = new Map(); // canvases of what each has painted, by name

  /** @type {() => Model | undefined} */
  const present = () => models.find((one) => one.name === (session.model ?? own));

  /**
   * Why something can't be done, in words; empty where it can.
   * @type {(what: Ability) => string}
   */
  const reason = (what) => {
    const why = session.cannot[what];
    return why ? t(`cannot.${why}`) : "";
  };

  const gray = () => {
    for (const [what, place] of PLACES) {
      const section = document.querySelector(place);
      if (!section) continue;
      section.querySelector(".reason")?.remove();
      section.classList.toggle("cannot", what in session.cannot);
      for (const part of section.children) part.inert = what in session.cannot && !part.matches(".reason");
      if (what in session.cannot)
        section.querySelector(".section-head")?.after(make("p", { class: "note reason" }, reason(what)));
    }
    byId("confidence").disabled = "confidence" in session.cannot;
    byId("confidence").title = reason("confidence") || t("tools.confidenceAbout");
  };

  /** @type {(model: Model) => string} */
  const limitsOf = ({ cannot, fault }) => {
    if (fault) return t(`models.${fault}`);
    const [why] = Object.values(cannot);
    if (!why) return "";
    const list = Object.keys(cannot).map((what) => t(`ability.${what}`));
    return t("models.cannot", { list: list.join(", "), reason: t(`cannot.${why}`) });
  };

  /** @type {(model: Model) => HTMLElement} */
  const card = (model) => {
    const { name, domain, like, licence, fault } = model;
    const limits = limitsOf(model);
    const kind = like ? t("models.kind", { kind: like }) : null;
    // The domain as the model's makers wrote it.
    const about = [domain ? make("span", { lang: "en" }, domain) : kind, licence].filter(Boolean);
    return make(
      "li",
      {},
      make(
        "button",
        {
          class: "model-card",
          type: "button",
          "aria-pressed": String(model === present()),
          disabled: Boolean(fault),
          on: { click: () => choose(model) },
        },
        results.get(name) ?? null,
        make("strong", {}, name),
        make("span", {}, ...about.flatMap((part, at) => (at ? [" · ", part] : [part]))),
        limits ? make("small", {}, limits) : null,
      ),
    );
  };

  const say = () => {
    const model = present();
    byId("model").textContent = model ? api.about.place.model(model.name) : "";
    byId("models-open").hidden = models.length < 2;
    refill(byId("models"), models.map(card));
    compare.hidden = !session.current?.size;
    gray();
  };

  /** @type {(model: Model) => void} */
  const use = (model) => {
    const name = model.name === own ? null : model.name;
    try {
      if (name === null) localStorage.removeItem(STORE);
      else localStorage.setItem(STORE, name);
    } catch {
      // It lasts as long as the page, then.
    }
    session.useModel(name === null ? null : model);
  };

  /** @type {(model: Model) => void} */
  const choose = (model) => {
    if (model === present()) return;
    use(model);
    announce(t("models.chosen", { name: model.name }));
  };

  const forgetResults = () => {
    results = new Map();
  };

  compare.addEventListener("click", async () => {
    const photo = session.current;
    if (!photo) return;
    compare.disabled = true;
    compare.textContent = t("models.comparing");
    forgetResults();
    for (const { name, cannot, fault } of models) {
      if (fault || !sheet.open) continue;
      try {
        /** @type {Order} */
        const more = { size: "preview", model: name === own ? null : name };
        results.set(name, await small(await session.ask(photo, api.paint, more, undefined, cannot), WIDTH));
      } catch (error) {
        if (error instanceof api.OfflineError) break;
        tell(error, { title: t("models.refused", { name }) });
      }
      say();
    }
    compare.disabled = false;
    compare.textContent = t("models.compare");
    if (!sheet.open) forgetResults();
  });
  sheet.addEventListener("close", forgetResults);
  byId("models-open").addEventListener("click", async () => {
    say();
    sheet.showModal();
    try {
      const found = await api.getModels(); // some may have been added or removed since
      models = found.models;
      say();
    } catch (error) {
      if (!(error instanceof api.OfflineError)) throw error;
    }
  });
  session.addEventListener("model", say);
  onLanguage(say);

  /**
   * Take the list of models; the one of the last visit goes on painting.
   * @type {(found: Model[], current: string) => void}
   */
  const show = (found, current) => {
    models = found;
    own = current;
    const before = session.cannot;
    session.own = models.find((one) => one.name === own) ?? session.own;
    const chosen = session.model ?? ofLastVisit();
    const model = models.find((one) => one.name === chosen && !one.fault && chosen !== own);
    if (model) {
      if (session.model !== model.name) session.useModel(model);
    } else if (session.model !== null || !alike(before, session.cannot)) {
      session.useModel(null);
    }
    say();
  };

  /**
   * Let the model of a project paint, or say why another one does.
   * @type {(wanted: Painter) => Promise<void>}
   */
  const goOn = async (wanted) => {
    try {
      ({ models } = await api.getModels());
    } catch (error) {
      if (!(error instanceof api.OfflineError)) throw error;
    }
    const usable = models.filter((one) => !one.fault);
    const same = usable.filter(({ sha256 }) => wanted.sha256 && sha256 === wanted.sha256);
    const named = usable.find(({ name }) => name === wanted.name);
    const model = same.find((one) => one === named) ?? same[0] ?? named;
    const { name = wanted.name } = model ?? {};
    if (model && model !== present()) use(model);
    say();
    const title = t("models.chosen", { name: present()?.name ?? "" });
    if (!model) tell(t("models.absent", { name }), { title });
    else if (!same.length && wanted.sha256) tell(t("models.otherFile", { name }), { title });
    else announce(title);
  };

  return { show, goOn };
}
