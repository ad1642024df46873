/**
 * Paints frames, away from the page's own thread. Messages: open, code, paint, pixels; each is answered by one of the same id, or by
 * {id, error}. {lost} tells that the graphics processor is gone.
 */

import { GpuFrames } from "./gpu-frames.js";
import { addGrain } from "./grain.js";
import { loadRuntime, unpacked } from "./runtime.js";

/** Sides that textures may have everywhere. */
const MOST_SIDE = 8192;
/** @typedef {{ width: number, height: number, alpha: number, grain: number }} Wanted */

/** @type {any} */
let ort;
/** @type {any} */
let session;
/** @type {Record<string, any>} The tensors of the style. */
let code = {};
/** @type {Float32Array} */
let tile;
/** @type {GpuFrames | null} Where the network runs on the graphics processor. */
let gpu = null;
/** @type {Uint8Array} Reused from frame to frame. */
let rgb = new Uint8Array(0);
const reading = new OffscreenCanvas(1, 1);
const writing = new OffscreenCanvas(1, 1);
const reader = /** @type {OffscreenCanvasRenderingContext2D} */ (reading.getContext("2d", { willReadFrequently: true }));
const writer = /** @type {OffscreenCanvasRenderingContext2D} */ (writing.getContext("2d", { willReadFrequently: true }));

const answers = {
  /** @param {{ precision: import("./painter.js").Precision, threads: number }} wanted */
  async open({ precision, threads }) {
    tile = new Float32Array(await (await fetch(new URL("./models/grain.bin", import.meta.url))).arrayBuffer());
    if (precision === "int8") {
      ort = await loadRuntime({ backend: "wasm", threads });
      session = await ort.InferenceSession.create(await unpacked("./models/stylize-int8.onnx.gz"));
      return [{}, []];
    }
    ort = await loadRuntime({ backend: "webgpu", threads: 1 });
    session = await ort.InferenceSession.create(new URL(`./models/stylize-${precision}.onnx`, import.meta.url).href, {
      executionProviders: ["webgpu"],
      preferredOutputLocation: { stylized: "gpu-buffer" },
      externalData: [{ path: "stylize.bin", data: new URL("./models/stylize.bin", import.meta.url).href }],
    });
    const device = await ort.env.webgpu.device;
    void device.lost.then((/** @type {any} */ { message }) => self.postMessage({ lost: message || "the graphics processor is gone" }));
    gpu = new GpuFrames(device, tile);
    return [{}, []];
  },

  /** @param {{ tensors: Record<string, Float32Array> }} wanted */
  async code({ tensors }) {
    if (gpu) for (const tensor of Object.values(code)) tensor.gpuBuffer.destroy();
    code = {};
    for (const { name, shape } of session.inputMetadata) {
      const values = tensors[name];
      if (!values) continue;
      const dims = shape.length === 1 ? [values.length] : [1, values.length, 1, 1];
      code[name] = gpu ? onGpu(gpu, values, dims) : new ort.Tensor("float32", values, dims);
    }
    return [{}, []];
  },

  /** @param {Wanted & { frame: ImageBitmap }} wanted */
  async paint({ frame, width, height, alpha, grain }) {
    const bitmap = await (gpu ? paintOnGpu(gpu, frame, { width, height, alpha, grain }) : paintOnProcessor(frame, { width, height, alpha, grain }));
    return [{ bitmap, frame, times }, [bitmap, frame]];
  },

  /** @param {Wanted & { pixels: Uint8Array }} wanted */
  async pixels({ pixels, width, height, alpha, grain }) {
    if (!gpu) {
      addGrain(pixels, width, height, grain, tile);
      return [{ pixels: await stylized(pixels, width, height, alpha) }, []];
    }
    const image = new ImageData(width, height);
    image.data.fill(255);
    withAlpha(pixels, image.data);
    const output = await stylizedOnGpu(gpu, await createImageBitmap(image), { width, height, alpha, grain });
    const planes = await output.getData(true);
    const all = width * height;
    return [{ pixels: Uint8Array.from(pixels, (_, i) => planes[(i % 3) * all + Math.floor(i / 3)]) }, []];
  },
};

/** Milliseconds of the stages of the last frame. */
let times = { decode: 0, prepare: 0, paint: 0, draw: 0 };
let since = 0;

/** @param {keyof typeof times} stage */
function lap(stage) {
  const now = performance.now();
  times[stage] = now - since;
  since = now;
}

