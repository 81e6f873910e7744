// One lesson as a card of the board. Text only: names are what people typed.

function part(name, text) {
  const span = document.createElement(name === "class" ? "b" : "span");
  span.className = `tt-${name}`;
  span.textContent = text;
  return span;
}

function word(name, text) {
  const span = part(name, "");
  const inner = part("word", text);
  span.append(inner);
  return span;
}

function clock(at) {
  return `${String(at.getHours()).padStart(2, "0")}:${String(at.getMinutes()).padStart(2, "0")}`;
}

export function cardOf(lesson, event, { isRows, texts }) {
  const hours = `${clock(event.start)}–${clock(event.end)}`; // those of the drag, not those of the lesson
  const card = document.createElement("a");
  card.className = "tt-card bd-card";
  card.href = lesson.url;
  card.draggable = false;
  Object.assign(card.dataset, { hue: lesson.hue, state: lesson.state, lesson: lesson.id });
  if (lesson.color) {
    card.dataset.branch = "yes";
    card.style.setProperty("--branch", lesson.color);
  }
  card.title = [hours, lesson.class, lesson.teacher.name, lesson.room?.name, lesson.place, lesson.count, lesson.stateText]
    .filter(Boolean).join(" · ");
  const count = part("count", lesson.count);
  card.append(part("time", hours), " ", part("class", lesson.class), " ", part("teacher", lesson.teacher.name));
  if (lesson.room) {
    card.append(" ", part("room", lesson.room.name));
  }
  if (lesson.place) {
    card.append(" ", part("place", lesson.place));
  }
  if (lesson.isOverfull) {
    count.dataset.over = "yes";
    count.append(" ", part("hidden", texts.textOverfull));
  }
  card.append(" ", count, " ", word("state", lesson.stateText));
  if (lesson.isClash) {
    card.dataset.clash = "yes";
    card.append(" ", word("clash", texts.textClash));
  }
  const holder = document.createElement("div");
  holder.className = isRows ? "bd-holder tt-list" : "bd-holder";
  holder.append(card);
  return holder;
}
