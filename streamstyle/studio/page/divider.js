/** A line over two pictures that is dragged, or moved by the arrow keys: left of it one, right of it the other. */

import { el } from "./dom.js";

const STEP = 2;

/**
 * Put a dividing line into an element, which gets the property --split, 0 to 100, for its style sheet to cut the pictures at.
 *
 * @param {HTMLElement} box
 * @returns {HTMLElement} The line.
 */
export function addDivider(box) {
  const line = el("div", {
    class: "divider",
    role: "slider",
    tabindex: 0,
    "aria-label": "Dividing line between before and painted",
    "aria-valuemin": 0,
    "aria-valuemax": 100,
  });
  const move = (/** @type {number} */ percent) => {
    const split = Math.min(100, Math.max(0, Math.round(percent * 10) / 10));
    box.style.setProperty("--split", String(split));
    line.setAttribute("aria-valuenow", String(Math.round(split)));
    line.setAttribute("aria-valuetext", `${Math.round(split)} % before`);
  };
  const follow = (/** @type {PointerEvent} */ event) => {
    const { left, width } = box.getBoundingClientRect();
    move(((event.clientX - left) / width) * 100);
  };
  line.addEventListener("pointerdown", (event) => {
    line.setPointerCapture(event.pointerId);
    line.focus();
    event.preventDefault();
  });
  line.addEventListener("pointermove", (event) => line.hasPointerCapture(event.pointerId) && follow(event));
  line.addEventListener("keydown", (event) => {
    const now = Number(line.getAttribute("aria-valuenow"));
    const step = event.shiftKey ? 5 * STEP : STEP;
    const to = {
      ArrowLeft: now - step,
      ArrowDown: now - step,
      ArrowRight: now + step,
      ArrowUp: now + step,
      Home: 0,
      End: 100,
    };
    if (!(event.key in to)) return;
    move(to[/** @type {keyof typeof to} */ (event.key)]);
    event.preventDefault();
    event.stopPropagation();
  });
  move(50);
  box.append(line);
  return line;
}
