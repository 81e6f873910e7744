// The timetable's board: the week's lessons on a calendar to drag them on. Only wide screens get it;
// without it, or where the server does not answer, the page stays the list that it was.
import { dropLesson } from "./board_move.js";
import { cardOf } from "./board_card.js";

const board = document.querySelector("[data-board]");
const wide = window.matchMedia("(min-width: 1024px)");
const WEEK_OF_ROWS = "weekOfRows"; // a row per room, teacher or class; a cell per day
const OPENS = 8, CLOSES = 21; // the hours that are always shown
const LANE = 1.7, COLUMN = 4.5; // rem: the narrowest lesson beside others, the narrowest column

let data, calendar, loadedAt, slotIds = [], dragged = false;

async function load() {
  const response = await fetch(board.dataset.board, { headers: { Accept: "application/json" } });
  if (!response.ok || response.redirected) {
    throw new Error(String(response.status));
  }
  data = await response.json();
  loadedAt = performance.now();
}

// --- what the calendar is given ---

const isRows = () => data.by !== "day" && data.span === "week";
const resourceIds = () => data.resources.map((resource) => resource.id);

function lessonEvent(lesson) {
  return {
    id: `lesson-${lesson.id}`,
    start: lesson.start,
    end: lesson.end,
    resourceIds: lesson.resource ? [lesson.resource] : [],
    editable: lesson.mayMove,
    durationEditable: lesson.mayMove && !isRows(),
    classNames: ["bd-lesson"],
    extendedProps: { lesson },
  };
}

function background(id, start, end, resource, state, text) {
  return {
    id,
    start,
    end,
    allDay: isRows(),
    display: "background",
    resourceIds: resource ? [resource] : resourceIds(),
    classNames: ["bd-slot", `bd-${state}`],
    extendedProps: { text, state },
  };
}

// A shut day and the present moment; the branch's clock, whatever that of this device says.
function marks() {
  const closed = data.closed.map(({ day, reason }) =>
    background(`closed-${day}`, `${day}T00:00:00`, nextDay(day), null, "closed", `${board.dataset.textClosed}: ${reason}`));
  const now = new Date(Date.parse(`${data.now}Z`) + performance.now() - loadedAt);
  const at = (later) => new Date(now.getTime() + later).toISOString().slice(0, 19);
  const line = background("now", at(0), at(60_000), null, "now", board.dataset.textNow);
  return isRows() ? closed : [...closed, line];
}

function nextDay(day) {
  return `${new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10)}T00:00:00`;
}

function events() {
  return [...marks(), ...data.lessons.map(lessonEvent)];
}

function hours() {
  const of = (name) => data.lessons.map((lesson) => Number(lesson[name].slice(11, 13)) + Number(lesson[name].slice(14, 16)) / 60);
  const overMidnight = data.lessons.some((lesson) => lesson.end.slice(0, 10) > lesson.start.slice(0, 10));
  return {
    slotMinTime: `${pad(Math.floor(Math.min(OPENS, ...of("start"))))}:00`,
    slotMaxTime: `${pad(overMidnight ? 24 : Math.ceil(Math.max(CLOSES, ...of("end"))))}:00`,
  };
}

// A column gets its share by how many lessons stand side by side in it.
function columnWidths() {
  const keys = data.by === "day" ? data.days : resourceIds();
  const keyOf = (lesson) => (data.by === "day" ? lesson.start.slice(0, 10) : lesson.resource);
  return keys.map((key) => {
    const lanes = lanesOf(data.lessons.filter((lesson) => keyOf(lesson) === key));
    return `minmax(${Math.max(COLUMN, lanes * LANE)}rem, ${lanes}fr)`;
  }).join(" ");
}

function lanesOf(lessons) {
  const at = (moment) => lessons.filter((lesson) => lesson.start <= moment && lesson.end > moment).length;
  return Math.max(1, ...lessons.map((lesson) => at(lesson.start)));
}

// --- mounting ---

