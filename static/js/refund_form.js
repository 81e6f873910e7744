// The sheet follows what is chosen; without this module the button shows it.
const form = document.querySelector("[data-refund-form]");
const sheet = form?.querySelector("[data-sheet]");
const WAIT = 250; // milliseconds after the last key
let timer;
let request;

async function show() {
  request?.abort();
  request = new AbortController();
  try {
    const answer = await fetch(window.location.href, {
      method: "POST",
      body: new FormData(form),
      headers: { "X-Fragment": "sheet" },
      signal: request.signal,
    });
    if (answer.ok && !answer.redirected) {
      replace(await answer.text());
    }
  } catch (error) {
    if (error.name !== "AbortError") {
      throw error;
    }
  }
}

// What was opened stays open, and the choice that has the focus keeps it.
function replace(text) {
  const opened = [...sheet.querySelectorAll("details")].map((details) => details.open);
  const focused = sheet.contains(document.activeElement) ? document.activeElement : null;
  sheet.innerHTML = text;
  sheet.querySelectorAll("details").forEach((details, index) => {
    details.open ||= Boolean(opened[index]);
  });
  if (focused?.name) {
    sheet.querySelector(`[name="${focused.name}"]:checked`)?.focus();
  }
}

form?.addEventListener("input", (event) => {
  if (event.target.name !== "reason" && event.target.name !== "method") {
    clearTimeout(timer);
    timer = setTimeout(show, WAIT);
  }
});

// A figure that is still being fetched is not what was seen: wait for it.
form?.addEventListener("submit", () => {
  clearTimeout(timer);
  request?.abort();
});

if (form?.querySelector("[name=cause]:checked")) {
  show(); // chosen before this module was there, or kept by the browser
}
