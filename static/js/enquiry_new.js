// Who has this number already shows while it is typed; without this module the answer comes with the sent form.
const form = document.querySelector("[data-enquiry-form]");
const place = form.querySelector("[data-found]");
const SHORTEST = 7; // digits
const WAIT = 250; // milliseconds after the last key

let timer;
let request;
let shown = "";

async function show(typed) {
  request?.abort();
  request = new AbortController();
  try {
    const answer = await fetch(place.dataset.found, { method: "POST", body: new FormData(form), signal: request.signal });
    if (!answer.redirected && (answer.ok || answer.status === 429)) {
      place.innerHTML = await answer.text();
      shown = typed;
    }
  } catch (error) {
    if (error.name !== "AbortError") {
      throw error;
    }
  }
}

function look() {
  const digits = form.elements.phone.value.replace(/\D/g, "");
  const typed = `${digits} ${form.elements.child_name.value}`;
  if (digits.length < SHORTEST) {
    request?.abort();
    place.replaceChildren();
    shown = "";
  } else if (typed !== shown) {
    show(typed);
  }
}

form.addEventListener("input", (event) => {
  if (event.target.matches("[name=phone], [name=child_name]")) {
    clearTimeout(timer);
    timer = setTimeout(look, WAIT);
  }
});

// A referral asks which child brought them: the question comes to the front with its channel.
const referrals = form.querySelector("[data-referrals]");
const more = form.querySelector("[data-more]");
form.addEventListener("change", (event) => {
  if (event.target.name === "channel" && referrals.dataset.referrals.split(" ").includes(event.target.value)) {
    more.open = true;
    form.elements.referrer.focus();
  }
  if (event.target.name === "next_at" && event.target.value) {
    form.querySelector("[name=next][value=pick]").checked = true;
  }
});

look(); // kept by the browser, or typed before this module was there
