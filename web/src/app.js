/** The page, in one file since all of it shares one state: camera, photo or film in, painted picture out. */

import { addDivider } from "./divider.js";
import { Enlarger } from "./enlarge.js";
import { filmsServe, paintFilm } from "./films.js";
import { bestPrecision, blend, builtinStyles, encode, Painter, threads } from "./painter.js";
import { cameraTrouble, download, say } from "./say.js";
import { AutoSize, ladder } from "./size.js";

/** @typedef {import("./painter.js").Code} Code */
/** @typedef {import("./painter.js").Precision} Precision */
/** @typedef {{ name: string, title: string, painter: string, year: string, thumbnail: string, code: Code }} Style */

const STROKES = [
  { word: "fine", side: 420 },
  { word: "medium", side: 300 },
  { word: "bold", side: 220 },
];
const GRAIN = 0.5;
const MOST_WIDTH = 1920;
const PAINTING_SIDE = 2048;
const LOST_MILLISECONDS = 60_000;
/** Of the side, where there is too little memory; and the side at which that ends. */
const [LESS, LEAST] = [0.7, 120];
const FRAME_MILLISECONDS = 33;
/** After which a frame is taken to have come where the browser should have told it. */
const UNTOLD_MILLISECONDS = 100;
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
  /** The longest short side that there is memory for, as far as is known. */
  most: Infinity,
};
const enlarger = Enlarger.open();
/** @type {Painter} */
let painter;
let busy = false;
/** Short side of the last picture, in pixels. */
let paintedSide = 0;
/** When the graphics processor was lost, by performance.now(). */
let lostAt = -Infinity;
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
  find("advice").textContent = "Loading. On the first visit, this takes a moment.";
  try {
    const [styles, precision] = await Promise.all([builtinStyles(), bestPrecision()]);
    state.styles = styles;
    showStyles();
    await openPainter(precision);
    advise();
    return true;
  } catch (error) {
    find("advice").textContent = `This browser cannot paint: ${words(error)}. Try a current Chrome, Edge, Firefox or Safari.`;
    return false;
  }
}

/** For what is asked for, perhaps while the page still loads: returns whether it can be painted. */
async function ready() {
  asked = true;
  return begun;
}

/** @param {Precision} precision @param {number} [cores] */
async function openPainter(precision, cores = threads()) {
  let open = false;
  const opened = new Painter(precision, cores, (why) => open && void recover(why, opened));
  painter = opened;
  try {
    await Promise.all([opened.ready, opened.setCode(chosenCode()), precision !== "int8" && opened.check()]);
    open = true;
    document.documentElement.dataset.ready = precision;
  } catch (error) {
    opened.close();
    if (precision !== "int8") say("The graphics processor could not be used; the main processor paints.");
    // Each thread takes memory, of which phones give little.
    else if (cores === 1) throw error;
    await openPainter("int8", precision === "int8" ? 1 : cores);
  }
}

function advise() {
  find("advice").textContent = "";
  if (painter.precision !== "int8") return;
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
    if ((await caches.keys()).length === 0) say("This page will not work offline: the browser has no room for its files.");
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
  // A phone that is turned.
  video.addEventListener("resize", beginSize);
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
  if (source !== "camera") recording?.recorder.stop();
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
    void paintFrames(stream);
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
  const sizes = ladder(Math.min(video.videoWidth, video.videoHeight, state.most), STROKES[state.strokes].side);
  state.size = new AutoSize(sizes, 1 / rate);
  sizedFrames = 0;
}

/** @param {MediaStream} stream One frame at a time, always the newest: those that come while one is painted are let go but for the last. */
async function paintFrames(stream) {
  for (let last = -1; video.srcObject === stream && state.source === "camera"; ) {
    await nextFrame(last);
    last = frameNumber();
    if (!busy && !document.hidden) await paintCamera();
  }
}

const frameNumber = () => video.getVideoPlaybackQuality().totalVideoFrames;

