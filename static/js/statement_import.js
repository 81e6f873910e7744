// The chosen file stays chosen while the server asks for more; without this module it has to be chosen again.
const form = document.querySelector("[data-statement]");
const asked = form?.querySelector("[data-asked]");
const button = form?.querySelector("[type=submit]");

async function read(event) {
  event.preventDefault();
  button.disabled = true;
  try {
    const answer = await fetch(window.location.href, {
      method: "POST",
      body: new FormData(form),
      headers: { "X-Fragment": "asked" },
    });
    const next = answer.headers.get("X-Location");
    if (next) {
      window.location.assign(next);
      return; // the button stays disabled: a second click has nothing to do
    }
    if (!answer.ok || answer.redirected) {
      form.submit(); // the page itself says what is wrong
      return;
    }
    asked.innerHTML = await answer.text();
    asked.querySelector("[role=alert]")?.scrollIntoView({ block: "nearest" });
  } catch {
    form.submit(); // no connection: the browser says so
    return;
  }
  button.disabled = false;
}

form?.addEventListener("submit", read);
