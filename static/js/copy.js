/* <button data-copy="id of a field" data-done="Copied">: the field's text goes to the clipboard. */
"use strict";

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) {
    return;
  }
  const field = document.getElementById(button.dataset.copy);
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
  } catch {
    // Without HTTPS there is no clipboard: the old way copies what is selected.
    document.execCommand("copy");
  }
  button.textContent = button.dataset.done;
});
