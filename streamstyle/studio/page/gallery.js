/**
 * The gallery: every style painted on the user's own picture; search, favorites, own paintings.
 *
 * @import { Style } from "./types.js"
 */

import { post, put, remove, upload } from "./api.js";
import { addToBlend, chooseStyle, removeFromBlend, MOST } from "./blend.js";
import { ask, attempt, byId, el, iconButton, say, setIcon, setText } from "./dom.js";
import { pickStyle } from "./look.js";
import { on, onState, studio, thumbnailOf } from "./studio.js";
import { stem } from "./words.js";

const LARGEST = 50e6;

/** @type {Map<string, HTMLLIElement>} */
const tiles = new Map();
let which = "all";

/** The styles in the order in which they are shown, without those that are filtered away. */
export function shownStyles() {
  return ordered().filter((style) => tiles.get(style.name)?.hidden === false);
}

/** Favorites first, then own ones, then the rest, each as the server has them. */
function ordered() {
  const rank = (/** @type {Style} */ style) => (style.favorite ? 0 : style.kind === "own" ? 1 : 2);
  return [...studio.styles].sort((one, other) => rank(one) - rank(other));
}

/** Fill the gallery, and follow the server. */
export function setUpGallery() {
  const list = byId("tiles", HTMLUListElement);
  const search = byId("style-search", HTMLInputElement);
  on("styles", showStyles);
  on("thumbnail", (name) => showThumbnail(name));
  onState(showChosen);
  search.addEventListener("input", filter);
  search.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && search.value) {
      search.value = "";
      filter();
      event.preventDefault();
    } else if (event.key === "Enter" || event.key === "ArrowDown") {
      visibleTiles()[0]?.focus();
      event.preventDefault();
    }
  });
  byId("style-filter", HTMLElement).addEventListener("change", (event) => {
    which = /** @type {HTMLInputElement} */ (event.target).value;
    filter();
  });
  list.addEventListener("keydown", walk);
  list.addEventListener("focusin", (event) => {
    const tile = /** @type {HTMLElement} */ (event.target).closest("li");
    if (tile) makeCurrent(tile);
  });
  const file = byId("style-file", HTMLInputElement);
  byId("add-style", HTMLButtonElement).addEventListener("click", () => file.click());
  file.addEventListener("change", () => {
    void addStyles([...(file.files ?? [])]);
    file.value = "";
  });
  byId("fresh-thumbnails", HTMLButtonElement).addEventListener("click", async () => {
    if ((await attempt(post("/styles/thumbnails"))) !== undefined)
      say("The styles are painted on your picture, one by one.");
  });
}

/**
 * Make pictures of paintings styles; the last one is shown.
 *
 * @param {File[]} files
 */
export async function addStyles(files) {
  for (const file of files) {
    if (file.size > LARGEST) {
      say(`${file.name} is larger than 50 MB. Save a smaller picture of the painting, and add that.`, { bad: true });
      continue;
    }
    const name = stem(file.name) || "painting";
    say(`Adding “${name}”…`);
    const style = await attempt(
      upload(`/styles?name=${encodeURIComponent(name)}`, file, () => {}, new AbortController().signal),
    );
    if (style) {
      pickStyle(style.name);
      say(`“${style.title}” is one of your styles.`);
    }
  }
}

function showStyles() {
  const list = byId("tiles", HTMLUListElement);
  const names = new Set(studio.styles.map((style) => style.name));
  for (const [name, tile] of tiles) {
    if (!names.has(name)) {
      tile.remove();
      tiles.delete(name);
    }
  }
  const focused = document.activeElement;
  for (const [index, style] of ordered().entries()) {
    let tile = tiles.get(style.name);
    if (!tile) {
      tile = newTile(style);
      tiles.set(style.name, tile);
    }
    showTile(tile, style);
    if (list.children[index] !== tile) list.insertBefore(tile, list.children[index] ?? null);
  }
  // An element that is moved loses the focus.
  if (focused instanceof HTMLElement && list.contains(focused)) focused.focus();
  filter();
  showChosen();
}

/** @param {Style} style */
function newTile(style) {
  const name = style.name;
  return el(
    "li",
    { "data-style": name },
    el(
      "button",
      { type: "button", class: "tile", tabindex: -1, click: () => chooseStyle(name) },
      el("img", {
        src: thumbnailOf(name),
        alt: "",
        loading: "lazy",
        decoding: "async",
        width: 192,
        height: 144,
        draggable: "false",
      }),
      el("span", { class: "tile-title" }),
      el("span", { class: "tile-painter" }),
    ),
    el(
      "div",
      { class: "tile-actions" },
      iconButton("star", "", () => favorite(name), { class: "icon-button tiny star", tabindex: "-1" }),
      iconButton("plus", "", () => mix(name), { class: "icon-button tiny add", tabindex: "-1" }),
      style.removable
        ? iconButton("trash", `Remove ${style.title}`, () => forget(name), { class: "icon-button tiny", tabindex: "-1" })
        : null,
    ),
  );
}

