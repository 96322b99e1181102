// The keyboard: single keys while nobody types, never together with Ctrl, Alt or the system key.

const TYPING = "input, textarea, select, [contenteditable]";

/** `isHeld()`: somebody began to write and the editor is not there yet. */
export function listen(actions, isHeld) {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing) return;
    if (event.ctrlKey || event.metaKey || event.altKey || isHeld()) return;
    if (document.querySelector("dialog[open]")) return;
    if (event.target instanceof Element && event.target.matches(TYPING)) return;
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
}

/** Menus: a button with data-menu opens the part of the same name; Escape and elsewhere close it. */
export function menus() {
  const close = (except = null) => {
    for (const body of document.querySelectorAll("[data-menu-body]:not([hidden])")) {
      if (body === except) continue;
      body.hidden = true;
      opener(body)?.setAttribute("aria-expanded", "false");
    }
  };
  const opener = (body) => document.querySelector(`[data-menu="${body.dataset.menuBody}"]`);
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-menu]");
    if (!button) return close();
    const body = document.querySelector(`[data-menu-body="${button.dataset.menu}"]`);
    close(body);
    body.hidden = !body.hidden;
    button.setAttribute("aria-expanded", String(!body.hidden));
    if (!body.hidden) visible(body)[0]?.focus();
  });
  document.addEventListener("keydown", (event) => {
    const body = document.querySelector("[data-menu-body]:not([hidden])");
    if (!body) return;
    const items = visible(body);
    const at = items.indexOf(document.activeElement);
    if (event.key === "Escape") {
      opener(body)?.focus();
      close();
    } else if (event.key === "ArrowDown") items[(at + 1) % items.length]?.focus();
    else if (event.key === "ArrowUp") items[(at - 1 + items.length) % items.length]?.focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }, true);
}

function visible(body) {
  return [...body.querySelectorAll("button")].filter((button) => button.offsetParent);
}
