// Whether the server runs on the reader's own machine, and what is true of photographs there.

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/** Whether a page from this host comes from the reader's own machine. */
export const isThisMachine = (hostname) => LOOPBACK.test(hostname);

/** What the page says of where photographs go. */
export function placeOf(hostname) {
  if (isThisMachine(hostname)) {
    return {
      stays: "They stay on this machine.",
      privacy:
        "Nothing leaves this machine: photographs go from this page to the Photochrom that runs here, " +
        "and are forgotten after a while.",
      model: (name) => `Model ${name}, on this machine`,
    };
  }
  return {
    stays: `They go to ${hostname}, and nowhere else.`,
    privacy:
      `Photographs go from this page to the Photochrom that runs on ${hostname}. It holds them in ` +
      "memory, sends them nowhere else, and forgets them after a while. Whoever runs it could look at them.",
    model: (name) => `Model ${name}, on ${hostname}`,
  };
}
