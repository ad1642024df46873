/**
 * The studio's page: puts its parts together.
 *
 * @import { LookChange } from "./types.js"
 */

import { setUpAdjust } from "./adjust.js";
import { addToBlend, setUpBlend } from "./blend.js";
import { setUpBrowserCamera } from "./camera.js";
import { byId, say, setIcon, setText } from "./dom.js";
import { setUpDrop } from "./drop.js";
import { setUpFiles } from "./files.js";
import { setUpGallery, shownStyles } from "./gallery.js";
import { setUpKeys } from "./keys.js";
import { change, pickStyle, strength, travel } from "./look.js";
import { setUpLooks } from "./looks.js";
import { setUpMicrophone } from "./microphone.js";
import { setUpPictures } from "./pictures.js";
import { setUpSources } from "./sources.js";
import { setUpStage, toggleNotes } from "./stage.js";
import { connect, on, onState, studio } from "./studio.js";
import { setUpTransport } from "./transport.js";

const THEME = "streamstyle-theme";
const THEMES = ["system", "dark", "light"];
const THEME_WORDS = { system: "as the system has it", dark: "dark", light: "light" };
/** What a key goes through, again and again: fields of the look, and what is said. @type {Record<string, [LookChange, string][]>} */
const ROUNDS = {
  color: [
    [{ color: "style" }, "Colors of the painting"],
    [{ color: "content" }, "Your colors"],
    [{ color: "luma" }, "Your colors, light and dark of the painting"],
  ],
  people: [
    [{ person: "style", background: "style" }, "Everything is painted"],
    [{ person: "keep", background: "style" }, "People as they are"],
    [{ person: "style", background: "keep" }, "Only people are painted"],
  ],
  strokes: [
    [{ strokes: "fine" }, "Fine strokes"],
    [{ strokes: "medium" }, "Medium strokes"],
    [{ strokes: "bold" }, "Bold strokes"],
  ],
  grain: [
    [{ grain: 0 }, "No grain"],
    [{ grain: 0.5 }, "Some grain"],
    [{ grain: 1 }, "Much grain"],
  ],
  stillness: [
    [{ temporal: "on" }, "Strokes stay still"],
    [{ temporal: "off" }, "Strokes move with every picture"],
  ],
};
const STEP = 0.1;

setUpTheme();
setUpTabs();
setUpDialogs();
setUpStage();
setUpSources();
setUpBrowserCamera();
setUpTransport();
setUpMicrophone();
setUpGallery();
setUpBlend();
setUpAdjust();
setUpLooks();
setUpFiles();
setUpPictures();
setUpDrop(showTab);
setUpKeys({
  "next-style": () => step(1),
  "previous-style": () => step(-1),
  "pick-style": (key) => pick(Number(key) - 1),
  stronger: () => strengthen(STEP),
  weaker: () => strengthen(-STEP),
  color: () => next("color"),
  people: () => next("people"),
  strokes: () => next("strokes"),
  grain: () => next("grain"),
  stillness: () => next("stillness"),
  gallery: () => document.querySelector(/** @type {"button"} */ (".tile[tabindex='0']"))?.focus(),
  blend: toggleBlend,
  "side-by-side": () => byId("divide", HTMLButtonElement).click(),
  original: () => byId("compare", HTMLButtonElement).click(),
  mirror: () => byId("mirror", HTMLButtonElement).click(),
  pause: () => byId("pause", HTMLButtonElement).click(),
  record: () => byId("record", HTMLButtonElement).click(),
  snapshot: () => byId("snapshot", HTMLButtonElement).click(),
  "full-screen": () => byId("full-screen", HTMLButtonElement).click(),
  notes: toggleNotes,
  help: () => byId("help-dialog", HTMLDialogElement).showModal(),
  search: () => byId("style-search", HTMLInputElement).focus(),
  undo: () => void travel("undo"),
  redo: () => void travel("redo"),
});
showConnection();
on("connection", showConnection);
sayMessages();
connect();

/** @param {string} name Of a round: go on to what comes after what is shown; from elsewhere, to the first. */
function next(name) {
  const look = /** @type {Record<string, unknown>} */ (studio.state?.look ?? {});
  const round = ROUNDS[name];
  const now = round.findIndex(([fields]) => Object.entries(fields).every(([field, value]) => look[field] === value));
  const [fields, words] = round[(now + 1) % round.length];
  change(fields);
  say(words);
}

/** @param {number} by Styles, around the end, in the order of the gallery. */
function step(by) {
  const names = shownStyles().map((style) => style.name);
  if (!names.length) return;
  const now = names.indexOf(studio.state?.look.style[0] ?? "");
  pickStyle(names[(now + by + names.length) % names.length]);
}

/** @param {number} place */
function pick(place) {
  const style = shownStyles()[place];
  if (style) pickStyle(style.name);
  else say(`There is no style ${place + 1}.`);
}

