/** Makes a style of a painting, away from the page's own thread and from the painter's: {id, pixels, width, height} to {id, tensors}. */

import { loadRuntime } from "./runtime.js";

/** @type {Promise<any> | undefined} */
let opening;

async function open() {
  const ort = await loadRuntime({ backend: "wasm", threads: 1 });
  const session = await ort.InferenceSession.create(new URL("./models/style.onnx", import.meta.url).href);
  return { ort, session };
}

self.addEventListener("message", async ({ data: { id, pixels, width, height } }) => {
  try {
    opening ??= open();
    const { ort, session } = await opening;
    const outputs = await session.run({ style: new ort.Tensor("uint8", pixels, [1, height, width, 3]) });
    const tensors = Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, tensor.data]));
    self.postMessage({ id, tensors });
  } catch (error) {
    opening = undefined;
    self.postMessage({ id, error: String(error instanceof Error ? error.message : error) });
  }
});