/** @param {HTMLLIElement} tile @param {Style} style */
function showTile(tile, style) {
  const by = [style.painter, style.year].filter(Boolean).join(", ");
  setText(/** @type {Element} */ (tile.querySelector(".tile-title")), style.title);
  setText(/** @type {Element} */ (tile.querySelector(".tile-painter")), by || (style.kind === "own" ? "Yours" : ""));
  const star = /** @type {HTMLButtonElement} */ (tile.querySelector(".star"));
  star.setAttribute("aria-pressed", String(style.favorite));
  label(star, style.favorite ? `Take ${style.title} off the favorites` : `Make ${style.title} a favorite`);
  setIcon(star, style.favorite ? "star-full" : "star");
}

/** @param {HTMLElement} button @param {string} text */
function label(button, text) {
  button.setAttribute("aria-label", text);
  button.title = text;
}

/** @param {string} name */
function showThumbnail(name) {
  const image = tiles.get(name)?.querySelector("img");
  if (image) image.src = thumbnailOf(name);
}

function showChosen() {
  const look = studio.state?.look;
  if (!look) return;
  for (const [name, tile] of tiles) {
    const chosen = look.style.includes(name);
    tile.classList.toggle("chosen", chosen);
    tile.classList.toggle("waiting", chosen && Boolean(studio.state?.waiting));
    tile.querySelector(".tile")?.setAttribute("aria-pressed", String(chosen));
    const add = /** @type {HTMLButtonElement} */ (tile.querySelector(".add"));
    const mixed = chosen && look.style.length > 1;
    add.hidden = (chosen && !mixed) || (!chosen && look.style.length >= MOST);
    label(add, mixed ? `Take ${studio.title(name)} out of the blend` : `Blend ${studio.title(name)} in`);
    setIcon(add, mixed ? "minus" : "plus");
  }
  if (!document.activeElement?.closest(".tiles")) {
    const first = tiles.get(look.style[0]);
    if (first && !first.hidden) makeCurrent(first);
  }
}

/** @param {string} name */
function mix(name) {
  if (studio.state?.look.style.includes(name)) removeFromBlend(name);
  else addToBlend(name);
}

/** @param {string} name */
async function favorite(name) {
  const style = studio.style(name);
  if (style) await attempt(put(`/styles/${encodeURIComponent(name)}/favorite`, { on: !style.favorite }));
}

/** @param {string} name */
async function forget(name) {
  if (!(await ask(`Remove your style “${studio.title(name)}”? Its picture is deleted from the studio.`, "Remove"))) return;
  await attempt(remove(`/styles/${encodeURIComponent(name)}`));
}

function filter() {
  const words = byId("style-search", HTMLInputElement).value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const style of studio.styles) {
    const text = `${style.name} ${style.title} ${style.painter ?? ""} ${style.year ?? ""}`.toLowerCase();
    const fits = words.every((word) => text.includes(word));
    const wanted = which === "all" || (which === "favorites" ? style.favorite : style.kind === "own");
    const tile = tiles.get(style.name);
    if (tile) tile.hidden = !(fits && wanted);
  }
  const none = byId("no-styles", HTMLElement);
  const shown = visibleTiles();
  none.hidden = shown.length > 0 || !studio.styles.length;
  setText(
    none,
    words.length
      ? "No style is called that."
      : which === "own"
        ? "Drop, paste or add a picture of a painting: it becomes a style."
        : "Mark styles with the star to find them here.",
  );
  const list = byId("tiles", HTMLUListElement);
  if (!list.querySelector("li:not([hidden]) .tile[tabindex='0']")) {
    const first = shown[0]?.closest("li");
    if (first) makeCurrent(first);
  }
}

/** @returns {HTMLButtonElement[]} */
function visibleTiles() {
  return [...byId("tiles", HTMLUListElement).querySelectorAll(/** @type {"button"} */ ("li:not([hidden]) > .tile"))];
}

/** One style at a time is in the order of Tab, with its buttons; arrow keys go to the others. @param {Element} current */
function makeCurrent(current) {
  for (const tile of tiles.values()) {
    for (const button of tile.querySelectorAll("button")) button.tabIndex = tile === current ? 0 : -1;
  }
}

/** @param {KeyboardEvent} event */
function walk(event) {
  const all = visibleTiles();
  const tile = /** @type {HTMLElement} */ (event.target).closest("li")?.querySelector(/** @type {"button"} */ (".tile"));
  if (!tile || event.ctrlKey || event.metaKey || event.altKey) return;
  const now = all.indexOf(tile);
  const row = all.filter((other) => other.offsetTop === all[0].offsetTop).length || 1;
  const to = {
    ArrowLeft: now - 1,
    ArrowRight: now + 1,
    ArrowUp: now - row,
    ArrowDown: now + row,
    Home: 0,
    End: all.length - 1,
  }[event.key];
  if (to === undefined) return;
  all[Math.min(all.length - 1, Math.max(0, to))].focus();
  event.preventDefault();
  event.stopPropagation();
}
