// Tells the page whether the window is as narrow as a phone, whenever that is not what the page believes.

const narrow = window.matchMedia("(max-width: 640px)");

export default function ({ data, setStateValue }) {
  const tell = () => {
    if (narrow.matches !== data.narrow) setStateValue("narrow", narrow.matches);
  };
  tell();
  narrow.addEventListener("change", tell);
  return () => narrow.removeEventListener("change", tell);
}
