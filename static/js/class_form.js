// The dates of a class appear while its form is filled in; without this module the button shows them.
const form = document.querySelector("[data-class-form]");
const preview = form.querySelector("[data-preview]");
const WAIT = 350; // milliseconds after the last key

// --- rows of weekly times: one more than is filled in, the others on demand ---

const rows = [...form.querySelectorAll("[data-row]")];
const addRow = form.querySelector("[data-add-row]");
const isEmpty = (row) => [...row.querySelectorAll("select, input")].every((field) => !field.value);

function showRows(number) {
  rows.forEach((row, index) => {
    row.hidden = index >= number;
  });
  addRow.hidden = number >= rows.length;
}

showRows(Math.max(1, rows.findLastIndex((row) => !isEmpty(row)) + 1));
addRow.addEventListener("click", () => {
  const next = rows.findIndex((row) => row.hidden);
  showRows(next + 1);
  rows[next].querySelector("select").focus();
});

// --- what the course and the room say, until somebody writes something else ---

const proposed = { name: "name", capacity: "capacity" };
const written = new Set();
for (const name of Object.keys(proposed)) {
  if (form.elements[name]?.value) {
    written.add(name);
  }
}
form.addEventListener("input", (event) => {
  if (event.target.name in proposed) {
    if (event.target.value) {
      written.add(event.target.name);
    } else {
      written.delete(event.target.name);
    }
  }
});

function fillIn(facts) {
  for (const [name, key] of Object.entries(proposed)) {
    if (form.elements[name] && !written.has(name) && facts[key]) {
      form.elements[name].value = facts[key];
    }
  }
  for (const row of rows) {
    row.querySelector("input[type=number]").placeholder = facts.minutes ?? "";
  }
}

// --- the preview ---

let timer;
let request;

async function show() {
  request?.abort();
  request = new AbortController();
  const data = new FormData(form);
  for (const name of Object.keys(proposed)) {
    if (data.has(name) && !written.has(name)) {
      data.set(name, ""); // the server proposes it anew
    }
  }
  try {
    const answer = await fetch(window.location.href, {
      method: "POST",
      body: data,
      headers: { "X-Fragment": "preview" },
      signal: request.signal,
    });
    if (answer.ok && !answer.redirected) {
      preview.innerHTML = await answer.text();
      react();
    }
  } catch (error) {
    if (error.name !== "AbortError") {
      throw error;
    }
  }
}

function react() {
  const facts = preview.querySelector("[data-class-facts]").dataset;
  fillIn(facts);
  const keep = form.querySelector("[data-keep]");
  if (keep) {
    keep.hidden = Number(facts.clashing) === 0 && !keep.querySelector("input").value;
  }
}

form.addEventListener("change", (event) => {
  const refresh = form.querySelector("[data-refresh]");
  if (event.target.name === "branch" && refresh) {
    form.requestSubmit(refresh); // other teachers, other rooms
  }
});
form.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(show, WAIT);
});
react();
if (form.elements.course?.value) {
  show(); // typed before this module was there, or kept by the browser
}
