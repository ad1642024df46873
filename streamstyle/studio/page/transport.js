/**
 * The row under the picture: snapshot, recording, and where else the picture goes.
 *
 * @import { Addresses, State } from "./types.js"
 */

import { get, post, sentence } from "./api.js";
import { attempt, byId, el, say, setIcon, setText } from "./dom.js";
import { isLive, onState, studio } from "./studio.js";
import { Switch } from "./switch.js";
import { clock } from "./words.js";

const mirror = new Switch("/mirror", (state) => state.mirror, show);
const pause = new Switch("/live/pause", ({ live }) => live.paused, show);
const recording = new Switch("/recording", (state) => state.recording.phase !== "off", show);
const virtualCamera = new Switch("/virtual-camera", (state) => state.virtual_camera.phase !== "off", show);

/** Wire the buttons up, and follow the state. */
export function setUpTransport() {
  byId("snapshot", HTMLButtonElement).addEventListener("click", snapshot);
  byId("record", HTMLButtonElement).addEventListener("click", () => recording.toggle());
  byId("mirror", HTMLButtonElement).addEventListener("click", () => mirror.toggle());
  byId("pause", HTMLButtonElement).addEventListener("click", () => pause.toggle());
  const camera = byId("virtual-camera", HTMLInputElement);
  camera.addEventListener("change", () => void virtualCamera.turn(camera.checked));
  byId("send", HTMLButtonElement).addEventListener("click", openSend);
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.addEventListener("click", () =>
      copy(byId(/** @type {HTMLElement} */ (button).dataset.copy ?? "", HTMLInputElement)),
    );
  }
  onState(show);
  setInterval(() => studio.state && showTime(studio.state), 500);
}

async function snapshot() {
  const picture = await attempt(post("/snapshot"));
  if (picture) say("Snapshot saved.", { link: { href: picture.href, text: "Download" } });
}

/** @param {State} state */
function show(state) {
  const running = isLive(state);
  const { live, virtual_camera: camera } = state;
  const record = byId("record", HTMLButtonElement);
  const isOn = recording.isOn(state);
  record.disabled = !running && !isOn;
  record.setAttribute("aria-pressed", String(isOn));
  record.setAttribute("aria-label", isOn ? "Stop recording" : "Record");
  record.title = isOn ? "Stop recording (R)" : "Record (R)";
  for (const id of ["snapshot", "compare", "divide"]) byId(id, HTMLButtonElement).disabled = !running;
  byId("mirror", HTMLButtonElement).setAttribute("aria-pressed", String(mirror.isOn(state)));
  const still = byId("pause", HTMLButtonElement);
  still.hidden = !running || live.source?.kind !== "file";
  still.setAttribute("aria-pressed", String(pause.isOn(state)));
  setIcon(still, pause.isOn(state) ? "play" : "pause");
  const input = byId("virtual-camera", HTMLInputElement);
  input.checked = virtualCamera.isOn(state);
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
function showTime({ recording: told }) {
  const pill = byId("recording-time", HTMLElement);
  pill.hidden = told.phase === "off";
  const seconds = told.since === null ? 0 : studio.now() / 1000 - told.since;
  setText(pill, told.phase === "opening" ? "Starting to record…" : `Recording ${clock(seconds)}`);
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