/** @param {ImageBitmap} frame @param {Wanted} wanted */
async function paintOnProcessor(frame, { width, height, alpha, grain }) {
  since = performance.now();
  if (reading.width !== width || reading.height !== height) [reading.width, reading.height] = [width, height];
  reader.imageSmoothingQuality = "high";
  reader.drawImage(frame, 0, 0, width, height);
  const image = reader.getImageData(0, 0, width, height);
  lap("decode");
  const pixels = withoutAlpha(image.data);
  addGrain(pixels, width, height, grain, tile);
  lap("prepare");
  const painted = await stylized(pixels, width, height, alpha);
  lap("paint");
  if (writing.width !== width || writing.height !== height) [writing.width, writing.height] = [width, height];
  withAlpha(painted, image.data);
  writer.putImageData(image, 0, 0);
  const bitmap = writing.transferToImageBitmap();
  lap("draw");
  return bitmap;
}

/** @param {GpuFrames} frames @param {ImageBitmap} frame @param {Wanted} wanted */
async function paintOnGpu(frames, frame, wanted) {
  since = performance.now();
  const output = await stylizedOnGpu(frames, frame, wanted);
  const bitmap = frames.picture(output.gpuBuffer, wanted.width, wanted.height);
  output.dispose();
  // What a frame costs is known, and the next one may come, when it is really done.
  await frames.device.queue.onSubmittedWorkDone();
  lap("draw");
  return bitmap;
}

/** @param {GpuFrames} frames @param {ImageBitmap} frame @param {Wanted} wanted */
async function stylizedOnGpu(frames, frame, { width, height, alpha, grain }) {
  const longest = Math.max(frame.width, frame.height);
  const share = Math.min(1, MOST_SIDE / longest);
  const fitting = share === 1 ? frame : await createImageBitmap(frame, { resizeWidth: share * frame.width, resizeHeight: share * frame.height });
  const buffer = frames.content(fitting, width, height, grain);
  if (fitting !== frame) fitting.close();
  lap("prepare");
  const content = ort.Tensor.fromGpuBuffer(buffer, { dataType: "float32", dims: [1, 3, height, width] });
  const outputs = await session.run({ content, alpha: new ort.Tensor("float32", [alpha], [1, 1, 1, 1]), ...code });
  lap("paint");
  return outputs.stylized;
}

/** @param {GpuFrames} frames @param {Float32Array} values @param {number[]} dims */
function onGpu(frames, values, dims) {
  const buffer = frames.buffer(Math.max(16, values.byteLength));
  frames.device.queue.writeBuffer(buffer, 0, values);
  return ort.Tensor.fromGpuBuffer(buffer, { dataType: "float32", dims });
}

/**
 * @param {Uint8Array} pixels RGB.
 * @param {number} width
 * @param {number} height
 * @param {number} alpha
 * @returns {Promise<Uint8Array>} RGB.
 */
async function stylized(pixels, width, height, alpha) {
  const content = new ort.Tensor("uint8", pixels, [1, height, width, 3]);
  const outputs = await session.run({ content, alpha: new ort.Tensor("float32", [alpha], [1, 1, 1, 1]), ...code });
  return outputs.stylized.getData(true);
}

/** @param {Uint8ClampedArray} rgba */
function withoutAlpha(rgba) {
  const length = (rgba.length / 4) * 3;
  if (rgb.length !== length) rgb = new Uint8Array(length);
  for (let from = 0, to = 0; from < rgba.length; from += 4, to += 3) {
    rgb[to] = rgba[from];
    rgb[to + 1] = rgba[from + 1];
    rgb[to + 2] = rgba[from + 2];
  }
  return rgb;
}

/**
 * @param {Uint8Array} pixels RGB.
 * @param {Uint8ClampedArray} rgba Gets it; its alpha stays.
 */
function withAlpha(pixels, rgba) {
  for (let from = 0, to = 0; from < pixels.length; from += 3, to += 4) {
    rgba[to] = pixels[from];
    rgba[to + 1] = pixels[from + 1];
    rgba[to + 2] = pixels[from + 2];
  }
}

/** One message after another: a session paints one picture at a time. */
let turn = Promise.resolve();

/** @param {any} message */
async function handle({ id, what, ...wanted }) {
  try {
    const [answer, moved] = await answers[/** @type {keyof typeof answers} */ (what)](wanted);
    self.postMessage({ id, ...answer }, { transfer: moved });
  } catch (error) {
    wanted.frame?.close();
    self.postMessage({ id, error: String(error instanceof Error ? error.message : error) });
  }
}

self.addEventListener("message", ({ data }) => {
  turn = turn.then(() => handle(data));
});
