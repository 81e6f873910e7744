// What follows a drop: the server decides; a refusal says why and what is free instead.

let busy = false;

// Where it was dropped: { start, end, teacher, room }, in the branch's wall-clock time.
export async function dropLesson(board, lesson, wanted, { revert, reload }) {
  if (busy) {
    revert(); // one at a time: a double drop counts once
    return;
  }
  busy = true;
  board.dataset.busy = "yes";
  try {
    const moved = await decide(board, lesson, wanted, { revert, reload });
    if (!moved) {
      revert();
    }
  } finally {
    busy = false;
    board.dataset.busy = "no";
  }
}

async function decide(board, lesson, wanted, { revert, reload }) {
  if (lesson.seriesUrl && !(await isOnlyThisOne(board, lesson, wanted))) {
    return false;
  }
  let reason = "";
  for (;;) {
    const answer = await send(board, lesson, { ...wanted, reason });
    if (answer.done) {
      await reload();
      toast(board, answer.message, { undo: answer.undoUrl && (() => undo(board, lesson, answer, reload)), link: lesson.url });
      return true;
    }
    if (answer.isFinal) {
      revert();
      await (answer.is_stale ? reload().catch(() => null) : null);
      toast(board, answer.is_stale ? `${answer.message} ${board.dataset.textReloaded}` : answer.message);
      return false;
    }
    const choice = await ask(board, answer);
    if (!choice) {
      return false;
    }
    ({ wanted = wanted, reason = "" } = choice);
  }
}

// --- the server ---

function post(board, url, body) {
  const token = board.querySelector("[name=csrfmiddlewaretoken]").value;
  return fetch(url, {
    method: "POST",
    headers: { "X-CSRFToken": token, "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify(body),
  });
}

async function send(board, lesson, { start, end, teacher, room, reason }) {
  const body = {
    day: start.slice(0, 10),
    time: start.slice(11, 16),
    minutes: Math.round((Date.parse(`${end}Z`) - Date.parse(`${start}Z`)) / 60_000),
    teacher,
    room,
    version: lesson.version,
    keep_reason: reason,
  };
  try {
    const response = await post(board, lesson.moveUrl, body);
    if (response.redirected || !response.headers.get("Content-Type")?.includes("json")) {
      return { isFinal: true, message: response.status < 500 ? board.dataset.textSignedOut : board.dataset.textOffline };
    }
    const answer = await response.json();
    const hasWay = answer.alternatives?.length || answer.clashes?.length || answer.warnings?.length;
    return { ...answer, done: response.ok, isFinal: !response.ok && !hasWay };
  } catch {
    return { isFinal: true, message: board.dataset.textOffline };
  }
}

// The lesson itself says whether it went back: the answer is a page for people.
async function undo(board, lesson, answer, reload) {
  try {
    await post(board, answer.undoUrl, {});
    const now = (await reload()).find(({ id }) => id === lesson.id);
    toast(board, now && now.version !== answer.version ? board.dataset.textUndone : board.dataset.textUndoFailed);
  } catch {
    toast(board, board.dataset.textOffline);
  }
}

// --- dialogs: they resolve with what was chosen, and with nothing when they are closed ---

function open(dialog) {
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue), { once: true });
  });
}

async function isOnlyThisOne(board, lesson, wanted) {
  const dialog = board.querySelector("[data-board-scope]");
  const start = new Date(`${wanted.start}Z`);
  const query = new URLSearchParams({
    weekday: (start.getUTCDay() + 6) % 7,
    start_time: wanted.start.slice(11, 16),
    teacher: wanted.teacher,
    room: wanted.room ?? "",
  });
  dialog.querySelector("[data-dialog-text]").textContent =
    `${lesson.class}: ${wanted.start.slice(5, 10).replace("-", "/")} ${wanted.start.slice(11, 16)}–${wanted.end.slice(11, 16)}`;
  dialog.querySelector("[data-scope-series]").href = `${lesson.seriesUrl}&${query}`;
  return (await open(dialog)) === "one";
}

async function ask(board, answer) {
  const dialog = board.querySelector("[data-board-refusal]");
  const reasons = [...answer.clashes, ...answer.warnings.map(sentenceOf)];
  fill(dialog, "reasons", (reasons.length ? reasons : [answer.message]).map((text) => element("li", text)));
  fill(dialog, "alternatives", answer.alternatives.map(buttonOf));
  dialog.querySelector("[data-dialog-free]").hidden = !answer.alternatives.length;
  const reason = dialog.querySelector("[data-dialog-reason]");
  const keep = dialog.querySelector("[data-dialog-keep-button]");
  dialog.querySelector("[data-dialog-keep]").hidden = !answer.may_keep;
  reason.value = "";
  keep.disabled = true;
  reason.oninput = () => { keep.disabled = !reason.value.trim(); };
  const opened = open(dialog);
  (dialog.querySelector("[data-dialog-alternatives] button") ?? (answer.may_keep ? reason : null))?.focus();
  const choice = await opened;
  if (choice === "keep" && reason.value.trim()) {
    return { reason: reason.value.trim() };
  }
  const wanted = answer.alternatives[Number(choice.replace("free-", ""))];
  return choice.startsWith("free-") && wanted ? { wanted } : null;
}

function sentenceOf({ title, text, source }) {
  return [title, text, source && `(${source})`].filter(Boolean).join(" ");
}

function buttonOf({ text, kind }, number) {
  const button = element("button", text);
  button.value = `free-${number}`;
  button.className = "qx-button";
  button.dataset.kind = kind;
  return button;
}

function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

function fill(dialog, name, children) {
  dialog.querySelector(`[data-dialog-${name}]`).replaceChildren(...children);
}

// --- the toast ---

let hiding;

function toast(board, text, { undo: takeBack, link } = {}) {
  const shown = board.querySelector("[data-board-toast]");
  const button = shown.querySelector("[data-toast-undo]");
  const anchor = shown.querySelector("[data-toast-link]");
  shown.querySelector("[data-toast-text]").textContent = text;
  button.hidden = !takeBack;
  button.onclick = takeBack ? () => { shown.hidden = true; takeBack(); } : null;
  anchor.hidden = !link;
  anchor.href = link ?? "";
  shown.hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(() => { shown.hidden = true; }, 15_000);
}
