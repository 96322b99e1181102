// Sets the chosen colours before the first paint, and serves the switch. Classic script, loaded
// in the head. The key is the one that Django's admin uses, so one choice holds everywhere.
(() => {
  "use strict";
  const MODES = ["auto", "light", "dark"];
  const root = document.documentElement;

  function stored() {
    try {
      const value = localStorage.getItem("theme");
      return MODES.includes(value) ? value : "auto";
    } catch {
      return "auto"; // storage is blocked: follow the system
    }
  }

  function apply(mode) {
    if (mode === "auto") delete root.dataset.theme;
    else root.dataset.theme = mode;
  }

  function label(button, mode) {
    const text = button.dataset[`label${mode[0].toUpperCase()}${mode.slice(1)}`];
    button.setAttribute("aria-label", text);
    button.title = text;
    button.querySelector("use").setAttribute("href", `#icon-theme-${mode}`);
  }

  let current = stored();

  function choose(button) {
    const mode = MODES[(MODES.indexOf(current) + 1) % MODES.length];
    current = mode;
    try {
      localStorage.setItem("theme", mode);
    } catch {
      // holds for this page only
    }
    apply(mode);
    label(button, mode);
  }

  apply(current);
  document.addEventListener("DOMContentLoaded", () => {
    const button = document.querySelector("[data-theme-switch]");
    if (!button) return;
    label(button, current);
    button.hidden = false;
    button.addEventListener("click", () => choose(button));
  });
})();
