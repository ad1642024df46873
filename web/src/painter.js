/** What the page knows of its workers: one that paints, one that makes styles of paintings. */

/** @typedef {Record<string, Float32Array>} Code Means and deviations, by the name of the tensor. */

/** A worker that answers each message. */
class Answering {
  /** @param {string} script */
  constructor(script) {
    this.worker = new Worker(new URL(script, import.meta.url), { type: "module" });
    /** @type {Map<number, [(value: any) => void, (error: Error) => void]>} */
    this.waiting = new Map();
    this.count = 0;
    this.worker.addEventListener("message", ({ data }) => {
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

/** Whether there is a GPU that computes in half precision, which the graph for GPUs needs. */
export async function gpuServes() {
  try {
    const adapter = await /** @type {any} */ (navigator).gpu?.requestAdapter();
    return Boolean(adapter?.features.has("shader-f16"));
  } catch {
    return false;
  }
}

/** Paints frames. */
export class Painter {
  /**
   * @param {"webgpu" | "wasm"} backend
   * @param {string} model Path of the graph.
   */
  constructor(backend, model = backend === "webgpu" ? "./models/stylize-fp16.onnx" : "./models/stylize-int8.onnx") {
    this.backend = backend;
    this.worker = new Answering("./painter-worker.js");
    this.ready = this.worker.ask({ what: "open", backend, threads: threads(), model });
  }

  /** @param {Code} tensors */
  async setCode(tensors) {
    await this.ready;
    await this.worker.ask({ what: "code", tensors });
  }

  /**
   * @param {ImageBitmap | VideoFrame} frame Is taken.
   * @param {{ width: number, height: number, alpha: number, grain: number }} wanted
   * @returns {Promise<{ bitmap: ImageBitmap, milliseconds: number }>}
   */
  async paint(frame, wanted) {
    await this.ready;
    return this.worker.ask({ what: "paint", frame, ...wanted }, [/** @type {any} */ (frame)]);
  }

  /**
   * @param {Uint8Array} pixels RGB.
   * @param {{ width: number, height: number, alpha: number, grain: number }} wanted
   * @returns {Promise<Uint8Array>}
   */
  async pixels(pixels, wanted) {
    await this.ready;
    return (await this.worker.ask({ what: "pixels", pixels, ...wanted })).pixels;
  }

  close() {
    this.worker.close();
  }
}

const STYLE_SIDE = 256;
/** @type {Answering | undefined} */
let encoder;

/**
 * Make a style of a painting.
 *
 * @param {ImageBitmap} painting
 * @returns {Promise<Code>}
 */
export async function encode(painting) {
  const scale = STYLE_SIDE / Math.min(painting.width, painting.height);
  const width = Math.round(painting.width * scale);
  const height = Math.round(painting.height * scale);
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (new OffscreenCanvas(width, height).getContext("2d"));
  context.fillStyle = "#fff";
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = "high";
  context.drawImage(painting, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  const pixels = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; from < data.length; from += 4) for (let c = 0; c < 3; c++) pixels[to++] = data[from + c];
  encoder ??= new Answering("./style-worker.js");
  return (await encoder.ask({ pixels, width, height })).tensors;
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
