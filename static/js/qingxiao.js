/* Small behaviours shared by every page; no page needs them to work. */
"use strict";

// "/" goes to the search, from anywhere outside a field.
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) {
    return;
  }
  const search = document.querySelector("[data-shortcut='/']");
  if (search) {
    event.preventDefault();
    search.focus();
    search.select();
  }
});

// Typing starts where the page says: the theme hides it until its scripts have run, and hidden fields get no focus.
document.addEventListener("alpine:initialized", () => {
  requestAnimationFrame(() => {
    const first = document.querySelector("[autofocus]");
    if (first && document.activeElement === document.body) {
      first.focus({ preventScroll: true });
    }
  });
});

// A double click counts once: a form that has been sent is not sent again.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || form.hasAttribute("hx-post")) {
    return;
  }
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
});
window.addEventListener("pageshow", () => {
  document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent);
});

// <select data-submit> and the like send their form when they change.
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submit]")) {
    event.target.form.requestSubmit();
  }
});

// <button data-print> prints the page.
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) {
    window.print();
  }
});
