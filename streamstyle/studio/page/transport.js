/**
 * The row under the picture: snapshot, recording, and where else the picture goes.
 *
 * @import { Addresses, State } from "./types.js"
 */

import { get, post, put, sentence } from "./api.js";
import { attempt, byId, el, say, setText } from "./dom.js";
import { isLive, onState, studio } from "./studio.js";
import { clock } from "./words.js";

/** Wire the buttons up, and follow the state. */
export function setUpTransport() {
  byId("snapshot", HTMLButtonElement).addEventListener("click", snapshot);
  byId("record", HTMLButtonElement).addEventListener("click", () => {
    void attempt(put("/recording", { on: studio.state?.recording.phase === "off" }));
  });
  byId("mirror", HTMLButtonElement).addEventListener("click", () => void toggleMirror());
  const camera = byId("virtual-camera", HTMLInputElement);
  camera.addEventListener("change", () => void attempt(put("/virtual-camera", { on: camera.checked })));
  byId("send", HTMLButtonElement).addEventListener("click", openSend);
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.addEventListener("click", () =>
      copy(byId(/** @type {HTMLElement} */ (button).dataset.copy ?? "", HTMLInputElement)),
    );
  }
  onState(show);
  setInterval(() => studio.state && showTime(studio.state), 500);
}

/** Milliseconds after which the server has told of what it was asked for. */
const TOLD_AFTER = 500;

/**
 * What was asked for and not told yet: states that are on their way are older.
 *
 * @type {boolean | null}
 */
let mirrorAsked = null;
/** One request after the other, so that the last one wins. */
let mirrorSent = Promise.resolve();

/** Mirror, or no longer. */
export async function toggleMirror() {
  const { state } = studio;
  if (!state) return;
  const on = !(mirrorAsked ?? state.mirror);
  mirrorAsked = on;
  show(state);
  mirrorSent = mirrorSent.then(async () => void (await attempt(put("/mirror", { on }))));
  await mirrorSent;
  setTimeout(() => {
    if (mirrorAsked !== on) return;
    mirrorAsked = null;
    if (studio.state) show(studio.state);
  }, TOLD_AFTER);
}

async function snapshot() {
  const picture = await attempt(post("/snapshot"));
  if (picture) say("Snapshot saved.", { link: { href: picture.href, text: "Download" } });
}

/** @param {State} state */
function show(state) {
  const running = isLive(state);
  const { recording, virtual_camera: camera } = state;
  const record = byId("record", HTMLButtonElement);
  const isOn = recording.phase !== "off";
  record.disabled = !running && !isOn;
  record.setAttribute("aria-pressed", String(isOn));
  record.setAttribute("aria-label", isOn ? "Stop recording" : "Record");
  record.title = isOn ? "Stop recording (R)" : "Record (R)";
  for (const id of ["snapshot", "compare", "divide"]) byId(id, HTMLButtonElement).disabled = !running;
  byId("mirror", HTMLButtonElement).setAttribute("aria-pressed", String(mirrorAsked ?? state.mirror));
  const input = byId("virtual-camera", HTMLInputElement);
  input.checked = camera.phase !== "off";
  input.disabled = camera.phase === "off" && (!running || camera.remedy !== null);
  const note =
    camera.phase === "on"
      ? `On: choose “${camera.destination ?? "streamstyle"}” as the camera in the other program.`
      : "Choose it as the camera in Zoom, Teams or a browser.";
  setText(byId("virtual-camera-note", HTMLElement), running || camera.phase !== "off" ? note : "Start a camera first.");
  const remedy = byId("virtual-camera-remedy", HTMLElement);
  remedy.hidden = camera.remedy === null;
  setText(remedy, sentence(camera.remedy ?? ""));
  byId("send", HTMLButtonElement).classList.toggle("on", camera.phase === "on");
  showTime(state);
}

/** @param {State} state */
function showTime({ recording }) {
  const pill = byId("recording-time", HTMLElement);
  pill.hidden = recording.phase === "off";
  const seconds = recording.since === null ? 0 : studio.now() / 1000 - recording.since;
  setText(pill, recording.phase === "opening" ? "Starting to record…" : `Recording ${clock(seconds)}`);
}

async function openSend() {
  byId("send-dialog", HTMLDialogElement).showModal();
  /** @type {Addresses | undefined} */
  const addresses = await attempt(get("/addresses"));
  if (!addresses) return;
  byId("view-address", HTMLInputElement).value = addresses.view;
  byId("stream-address", HTMLInputElement).value = addresses.stream;
  byId("network-addresses", HTMLElement).replaceChildren(
    ...addresses.network.map((address) => el("li", {}, el("code", {}, address))),
  );
  byId("no-network", HTMLElement).hidden = addresses.network.length > 0;
}

/** @param {HTMLInputElement} field */
async function copy(field) {
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
    say("Copied.");
  } catch {
    say("Press Ctrl+C to copy the address.");
  }
}
