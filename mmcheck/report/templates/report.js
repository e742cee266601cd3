"use strict";
// Shows one step of a trace at a time. Without it all of them stand one below the other.
for (const trace of document.querySelectorAll(".trace")) {
  const steps = [...trace.querySelectorAll(".step")];
  const controls = trace.querySelector(".controls");
  const slider = controls.querySelector("input");
  let current = 0;
  const show = (wanted) => {
    current = Math.min(Math.max(wanted, 0), steps.length - 1);
    steps.forEach((step, i) => { step.hidden = i !== current; });
    for (const cell of trace.querySelectorAll("[data-column]")) {
      cell.classList.toggle("current", Number(cell.dataset.column) === current);
    }
    slider.value = String(current);
    slider.setAttribute("aria-valuetext", steps[current].querySelector("h5").textContent.trim());
  };
  trace.addEventListener("click", (event) => {
    const target = event.target.closest("[data-goto], [data-move]");
    if (target === null) return;
    event.preventDefault();
    show("goto" in target.dataset ? Number(target.dataset.goto) : current + Number(target.dataset.move));
  });
  slider.addEventListener("input", () => show(Number(slider.value)));
  trace.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    show(current + by);
  });
  controls.hidden = false;
  show(steps.length - 1);
}
// A link into something that is folded away unfolds it first.
const unfold = () => {
  const target = location.hash && document.getElementById(location.hash.slice(1));
  const details = target && target.closest("details");
  if (details) {
    details.open = true;
    target.scrollIntoView();
  }
};
addEventListener("hashchange", unfold);
unfold();
