// The preview follows what is typed, and a variable is put where the cursor stands; without this module the button shows it.
const form = document.querySelector("[data-template-form]");
const preview = form?.querySelector("[data-preview]");
const text = form?.elements.text;
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
      headers: { "X-Fragment": "preview" },
      signal: request.signal,
    });
    if (answer.ok && !answer.redirected) {
      preview.innerHTML = await answer.text();
    }
  } catch (error) {
    if (error.name !== "AbortError") {
      throw error;
    }
  }
}

function showSoon() {
  clearTimeout(timer);
  timer = setTimeout(show, WAIT);
}

function insert(variable) {
  text.setRangeText(variable, text.selectionStart, text.selectionEnd, "end");
  text.focus();
  showSoon();
}

form?.addEventListener("input", showSoon);
form?.addEventListener("click", (event) => {
  const button = event.target.closest("[data-insert]");
  if (button) {
    insert(button.dataset.insert);
  }
});
form?.addEventListener("submit", () => {
  clearTimeout(timer);
  request?.abort();
});
form?.querySelector("[data-preview-button]").setAttribute("hidden", "");
if (form && text.value !== text.defaultValue) {
  show(); // kept by the browser
}
