/**
 * Snapshots and recordings, in the tab Files.
 *
 * @import { Picture } from "./types.js"
 */

import { remove } from "./api.js";
import { ask, attempt, byId, el, icon, iconButton, setText } from "./dom.js";
import { on, studio } from "./studio.js";
import { clock, day, size } from "./words.js";

/** Follow the list. */
export function setUpPictures() {
  on("pictures", showPictures);
}

function showPictures() {
  byId("pictures-section", HTMLElement).hidden = studio.pictures.length === 0;
  byId("pictures", HTMLElement).replaceChildren(...studio.pictures.map(pictureTile));
}

/** @param {Picture} picture */
function pictureTile(picture) {
  const forget = async () => {
    if (await ask(`Remove “${picture.name}”?`, "Remove"))
      await attempt(remove(`/pictures/${encodeURIComponent(picture.name)}`));
  };
  const shown =
    picture.kind === "photo"
      ? el("img", { src: picture.href, alt: `Snapshot of ${day(picture.made_at)}`, loading: "lazy" })
      : el("video", {
          src: `${picture.href}#t=0.1`,
          controls: true,
          preload: "metadata",
          "aria-label": `Recording of ${day(picture.made_at)}`,
        });
  shown.addEventListener(
    "loadedmetadata",
    () =>
      shown instanceof HTMLVideoElement &&
      Number.isFinite(shown.duration) &&
      setText(length, ` · ${clock(shown.duration)}`),
  );
  const length = el("span", {});
  return el(
    "li",
    {},
    shown,
    el(
      "div",
      { class: "picture-row" },
      el("span", { class: "picture-words" }, day(picture.made_at), length, ` · ${size(picture.bytes)}`),
      el(
        "a",
        {
          class: "icon-button",
          href: picture.href,
          download: picture.name,
          "aria-label": `Download ${picture.name}`,
          title: "Download",
        },
        icon("download"),
      ),
      iconButton("trash", `Remove ${picture.name}`, forget),
    ),
  );
}
