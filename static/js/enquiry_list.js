// The list of enquiries: how many are ticked, and one box that ticks the whole page.

const boxes = () => [...document.querySelectorAll("input[name=pick][form=give]")];
const all = document.querySelector("[data-tick-all]");
const bar = document.getElementById("give");

function show() {
  const ticked = boxes().filter((box) => box.checked).length;
  bar.querySelector("[data-ticked]").hidden = ticked === 0;
  bar.querySelector("[data-number]").textContent = ticked;
  all.checked = ticked > 0 && ticked === boxes().length;
  all.indeterminate = ticked > 0 && !all.checked;
}

if (bar && all) {
  all.hidden = false;
  all.addEventListener("change", () => {
    for (const box of boxes()) {
      box.checked = all.checked;
    }
    show();
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("input[name=pick]")) {
      show();
    }
  });
  window.addEventListener("pageshow", show); // a browser that goes back keeps the ticks
  show();
}
