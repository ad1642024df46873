/** Files that are dropped or pasted: paintings become styles, films and photos are painted, looks are loaded. */

import { byId, say } from "./dom.js";
import { paintFiles } from "./files.js";
import { addStyles } from "./gallery.js";
import { importLook } from "./looks.js";

const FILM = /^video\/|\.(mkv|avi|mov|mp4|m4v|webm|mts|m2ts|mpg|mpeg|ts|wmv|flv|ogv|3gp)$/i;
const PICTURE = /^image\/|\.(jpe?g|png|webp|gif|bmp|tiff?|heic|heif|avif)$/i;

/** @param {{type: string, name?: string}} file */
const isFilm = (file) => FILM.test(file.type) || FILM.test(file.name ?? "");
/** @param {{type: string, name?: string}} file */
const isPicture = (file) => PICTURE.test(file.type) || PICTURE.test(file.name ?? "");
/** @param {File} file */
const isLook = (file) => file.name.toLowerCase().endsWith(".toml");

/** @param {(tab: "live" | "files") => void} showTab */
export function setUpDrop(showTab) {
  const veil = byId("drop-veil", HTMLElement);
  const targets = [...veil.querySelectorAll(/** @type {"div"} */ (".drop-target"))];
  const onFiles = () => !byId("files", HTMLElement).hidden;
  document.addEventListener("dragenter", (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    const types = [...event.dataTransfer.items].map((item) => ({ type: item.type }));
    // What a browser does not name yet may be a film.
    const onlyPictures = types.length > 0 && types.every(isPicture);
    for (const target of targets) target.hidden = target.dataset.drop === "style" && (onFiles() || !onlyPictures);
    veil.hidden = false;
  });
  document.addEventListener("dragover", (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
    const over = event.target instanceof Element ? event.target.closest(".drop-target") : null;
    for (const target of targets) target.classList.toggle("over", target === over);
  });
  document.addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) veil.hidden = true;
  });
  document.addEventListener("drop", (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    veil.hidden = true;
    const target = event.target instanceof Element ? event.target.closest(/** @type {"div"} */ (".drop-target")) : null;
    take([...event.dataTransfer.files], (target?.dataset.drop ?? (onFiles() ? "job" : "style")) === "style", showTab);
  });
  document.addEventListener("paste", (event) => {
    if (event.target instanceof Element && event.target.matches("input, textarea")) return;
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length) take(files, !onFiles(), showTab);
  });
}

/**
 * @param {File[]} files
 * @param {boolean} asStyles Whether pictures become styles; else they are painted.
 * @param {(tab: "live" | "files") => void} showTab
 */
function take(files, asStyles, showTab) {
  const looks = files.filter(isLook);
  const pictures = files.filter((file) => isPicture(file) && !isLook(file));
  const films = files.filter(isFilm);
  const others = files.filter((file) => !isLook(file) && !isPicture(file) && !isFilm(file));
  for (const look of looks) void importLook(look);
  if (asStyles && pictures.length) void addStyles(pictures);
  const jobs = asStyles ? films : [...films, ...pictures];
  if (jobs.length) {
    paintFiles(jobs);
    showTab("files");
  }
  if (others.length) say(`${others[0].name} is neither a film nor a picture.`, { bad: true });
}
