// Shows an article as customers will see it while it is written. The server renders and sanitises.

const PAUSE = 300;
const section = document.querySelector("[data-preview]");
const body = document.querySelector("[name=body]");

let timer;
let number = 0;

async function render() {
  const mine = ++number;
  const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
  const answer = await fetch(section.dataset.preview, {
    method: "POST",
    headers: { "X-CSRFToken": token },
    body: new URLSearchParams({ body: body.value }),
  }).catch(() => null);
  if (!answer?.ok || mine !== number) return;
  const page = section.querySelector("[data-preview-page]");
  page.innerHTML = await answer.text(); // sanitised by the server
}

if (section && body) {
  body.closest(".form-row").after(section);
  body.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(render, PAUSE);
  });
}
