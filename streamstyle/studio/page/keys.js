/**
 * Shortcuts: the same keys as in the window of `streamstyle camera`, and a few that only a page has.
 */

import { byId, el } from "./dom.js";

/**
 * @typedef {object} Binding
 * @property {string} command
 * @property {string[]} keys As KeyboardEvent has them, small.
 * @property {string} help
 */

/** @type {Binding[]} */
export const BINDINGS = [
  { command: "next-style", keys: ["n", "arrowright"], help: "next style" },
  { command: "previous-style", keys: ["p", "arrowleft"], help: "previous style" },
  { command: "pick-style", keys: [..."123456789"], help: "style by number" },
  { command: "stronger", keys: ["arrowup", "+", "="], help: "stronger style" },
  { command: "weaker", keys: ["arrowdown", "-", "_"], help: "weaker style" },
  { command: "color", keys: ["c"], help: "whose colors" },
  { command: "blend", keys: ["b"], help: "blend with the next" },
  { command: "people", keys: ["k"], help: "people as they are" },
  { command: "strokes", keys: ["w"], help: "width of strokes" },
  { command: "grain", keys: ["g"], help: "grain in skies" },
  { command: "stillness", keys: ["l"], help: "still or lively" },
  { command: "gallery", keys: ["t"], help: "to the styles" },
  { command: "side-by-side", keys: ["s"], help: "dividing line" },
  { command: "original", keys: ["o"], help: "unpainted picture" },
  { command: "mirror", keys: ["m"], help: "mirror" },
  { command: "pause", keys: ["v"], help: "pause a film" },
  { command: "record", keys: ["r"], help: "record / stop" },
  { command: "snapshot", keys: [" ", "x"], help: "snapshot" },
  { command: "full-screen", keys: ["f", "f11"], help: "full screen" },
  { command: "notes", keys: ["i"], help: "figures on / off" },
  { command: "help", keys: ["h", "?", "f1"], help: "this help" },
  { command: "search", keys: ["/"], help: "search styles" },
  { command: "undo", keys: ["ctrl+z"], help: "undo" },
  { command: "redo", keys: ["ctrl+shift+z", "ctrl+y"], help: "redo" },
];

/** Keys that mean something to the control that has the focus. */
const TYPING = "input:not([type='checkbox'], [type='range'], [type='radio']), select, textarea, [contenteditable]";
const MOVING = "[type='range'], [type='radio'], [role='slider'], [role='tab'], .tile, .pad-point";
const PRESSING = "button, a, summary, [type='checkbox'], [type='radio'], [role='slider']";
const OFF = "streamstyle-no-single-keys";
const LABELS = { " ": "Space", arrowright: "→", arrowleft: "←", arrowup: "↑", arrowdown: "↓", f11: "F11", f1: "F1" };

/**
 * Listen for shortcuts.
 *
 * @param {Record<string, (key: string) => void>} commands What each one does.
 */
export function setUpKeys(commands) {
  document.addEventListener("keydown", (event) => {
    const binding = bindingOf(event);
    if (!binding || !(binding.command in commands)) return;
    commands[binding.command](event.key);
    event.preventDefault();
  });
  const single = byId("single-keys", HTMLInputElement);
  single.checked = localStorage.getItem(OFF) === null;
  single.addEventListener("change", () => {
    if (single.checked) localStorage.removeItem(OFF);
    else localStorage.setItem(OFF, "yes");
  });
  const rows = BINDINGS.flatMap(({ keys, help }) => [el("dt", {}, ...caps(keys)), el("dd", {}, help)]);
  byId("key-list", HTMLElement).replaceChildren(...rows);
}

/** @param {string[]} keys */
function caps(keys) {
  const shown = keys.length === 9 ? ["1–9"] : keys.filter((key) => key !== "=" && key !== "_");
  return shown.map((key) =>
    el(
      "kbd",
      {},
      LABELS[/** @type {keyof typeof LABELS} */ (key)] ?? key.replace(/\b[a-z]/g, (letter) => letter.toUpperCase()),
    ),
  );
}

/** @param {KeyboardEvent} event */
function bindingOf(event) {
  const target = event.target instanceof Element ? event.target : document.body;
  if (event.altKey || target.matches(TYPING) || document.querySelector("dialog[open]")) return undefined;
  const found = named(event, target);
  // The other tab has no picture to change, and its page scrolls by the arrow keys.
  return byId("live", HTMLElement).hidden && found?.command !== "help" ? undefined : found;
}

/** @param {KeyboardEvent} event @param {Element} target */
function named(event, target) {
  const held = event.ctrlKey || event.metaKey;
  const key = event.key.toLowerCase();
  if (held) {
    const name = `ctrl+${event.shiftKey ? "shift+" : ""}${key}`;
    return BINDINGS.find((binding) => binding.keys.includes(name));
  }
  if (localStorage.getItem(OFF) !== null || (event.repeat && !key.startsWith("arrow"))) return undefined;
  if ((key.startsWith("arrow") || /^[+\-=_]$/.test(key)) && target.matches(MOVING)) return undefined;
  if (key === " " && target.matches(PRESSING)) return undefined;
  return BINDINGS.find((binding) => binding.keys.includes(key));
}
