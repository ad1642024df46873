/**
 * The pad: up to four styles in its corners, and a point that says how much of each.
 *
 * @import { Look } from "./types.js"
 */

import { byId, el, icon, setText } from "./dom.js";
import { change, isUnderway, oneStrength, pickStyle, shares } from "./look.js";
import { on, onState, studio, thumbnailOf } from "./studio.js";

export const MOST = 4;
const CORNERS = ["top left", "top right", "bottom left", "bottom right"];
const STEP = 0.05;

/** Asked for by the pad: the next style that is chosen in the gallery is added. */
let adding = false;

/**
 * How much of each style there is at a point.
 *
 * @param {number} x 0 left to 1 right.
 * @param {number} y 0 top to 1 bottom.
 * @param {number} count Of styles: the corners are filled in the order of reading.
 * @returns {number[]} Together 1.
 */
export function weightsAt(x, y, count) {
  if (count === 2) y = 0;
  if (count === 3 && x + y > 1) {
    // The corner without a style belongs to its two neighbors: three styles share the half of the pad that is theirs.
    const over = (x + y - 1) / 2;
    x -= over;
    y -= over;
  }
  const all = count === 3 ? [1 - x - y, x, y] : [(1 - x) * (1 - y), x * (1 - y), (1 - x) * y, x * y];
  const filled = all.slice(0, count).map((weight) => Math.max(0, weight));
  const sum = filled.reduce((total, weight) => total + weight, 0) || 1;
  return filled.map((weight) => Math.round((weight / sum) * 1000) / 1000);
}

/**
 * Where the point is for these shares; the way back of weightsAt.
 *
 * @param {number[]} share Together 1.
 * @returns {[number, number]}
 */
export function pointOf(share) {
  if (share.length < 2) return [0, 0];
  if (share.length === 2) return [share[1], 0];
  if (share.length === 3) return [share[1], share[2]];
  return [share[1] + share[3], share[2] + share[3]];
}

/** @param {string} name Add a style to the blend, with an equal share. */
export function addToBlend(name) {
  adding = false;
  const look = studio.state?.look;
  if (!look || look.style.includes(name) || look.style.length >= MOST) return;
  const style = [...look.style, name];
  const [x, y] = style.length === 2 ? [0.5, 0] : style.length === 3 ? [1 / 3, 1 / 3] : [0.5, 0.5];
  change({ style, weights: weightsAt(x, y, style.length), ...oneStrength() });
}

/** @param {string} name */
export function removeFromBlend(name) {
  const look = studio.state?.look;
  if (!look || look.style.length < 2) return;
  const style = look.style.filter((other) => other !== name);
  if (style.length === 1) return pickStyle(style[0]);
  const weights = shares(look).filter((_, index) => look.style[index] !== name);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  change({ style, weights: weights.map((weight) => (sum ? weight / sum : 1 / style.length)), ...oneStrength() });
  return undefined;
}

/** @param {string} name What a click in the gallery does: the style alone, or into the corner that waits for one. */
export function chooseStyle(name) {
  if (!adding) return pickStyle(name);
  addToBlend(name);
  byId("corner-hint", HTMLElement).hidden = true;
  byId("pad-box", HTMLElement)
    .querySelector(/** @type {"button"} */ (".pad-point"))
    ?.focus();
  return undefined;
}

/** Build the pad, and follow the look. */
export function setUpBlend() {
  const box = byId("pad-box", HTMLElement);
  const point = el("button", { type: "button", class: "pad-point", "aria-describedby": "blend-hint" });
  const corners = CORNERS.map(() => el("div", { class: "corner" }));
  const pad = el("div", { class: "pad" }, ...corners, point);
  box.append(pad);
  const show = () => {
    const look = studio.state?.look;
    if (look) showPad(look, pad, point, corners);
  };
  onState(show);
  on("styles", () => {
    shown = "";
    show();
  });
  on("thumbnail", (name) => {
    for (const image of box.querySelectorAll("img")) if (image.dataset.style === name) image.src = thumbnailOf(name);
  });
  const follow = (/** @type {PointerEvent} */ event) => {
    const { left, top, width, height } = pad.getBoundingClientRect();
    // As far inside as the point is, half its own size.
    const half = point.offsetWidth / 2;
    move(
      pad,
      point,
      (event.clientX - left - half) / (width - 2 * half),
      (event.clientY - top - half) / (height - 2 * half),
    );
  };
  pad.addEventListener("pointerdown", (event) => {
    const button = event.target instanceof Element ? event.target.closest("button") : null;
    if ((studio.state?.look.style.length ?? 0) < 2 || (button && button !== point)) return;
    pad.setPointerCapture(event.pointerId);
    point.focus();
    follow(event);
    event.preventDefault();
  });
  pad.addEventListener("pointermove", (event) => pad.hasPointerCapture(event.pointerId) && follow(event));
  point.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    const look = studio.state?.look;
    if (!by || !look || look.style.length < 2) return;
    const [x, y] = place(pad);
    move(pad, point, x + by[0] * STEP, y + by[1] * STEP);
    event.preventDefault();
    event.stopPropagation();
  });
  byId("unblend", HTMLButtonElement).addEventListener("click", () => {
    const look = studio.state?.look;
    if (!look) return;
    const share = shares(look);
    pickStyle(look.style[share.indexOf(Math.max(...share))]);
  });
}

