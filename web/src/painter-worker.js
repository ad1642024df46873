/**
 * Paints frames, away from the page's own thread. Messages: open, code, paint, pixels; each is answered by one of the same id, or by
 * {id, error}.
 */

import { addGrain } from "./grain.js";
import { loadRuntime } from "./runtime.js";

/** @type {any} */
let ort;
/** @type {any} */
let session;
/** @type {Record<string, any>} The tensors of the style. */
let code = {};
/** @type {Float32Array} */
let tile;
const reading = new OffscreenCanvas(1, 1);
const writing = new OffscreenCanvas(1, 1);
const reader = /** @type {OffscreenCanvasRenderingContext2D} */ (reading.getContext("2d", { willReadFrequently: true }));
const writer = /** @type {OffscreenCanvasRenderingContext2D} */ (writing.getContext("2d", { willReadFrequently: true }));

const answers = {
  /** @param {{ backend: "webgpu" | "wasm", threads: number, model: string }} wanted */
  async open({ backend, threads, model }) {
    ort = await loadRuntime({ backend, threads });
    session = await ort.InferenceSession.create(new URL(model, import.meta.url).href, { executionProviders: [backend] });
    tile = new Float32Array(await (await fetch(new URL("./models/grain.bin", import.meta.url))).arrayBuffer());
    return [{}, []];
  },

  /** @param {{ tensors: Record<string, Float32Array> }} wanted */
  async code({ tensors }) {
    code = Object.fromEntries(
      Object.entries(tensors).map(([name, values]) => [name, new ort.Tensor("float32", values, [1, values.length, 1, 1])]),
    );
    return [{}, []];
  },

  /** @param {{ frame: ImageBitmap | VideoFrame, width: number, height: number, alpha: number, grain: number }} wanted */
  async paint({ frame, width, height, alpha, grain }) {
    const started = performance.now();
    if (reading.width !== width || reading.height !== height) [reading.width, reading.height] = [width, height];
    reader.imageSmoothingQuality = "high";
    reader.drawImage(frame, 0, 0, width, height);
    frame.close();
    const image = reader.getImageData(0, 0, width, height);
    const pixels = withoutAlpha(image.data);
    addGrain(pixels, width, height, grain, tile);
    const painted = await stylized(pixels, width, height, alpha);
    if (writing.width !== width || writing.height !== height) [writing.width, writing.height] = [width, height];
    withAlpha(painted, image.data);
    writer.putImageData(image, 0, 0);
    const bitmap = writing.transferToImageBitmap();
    return [{ bitmap, milliseconds: performance.now() - started }, [bitmap]];
  },

  /** @param {{ pixels: Uint8Array, width: number, height: number, alpha: number, grain: number }} wanted */
  async pixels({ pixels, width, height, alpha, grain }) {
    addGrain(pixels, width, height, grain, tile);
    return [{ pixels: await stylized(pixels, width, height, alpha) }, []];
  },
};

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
  const rgb = new Uint8Array((rgba.length / 4) * 3);
  for (let from = 0, to = 0; from < rgba.length; from += 4, to += 3) {
    rgb[to] = rgba[from];
    rgb[to + 1] = rgba[from + 1];
    rgb[to + 2] = rgba[from + 2];
  }
  return rgb;
}

/**
 * @param {Uint8Array} rgb
 * @param {Uint8ClampedArray} rgba Gets it; its alpha stays.
 */
function withAlpha(rgb, rgba) {
  for (let from = 0, to = 0; from < rgb.length; from += 3, to += 4) {
    rgba[to] = rgb[from];
    rgba[to + 1] = rgb[from + 1];
    rgba[to + 2] = rgb[from + 2];
  }
}

self.addEventListener("message", async ({ data }) => {
  const { id, what, ...wanted } = data;
  try {
    const [answer, moved] = await answers[/** @type {keyof typeof answers} */ (what)](wanted);
    self.postMessage({ id, ...answer }, { transfer: moved });
  } catch (error) {
    wanted.frame?.close?.();
    self.postMessage({ id, error: String(error instanceof Error ? error.message : error) });
  }
});
