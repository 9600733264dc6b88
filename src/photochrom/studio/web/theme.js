// Runs before the first paint, so that a chosen appearance does not flash.
(() => {
  try {
    const chosen = localStorage.getItem("photochrom-theme");
    if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
  } catch {
    // Storage may be forbidden; the system's appearance is used then.
  }
})();
