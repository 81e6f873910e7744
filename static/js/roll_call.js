// Counts what is marked, beside the button; the page works without it.
"use strict";

const roll = document.querySelector("[data-roll]");
const counts = document.querySelector("[data-roll-counts]");

function count() {
  for (const part of counts.children) {
    const number = roll.querySelectorAll(`input[value="${part.dataset.status}"]:checked`).length;
    part.querySelector("b").textContent = number;
    part.hidden = number === 0;
  }
}

if (roll && roll.querySelector("input[type=radio]")) {
  roll.addEventListener("change", count);
  window.addEventListener("pageshow", count);
  counts.hidden = false;
  count();
}
