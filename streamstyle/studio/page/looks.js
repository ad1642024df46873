/**
 * Saved looks: kept under a name, loaded, and shared as the same TOML files that the command line reads.
 *
 * @import { SavedLook } from "./types.js"
 */

import { post, put, remove } from "./api.js";
import { ask, attempt, byId, el, icon, iconButton, say } from "./dom.js";
import { on, studio } from "./studio.js";
import { stem } from "./words.js";

/** Wire the panel up, and follow the list. */
export function setUpLooks() {
  const name = byId("look-name", HTMLInputElement);
  byId("save-look", HTMLFormElement).addEventListener("submit", async (event) => {
    event.preventDefault();
    const wanted = name.value.trim();
    if (!wanted) return;
    const there = studio.looks.some((look) => look.name === wanted);
    if (there && !(await ask(`There is a look “${wanted}” already. Replace it by the present one?`, "Replace"))) return;
    if ((await attempt(put(path(wanted)))) === undefined) return;
    name.value = "";
    say(`Saved as “${wanted}”.`);
  });
  const file = byId("look-file", HTMLInputElement);
  byId("import-look", HTMLButtonElement).addEventListener("click", () => file.click());
  file.addEventListener("change", () => {
    for (const chosen of file.files ?? []) void importLook(chosen);
    file.value = "";
  });
  on("looks", show);
}

/** @param {File} file A look as TOML; it is kept, and loaded. */
export async function importLook(file) {
  const name = stem(file.name);
  if (
    studio.looks.some((look) => look.name === name) &&
    !(await ask(`Replace your look “${name}” by this file?`, "Replace"))
  )
    return;
  if ((await attempt(put(path(name), await file.text()))) !== undefined) await load(name);
}

/** @param {string} name */
const path = (name) => `/looks/${encodeURIComponent(name)}`;

/** @param {string} name */
async function load(name) {
  if ((await attempt(post(`${path(name)}/load`))) !== undefined) say(`“${name}” is shown.`);
}

function show() {
  byId("no-looks", HTMLElement).hidden = studio.looks.length > 0;
  byId("look-list", HTMLElement).replaceChildren(...studio.looks.map(row));
}

/** @param {SavedLook} look */
function row({ name }) {
  const share = el(
    "a",
    {
      class: "icon-button",
      href: `/api${path(name)}.toml`,
      download: `${name}.toml`,
      "aria-label": `Download ${name}, to share it`,
      title: "Download, to share it",
    },
    icon("download"),
  );
  const forget = async () => {
    if (await ask(`Remove the look “${name}”?`, "Remove")) await attempt(remove(path(name)));
  };
  return el(
    "li",
    {},
    el("button", { type: "button", class: "look-name", click: () => load(name) }, name),
    share,
    iconButton("trash", `Remove ${name}`, forget),
  );
}
