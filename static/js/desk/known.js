// What is remembered of the conversation: each fact can be corrected in its place, or erased.

import { element, icon } from "../chat/dom.js";

/** A list of the facts. `on` holds correct(id, value) and erase(id); both give a promise. */
export function known(facts, { strings, on }) {
  if (!facts.length) return element("p", { class: "quiet" }, strings.noFacts);
  const list = element("dl", { class: "pairs known" });
  for (const fact of facts) list.append(...entry(fact, { strings, on, list }));
  return list;
}

function entry(fact, { strings, on, list }) {
  const name = fact.kind.replaceAll("_", " ");
  const title = element("dt", {}, name[0].toUpperCase() + name.slice(1));
  const place = element("dd", { dir: "auto" });
  const show = () => {
    const erase = button("close", strings.factErase);
    const value = element("button", { type: "button", class: "known-value", title: strings.factCorrect }, fact.value);
    value.addEventListener("click", edit);
    erase.addEventListener("click", () => attempt(erase, () => on.erase(fact.id), remove));
    place.replaceChildren(value, erase);
    return value;
  };
  const remove = () => {
    title.remove();
    place.remove();
    if (!list.children.length) list.replaceWith(element("p", { class: "quiet", role: "status" }, strings.noFacts));
  };
  const edit = () => {
    const input = element("input", { class: "field", value: fact.value, maxlength: 120, "aria-label": `${strings.factCorrect}: ${name}` });
    const save = button("check", strings.factSave, "submit");
    const form = element("form", { class: "known-form" }, input, save);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const value = input.value.trim();
      if (!value || value === fact.value) return show().focus();
      attempt(save, () => on.correct(fact.id, value), (saved) => {
        fact.value = saved.value;
        show().focus();
      });
    });
    form.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      show().focus();
    });
    place.replaceChildren(form);
    input.focus();
    input.select();
  };
  show();
  return [title, place];
}

function button(name, label, type = "button") {
  return element("button", { type, class: "button button-quiet button-icon known-act", title: label, "aria-label": label }, icon(name));
}

/** Runs what talks to the server; the control rests meanwhile, and an error is said beside it. */
async function attempt(control, run, then) {
  control.disabled = true;
  control.parentElement.querySelector(".notice-bad")?.remove();
  try {
    then(await run());
  } catch (error) {
    control.disabled = false;
    control.after(element("p", { class: "notice-bad", role: "alert" }, error.message));
  }
}
