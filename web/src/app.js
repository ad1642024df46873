/** The page, in one file since all of it shares one state: camera, photo or film in, painted picture out. */

import { addDivider } from "./divider.js";
import { filmsServe, paintFilm } from "./films.js";
import { blend, builtinStyles, encode, gpuServes, Painter, threads } from "./painter.js";
import { cameraTrouble, download, say } from "./say.js";
import { AutoSize, ladder } from "./size.js";

/** @typedef {import("./painter.js").Code} Code */
/** @typedef {{ name: string, title: string, painter: string, year: string, thumbnail: string, code: Code }} Style */

const STROKES = [
  { word: "fine", side: 420 },
  { word: "medium", side: 300 },
  { word: "bold", side: 220 },
];
const GRAIN = 0.5;
const MOST_WIDTH = 1920;
const CAMERA = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } };

const find = (/** @type {string} */ id) => /** @type {any} */ (document.getElementById(id));
const canvas = /** @type {HTMLCanvasElement} */ (find("picture"));
const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { alpha: false }));
const video = /** @type {HTMLVideoElement} */ (find("before"));
const photo = /** @type {HTMLImageElement} */ (find("before-photo"));
const stage = /** @type {HTMLElement} */ (find("stage"));

const state = {
  /** @type {Style[]} */ styles: [],
  first: 0,
  /** @type {number | null} */ second: null,
  mix: 0,
  alpha: 1,
  strokes: 1,
  mirror: true,
  /** @type {"none" | "camera" | "film" | "photo"} */ source: "none",
  /** @type {AutoSize | null} */ size: null,
};
/** @type {Painter} */
let painter;
let busy = false;
/** Whether something was asked for, which loading the page anew would lose. */
let asked = false;
/** Frames since the ladder of sizes was made. */
let sizedFrames = 0;
/** @type {number[]} Times of the last pictures. */
let shown = [];
/** @type {{ recorder: MediaRecorder, parts: Blob[] } | null} */
let recording = null;
/** @type {AbortController | null} */
let work = null;

/** Returns whether it can paint. */
async function begin() {
  void registerOffline();
  addDivider(stage);
  listen();
  find("status").textContent = "Loading…";
  try {
    const [styles, gpu] = await Promise.all([builtinStyles(), gpuServes()]);
    state.styles = styles;
    showStyles();
    await openPainter(gpu ? "webgpu" : "wasm");
    await useCode();
    advise(gpu);
    document.documentElement.dataset.ready = painter.backend;
    return true;
  } catch (error) {
    find("status").textContent = "";
    find("advice").textContent = `This browser cannot paint: ${words(error)}. Try a current Chrome, Edge, Firefox or Safari.`;
    return false;
  }
}

/** For what is asked for, perhaps while the page still loads: returns whether it can be painted. */
async function ready() {
  asked = true;
  return begun;
}

/** @param {"webgpu" | "wasm"} backend */
async function openPainter(backend) {
  painter = new Painter(backend);
  try {
    await painter.ready;
  } catch (error) {
    painter.close();
    if (backend === "wasm") throw error;
    say("The graphics processor could not be used; the main processor paints.");
    await openPainter("wasm");
  }
}

/** @param {boolean} gpu */
function advise(gpu) {
  find("status").textContent = "";
  if (gpu) return;
  const one = threads() === 1 && !self.crossOriginIsolated;
  find("advice").textContent = one
    ? "This browser offers no graphics processor to pages, and only one processor core, so it paints in fewer pixels. Over https:// it gives all cores."
    : "This browser offers no graphics processor to pages, so the main processor paints, in fewer pixels.";
}

async function registerOffline() {
  if (!("serviceWorker" in navigator)) return;
  try {
    await navigator.serviceWorker.register("./sw.js");
    await navigator.serviceWorker.ready;
    // The worker also sends the headers without which browsers give a page only one core; they count from the next load on.
    if (self.crossOriginIsolated || sessionStorage.getItem("reloaded") || asked) return;
    sessionStorage.setItem("reloaded", "yes");
    location.reload();
  } catch {
    say("This page will not work offline: the browser does not let it keep its files.");
  }
}

/** @param {unknown} error */
const words = (error) => (error instanceof Error ? error.message : String(error));

