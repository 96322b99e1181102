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
