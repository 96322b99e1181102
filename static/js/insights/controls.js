// The slider shows its value while it moves and asks for the page when it is let go. Without this
// script its button does.
for (const form of document.querySelectorAll("[data-slider]")) {
  const range = form.querySelector("input[type=range]");
  const output = form.querySelector("output");
  const number = new Intl.NumberFormat(document.documentElement.lang, {
    style: "percent",
    maximumFractionDigits: 1,
  });
  range.addEventListener("input", () => {
    output.textContent = number.format(range.value / 100);
  });
  range.addEventListener("change", () => form.requestSubmit());
  form.querySelector("button").hidden = true;
}

// A chart's points are one tab stop: arrows, Home and End go from one to the next. What a point
// says is written under the chart while it has the focus or the pointer.
for (const chart of document.querySelectorAll("svg.chart")) {
  const points = [...chart.querySelectorAll("a")];
  const said = chart.parentElement.nextElementSibling;
  const moves = {
    ArrowLeft: (place) => place - 1,
    ArrowRight: (place) => place + 1,
    Home: () => 0,
    End: () => points.length - 1,
  };
  points.forEach((point, place) => {
    const say = () => {
      if (said?.hasAttribute("data-said")) said.textContent = point.getAttribute("aria-label");
    };
    point.addEventListener("focus", say);
    point.addEventListener("pointerenter", say);
    point.addEventListener("keydown", (event) => {
      const next = points[moves[event.key]?.(place)];
      if (!next) return;
      event.preventDefault();
      point.setAttribute("tabindex", "-1");
      next.setAttribute("tabindex", "0");
      next.focus();
    });
  });
}
