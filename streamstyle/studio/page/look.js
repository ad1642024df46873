/**
 * Changes of the look, sent to the server: one request at a time, and what comes meanwhile goes together with the next one.
 *
 * @import { Look, LookChange } from "./types.js"
 */

import { patch, post } from "./api.js";
import { attempt, reasonOf, say } from "./dom.js";
import { emit, studio, takeState } from "./studio.js";

/** @type {LookChange} */
let waiting = {};
/** @type {LookChange} */
let underway = {};
let sending = false;

/**
 * Change fields of the look now.
 *
 * @param {LookChange} fields null for the default.
 */
export function change(fields) {
  Object.assign(waiting, fields);
  if (!sending) void send();
}

/** @param {string} field Whether the server has not yet got what was set last: then its own value is not to be shown. */
export function isUnderway(field) {
  return field in waiting || field in underway;
}

async function send() {
  sending = true;
  while (Object.keys(waiting).length) {
    underway = waiting;
    waiting = {};
    try {
      const { look } = await patch("/look", underway);
      if (studio.state) studio.state = { ...studio.state, look };
    } catch (error) {
      say(reasonOf(error), { bad: true });
    }
    underway = {};
  }
  sending = false;
  emit("state");
}

/** @param {"undo" | "redo"} which */
export async function travel(which) {
  const answer = await attempt(post(`/look/${which}`));
  if (answer?.version) takeState(answer);
}

/** @param {Look} look The strength, of the strongest where styles have their own; over time, where it begins. */
export function strength(look) {
  return Math.max(...look.alpha.map(number));
}

/** @param {number | string} value A number, or text such as 0@0,1@5. */
export function number(value) {
  return typeof value === "number" ? value : Number.parseFloat(value);
}

/** @param {Look} look The share of each style, together 1. */
export function shares(look) {
  const weights = look.style.map((_, index) => number(look.weights[index] ?? 1));
  const sum = weights.reduce((total, weight) => total + weight, 0) || 1;
  return weights.map((weight) => weight / sum);
}

/**
 * Show one style alone.
 *
 * @param {string} name
 */
export function pickStyle(name) {
  change({ style: [name], weights: null, ...oneStrength() });
}

/** Strengths per style do not fit another number of styles. */
export function oneStrength() {
  const look = studio.state?.look;
  return look && look.alpha.length > 1 ? { alpha: [strength(look)] } : {};
}