function listen() {
  find("use-camera").addEventListener("click", useCamera);
  find("camera-button").addEventListener("click", useCamera);
  for (const id of ["use-file", "file-button"]) find(id).addEventListener("click", () => find("file").click());
  find("add-style").addEventListener("click", () => find("painting").click());
  find("file").addEventListener("change", ({ target }) => take(target, openFile));
  find("painting").addEventListener("change", ({ target }) => take(target, addStyle));
  slider("strength", (value) => {
    state.alpha = value / 100;
    return `${value} %`;
  });
  slider("strokes", (value) => {
    state.strokes = value;
    beginSize();
    return STROKES[value].word;
  });
  slider("mix", (value) => {
    state.mix = value / 100;
    void useCode();
    return `${value} %`;
  });
  find("mirror").addEventListener("click", () => setMirror(!state.mirror));
  find("compare").addEventListener("click", () => {
    const on = stage.classList.toggle("comparing");
    find("compare").setAttribute("aria-pressed", String(on));
  });
  find("snapshot").addEventListener("click", () => {
    canvas.toBlob((blob) => blob && download(blob, `streamstyle-${stamp()}.png`), "image/png");
  });
  find("record").addEventListener("click", () => (recording ? recording.recorder.stop() : record()));
  find("full-screen").addEventListener("click", () => (document.fullscreenElement ? document.exitFullscreen() : stage.requestFullscreen()));
  find("working-stop").addEventListener("click", () => work?.abort());
  listenForFiles();
  setMirror(true);
  enable();
}

/** @param {HTMLInputElement} input @param {(file: File) => void} use */
function take(input, use) {
  const file = input.files?.[0];
  input.value = "";
  if (file) use(file);
}

/** @param {string} id @param {(value: number) => string} change */
function slider(id, change) {
  find(id).addEventListener("input", () => {
    find(`${id}-number`).value = change(Number(find(id).value));
    void repaintPhoto();
  });
}

function listenForFiles() {
  const veil = find("drop");
  document.addEventListener("dragenter", (event) => {
    if (event.dataTransfer?.types.includes("Files")) veil.hidden = false;
  });
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    for (const half of veil.children) half.classList.toggle("over", half === event.target);
  });
  document.addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) veil.hidden = true;
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    veil.hidden = true;
    const [file] = event.dataTransfer?.files ?? [];
    if (!file) return;
    const asStyle = event.target instanceof HTMLElement && event.target.dataset.drop === "style";
    void (asStyle ? addStyle(file) : openFile(file));
  });
  document.addEventListener("paste", (event) => {
    const [file] = event.clipboardData?.files ?? [];
    if (file) void addStyle(file);
  });
}

/** @param {boolean} on */
function setMirror(on) {
  state.mirror = on;
  find("mirror").setAttribute("aria-pressed", String(on));
  stage.classList.toggle("mirrored", on && state.source === "camera");
}

/** Show which buttons can be used now. */
function enable() {
  const picture = state.source !== "none";
  for (const id of ["compare", "snapshot", "full-screen"]) find(id).disabled = !picture;
  find("mirror").disabled = state.source !== "camera";
  find("record").disabled = state.source !== "camera" || !("MediaRecorder" in self);
}

/** @param {"none" | "camera" | "film" | "photo"} source */
function setSource(source) {
  state.source = source;
  find("start").hidden = source !== "none";
  canvas.hidden = source === "none";
  video.hidden = source !== "camera";
  photo.hidden = source !== "photo" && source !== "film";
  setMirror(state.mirror);
  enable();
}

// The camera

async function useCamera() {
  if (!(await ready())) return;
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ video: CAMERA, audio: false });
    stopCamera();
    video.srcObject = stream;
    await video.play();
    stream.getVideoTracks()[0].addEventListener("ended", () => {
      setSource("none");
      say("The camera is gone. Connect it again, then press “Use the camera”.");
    });
    setSource("camera");
    beginSize();
    nextFrame();
  } catch (error) {
    say(cameraTrouble(error));
  }
}

function stopCamera() {
  const stream = /** @type {MediaStream | null} */ (video.srcObject);
  for (const track of stream?.getTracks() ?? []) track.stop();
  video.srcObject = null;
}

function beginSize() {
  if (state.source !== "camera" || !video.videoWidth) return;
  const rate = /** @type {MediaStream} */ (video.srcObject).getVideoTracks()[0].getSettings().frameRate || 30;
  const sizes = ladder(Math.min(video.videoWidth, video.videoHeight), STROKES[state.strokes].side);
  state.size = new AutoSize(sizes, 1 / rate);
  sizedFrames = 0;
}

/** One frame at a time, always the newest: what comes while one is painted is let go. */
function nextFrame() {
  const again = () => {
    if (state.source === "camera") nextFrame();
  };
  const paint = async () => {
    if (state.source === "camera" && !busy && !document.hidden) await paintCamera();
    again();
  };
  if ("requestVideoFrameCallback" in video) video.requestVideoFrameCallback(paint);
  else requestAnimationFrame(paint);
}

