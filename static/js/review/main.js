// The review page by keyboard: a verdict in one or two keys, the next turn at once.

import { Finder } from "./finder.js";

const root = document.querySelector("[data-review]");
const form = root.querySelector("[data-verdict]");
const fields = "input:not([type=radio]), textarea, select";
const sheet = root.querySelector(".keys");

function byKey(key) {
  return [...root.querySelectorAll("[data-key]")].find((node) => node.dataset.key === key);
}

function submit() {
  if (form.reportValidity() && !form.dataset.sent) {
    form.dataset.sent = "yes"; // a key that is held down judges one turn
    form.submit();
  }
}

function choose(radio) {
  const again = radio.checked && radio.name === "code";
  radio.checked = !again;
  if (radio.value === "right" && radio.name === "verdict") submit();
}

function pressed(event) {
  const field = event.target.closest?.(fields);
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && form) {
    event.preventDefault();
    return submit();
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (field) {
    if (event.key === "Escape" && !event.defaultPrevented) field.blur();
    return;
  }
  if (act(event)) event.preventDefault();
}

/** Do what a key stands for; false leaves it to the browser. */
function act({ key, repeat, target }) {
  if (key === "?") {
    sheet.open = !sheet.open;
    return true;
  }
  if (repeat) return false;
  if (key === "Enter" && form && !target.closest("a, button, summary")) {
    submit();
    return true;
  }
  const focused = form?.querySelector(key === "/" ? "[data-find]" : `[data-focus="${CSS.escape(key)}"]`);
  if (focused) {
    focused.focus();
    return true;
  }
  const found = byKey(key);
  if (!found) return false;
  if (found.tagName === "FORM") found.requestSubmit();
  else choose(found);
  return true;
}

document.addEventListener("keydown", pressed);
// A page that comes back from the browser's memory may judge again.
addEventListener("pageshow", () => form && delete form.dataset.sent);
if (form) new Finder(form.querySelector("[data-finder]"), root.dataset.articles);
if (matchMedia("(max-width: 60rem)").matches) sheet.open = false;
