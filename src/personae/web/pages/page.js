"use strict";
// Everything here has a way without it: a page that loads itself again, a list with a button, the server's own limit.

const state = document.querySelector("[data-state]");

async function watch() {
  try {
    const answer = await fetch(state.dataset.state);
    const job = await answer.json();
    if (job.finished) {
      location.reload();
      return;
    }
    if (state.textContent !== job.said) state.textContent = job.said;
  } catch {
    state.textContent = "The program does not answer any more. It may have been ended.";
    return;
  }
  setTimeout(watch, 700);
}
if (state) setTimeout(watch, 300);

const archive = document.querySelector("form[data-limit]");
if (archive) {
  archive.addEventListener("submit", (event) => {
    const file = archive.querySelector("input[type=file]").files[0];
    const note = document.getElementById("too-large");
    const limit = Number(archive.dataset.limit);
    note.hidden = !file || file.size <= limit;
    if (!note.hidden) {
      event.preventDefault();
      note.textContent = `That archive is larger than ${limit / 1e6} MB. Start the program with a higher --max-upload-mb.`;
    }
  });
}

const steps = document.querySelector("form[data-steps]");
if (steps) {
  const slider = document.getElementById("slider");
  const place = document.getElementById("step");
  const said = document.getElementById("said");
  let asked = 0;
  steps.querySelector("[data-script]").hidden = false;
  steps.querySelector("[data-no-script]").hidden = true;
  steps.addEventListener("submit", (event) => event.preventDefault());
  slider.addEventListener("input", async () => {
    const mine = ++asked;
    const answer = await fetch(`${steps.dataset.steps}?at=${slider.value}`);
    const text = await answer.text();
    if (mine !== asked || !answer.ok) return;
    place.innerHTML = text;
    said.textContent = place.firstElementChild.dataset.said;
    slider.setAttribute("aria-valuetext", said.textContent);
    history.replaceState(null, "", `?at=${slider.value}`);
  });
}