async function paintCamera() {
  const size = /** @type {AutoSize} */ (state.size);
  busy = true;
  try {
    const started = performance.now();
    const frame = await createImageBitmap(video);
    const painted = await painter.paint(frame, { ...fitted(video.videoWidth, video.videoHeight, size.size), alpha: state.alpha, grain: GRAIN });
    if (state.source !== "camera") return painted.bitmap.close();
    show(painted.bitmap, video.videoWidth, video.videoHeight, state.mirror);
    const now = performance.now();
    const seconds = (now - started) / 1000;
    // The first frames prepare the graph; what the third one costs tells which size fits.
    if (++sizedFrames === 3) size.start(size.size, seconds);
    else size.update(seconds, now / 1000);
    count(now, size.size);
  } catch (error) {
    await recover(error);
  } finally {
    busy = false;
  }
}

/** A graphics processor can be lost, by a driver's restart or for want of memory. @param {unknown} error */
async function recover(error) {
  painter.close();
  if (painter.backend === "wasm") {
    setSource("none");
    stopCamera();
  }
  say(painter.backend === "webgpu" ? "The graphics processor failed; the main processor goes on." : `Painting failed: ${words(error)}. Try smaller strokes, or reload the page.`);
  await openPainter("wasm");
  await useCode();
}

/**
 * Sides of a picture with this short side, even.
 *
 * @param {number} width
 * @param {number} height
 * @param {number} side
 */
function fitted(width, height, side) {
  const scale = Math.min(1, side / Math.min(width, height));
  return { width: Math.max(2, 2 * Math.round((width * scale) / 2)), height: Math.max(2, 2 * Math.round((height * scale) / 2)) };
}

/**
 * @param {ImageBitmap} bitmap
 * @param {number} width
 * @param {number} height
 * @param {boolean} mirror
 */
function show(bitmap, width, height, mirror) {
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  context.imageSmoothingQuality = "high";
  context.save();
  if (mirror) {
    context.translate(width, 0);
    context.scale(-1, 1);
  }
  context.drawImage(bitmap, 0, 0, width, height);
  context.restore();
  bitmap.close();
}

/** @param {number} now @param {number} side */
function count(now, side) {
  shown.push(now);
  shown = shown.filter((time) => now - time < 2000);
  const rate = (1000 * (shown.length - 1)) / Math.max(1, now - shown[0]);
  find("status").textContent = shown.length > 2 ? `${Math.round(rate)} pictures a second` : "";
  canvas.dataset.side = String(side);
  canvas.dataset.count = String(Number(canvas.dataset.count ?? 0) + 1);
}

// Photos and films

/** @param {File} file */
async function openFile(file) {
  if (!(await ready())) return;
  if (work) return say("A film is being painted. Cancel it first.");
  if (file.type.startsWith("video/") || /\.(mkv|mov|mp4|m4v|webm)$/i.test(file.name)) await openFilm(file);
  else await openPhoto(file);
}

/** @type {{ bitmap: ImageBitmap } | null} */
let picture = null;

/** @param {File} file */
async function openPhoto(file) {
  try {
    picture = { bitmap: await createImageBitmap(file) };
  } catch {
    return say(`${file.name} is not a picture that this browser can read. JPEG, PNG, WebP and GIF always work.`);
  }
  stopCamera();
  URL.revokeObjectURL(photo.src);
  photo.src = URL.createObjectURL(file);
  setSource("photo");
  find("status").textContent = file.name;
  await repaintPhoto();
}

async function repaintPhoto() {
  if (state.source !== "photo" || !picture || busy) return;
  busy = true;
  try {
    const { width, height } = picture.bitmap;
    const scale = Math.min(1, MOST_WIDTH / Math.max(width, height));
    const side = STROKES[state.strokes].side;
    const wanted = JSON.stringify([state.alpha, side, state.first, state.second, state.mix]);
    const { bitmap } = await painter.paint(await createImageBitmap(picture.bitmap), { ...fitted(width, height, side), alpha: state.alpha, grain: GRAIN });
    show(bitmap, Math.round(width * scale), Math.round(height * scale), false);
    canvas.dataset.count = String(Number(canvas.dataset.count ?? 0) + 1);
    busy = false;
    if (wanted !== JSON.stringify([state.alpha, STROKES[state.strokes].side, state.first, state.second, state.mix])) await repaintPhoto();
  } catch (error) {
    await recover(error);
  } finally {
    busy = false;
  }
}