function mount() {
  board.dataset.by = data.by;
  board.dataset.rows = isRows() ? "yes" : "no";
  const target = board.querySelector("[data-board-calendar]");
  target.style.setProperty("--bd-columns", columnWidths());
  calendar = EventCalendar.create(target, {
    view: isRows() ? WEEK_OF_ROWS : data.by === "day" ? "timeGridWeek" : "resourceTimeGridDay",
    views: { [WEEK_OF_ROWS]: { type: "resourceTimelineMonth", duration: { weeks: 1 }, slotDuration: { days: 1 } } },
    date: data.days[0],
    firstDay: 1,
    locale: document.documentElement.lang,
    headerToolbar: { start: "", center: "", end: "" },
    allDaySlot: false,
    slotEventOverlap: false,
    slotDuration: "00:30",
    snapDuration: "00:15",
    slotHeight: 24,
    slotLabelFormat: { hour: "2-digit", minute: "2-digit", hour12: false },
    ...hours(),
    dayHeaderFormat: (day) => data.dayTitles[isoDay(day)] ?? "",
    highlightedDates: data.days.length > 1 ? [data.today] : [],
    resources: data.resources.map(({ id, title, note }) => ({ id, title, extendedProps: { note } })),
    resourceLabelContent: ({ resource }) => ({ domNodes: labelOf(resource) }),
    events: events(),
    editable: false,
    eventContent: ({ event }) => ({ domNodes: [contentOf(event)] }),
    eventDragStart: (info) => { dragged = true; paint(info.event.extendedProps.lesson); },
    eventDragStop: () => { unpaint(); settle(); },
    eventResizeStart: (info) => { dragged = true; paint(info.event.extendedProps.lesson); },
    eventResizeStop: () => { unpaint(); settle(); },
    dragConstraint: mayGoTo,
    eventDrop: drop,
    eventResize: drop,
  });
  board.hidden = false;
  document.querySelector("[data-board-plain]").dataset.replaced = "yes";
  setInterval(() => calendar.updateEvent(marks().at(-1)), 60_000);
}

function labelOf({ title, extendedProps: { note } }) {
  const small = document.createElement("small");
  small.textContent = note;
  return [document.createTextNode(`${title} `), small];
}

function contentOf(event) {
  const { lesson, text } = event.extendedProps;
  if (lesson) {
    return cardOf(lesson, event, { isRows: isRows(), texts: board.dataset });
  }
  const note = document.createElement("span");
  note.textContent = text;
  note.title = text;
  return note;
}

// A lesson stays within its day, and keeps its class.
function mayGoTo({ event, newResource }) {
  const isOneDay = isRows() || event.start.toDateString() === new Date(event.end.getTime() - 1).toDateString();
  return isOneDay && !(data.by === "class" && newResource);
}

// The click that ends a drag opens nothing.
board?.addEventListener("click", (click) => {
  if (dragged && click.target.closest(".bd-card")) {
    click.preventDefault();
  }
}, true);

function settle() {
  setTimeout(() => { dragged = false; });
}

// --- free and taken time, while a lesson is dragged ---

async function paint(lesson) {
  board.dataset.dragging = "yes";
  board.querySelector("[data-board-legend]").hidden = false;
  const query = new URLSearchParams({ day: data.days[0], by: data.by, span: data.span });
  const response = await fetch(`${lesson.slotsUrl}?${query}`).catch(() => null);
  if (!response?.ok || response.redirected || board.dataset.dragging !== "yes") {
    return; // only a hint: the drop is decided by the server
  }
  const { slots } = await response.json();
  if (board.dataset.dragging === "yes") {
    board.dataset.painted = "yes";
    slotIds = slots.map((slot, number) => {
      calendar.addEvent(background(`slot-${number}`, slot.start, slot.end, slot.resource, slot.state, slot.text));
      return `slot-${number}`;
    });
  }
}

function unpaint() {
  board.dataset.dragging = board.dataset.painted = "no";
  board.querySelector("[data-board-legend]").hidden = true;
  slotIds.forEach((id) => calendar.removeEventById(id));
  slotIds = [];
}

// --- the drop ---

function drop({ event, newResource, revert }) {
  const { lesson } = event.extendedProps;
  const wanted = {
    start: localText(event.start),
    end: localText(event.end),
    teacher: lesson.teacher.id,
    room: lesson.room?.id ?? null,
  };
  if (newResource && data.by === "room") {
    wanted.room = newResource.id === "none" ? null : newResource.id;
  } else if (newResource && data.by === "teacher") {
    wanted.teacher = newResource.id;
  }
  return dropLesson(board, lesson, wanted, { revert, reload });
}

const pad = (number) => String(number).padStart(2, "0");

function isoDay(at) {
  return `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`;
}

function localText(at) {
  return `${isoDay(at)}T${pad(at.getHours())}:${pad(at.getMinutes())}:00`;
}

async function reload() {
  await load();
  board.querySelector("[data-board-calendar]").style.setProperty("--bd-columns", columnWidths());
  calendar.setOption("events", events());
  return data.lessons;
}

async function start() {
  try {
    await load();
  } catch {
    return; // the list is there
  }
  mount();
}

if (board && wide.matches) {
  start();
} else if (board) {
  wide.addEventListener("change", start, { once: true });
}
