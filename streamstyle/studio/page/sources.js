/**
 * Which camera: the first choice of all, and the list behind the button.
 *
 * @import { Camera, State } from "./types.js"
 */

import { get, post } from "./api.js";
import { devices, isRunningHere, obstacle, startBrowserCamera } from "./camera.js";
import { attempt, byId, el, icon, reasonOf, say, setText } from "./dom.js";
import { on, onState, studio } from "./studio.js";
import { counted } from "./words.js";

/** @type {Camera[]} */
let cameras = [];
let asked = false;

/** Wire up the first choice, the button and its list. */
export function setUpSources() {
  const dialog = byId("source-dialog", HTMLDialogElement);
  byId("source", HTMLButtonElement).addEventListener("click", () => open());
  for (const id of ["choose-other", "wait-no-longer"]) byId(id, HTMLButtonElement).addEventListener("click", () => open());
  for (const id of ["use-browser-camera", "use-here"])
    byId(id, HTMLButtonElement).addEventListener("click", () => void startBrowserCamera());
  byId("try-again", HTMLButtonElement).addEventListener("click", () => {
    const source = studio.state?.live.source;
    if (source?.kind === "browser") void startBrowserCamera();
    else if (source) void start(source.kind, source.id ?? source.name);
    else open();
  });
  byId("use-computer-camera", HTMLButtonElement).addEventListener("click", () => {
    if (cameras.length === 1) void start("camera", cameras[0].id);
    else open();
  });
  byId("stop-live", HTMLButtonElement).addEventListener("click", async () => {
    if ((await attempt(post("/live/stop"))) !== undefined) dialog.close();
  });
  byId("source-form", HTMLFormElement).addEventListener("submit", (event) => {
    event.preventDefault();
    const address = byId("source-address", HTMLInputElement).value.trim();
    void start(/^[a-z][a-z0-9+.-]*:\/\//i.test(address) ? "url" : "file", address);
    dialog.close();
  });
  onState(showSource);
  on("connection", () => studio.connection === "open" && !asked && void look());
  async function open() {
    dialog.showModal();
    await look();
  }
}

/** @param {string} kind @param {string} which */
async function start(kind, which) {
  const named = { camera: { id: which }, file: { path: which }, url: { url: which } }[kind] ?? {};
  await attempt(post("/live/start", { source: { kind, ...named } }));
}

/** Ask which cameras there are. */
async function look() {
  asked = true;
  try {
    cameras = await get("/cameras");
  } catch (error) {
    cameras = [];
    if (studio.connection === "open") say(reasonOf(error), { bad: true });
  }
  const none = cameras.length === 0;
  byId("use-computer-camera", HTMLButtonElement).disabled = none;
  const names = cameras.length === 1 ? cameras[0].name : counted(cameras.length, "camera");
  setText(byId("computer-camera-note", HTMLElement), none ? "There is none here" : names);
  const reason = obstacle();
  byId("use-browser-camera", HTMLButtonElement).disabled = reason !== null;
  setText(byId("browser-camera-note", HTMLElement), reason ?? "The browser asks you first");
  const dialog = byId("source-dialog", HTMLDialogElement);
  const now = studio.state?.live.source;
  byId("computer-cameras", HTMLElement).replaceChildren(
    ...cameras.map((camera) => {
      const used = now?.kind === "camera" && now.id === camera.id && studio.state?.live.phase !== "off";
      const largest = [...camera.sizes].sort((one, other) => other[0] - one[0])[0];
      const able = largest ? `Up to ${largest.join(" × ")}` : "";
      const note = used ? "Used now" : (camera.note ?? (camera.in_use ? "Used by another program" : able));
      return option(camera.name, note, used, () => {
        dialog.close();
        void start("camera", camera.id);
      });
    }),
    ...(none ? [el("p", { class: "hint" }, "No camera was found on the computer that runs the studio.")] : []),
  );
  await showDevices(dialog);
}

/** @param {HTMLDialogElement} dialog */
async function showDevices(dialog) {
  const reason = obstacle();
  const found = await devices();
  const choose = (/** @type {string} */ id) => () => {
    dialog.close();
    void startBrowserCamera(id);
  };
  const named = found.filter((device) => device.label);
  const rows = named.length
    ? named.map((device, index) =>
        option(
          device.label,
          isRunningHere() && index === 0 && named.length === 1 ? "Used now" : "",
          false,
          choose(device.deviceId),
        ),
      )
    : [option("Its camera", "The browser asks you first", false, choose(""))];
  byId("browser-cameras", HTMLElement).replaceChildren(...(reason ? [el("p", { class: "hint" }, reason)] : rows));
}

/** @param {string} name @param {string} note @param {boolean} used @param {() => void} click */
function option(name, note, used, click) {
  return el(
    "button",
    { type: "button", class: "option", "aria-pressed": String(used), click },
    icon("camera"),
    el("span", {}, el("strong", {}, name), note ? el("small", {}, note) : null),
  );
}

/** @param {State} state */
function showSource({ live }) {
  const name =
    live.phase === "off" || !live.source
      ? "Camera"
      : live.source.kind === "browser"
        ? "Browser’s camera"
        : live.source.name;
  setText(byId("source-name", HTMLElement), name);
  byId("source", HTMLButtonElement).title = live.phase === "off" ? "Choose a camera" : `${name}: choose another camera`;
  byId("stop-live", HTMLButtonElement).hidden = live.phase === "off";
}
