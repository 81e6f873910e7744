// The button of the board says whom it reminds: all that the board shows, or those that were picked.

const form = document.getElementById("remind");

function show() {
  const number = document.querySelectorAll("input[name=pick][form=remind]:checked").length;
  form.querySelector("[data-all]").hidden = number > 0;
  form.querySelector("[data-picked]").hidden = number === 0;
  form.querySelector("[data-number]").textContent = number;
}

document.addEventListener("change", (event) => {
  if (event.target.matches("input[name=pick]")) {
    show();
  }
});
window.addEventListener("pageshow", show); // a browser that goes back keeps the ticks
show();