/** @param {number} last Its number. @returns {Promise<void>} Ends when the camera has another. */
function nextFrame(last) {
  if (frameNumber() !== last && !document.hidden) return Promise.resolve();
  return new Promise((resolve) => {
    const told = "requestVideoFrameCallback" in video;
    const come = () => {
      clearTimeout(late);
      resolve();
    };
    const asked = told ? video.requestVideoFrameCallback(come) : 0;
    // WebKit does not call back for every kind of camera.
    const late = setTimeout(() => {
      if (told) video.cancelVideoFrameCallback(asked);
      resolve();
    }, told ? UNTOLD_MILLISECONDS : FRAME_MILLISECONDS);
  });
}

/** The camera's present frame. Where nothing works on the graphics processor, it is copied and converted by whoever draws it. */
async function taken() {
  const plain = painter.precision === "int8" && !enlarger && "VideoFrame" in self;
  return plain ? new VideoFrame(video) : createImageBitmap(video);
}

/** @param {ImageBitmap | VideoFrame} frame @returns {[number, number]} Width and height. */
const sides = (frame) => ("displayWidth" in frame ? [frame.displayWidth, frame.displayHeight] : [frame.width, frame.height]);

async function paintCamera() {
  const size = /** @type {AutoSize} */ (state.size);
  const used = painter;
  busy = true;
  try {
    const started = performance.now();
    const frame = await taken();
    const painted = await used.paint(frame, { ...fitted(...sides(frame), size.size), alpha: state.alpha, grain: GRAIN });
    if (state.source !== "camera") return [painted.bitmap, painted.frame].forEach((bitmap) => bitmap.close());
    show(painted, state.mirror);
    const now = performance.now();
    const seconds = (now - started) / 1000;
    // The first frames prepare the graph; what the third one costs tells which size fits.
    if (++sizedFrames === 3) size.start(size.size, seconds);
    else size.update(seconds, now / 1000);
    count(now, size.size);
  } catch (error) {
    await recover(error, used);
  } finally {
    busy = false;
  }
}

/**
 * A graphics processor can be lost, by a driver's restart or for want of memory. It is tried again, but not twice in a short time.
 *
 * @param {unknown} error
 * @param {Painter} failed
 */
async function recover(error, failed) {
  if (failed !== painter) return;
  failed.close();
  const now = performance.now();
  const again = failed.precision !== "int8" && now - lostAt > LOST_MILLISECONDS;
  lostAt = now;
  if (failed.precision !== "int8") {
    if (!again) say("The graphics processor failed; the main processor goes on.");
  } else if (paintedSide > LEAST) {
    state.most = Math.max(LEAST, Math.round(paintedSide * LESS));
    say("Painting failed, perhaps for want of memory. It goes on in fewer pixels; closing other pages may help.");
  } else {
    setSource("none");
    stopCamera();
    say(`Painting failed: ${words(error)}. Close other pages and programs, then reload this one.`);
  }
  try {
    await openPainter(again ? failed.precision : "int8");
    beginSize();
    await repaintPhoto();
  } catch (later) {
    setSource("none");
    stopCamera();
    say(`This page cannot paint any more: ${words(later)}. Reload it.`);
  }
}

/** @returns {number} Short side for frames of which every one counts, in pixels. */
const fixedSide = () => Math.min(STROKES[state.strokes].side, state.most);

/**
 * Sides of a picture with this short side, even.
 *
 * @param {number} width
 * @param {number} height
 * @param {number} side
 */
function fitted(width, height, side) {
  const scale = Math.min(1, side / Math.min(width, height));
  paintedSide = Math.min(side, width, height);
  return { width: Math.max(2, 2 * Math.round((width * scale) / 2)), height: Math.max(2, 2 * Math.round((height * scale) / 2)) };
}