/** @param {HTMLElement} pad @returns {[number, number]} */
function place(pad) {
  return [Number(pad.style.getPropertyValue("--x") || 0), Number(pad.style.getPropertyValue("--y") || 0)];
}

/** @param {HTMLElement} pad @param {HTMLElement} point @param {number} x @param {number} y */
function move(pad, point, x, y) {
  const count = studio.state?.look.style.length ?? 0;
  const weights = weightsAt(Math.min(1, Math.max(0, x)), Math.min(1, Math.max(0, y)), count);
  put(pad, point, weights);
  change({ weights });
}

/** @param {HTMLElement} pad @param {HTMLElement} point @param {number[]} share */
function put(pad, point, share) {
  const [x, y] = pointOf(share);
  pad.style.setProperty("--x", String(x));
  pad.style.setProperty("--y", String(y));
  const names = studio.state?.look.style ?? [];
  const words = names.map((name, index) => `${studio.title(name)} ${Math.round((share[index] ?? 0) * 100)} %`);
  point.setAttribute("aria-label", `Blend: ${words.join(", ")}. Arrow keys move it.`);
  for (const [index, text] of pad.querySelectorAll(".share").entries()) {
    setText(text, `${Math.round((share[index] ?? 0) * 100)} %`);
  }
}

let shown = "";

/** @param {Look} look @param {HTMLElement} pad @param {HTMLButtonElement} point @param {HTMLElement[]} corners */
function showPad(look, pad, point, corners) {
  const count = look.style.length;
  const blended = count > 1;
  byId("unblend", HTMLButtonElement).hidden = !blended;
  pad.dataset.count = String(count);
  point.disabled = !blended;
  const key = look.style.join("\n");
  if (key !== shown) {
    shown = key;
    for (const [index, corner] of corners.entries()) {
      corner.replaceChildren(
        ...(index < count ? filled(look.style[index], blended) : index === count ? [empty(index)] : []),
      );
    }
  }
  if (!isUnderway("weights") && !pad.matches(":active")) put(pad, point, shares(look));
}

/** @param {string} name @param {boolean} removable */
function filled(name, removable) {
  const title = studio.title(name);
  const picture = el("img", { src: thumbnailOf(name), alt: "", "data-style": name, draggable: "false" });
  const words = el(
    "span",
    { class: "corner-words" },
    el("span", { class: "corner-name" }, title),
    el("span", { class: "share" }),
  );
  const away = el(
    "button",
    {
      type: "button",
      class: "icon-button tiny",
      "aria-label": `Take ${title} out of the blend`,
      click: () => removeFromBlend(name),
    },
    icon("close"),
  );
  return [studio.style(name) ? picture : icon("gallery"), words, removable ? away : ""].filter((part) => part !== "");
}

/** @param {number} index */
function empty(index) {
  const click = () => {
    adding = true;
    const hint = byId("corner-hint", HTMLElement);
    hint.hidden = false;
    setText(hint, `Choose a style for the ${CORNERS[index]} corner.`);
    document.dispatchEvent(new CustomEvent("pane", { detail: "styles" }));
    byId("tiles", HTMLElement)
      .querySelector(/** @type {"button"} */ (".tile[tabindex='0']"))
      ?.focus();
  };
  return el(
    "button",
    { type: "button", class: "corner-add", "aria-label": `Add a style, ${CORNERS[index]}`, click },
    icon("plus"),
  );
}
