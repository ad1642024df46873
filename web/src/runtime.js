/** ONNX Runtime in a worker: its WebAssembly is unpacked here, since many servers send files as they lie. */

/** @typedef {{ backend: "webgpu" | "wasm", threads: number }} Setting */

/** Pages of 64 KiB: below this, nothing can be painted. */
const LEAST_PAGES = 1024;

// ONNX Runtime asks for room up to 4 GB, which phones refuse to set apart; it works in less as well.
WebAssembly.Memory = new Proxy(WebAssembly.Memory, {
  construct(Memory, [wanted]) {
    for (let { maximum } = wanted; ; maximum /= 2) {
      try {
        return new Memory({ ...wanted, maximum });
      } catch (error) {
        if (!(maximum / 2 >= Math.max(LEAST_PAGES, wanted.initial))) throw error;
      }
    }
  },
});

/**
 * Load ONNX Runtime for a backend.
 *
 * @param {Setting} setting
 */
export async function loadRuntime({ backend, threads }) {
  const gpu = backend === "webgpu";
  const ort = await import(gpu ? "./ort/ort.webgpu.min.mjs" : "./ort/ort.wasm.min.mjs");
  const name = gpu ? "ort-wasm-simd-threaded.asyncify" : "ort-wasm-simd-threaded";
  ort.env.wasm.wasmBinary = await unpacked(`./ort/${name}.wasm.gz`);
  ort.env.wasm.wasmPaths = { mjs: new URL(`./ort/${name}.mjs`, import.meta.url).href };
  ort.env.wasm.numThreads = threads;
  ort.env.logLevel = "error";
  if (gpu) ort.env.webgpu.powerPreference = "high-performance";
  return ort;
}

/**
 * The content of a file that lies packed by gzip.
 *
 * @param {string} path
 * @returns {Promise<ArrayBuffer>}
 */
export async function unpacked(path) {
  const answer = await fetch(new URL(path, import.meta.url));
  if (!answer.ok || !answer.body) throw new Error(`${path} could not be loaded (${answer.status})`);
  // A server that says "Content-Encoding: gzip" had it unpacked by the browser.
  if (answer.headers.get("content-encoding") === "gzip") return answer.arrayBuffer();
  return new Response(answer.body.pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
}
