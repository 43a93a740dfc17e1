// Tells the page whether the window is as narrow as a phone, whenever that is not what the page believes; and lets the
// days of the month be called what is written in them: the calendar names each after its date alone.

const narrow = window.matchMedia("(max-width: 640px)");
const CALENDARS = "iframe[title*=calendar]";
const DAYS = "td[role=gridcell][aria-labelledby]";
const watched = new WeakSet();

function nameDays(frame) {
  const drawn = frame.contentDocument;
  if (!drawn?.documentElement || watched.has(drawn)) return;
  watched.add(drawn);
  const rename = () => drawn.querySelectorAll(DAYS).forEach((day) => day.removeAttribute("aria-labelledby"));
  new MutationObserver(rename).observe(drawn.documentElement, { subtree: true, childList: true });
  rename();
}

function lookForCalendars() {
  document.querySelectorAll(CALENDARS).forEach((frame) => {
    if (!watched.has(frame)) {
      watched.add(frame);
      frame.addEventListener("load", () => nameDays(frame));
    }
    nameDays(frame);
  });
}

export default function ({ data, setStateValue }) {
  const tell = () => {
    if (narrow.matches !== data.narrow) setStateValue("narrow", narrow.matches);
  };
  tell();
  narrow.addEventListener("change", tell);
  lookForCalendars();
  const frames = new MutationObserver(lookForCalendars);
  frames.observe(document.body, { subtree: true, childList: true });
  return () => {
    narrow.removeEventListener("change", tell);
    frames.disconnect();
  };
}
