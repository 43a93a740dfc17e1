// A note of several sections. Sends what was typed two seconds after the last key, when a field is left, and on
// Ctrl+S; never overwrites text that was not sent yet. The server answers each sending by its number.

const PAUSE_MS = 2000;
const ANSWER_MS = 8000;
const editors = new WeakMap();

export default function (component) {
  const { data, parentElement, setStateValue } = component;
  let editor = editors.get(parentElement);
  if (!editor) {
    editor = new Editor(parentElement, data);
    editors.set(parentElement, editor);
  }
  editor.update(data, setStateValue);
  return () => {
    editor.close();
    editors.delete(parentElement);
  };
}

class Editor {
  constructor(parent, data) {
    this.fields = new Map();
    this.sent = {};
    this.token = null;
    this.number = 0;
    this.dirty = false;
    this.root = document.createElement("div");
    this.root.className = "note";
    for (const section of data.sections) {
      this.root.append(this.section(section, data.limit));
    }
    this.status = document.createElement("p");
    this.status.className = "status";
    this.status.setAttribute("role", "status");
    this.root.append(this.status);
    parent.append(this.root);
    this.warn = (event) => {
      if (this.dirty || this.waiting) event.preventDefault();
    };
    this.hide = () => {
      if (document.visibilityState === "hidden") this.send();
    };
    window.addEventListener("beforeunload", this.warn);
    document.addEventListener("visibilitychange", this.hide);
  }

  section({ name, label, hint }, limit) {
    const box = document.createElement("label");
    const word = document.createElement("span");
    word.textContent = label;
    const field = document.createElement("textarea");
    field.name = name;
    field.placeholder = hint;
    field.maxLength = limit;
    field.rows = 4;
    field.addEventListener("input", () => this.typed(field));
    field.addEventListener("blur", () => this.send());
    field.addEventListener("keydown", (event) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") {
        event.preventDefault();
        this.send();
      }
    });
    this.fields.set(name, field);
    box.append(word, field);
    return box;
  }

  update(data, setStateValue) {
    this.setStateValue = setStateValue;
    if (data.token !== this.token) {
      if (!this.dirty) {
        this.adopt(data);
      } else if (this.isOurs(data.notes)) {
        this.token = data.token;
        this.base = data.base;
      }
    }
    const answer = data.answer;
    if (answer && answer.number === this.number && this.waiting) {
      clearTimeout(this.waiting);
      this.waiting = null;
      if (!this.dirty) this.say(answer.kept ? "kept" : "refused", answer.text);
      this.last = answer.kept ? answer.text : this.last;
    }
  }

  // The server's text takes the place of what is shown.
  adopt(data) {
    this.token = data.token;
    this.base = data.base;
    this.sent = { ...data.notes };
    for (const [name, field] of this.fields) {
      if (field.value !== data.notes[name]) field.value = data.notes[name] ?? "";
      this.fit(field);
    }
    this.say("", data.told);
  }

  // The text that came back is what we sent: the person has only typed on since.
  isOurs(notes) {
    return Object.entries(this.sent).every(([name, text]) => (notes[name] ?? "") === text.trim());
  }

  typed(field) {
    this.dirty = true;
    this.fit(field);
    this.say("writing", "writing …");
    clearTimeout(this.pause);
    this.pause = setTimeout(() => this.send(), PAUSE_MS);
  }

  send() {
    clearTimeout(this.pause);
    if (!this.dirty || !this.setStateValue) return;
    const notes = Object.fromEntries([...this.fields].map(([name, field]) => [name, field.value]));
    this.dirty = false;
    this.sent = notes;
    this.number = Math.max(this.number + 1, Date.now());
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.unanswered(), ANSWER_MS);
    this.setStateValue("typed", { number: this.number, token: this.token, base: this.base, notes });
  }

  unanswered() {
    this.waiting = null;
    this.dirty = true;
    this.say("refused", this.last ? `not saved since: ${this.last}` : "not saved");
    this.pause = setTimeout(() => this.send(), ANSWER_MS);
  }

  say(kind, text) {
    this.status.className = `status ${kind}`;
    this.status.textContent = text ?? "";
  }

  fit(field) {
    field.style.height = "auto";
    field.style.height = `${field.scrollHeight + 2}px`;
  }

  close() {
    clearTimeout(this.pause);
    clearTimeout(this.waiting);
    window.removeEventListener("beforeunload", this.warn);
    document.removeEventListener("visibilitychange", this.hide);
    this.root.remove();
  }
}
