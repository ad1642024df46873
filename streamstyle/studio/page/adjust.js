/**
 * The panel of sliders: each with its number and a way back to where it was at first.
 *
 * @import { Look, LookChange, State } from "./types.js"
 */

import { byId, el, iconButton, setText } from "./dom.js";
import { change, isUnderway, number, strength } from "./look.js";
import { on, onState, studio } from "./studio.js";

/** Short sides at which frames are painted, in pixels: as the server's words have them, and the ends of the slider. */
const STROKES = { fine: 420, medium: 300, bold: 220 };
const [FINEST, BOLDEST] = [720, 150];
/** A slider that comes so near to one of the words takes it. */
const NEAR = 2;

/**
 * @typedef {object} Slider
 * @property {keyof Look} field
 * @property {string} label
 * @property {string} help
 * @property {number} low
 * @property {number} high
 * @property {string} unit
 * @property {(look: Look) => number} read The number that is shown.
 * @property {(value: number) => LookChange} write
 * @property {Record<string, number>} [marks] Words below the slider, and where they are.
 * @property {(look: Look) => boolean} [shown]
 */

const percent = (/** @type {number} */ share) => Math.round(share * 100);

/** @param {number | string} strokes @returns {number} 0 finest to 100 boldest. */
export function boldness(strokes) {
  const pixels =
    typeof strokes === "number" ? strokes : (STROKES[/** @type {keyof typeof STROKES} */ (strokes)] ?? STROKES.medium);
  return Math.min(100, Math.max(0, Math.round((Math.log(FINEST / pixels) / Math.log(FINEST / BOLDEST)) * 100)));
}

/** @param {number} bold The way back of boldness. @returns {number | string} */
export function strokes(bold) {
  const word = Object.keys(STROKES).find((name) => Math.abs(boldness(name) - bold) <= NEAR);
  return word ?? Math.round(FINEST * (BOLDEST / FINEST) ** (bold / 100));
}

/** @type {Slider[]} */
const SLIDERS = [
  {
    field: "alpha",
    label: "Strength",
    help: "How much of a painting the picture becomes",
    low: 0,
    high: 100,
    unit: "%",
    read: (look) => percent(strength(look)),
    write: (value) => ({ alpha: [value / 100] }),
  },
  {
    field: "strokes",
    label: "Strokes",
    help: "From a fine brush to a broad one",
    low: 0,
    high: 100,
    unit: "",
    read: (look) => boldness(look.strokes),
    write: (value) => ({ strokes: strokes(value) }),
    marks: Object.fromEntries(Object.keys(STROKES).map((word) => [word, boldness(word)])),
  },
  {
    field: "grain",
    label: "Grain",
    help: "Brushwork in skies and on plain walls",
    low: 0,
    high: 100,
    unit: "%",
    read: (look) => percent(look.grain),
    write: (value) => ({ grain: value / 100 }),
  },
  {
    field: "faces",
    label: "Faces",
    help: "How firmly eyes and mouths are drawn",
    low: 0,
    high: 100,
    unit: "%",
    read: (look) => percent(look.faces ?? 0),
    write: (value) => ({ faces: value / 100 }),
    shown: (look) => look.faces !== undefined,
  },
];

/** @type {Slider} */
const OWN_COLORS = {
  field: "color_strength",
  label: "How much of these colors",
  help: "0 is the painting’s colors again",
  low: 0,
  high: 100,
  unit: "%",
  read: (look) => percent(look.color_strength),
  write: (value) => ({ color_strength: value / 100 }),
  shown: (look) => look.color !== "style",
};

const COLORS = [
  ["style", "Painting’s"],
  ["content", "Mine"],
  ["luma", "Light only"],
];

/** @type {Slider} */
const SCALE = {
  field: "style_size",
  label: "Size of the painting’s patterns",
  help: "How near the painting is looked at",
  low: 128,
  high: 768,
  unit: "",
  read: (look) => look.style_size,
  write: (value) => ({ style_size: Math.round(value) }),
};

const ADJUSTED = /** @type {const} */ ([
  "alpha",
  "strokes",
  "grain",
  "faces",
  "temporal",
  "color",
  "color_strength",
  "person",
  "background",
  "style_size",
]);

/** Build the panel, and follow the look. */
export function setUpAdjust() {
  const box = byId("controls", HTMLElement);
  box.append(
    ...SLIDERS.map(sliderOf),
    choice("color", "Colors", "Whose colors; “light only” keeps yours and paints light and dark", COLORS),
    sliderOf(OWN_COLORS),
    still(),
    el("div", { class: "pair" }, region("person", "People"), region("background", "Background")),
    el("details", { class: "more" }, el("summary", {}, "More"), sliderOf(SCALE)),
  );
  byId("reset-all", HTMLButtonElement).addEventListener("click", () => {
    change(Object.fromEntries(ADJUSTED.map((field) => [field, null])));
  });
  onState(showDetails);
}

/**
 * A control with its label, help and reset.
 *
 * @param {keyof Look} field
 * @param {string} title
 * @param {string} help
 * @param {HTMLElement} heading What labels the control.
 * @param {HTMLElement | null} beside At the end of the heading's line.
 * @param {...HTMLElement} below
 */
function control(field, title, help, heading, beside, ...below) {
  heading.classList.add("control-title");
  const reset = iconButton("reset", `Reset ${title}`, () => change({ [field]: null }), { class: "icon-button tiny reset" });
  const head = el("div", { class: "control-head" }, heading, reset, beside);
  const box = el("div", { class: "control", "data-field": field, title: help }, head, ...below);
  onState((state) => {
    const usual = studio.defaults.get(field);
    reset.disabled = usual === undefined || String(usual) === String(state.look[field]);
  });
  return box;
}

