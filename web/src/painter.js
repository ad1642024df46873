/** What the page knows of its workers: one that paints, one that makes styles of paintings. */

/** @typedef {Record<string, Float32Array>} Code Means and deviations, by the name of the tensor. */
/** @typedef {"fp16" | "fp32" | "int8"} Precision Of the graph: the first two run on the graphics processor, the last on the processor. */
/** @typedef {{ decode: number, prepare: number, paint: number, draw: number }} Times Milliseconds of a frame's stages. */

/** A worker that answers each message. */
class Answering {
  /**
   * @param {string} script
   * @param {(why: string) => void} [lost] Called when the worker tells that what it works with is gone.
   */
  constructor(script, lost) {
    this.worker = new Worker(new URL(script, import.meta.url), { type: "module" });
    /** @type {Map<number, [(value: any) => void, (error: Error) => void]>} */
    this.waiting = new Map();
    this.count = 0;
    this.worker.addEventListener("message", ({ data }) => {
      if (data.lost) {
        this.fail(data.lost);
        lost?.(data.lost);
        return;
      }
      const [resolve, reject] = this.waiting.get(data.id) ?? [];
      this.waiting.delete(data.id);
      if (data.error) reject?.(new Error(data.error));
      else resolve?.(data);
    });
    this.worker.addEventListener("error", (event) => this.fail(event.message || `${script} could not be loaded`));
  }

  /**
   * @param {object} message
   * @param {Transferable[]} [moved]
   * @returns {Promise<any>}
   */
  ask(message, moved = []) {
    const id = ++this.count;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, [resolve, reject]);
      this.worker.postMessage({ id, ...message }, moved);
    });
  }

  /** @param {string} reason */
  fail(reason) {
    for (const [, reject] of this.waiting.values()) reject(new Error(reason));
    this.waiting.clear();
  }

  close() {
    this.worker.terminate();
    this.fail("ended");
  }
}

/** Threads that may be used for painting; without isolation from other pages browsers give only one. */
export function threads() {
  return self.crossOriginIsolated ? Math.max(1, Math.min(8, navigator.hardwareConcurrency || 1)) : 1;
}

/**
 * What this browser computes in: float16 on a graphics processor, float32 on one that lacks the former, else bytes on the processor. A
 * graphics processor that is only made up in software is slower than that.
 *
 * @returns {Promise<Precision>}
 */
export async function bestPrecision() {
  try {
    const adapter = await /** @type {any} */ (navigator).gpu?.requestAdapter({ powerPreference: "high-performance" });
    if (!adapter || adapter.info?.isFallbackAdapter) return "int8";
    return adapter.features.has("shader-f16") ? "fp16" : "fp32";
  } catch {
    return "int8";
  }
}

/** Paints frames. The worker does what it is asked for in order, so nobody waits until it is ready. */
export class Painter {
  /**
   * @param {Precision} precision
   * @param {number} [cores] Threads, where the processor computes.
   * @param {(why: string) => void} [lost] Called where the graphics processor is gone; whatever is asked for then fails.
   */
  constructor(precision, cores = threads(), lost) {
    this.precision = precision;
    this.worker = new Answering("./painter-worker.js", lost);
    this.ready = this.worker.ask({ what: "open", precision, threads: cores });
  }

  /** Fails where a picture comes back empty, which some graphics processors give without a word. Needs a style. */
  async check() {
    const canvas = new OffscreenCanvas(64, 64);
    const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
    const light = context.createLinearGradient(0, 0, 64, 64);
    light.addColorStop(0, "#123");
    light.addColorStop(1, "#fed");
    context.fillStyle = light;
    context.fillRect(0, 0, 64, 64);
    const { bitmap, frame } = await this.paint(await createImageBitmap(canvas), { width: 64, height: 64, alpha: 1, grain: 0 });
    context.clearRect(0, 0, 64, 64);
    context.drawImage(bitmap, 0, 0);
    bitmap.close();
    frame.close();
    const { data } = context.getImageData(0, 0, 64, 64);
    if (data.every((value, at) => at % 4 === 3 || Math.abs(value - data[at % 4]) < 4)) throw new Error("the picture is empty");
  }

  /** @param {Code} tensors */
  async setCode(tensors) {
    await this.worker.ask({ what: "code", tensors });
  }

  /**
   * @param {ImageBitmap | VideoFrame} frame Is taken, and comes back.
   * @param {{ width: number, height: number, alpha: number, grain: number }} wanted
   * @returns {Promise<{ bitmap: ImageBitmap, frame: ImageBitmap | VideoFrame, times: Times }>}
   */
  async paint(frame, wanted) {
    return this.worker.ask({ what: "paint", frame, ...wanted }, [frame]);
  }

  /**
   * @param {Uint8Array} pixels RGB.
   * @param {{ width: number, height: number, alpha: number, grain: number }} wanted
   * @returns {Promise<Uint8Array>}
   */
  async pixels(pixels, wanted) {
    return (await this.worker.ask({ what: "pixels", pixels, ...wanted })).pixels;
  }

  close() {
    this.worker.close();
  }
}

const STYLE_SIDE = 256;
/** Of scrolls and strips: their shorter side gets less then. */
const LONGEST_STYLE = 1024;
const LEAST_STYLE = 32;

/**
 * Make a style of a painting.
 *
 * @param {ImageBitmap} painting
 * @returns {Promise<Code>}
 */
export async function encode(painting) {
  const scale = Math.min(STYLE_SIDE / Math.min(painting.width, painting.height), LONGEST_STYLE / Math.max(painting.width, painting.height));
  const [width, height] = [painting.width, painting.height].map((side) => Math.max(LEAST_STYLE, Math.round(scale * side)));
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (new OffscreenCanvas(width, height).getContext("2d"));
  context.fillStyle = "#fff";
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = "high";
  context.drawImage(painting, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  const pixels = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; from < data.length; from += 4) for (let c = 0; c < 3; c++) pixels[to++] = data[from + c];
  // Its network is ten times as large as the one that paints, and seldom needed: it is kept no longer than that.
  const encoder = new Answering("./style-worker.js");
  try {
    return (await encoder.ask({ pixels, width, height })).tensors;
  } finally {
    encoder.close();
  }
}

/**
 * Mix two styles, as streamstyle.styles.code.blend does.
 *
 * @param {Code} first
 * @param {Code} second
 * @param {number} share Of the second, 0 to 1.
 * @returns {Code}
 */
export function blend(first, second, share) {
  if (share <= 0) return first;
  if (share >= 1) return second;
  return Object.fromEntries(
    Object.entries(first).map(([name, values]) => [name, values.map((value, i) => (1 - share) * value + share * second[name][i])]),
  );
}

/**
 * The built-in styles.
 *
 * @returns {Promise<{ name: string, title: string, painter: string, year: string, thumbnail: string, code: Code }[]>}
 */
export async function builtinStyles() {
  const list = await (await fetch(new URL("./models/styles.json", import.meta.url))).json();
  const numbers = new Float32Array(await (await fetch(new URL("./models/styles.bin", import.meta.url))).arrayBuffer());
  let at = 0;
  return list.styles.map((/** @type {any} */ style) => {
    /** @type {Code} */
    const code = {};
    for (const [name, channels] of list.tensors) code[name] = numbers.slice(at, (at += channels));
    return { ...style, code };
  });
}
