/**
 * The browser's own camera: its frames go to the server, one at a time, whenever it can take one.
 */

import { post } from "./api.js";
import { attempt, say } from "./dom.js";
import { PATIENCE, emit, on, onState, socket, studio } from "./studio.js";

const QUALITY = 0.85;
const SIZES = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } };
/** Remembered for this tab only, so that a reload goes on with the camera that it had. */
const MEMORY = "streamstyle-camera";
const TAKEN_OVER = 4001;
/** Milliseconds after which the picture is looked at, where the browser did not tell of a new one. */
const UNTOLD = 200;

const BROWSER = { source: { kind: "browser" } };
/** Milliseconds after which the studio's state is that of what was asked for. */
const SETTLED = 2000;

/** @type {{stream: MediaStream, video: HTMLVideoElement, socket: WebSocket | null} | null} */
let running = null;
let tries = 0;

/** Whether this tab's camera is what the studio paints. */
export function isRunningHere() {
  return running !== null;
}

/** Why the browser's camera cannot be had, or null. */
export function obstacle() {
  if (!window.isSecureContext) {
    return "This browser lends its camera only to secure pages. Start the studio with --https and open its new address.";
  }
  return navigator.mediaDevices ? null : "This browser cannot lend its camera to a page.";
}

/** @returns {Promise<MediaDeviceInfo[]>} The browser's cameras; without names until it may use one. */
export async function devices() {
  if (obstacle()) return [];
  const all = await navigator.mediaDevices.enumerateDevices();
  return all.filter((device) => device.kind === "videoinput");
}

/**
 * Ask for the camera, and let the studio paint it.
 *
 * @param {string} [device] The browser's id of one, else whichever it offers.
 */
export async function startBrowserCamera(device = "") {
  const reason = obstacle();
  if (reason) return say(reason, { bad: true });
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({
      video: device ? { ...SIZES, deviceId: { exact: device } } : SIZES,
    });
  } catch (error) {
    sessionStorage.removeItem(MEMORY);
    return say(words(error), { bad: true });
  }
  stop();
  const video = document.createElement("video");
  Object.assign(video, { srcObject: stream, muted: true, playsInline: true });
  await video.play();
  running = { stream, video, socket: null };
  sessionStorage.setItem(MEMORY, device || "any");
  stream.getVideoTracks()[0].addEventListener("ended", () => {
    if (running?.stream !== stream) return;
    stop();
    say("The browser's camera was unplugged or switched off. Choose it again when it is back.", { bad: true });
  });
  started = Date.now();
  if ((await attempt(post("/live/start", BROWSER))) === undefined) return stop();
  send();
  emit("state");
  return undefined;
}

/** After a reload, and when the studio was started again: go on with the camera that this tab had. */
export function setUpBrowserCamera() {
  let isNew = false;
  on("connection", () => (isNew = studio.connection === "open"));
  onState(({ live }) => {
    const wanted = live.phase !== "off" && live.source?.kind === "browser";
    const device = sessionStorage.getItem(MEMORY);
    const first = isNew;
    isNew = false;
    if (first && running && live.phase === "off") void attempt(post("/live/start", BROWSER));
    else if (first && !running && wanted && device) void startBrowserCamera(device === "any" ? "" : device);
    else if (!first && running && !wanted && Date.now() - started > SETTLED) stop();
  });
}

let started = 0;

function stop() {
  if (!running) return;
  const { stream, socket: up } = running;
  running = null;
  sessionStorage.removeItem(MEMORY);
  for (const track of stream.getTracks()) track.stop();
  up?.close();
  emit("state");
}

function send() {
  const camera = running;
  if (!camera) return;
  started = Date.now();
  const up = socket("/api/camera");
  camera.socket = up;
  let wanted = 0;
  let sending = false;
  up.addEventListener("message", async (message) => {
    if (!JSON.parse(message.data).next) return;
    tries = 0;
    wanted++;
    if (sending) return;
    sending = true;
    while (wanted > 0 && up.readyState === WebSocket.OPEN) {
      const frame = await next(camera.video).catch(() => null);
      if (frame === null || up.readyState !== WebSocket.OPEN) continue;
      up.send(frame);
      wanted--;
    }
    sending = false;
  });
  up.addEventListener("close", (event) => {
    if (running !== camera) return;
    if (event.code === TAKEN_OVER) {
      stop();
      say("Another page's camera was taken instead.");
    } else {
      setTimeout(send, PATIENCE[Math.min(tries++, PATIENCE.length - 1)] * 1000);
    }
  });
}

/** @type {OffscreenCanvas | undefined} */
let canvas;
let shown = -1;

/**
 * The camera's next picture: its time, then a JPEG.
 *
 * @param {HTMLVideoElement} video
 * @returns {Promise<Blob>}
 */
async function next(video) {
  const capturedAt = await fresh(video);
  const { videoWidth: width, videoHeight: height } = video;
  if (!canvas || canvas.width !== width || canvas.height !== height) canvas = new OffscreenCanvas(width, height);
  canvas.getContext("2d", { alpha: false })?.drawImage(video, 0, 0);
  const jpeg = await canvas.convertToBlob({ type: "image/jpeg", quality: QUALITY });
  const time = new DataView(new ArrayBuffer(8));
  time.setFloat64(0, capturedAt + studio.offset);
  return new Blob([time, jpeg]);
}

/**
 * Wait for a picture that was not sent yet.
 *
 * @param {HTMLVideoElement} video
 * @returns {Promise<number>} When it was taken, in milliseconds since 1970 on our clock.
 */
function fresh(video) {
  return new Promise((resolve, reject) => {
    let done = false;
    const take = (/** @type {number} */ time) => {
      if (done) return;
      done = true;
      shown = video.currentTime;
      resolve(performance.timeOrigin + time);
    };
    // In a tab that is covered or not looked at, the browser tells of no frames: then the clock of the film does.
    const look = () => {
      if (done) return;
      if (running?.video !== video) reject(new Error("this camera is no longer used"));
      else if (video.currentTime !== shown) take(performance.now());
      else setTimeout(look, UNTOLD);
    };
    if ("requestVideoFrameCallback" in video) {
      video.requestVideoFrameCallback((now, frame) => take(frame.captureTime ?? now));
      setTimeout(look, UNTOLD);
    } else {
      look();
    }
  });
}

/** @param {unknown} error Of getUserMedia. */
function words(error) {
  const name = error instanceof Error ? error.name : "";
  if (name === "NotAllowedError")
    return "The browser was not allowed to use the camera. Allow it beside the address, then try again.";
  if (name === "NotFoundError" || name === "OverconstrainedError")
    return "The browser finds no camera. Plug one in, then try again.";
  if (name === "NotReadableError") return "Another program uses the camera. Close it, then try again.";
  return `The browser's camera cannot be used (${error}).`;
}