/** @param {Slider} slider */
function sliderOf(slider) {
  const { field, label, low, high, unit } = slider;
  const limits = { min: low, max: high, step: 1 };
  const range = el("input", { type: "range", id: `slider-${field}`, ...limits, "aria-describedby": `help-${field}` });
  const typed = el("input", {
    type: "number",
    ...limits,
    class: "figure",
    "aria-label": `${label}, as a number`,
    inputmode: "numeric",
  });
  const figure = el("span", { class: "figure-box" }, typed, el("span", { class: "unit", "aria-hidden": "true" }, unit));
  const heading = el("label", { for: range.id }, label);
  const set = (/** @type {number} */ value) => {
    const within = Math.min(high, Math.max(low, Math.round(value)));
    show(within);
    change(slider.write(within));
  };
  const show = (/** @type {number} */ value) => {
    if (Number(range.value) !== value) range.value = String(value);
    if (document.activeElement !== typed) typed.value = String(value);
    range.setAttribute("aria-valuetext", `${value}${unit ? ` ${unit}` : ""}`);
    range.style.setProperty("--filled", `${((value - low) / (high - low)) * 100}%`);
  };
  range.addEventListener("input", () => set(Number(range.value)));
  typed.addEventListener("input", () => typed.value !== "" && typed.checkValidity() && set(Number(typed.value)));
  typed.addEventListener("blur", () => studio.state && show(Math.round(slider.read(studio.state.look))));
  const marks = slider.marks && wordsBelow(slider.marks, low, high, set);
  const help = el("span", { class: "visually-hidden", id: `help-${field}` }, slider.help);
  const box = control(field, label, slider.help, heading, figure, range, ...(marks ? [marks] : []), help);
  onState((state) => {
    box.hidden = slider.shown !== undefined && !slider.shown(state.look);
    if (!isUnderway(field)) show(Math.round(slider.read(state.look)));
    box.classList.toggle("over-time", /@/.test(String(state.look[field])));
  });
  return box;
}

/**
 * @param {Record<string, number>} marks
 * @param {number} low
 * @param {number} high
 * @param {(value: number) => void} set
 */
function wordsBelow(marks, low, high, set) {
  const buttons = Object.entries(marks).map(([word, value]) => {
    const button = el("button", { type: "button", class: "mark", click: () => set(value) }, word);
    button.style.setProperty("--at", String((value - low) / (high - low)));
    return button;
  });
  return el("div", { class: "marks" }, ...buttons);
}

/**
 * @param {"color"} field
 * @param {string} title
 * @param {string} help
 * @param {string[][]} choices
 */
function choice(field, title, help, choices) {
  const id = `choice-${field}`;
  const buttons = choices.map(([value, text]) =>
    el(
      "label",
      {},
      el("input", { type: "radio", name: field, value, change: () => change({ [field]: value }) }),
      el("span", {}, text),
    ),
  );
  const group = el("div", { class: "segments", role: "radiogroup", "aria-labelledby": id }, ...buttons);
  onState((state) => {
    if (isUnderway(field)) return;
    for (const input of group.querySelectorAll("input")) input.checked = input.value === state.look[field];
  });
  return control(field, title, help, el("span", { id }, title), null, group);
}

function still() {
  const input = el("input", { type: "checkbox", role: "switch", id: "still" });
  input.addEventListener("change", () => change({ temporal: input.checked ? "on" : "off" }));
  const heading = el("label", { for: "still" }, "Stillness", el("small", {}, "Strokes stay where nothing moves"));
  onState((state) => {
    if (!isUnderway("temporal")) input.checked = state.look.temporal === "on";
  });
  return control("temporal", "Stillness", "Keeps strokes from flickering where the picture does not move", heading, input);
}

/** @param {"person" | "background"} field @param {string} title */
function region(field, title) {
  const select = el("select", { id: `region-${field}` });
  select.addEventListener("change", () => change({ [field]: select.value }));
  const show = () => {
    const look = studio.state?.look;
    if (!look || isUnderway(field)) return;
    const own = look[field];
    const named = studio.styles.map(({ name, title: words }) => [name, words]);
    if (!["style", "keep", ...studio.styles.map((style) => style.name)].includes(own)) named.push([own, own]);
    const options = [["style", "Like the rest"], ["keep", "Unpainted"], ...named];
    const key = options.join("\n");
    if (select.dataset.key !== key) {
      select.dataset.key = key;
      select.replaceChildren(...options.map(([value, words]) => el("option", { value }, words)));
    }
    select.value = own;
  };
  onState(show);
  on("styles", show);
  const help = `${title}: painted like the rest, left alone, or in a style of their own`;
  return control(field, title, help, el("label", { for: select.id }, title), null, select);
}

/** @param {State} state What a person asks for who wants to know: nothing of it is needed to use the studio. */
function showDetails(state) {
  const list = byId("details-list", HTMLElement);
  const words = { ...state.details, strokes: `${state.look.strokes}`, strength: state.look.alpha.map(number).join(", ") };
  const rows = Object.entries(words).flatMap(([name, value]) => [
    el("dt", {}, name.replace(/_/g, " ")),
    el("dd", {}, Array.isArray(value) ? value.join(" × ") : String(value ?? "–")),
  ]);
  if (list.textContent !== rows.map((row) => row.textContent).join("")) list.replaceChildren(...rows);
  setText(byId("details", HTMLDetailsElement).querySelector("summary") ?? list, "Details");
}
