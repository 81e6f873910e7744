// What the order will cost is shown while it is filled in; the server reckons again.

const form = document.querySelector("[data-order-form]");
const output = form?.querySelector("[data-total]");

const number = (name) => Number(form.elements[name]?.value) || 0;

function beforeDiscount() {
  const tile = form.querySelector("input[name=package]:checked")?.closest(".qx-tile");
  if (!tile) {
    return null;
  }
  if (tile.hasAttribute("data-by-lessons")) {
    return Math.trunc(number("lessons") * Math.round(number("price") * 100));
  }
  return Number(tile.dataset.minor);
}

function discount(before) {
  const rule = form.elements.discount.selectedOptions[0]?.dataset ?? {};
  if (rule.percent) {
    return Math.floor((before * Math.round(Number(rule.percent) * 10) * 2 + 1000) / 2000);
  }
  return Math.min(before, Number(rule.minor) || Math.round(number("discount_amount") * 100));
}

function show() {
  const before = beforeDiscount();
  const off = before === null ? 0 : discount(before);
  const text = (fen) => (fen / 100).toLocaleString("zh-CN", { style: "currency", currency: "CNY" });
  output.replaceChildren();
  if (before === null) {
    return;
  }
  if (off) {
    const old = document.createElement("del");
    old.className = "qx-muted";
    old.textContent = text(before);
    output.append(old, " ");
  }
  output.append(text(before - off));
}

if (form) {
  form.addEventListener("input", show);
  form.addEventListener("change", show);
  show();
}
