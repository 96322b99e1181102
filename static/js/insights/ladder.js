// Keeps the ladder's figures fresh: asks every two seconds while the page is seen, and writes what
// changed as text. Without this script the page shows the moment that it was loaded.

const EVERY_MS = 2000;
const SLOWEST_MS = 30000;

const list = document.querySelector("[data-ladder]");
const sign = document.querySelector("[data-live]");
const signText = document.querySelector("[data-live-text]");
const clock = new Intl.DateTimeFormat(document.documentElement.lang, { timeStyle: "medium" });
let pause = EVERY_MS;

function valueAt(data, path) {
  return path.split(".").reduce((found, name) => found?.[name], data);
}

function write(element, value) {
  const text = value === null || value === undefined ? "–" : String(value);
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

function showRung(rung) {
  const card = list.querySelector(`[data-rung="${CSS.escape(rung.name)}"]`);
  if (!card) {
    return;
  }
  card.dataset.state = rung.state;
  for (const element of card.querySelectorAll("[data-field]")) {
    write(element, valueAt(rung, element.dataset.field));
  }
  for (const time of card.querySelectorAll("[data-time]")) {
    const moment = rung[time.dataset.time];
    if (moment) {
      time.dateTime = moment;
    }
    write(time, moment ? clock.format(new Date(moment)) : null);
  }
  for (const button of card.querySelectorAll(".segment")) {
    button.setAttribute("aria-pressed", String(button.value === rung.breaker.held));
  }
}

function cell(tag, text, className = "") {
  const element = document.createElement(tag);
  element.textContent = text;
  element.className = className;
  if (tag === "th") {
    element.scope = "row";
  }
  return element;
}

function showAdmission(steps) {
  const body = document.querySelector("[data-admission] tbody");
  if (!steps.length) {
    return;
  }
  const rows = steps.map((step) => {
    const row = document.createElement("tr");
    row.append(
      cell("th", step.rung),
      cell("td", step.did_text),
      cell("td", step.why),
      cell("td", step.count, "number"),
    );
    return row;
  });
  body.replaceChildren(...rows);
}

function show(status) {
  status.rungs.forEach(showRung);
  showAdmission(status.admission);
  for (const element of document.querySelectorAll("[data-total]")) {
    write(element, valueAt(status, element.dataset.total));
  }
}

async function refresh() {
  if (!document.hidden) {
    try {
      const response = await fetch(list.dataset.ladder, { headers: { Accept: "application/json" } });
      if (!response.ok || response.redirected) {
        throw new Error(`HTTP ${response.status}`);
      }
      show(await response.json());
      sign.dataset.live = "on";
      write(signText, signText.dataset.on);
      pause = EVERY_MS;
    } catch {
      sign.dataset.live = "off";
      write(signText, signText.dataset.off);
      pause = Math.min(pause * 2, SLOWEST_MS);
    }
  }
  setTimeout(refresh, pause);
}

setTimeout(refresh, EVERY_MS);