/** @param {number} by */
function strengthen(by) {
  if (!studio.state) return;
  const alpha = Math.min(1, Math.max(0, Math.round((strength(studio.state.look) + by) * 100) / 100));
  change({ alpha: [alpha] });
  say(`Strength ${Math.round(alpha * 100)} %`);
}

function toggleBlend() {
  const look = studio.state?.look;
  if (!look) return;
  if (look.style.length > 1) return pickStyle(look.style[0]);
  const names = shownStyles().map((style) => style.name);
  const next = names[(names.indexOf(look.style[0]) + 1) % names.length];
  if (next) addToBlend(next);
  return undefined;
}

/** @param {"live" | "files"} name */
function showTab(name) {
  for (const tab of ["live", "files"]) {
    const chosen = tab === name;
    const button = byId(`tab-${tab}`, HTMLButtonElement);
    byId(tab, HTMLElement).hidden = !chosen;
    button.setAttribute("aria-selected", String(chosen));
    button.tabIndex = chosen ? 0 : -1;
  }
  history.replaceState(null, "", name === "files" ? "#files" : location.pathname);
}

function setUpTabs() {
  const tabs = /** @type {const} */ (["live", "files"]);
  for (const [index, tab] of tabs.entries()) {
    const button = byId(`tab-${tab}`, HTMLButtonElement);
    button.addEventListener("click", () => showTab(tab));
    button.addEventListener("keydown", (event) => {
      if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
      const other = tabs[1 - index];
      showTab(other);
      byId(`tab-${other}`, HTMLButtonElement).focus();
      event.preventDefault();
    });
  }
  byId("adjust-look", HTMLButtonElement).addEventListener("click", () => showTab("live"));
  const file = byId("job-files", HTMLInputElement);
  byId("open-file", HTMLButtonElement).addEventListener("click", () => file.click());
  file.addEventListener("change", () => showTab("files"));
  if (location.hash === "#files") showTab("files");
  const showPane = (/** @type {string} */ pane) => {
    byId("live", HTMLElement).dataset.pane = pane;
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.pane === pane));
  };
  const buttons = [...document.querySelectorAll(/** @type {"button"} */ (".panes button"))];
  for (const button of buttons) button.addEventListener("click", () => showPane(button.dataset.pane ?? "styles"));
  document.addEventListener("pane", (event) => showPane(/** @type {CustomEvent<string>} */ (event).detail));
}

function setUpDialogs() {
  for (const button of document.querySelectorAll("[data-close]"))
    button.addEventListener("click", () => button.closest("dialog")?.close());
  for (const dialog of document.querySelectorAll("dialog")) {
    // A click beside it.
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  }
  byId("help", HTMLButtonElement).addEventListener("click", () => byId("help-dialog", HTMLDialogElement).showModal());
  const undo = byId("undo", HTMLButtonElement);
  const redo = byId("redo", HTMLButtonElement);
  undo.addEventListener("click", () => void travel("undo"));
  redo.addEventListener("click", () => void travel("redo"));
  onState((state) => {
    undo.disabled = !state.can_undo;
    redo.disabled = !state.can_redo;
  });
}

function setUpTheme() {
  const button = byId("theme", HTMLButtonElement);
  const show = (/** @type {string} */ theme) => {
    document.documentElement.dataset.theme = theme;
    const words = THEME_WORDS[/** @type {keyof typeof THEME_WORDS} */ (theme)];
    button.title = `Colors of this page: ${words}`;
    button.setAttribute("aria-label", button.title);
    setIcon(button, theme === "system" ? "theme" : theme);
  };
  show(localStorage.getItem(THEME) ?? "system");
  button.addEventListener("click", () => {
    const next = THEMES[(THEMES.indexOf(document.documentElement.dataset.theme ?? "") + 1) % THEMES.length];
    localStorage.setItem(THEME, next);
    show(next);
  });
}

function showConnection() {
  const banner = byId("banner", HTMLElement);
  const texts = {
    connecting: "",
    open: "",
    gone: "The studio does not answer. This page goes on by itself as soon as it runs again: start it with “streamstyle studio”.",
    forbidden: "This page’s address is out of date. Open the address that “streamstyle studio” has printed.",
  };
  const text = texts[studio.connection];
  banner.hidden = text === "";
  setText(banner, text);
  document.body.classList.toggle("away", text !== "");
}

/** Say what the studio says, once. */
function sayMessages() {
  let last = -1;
  let first = true;
  onState((state) => {
    const { text = "", number = -1 } = state.message ?? {};
    // The name of a style that is ready stands in the picture's corner.
    if (number !== last && text && text !== state.style && !first) say(text[0].toUpperCase() + text.slice(1));
    [last, first] = [number, false];
  });
}
