/** Makes a style of a painting, away from the page's own thread and from the painter's: {id, pixels, width, height} to {id, tensors}. */

import { loadRuntime, unpacked } from "./runtime.js";

self.addEventListener("message", async ({ data: { id, pixels, width, height } }) => {
  try {
    const ort = await loadRuntime({ backend: "wasm", threads: 1 });
    const session = await ort.InferenceSession.create(await unpacked("./models/style.onnx.gz"));
    const outputs = await session.run({ style: new ort.Tensor("uint8", pixels, [1, height, width, 3]) });
    const tensors = Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, tensor.data]));
    self.postMessage({ id, tensors });
  } catch (error) {
    self.postMessage({ id, error: String(error instanceof Error ? error.message : error) });
  }
});
