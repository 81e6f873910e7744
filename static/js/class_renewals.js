// How many drafts and how much in all, while children are picked; the server counts again.

const form = document.querySelector("[data-renewals]");
const prices = JSON.parse(document.getElementById("prices").textContent);
const discounts = JSON.parse(document.getElementById("discounts").textContent);

function off(price) {
  const rule = discounts[form.elements.discount.value];
  if (!rule) {
    return 0;
  }
  return rule.per_mille ? Math.floor((price * rule.per_mille * 2 + 1000) / 2000) : Math.min(price, rule.minor);
}

function show() {
  const picked = [...form.querySelectorAll("[data-pick]:checked")];
  const sum = picked.reduce((total, box) => {
    const price = prices[form.elements[box.name.replace("pick", "package")].value] ?? 0;
    return total + price - off(price);
  }, 0);
  form.querySelector("[data-count]").textContent = picked.length;
  form.querySelector("[data-sum]").textContent = (sum / 100).toLocaleString("zh-CN", { style: "currency", currency: "CNY" });
  form.querySelector("button[type=submit]").disabled = picked.length === 0;
}

form.querySelector("[data-pick-all]").addEventListener("change", (event) => {
  form.querySelectorAll("[data-pick]").forEach((box) => {
    box.checked = event.target.checked;
  });
});
form.addEventListener("change", show);
show();
