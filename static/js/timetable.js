// Comforts of the timetable; the page works without them.
"use strict";

const GRID_STEP = 5; // minutes

// A choice shows at once. A day that is still being typed ("0002-11-22") is not valid yet.
const form = document.querySelector("[data-timetable-form]");
form.addEventListener("change", (event) => {
  if (event.target.checkValidity()) {
    form.requestSubmit();
  }
});

// What is not chosen stays out of the address.
form.addEventListener("formdata", (event) => {
  for (const [name, value] of [...event.formData]) {
    if (!value) {
      event.formData.delete(name);
    }
  }
});

// The list on a phone opens at today.
const today = document.querySelector(".tt-column[data-today]");
if (today && !window.location.hash && window.matchMedia("(max-width: 1023px)").matches) {
  today.scrollIntoView();
}

// The now-line keeps the branch's time, whatever the clock and the zone of this device.
setInterval(() => {
  for (const line of document.querySelectorAll("[data-now]")) {
    const [hours, minutes] = line.dataset.from.split(":").map(Number);
    const later = Math.min(hours * 60 + minutes + GRID_STEP, 24 * 60);
    const pad = (number) => String(number).padStart(2, "0");
    line.dataset.from = `${pad(Math.floor(later / 60))}:${pad(later % 60)}`;
  }
}, GRID_STEP * 60 * 1000);
