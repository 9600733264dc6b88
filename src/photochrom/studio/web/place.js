// Whether the server runs on the reader's own machine, and what is true of photographs there.

import { t } from "./words.js";

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/**
 * Whether a page from this host comes from the reader's own machine.
 * @type {(hostname: string) => boolean}
 */
export const isThisMachine = (hostname) => LOOPBACK.test(hostname);

/**
 * What the page says of where photographs go, in the language of the moment.
 * @type {(hostname: string) => About["place"]}
 */
export function placeOf(hostname) {
  if (isThisMachine(hostname)) {
    return {
      stays: () => t("place.stays"),
      privacy: () => t("place.privacy"),
      model: (name) => t("panel.model", { name }),
    };
  }
  return {
    stays: () => t("place.staysAt", { host: hostname }),
    privacy: () => t("place.privacyAt", { host: hostname }),
    model: (name) => t("panel.modelAt", { name, host: hostname }),
  };
}