/** @param {File} file */
async function openFilm(file) {
  if (!filmsServe) return say("This browser cannot read films frame by frame. Chrome and Edge can.");
  stopCamera();
  setSource("film");
  work = new AbortController();
  find("working").hidden = false;
  find("working-text").textContent = `Painting ${file.name}…`;
  const started = performance.now();
  try {
    const paint = async (/** @type {ImageBitmap} */ frame) => {
      const { width, height } = frame;
      const { bitmap } = await painter.paint(frame, { ...fitted(width, height, STROKES[state.strokes].side), alpha: state.alpha, grain: GRAIN });
      show(await createImageBitmap(bitmap), width, height, false);
      return bitmap;
    };
    const progress = (/** @type {number} */ share) => {
      find("working-bar").value = share;
      const left = ((performance.now() - started) / 1000) * (1 / Math.max(share, 1e-3) - 1);
      if (share > 0.02) find("working-text").textContent = `Painting ${file.name}: ${inWords(left)} left`;
    };
    const result = await paintFilm(file, paint, progress, work.signal);
    if (result) {
      download(result.blob, result.name);
      say(`${result.name} is among your downloads.`);
    }
  } catch (error) {
    say(words(error));
  } finally {
    work = null;
    find("working").hidden = true;
    setSource("none");
  }
}

/** @param {number} seconds */
const inWords = (seconds) => (seconds < 90 ? `${Math.ceil(seconds)} seconds` : `${Math.round(seconds / 60)} minutes`);

// Recording

function record() {
  const kinds = ["video/mp4;codecs=avc1.42E01E", "video/webm;codecs=vp9", "video/webm;codecs=vp8", "video/webm"];
  const mimeType = kinds.find((kind) => MediaRecorder.isTypeSupported(kind));
  const recorder = new MediaRecorder(canvas.captureStream(), { mimeType, videoBitsPerSecond: 8_000_000 });
  /** @type {Blob[]} */
  const parts = [];
  recorder.addEventListener("dataavailable", ({ data }) => parts.push(data));
  recorder.addEventListener("stop", () => {
    recording = null;
    showRecording();
    download(new Blob(parts, { type: recorder.mimeType }), `streamstyle-${stamp()}.${recorder.mimeType.includes("mp4") ? "mp4" : "webm"}`);
  });
  recorder.start(1000);
  recording = { recorder, parts };
  showRecording();
}

function showRecording() {
  find("record").setAttribute("aria-pressed", String(Boolean(recording)));
  find("record").textContent = recording ? "Stop recording" : "Record";
}

const stamp = () => new Date().toISOString().slice(0, 19).replace(/[:T]/g, "-");

// Styles

async function useCode() {
  const first = state.styles[state.first].code;
  const code = state.second === null ? first : blend(first, state.styles[state.second].code, state.mix);
  await painter.setCode(code);
  await repaintPhoto();
}

function showStyles() {
  const tiles = state.styles.map((style, index) => {
    const tile = document.createElement("button");
    tile.type = "button";
    tile.className = "tile";
    tile.dataset.style = style.name;
    tile.setAttribute("aria-pressed", String(index === state.first));
    const image = new Image();
    image.src = style.thumbnail;
    image.alt = "";
    image.loading = "lazy";
    const by = document.createElement("small");
    by.textContent = [style.painter, style.year].filter(Boolean).join(", ");
    tile.append(image, style.title, by);
    tile.addEventListener("click", () => choose(index));
    const second = document.createElement("button");
    second.type = "button";
    second.className = "second";
    second.textContent = index === state.second ? "−" : "+";
    second.setAttribute("aria-pressed", String(index === state.second));
    second.setAttribute("aria-label", `Mix ${style.title} in`);
    second.addEventListener("click", () => mixIn(index));
    const item = document.createElement("li");
    item.append(tile, second);
    return item;
  });
  find("tiles").replaceChildren(...tiles);
}

/** @param {number} index */
function choose(index) {
  state.first = index;
  markTiles();
  void useCode();
}

/** @param {number} index */
function mixIn(index) {
  state.second = state.second === index ? null : index;
  if (state.second !== null && state.mix === 0) {
    state.mix = 0.5;
    find("mix").value = "50";
    find("mix-number").value = "50 %";
  }
  markTiles();
  void useCode();
}

function markTiles() {
  [...find("tiles").children].forEach((item, index) => {
    const [tile, second] = item.children;
    tile.setAttribute("aria-pressed", String(index === state.first));
    second.setAttribute("aria-pressed", String(index === state.second));
    second.textContent = index === state.second ? "−" : "+";
  });
}

/** @param {File} file */
async function addStyle(file) {
  if (!(await ready())) return;
  let bitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    return say(`${file.name || "That"} is not a picture that this browser can read.`);
  }
  find("styles-hint").textContent = `Looking at ${file.name}…`;
  try {
    const code = await encode(bitmap);
    state.styles.unshift({ name: file.name, title: file.name.replace(/\.[^.]*$/, ""), painter: "Your painting", year: "", thumbnail: URL.createObjectURL(file), code });
    state.second = state.second === null ? null : state.second + 1;
    state.first = 0;
    showStyles();
    await useCode();
  } catch (error) {
    say(`${file.name} could not be made a style: ${words(error)}`);
  } finally {
    find("styles-hint").textContent = "Choose one. With “+” a second one is mixed in.";
  }
}

const begun = begin();
