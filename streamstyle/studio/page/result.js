/**
 * A film or photo beside the painted one, with a dividing line; both films play together.
 *
 * @import { Job } from "./types.js"
 */

import { addDivider } from "./divider.js";
import { byId, el, setIcon, setText } from "./dom.js";
import { clock } from "./words.js";

/** Seconds by which the two films may be apart. */
const APART = 0.08;

/** @param {Job} job Done. */
export function openResult(job) {
  const dialog = byId("result-dialog", HTMLDialogElement);
  const screen = byId("result-screen", HTMLElement);
  const note = byId("result-note", HTMLElement);
  const address = `/api/jobs/${encodeURIComponent(job.id)}`;
  setText(byId("result-name", HTMLElement), job.name);
  byId("result-download", HTMLAnchorElement).href = `${address}/result?download=1`;
  const film = job.kind === "video";
  const painted = film
    ? el("video", { src: `${address}/result`, playsinline: true, loop: true, preload: "auto" })
    : el("img", { src: `${address}/result`, alt: "The painted picture" });
  const original = film
    ? el("video", { src: `${address}/original`, playsinline: true, preload: "auto" })
    : el("img", { src: `${address}/original`, alt: "The picture before" });
  if (original instanceof HTMLVideoElement) original.muted = true;
  painted.classList.add("painted");
  original.classList.add("original");
  const words = [
    ["before", "Before"],
    ["after", "Painted"],
  ].map(([side, text]) => el("span", { class: `side ${side}`, "aria-hidden": "true" }, text));
  screen.replaceChildren(original, painted, ...words);
  const divider = addDivider(screen);
  screen.classList.add("divided");
  note.hidden = true;
  original.addEventListener("error", () => {
    screen.classList.remove("divided");
    divider.hidden = true;
    note.hidden = false;
    setText(note, "This browser cannot show the file as it was, so there is nothing to compare the painted one with.");
  });
  painted.addEventListener("error", () => {
    note.hidden = false;
    setText(note, "This browser cannot show the painted file. Download it to see it.");
  });
  const shape = () => {
    const [width, height] =
      painted instanceof HTMLVideoElement
        ? [painted.videoWidth, painted.videoHeight]
        : [painted.naturalWidth, painted.naturalHeight];
    if (width) screen.style.setProperty("--aspect", String(width / height));
  };
  painted.addEventListener("load", shape);
  painted.addEventListener("loadedmetadata", shape);
  byId("player", HTMLElement).hidden = !film;
  if (painted instanceof HTMLVideoElement && original instanceof HTMLVideoElement) playTogether(painted, original);
  dialog.showModal();
  dialog.addEventListener("close", () => screen.replaceChildren(), { once: true });
}

/** @param {HTMLVideoElement} painted Leads. @param {HTMLVideoElement} original Follows. */
function playTogether(painted, original) {
  const play = byId("play", HTMLButtonElement);
  const seek = byId("seek", HTMLInputElement);
  const follow = () => {
    if (Math.abs(original.currentTime - painted.currentTime) > APART) original.currentTime = painted.currentTime;
  };
  const show = () => {
    setIcon(play, painted.paused ? "play" : "pause");
    play.setAttribute("aria-label", painted.paused ? "Play" : "Pause");
    if (Number.isFinite(painted.duration)) seek.max = String(painted.duration);
    seek.value = String(painted.currentTime);
    seek.setAttribute("aria-valuetext", clock(painted.currentTime));
    seek.style.setProperty("--filled", `${(painted.currentTime / (painted.duration || 1)) * 100}%`);
    setText(byId("play-time", HTMLElement), `${clock(painted.currentTime)} / ${clock(painted.duration || 0)}`);
  };
  play.onclick = () => void (painted.paused ? painted.play() : painted.pause());
  seek.oninput = () => {
    painted.currentTime = Number(seek.value);
    follow();
  };
  painted.addEventListener("play", () => void original.play().catch(() => {}));
  painted.addEventListener("pause", () => {
    original.pause();
    follow();
  });
  for (const event of ["play", "pause", "timeupdate", "loadedmetadata", "seeked"]) painted.addEventListener(event, show);
  painted.addEventListener("timeupdate", follow);
  painted.addEventListener("seeked", follow);
  show();
  // Sound may be refused until the person has pressed something: then it waits for that.
  void painted.play().catch(() => {});
}
