/* The difference of the cash, while it is typed. In fen, which are whole numbers: 0.1 + 0.2 must be 0.30. */

/** Fen of what somebody typed in yuan; null when that is no amount. */
function fenOf(text) {
  const match = /^(\d+)(?:\.(\d{1,2}))?$/.exec(text.trim());
  return match ? Number(match[1]) * 100 + Number((match[2] ?? "").padEnd(2, "0")) : null;
}

function yuan(fen) {
  const whole = Math.floor(Math.abs(fen) / 100).toLocaleString("en-US");
  const cents = String(Math.abs(fen) % 100).padStart(2, "0");
  return `${fen < 0 ? "-" : ""}¥${whole}.${cents}`;
}

function stateOf(difference) {
  if (difference === null) {
    return "";
  }
  return difference === 0 ? "ok" : "bad";
}

function show(form) {
  const [opening, counted] = ["opening_cash", "counted_cash"].map((name) =>
    fenOf(form.querySelector(`[data-fen="${name}"]`).value),
  );
  const expected = opening === null ? null : opening + Number(form.dataset.cashOfTheDay);
  const difference = expected === null || counted === null ? null : counted - expected;
  const shown = form.querySelector("[data-difference]");
  form.querySelector("[data-expected]").value = expected === null ? "—" : yuan(expected);
  shown.value = difference === null ? "—" : yuan(difference);
  shown.dataset.state = stateOf(difference);
  form.elements.note.required = Boolean(difference) || Number(form.dataset.open) > 0;
}

for (const form of document.querySelectorAll("[data-count-cash]")) {
  form.addEventListener("input", () => show(form));
  show(form);
}