/** @param {{ bitmap: ImageBitmap, frame: ImageBitmap | VideoFrame }} painted Is closed. @param {boolean} mirror */
function show({ bitmap, frame }, mirror) {
  const [width, height] = sides(frame);
  if (canvas.width !== width || canvas.height !== height) {
    [canvas.width, canvas.height] = [width, height];
    stage.style.setProperty("--aspect", `${width} / ${height}`);
  }
  context.imageSmoothingQuality = "high";
  context.save();
  if (mirror) {
    context.translate(width, 0);
    context.scale(-1, 1);
  }
  context.drawImage(enlarger?.draw(bitmap, frame) ?? bitmap, 0, 0, width, height);
  context.restore();
  bitmap.close();
  frame.close();
}

/** @param {number} now @param {number} side */
function count(now, side) {
  shown.push(now);
  shown = shown.filter((time) => now - time < 2000);
  const rate = (1000 * (shown.length - 1)) / Math.max(1, now - shown[0]);
  const told = shown.length > 2 ? `${Math.round(rate)} ${Math.round(rate) === 1 ? "picture" : "pictures"} a second` : "";
  // Words that are set anew are laid out anew, though they are the same.
  if (find("status").textContent !== told) find("status").textContent = told;
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

/** @type {ImageBitmap | null} */
let picture = null;

/** @param {File} file */
async function openPhoto(file) {
  try {
    const opened = await atMost(await createImageBitmap(file), MOST_WIDTH);
    picture?.close();
    picture = opened;
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

/**
 * A picture whose longer side is no longer than that; photos of 40 megapixels fill the memory else.
 *
 * @param {ImageBitmap} bitmap Is closed where it is too large.
 * @param {number} longest
 */
async function atMost(bitmap, longest) {
  const scale = longest / Math.max(bitmap.width, bitmap.height);
  if (scale >= 1) return bitmap;
  const [resizeWidth, resizeHeight] = [bitmap.width, bitmap.height].map((side) => Math.max(1, Math.round(scale * side)));
  const smaller = await createImageBitmap(bitmap, { resizeWidth, resizeHeight, resizeQuality: "high" });
  bitmap.close();
  return smaller;
}

async function repaintPhoto() {
  if (state.source !== "photo" || !picture || busy) return;
  const used = painter;
  busy = true;
  try {
    const { width, height } = picture;
    const asked = () => JSON.stringify([state.alpha, fixedSide(), state.first, state.second, state.mix]);
    const wanted = asked();
    const painted = await used.paint(await createImageBitmap(picture), { ...fitted(width, height, fixedSide()), alpha: state.alpha, grain: GRAIN });
    show(painted, false);
    canvas.dataset.count = String(Number(canvas.dataset.count ?? 0) + 1);
    busy = false;
    if (wanted !== asked()) await repaintPhoto();
  } catch (error) {
    busy = false;
    await recover(error, used);
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
      const painted = await painter.paint(frame, { ...fitted(width, height, fixedSide()), alpha: state.alpha, grain: GRAIN });
      show(painted, false);
      return canvas;
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
  recorder.addEventListener("error", () => say("The recording ended early: this browser could not go on with it."));
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

function chosenCode() {
  const first = state.styles[state.first].code;
  return state.second === null ? first : blend(first, state.styles[state.second].code, state.mix);
}

async function useCode() {
  await painter.setCode(chosenCode());
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

/** @param {ImageBitmap} bitmap @returns {Promise<string>} An address. */
async function thumbnail(bitmap) {
  const scale = 320 / Math.max(bitmap.width, bitmap.height);
  const small = new OffscreenCanvas(Math.max(1, scale * bitmap.width), Math.max(1, scale * bitmap.height));
  small.getContext("2d")?.drawImage(bitmap, 0, 0, small.width, small.height);
  return URL.createObjectURL(await small.convertToBlob());
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
    const small = await atMost(bitmap, PAINTING_SIDE);
    const style = { name: file.name, title: file.name.replace(/\.[^.]*$/, ""), painter: "Your painting", year: "" };
    state.styles.unshift({ ...style, thumbnail: await thumbnail(small), code: await encode(small) });
    small.close();
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
