// The progress of a notice that goes out, every few seconds; without this module one reloads the page.
const EVERY = 4000; // milliseconds

async function refresh() {
  const live = document.querySelector("[data-live]");
  if (document.hidden || live.contains(document.activeElement)) {
    return; // nobody looks, or somebody is about to press a button
  }
  const answer = await fetch(window.location.href);
  if (!answer.ok || answer.redirected) {
    return;
  }
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.querySelector("[data-live]");
  if (!fresh) {
    return;
  }
  if (!("running" in fresh.dataset)) {
    window.location.reload(); // it is through: the report stands below
    return;
  }
  live.replaceWith(document.adoptNode(fresh));
}

setInterval(() => {
  refresh().catch(() => {}); // the network is away: the next turn tries again
}, EVERY);
