// What more lessons of a class, or fewer, come to appears while the number is typed; without this module the button
// shows it.
const form = document.querySelector("[data-length-form]");
const preview = form.querySelector("[data-preview]");
const WAIT = 350; // milliseconds after the last key

let timer;
let request;

async function show() {
  request?.abort();
  request = new AbortController();
  try {
    const answer = await fetch(form.getAttribute("action"), {
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

form.addEventListener("input", (event) => {
  if (event.target.name === "lessons_total") {
    clearTimeout(timer);
    timer = setTimeout(show, WAIT);
  }
});
