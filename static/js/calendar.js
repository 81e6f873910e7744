// The calendar's page and those about teachers: what needs no button works at once.

for (const select of document.querySelectorAll("[data-submits]")) {
  select.addEventListener("change", () => select.form.requestSubmit());
}
for (const button of document.querySelectorAll("[data-without-script]")) button.hidden = true;

// The weekday is asked only of a day that runs one's timetable.
const weekday = document.querySelector("[data-runs-weekday]");
if (weekday) {
  const kinds = [...document.querySelectorAll("input[name='kind']")];
  const show = () => {
    weekday.hidden = !kinds.some((kind) => kind.checked && kind.value === "runs_weekday");
  };
  for (const kind of kinds) kind.addEventListener("change", show);
  show();
}

// A second day, chosen with the shift key, ends the range that the first began.
const first = document.querySelector("#id_first_date");
const last = document.querySelector("#id_last_date");
for (const day of document.querySelectorAll("a[data-day]")) {
  day.addEventListener("click", (event) => {
    if (!event.shiftKey || !first?.value || day.dataset.day < first.value) return;
    event.preventDefault();
    last.value = day.dataset.day;
    last.focus();
  });
}
