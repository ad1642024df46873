/**
 * The picture in the middle: what is drawn, what is said over it, comparing, and full screen.
 *
 * @import { State } from "./types.js"
 */

import { sentence } from "./api.js";
import { isRunningHere, obstacle } from "./camera.js";
import { byId, setIcon, setText } from "./dom.js";
import { addDivider } from "./divider.js";
import { PictureFeed } from "./picture.js";
import { on, onState, studio } from "./studio.js";
import { counted } from "./words.js";

const FIGURES_MS = 500;
/** Held for longer, the button shows the unpainted picture only until it is let go. */
const HOLD_MS = 350;

const view = { original: false, divided: false, notes: true, painted: false };

/** Show the picture, for ever. */
export function setUpStage() {
  const screen = byId("screen", HTMLElement);
  const painted = byId("painted", HTMLCanvasElement);
  const divider = addDivider(screen);
  divider.hidden = true;
  const wanted = () => ({
    width: Math.max(160, Math.min(3840, Math.ceil(screen.clientWidth * window.devicePixelRatio))),
    original: view.original || view.divided,
  });
  const feed = new PictureFeed(painted, byId("original", HTMLCanvasElement), wanted, ({ width, height }) => {
    screen.style.setProperty("--aspect", String(width / height));
    if (!view.painted) {
      view.painted = true;
      show();
    }
  });
  feed.connect();
  onState(show);
  on("styles", show);
  on("connection", show);
  setInterval(() => showFigures(feed), FIGURES_MS);
  setUpCompare(screen, divider);
  setUpFullScreen();
  function show() {
    if (studio.state) showPhase(studio.state, feed);
  }
}

/** Show or hide what is written over the picture. */
export function toggleNotes() {
  view.notes = !view.notes;
  byId("stage-notes", HTMLElement).hidden = !view.notes;
}

/** @param {State} state @param {PictureFeed} feed */
function showPhase({ live, style, waiting }, feed) {
  if (live.phase === "off" || live.phase === "failed") view.painted = false;
  const running = live.phase === "running";
  byId("welcome", HTMLElement).hidden = live.phase !== "off";
  byId("starting", HTMLElement).hidden = view.painted || !(live.phase === "starting" || running);
  byId("failed", HTMLElement).hidden = live.phase !== "failed";
  byId("screen", HTMLElement).hidden = !view.painted;
  const from =
    live.source?.kind === "browser"
      ? isRunningHere()
        ? "this browser’s camera"
        : "another page’s camera"
      : (live.source?.name ?? "the camera");
  setText(byId("starting-text", HTMLElement), live.problem ? sentence(live.problem) : `Waiting for ${from}…`);
  byId("use-here", HTMLButtonElement).hidden = live.source?.kind !== "browser" || isRunningHere() || obstacle() !== null;
  setText(byId("failed-text", HTMLElement), sentence(live.problem ?? "The camera gave no picture."));
  const problem = byId("stage-problem", HTMLElement);
  const text = feed.full
    ? "Too many pages show this picture. Close one of them; this one goes on by itself."
    : live.problem;
  problem.hidden = !text || !view.painted;
  setText(problem, sentence(text ?? ""));
  const shown = byId("shown-style", HTMLElement);
  shown.hidden = !view.painted;
  shown.classList.toggle("waiting", waiting);
  const wanted = (studio.state?.look.style ?? []).map((name) => studio.title(name)).join(" + ");
  setText(
    shown,
    waiting
      ? `Getting ${wanted} ready…`
      : style
          .split("+")
          .map((name) => studio.title(name.trim()))
          .join(" + "),
  );
}

/** @param {PictureFeed} feed */
function showFigures(feed) {
  const pill = byId("figures", HTMLElement);
  const figures = view.painted ? feed.figures() : null;
  pill.hidden = figures === null;
  if (!figures) return;
  const delay = Math.max(0, figures.delay);
  setText(
    pill,
    `${counted(Math.round(figures.rate), "picture")} a second · ${delay < 10 ? delay.toFixed(2) : Math.round(delay)} s behind`,
  );
}

/** @param {HTMLElement} screen @param {HTMLElement} divider */
function setUpCompare(screen, divider) {
  const compare = byId("compare", HTMLButtonElement);
  const divide = byId("divide", HTMLButtonElement);
  const show = () => {
    screen.classList.toggle("unpainted", view.original);
    screen.classList.toggle("divided", view.divided && !view.original);
    divider.hidden = !view.divided || view.original;
    compare.setAttribute("aria-pressed", String(view.original));
    divide.setAttribute("aria-pressed", String(view.divided));
    screen
      .querySelector("#painted")
      ?.setAttribute("aria-label", view.original ? "The unpainted picture" : "The picture as it is painted now");
  };
  let pressedAt = 0;
  let wasOn = false;
  compare.addEventListener("pointerdown", (event) => {
    compare.setPointerCapture(event.pointerId);
    [pressedAt, wasOn] = [performance.now(), view.original];
    view.original = true;
    show();
  });
  const letGo = () => {
    if (!pressedAt) return;
    // A short press switches, a long one shows it only for so long.
    view.original = performance.now() - pressedAt < HOLD_MS ? !wasOn : false;
    pressedAt = 0;
    show();
  };
  compare.addEventListener("pointerup", letGo);
  compare.addEventListener("pointercancel", letGo);
  compare.addEventListener("contextmenu", (event) => event.preventDefault());
  // Clicks of a pointer were dealt with above; those of keys and screen readers come alone.
  compare.addEventListener("click", (event) => event.detail === 0 && toggle("original"));
  divide.addEventListener("click", () => toggle("divided"));
  /** @param {"original" | "divided"} what */
  function toggle(what) {
    view[what] = !view[what];
    show();
  }
  show();
}

function setUpFullScreen() {
  const area = byId("painted-area", HTMLElement);
  const button = byId("full-screen", HTMLButtonElement);
  const isFull = () => document.fullscreenElement === area || area.classList.contains("fills");
  const show = () => {
    button.setAttribute("aria-pressed", String(isFull()));
    setIcon(button, isFull() ? "small-screen" : "full-screen");
  };
  button.addEventListener("click", async () => {
    if (document.fullscreenElement) await document.exitFullscreen();
    else if (area.classList.contains("fills")) area.classList.remove("fills");
    // Phones by Apple have no full screen for a page's parts: the picture then fills the page.
    else await (area.requestFullscreen?.() ?? Promise.reject(new Error())).catch(() => area.classList.add("fills"));
    show();
  });
  document.addEventListener("fullscreenchange", show);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && area.classList.contains("fills")) {
      area.classList.remove("fills");
      show();
    }
  });
}
