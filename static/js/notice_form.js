// What a notice comes to appears while it is written; without this module the button counts.
const form = document.querySelector("[data-notice-form]");
const preview = form.querySelector("[data-preview]");
const WAIT = 400; // milliseconds after the last key

let timer;
let request;

async function show() {
  request?.abort();
  request = new AbortController();
  preview.setAttribute("aria-busy", "true");
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
    preview.removeAttribute("aria-busy");
  } catch (error) {
    if (error.name !== "AbortError") {
      throw error;
    }
  }
}

form.addEventListener("input", (event) => {
  if (!event.target.matches("[data-find]")) {
    clearTimeout(timer);
    timer = setTimeout(show, WAIT);
  }
});
form.querySelector("[data-count]").hidden = true;

// A long list is searched by name; what is ticked stays in sight.
for (const list of form.querySelectorAll("[data-choices]")) {
  const find = list.querySelector("[data-find]");
  if (find) {
    find.hidden = false;
    find.addEventListener("input", () => {
      const wanted = find.value.trim().toLowerCase();
      for (const box of list.querySelectorAll(".nt-box")) {
        box.hidden = !box.querySelector("input").checked && !box.textContent.toLowerCase().includes(wanted);
      }
    });
    find.addEventListener("keydown", (event) => {
      if (event.key === "Enter") {
        event.preventDefault(); // it looks for a name, it does not send
      }
    });
  }
}

if (form.elements.text.value) {
  show(); // kept by the browser, or typed before this module was there
}
