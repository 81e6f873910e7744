/* Files beside what was said: their names are shown, and what is too large is not sent in vain. */

function describe(form) {
  const files = [...form.querySelectorAll("input[type=file]")].flatMap((input) => [...input.files]);
  const names = form.querySelector("[data-names]");
  names.hidden = files.length === 0;
  names.replaceChildren(
    ...files.map((file) => {
      const item = document.createElement("li");
      item.textContent = file.name;
      return item;
    }),
  );
}

document.querySelectorAll(".fu-form").forEach((form) => {
  // The theme would look for a text field of its own beside every file field, and stumble where there is none.
  form.querySelectorAll("input[type=file]").forEach((input) => (input.hasChangeListener = true));
  const note = form.querySelector("[data-large]");
  form.addEventListener("change", (event) => {
    if (event.target.type !== "file") {
      return;
    }
    const isTooLarge = [...event.target.files].some((file) => file.size > note.dataset.most * 1024 * 1024);
    if (isTooLarge) {
      event.target.value = "";
    }
    note.textContent = isTooLarge ? note.dataset.large : "";
    note.hidden = !isTooLarge;
    describe(form);
  });
});
