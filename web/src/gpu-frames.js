/**
 * Frames to the network's input and its output to pictures, on the graphics processor alone: no pixel passes through JavaScript. What the
 * grain does is the same as in grain.js.
 */

const GROUP = 64;
/** Samples along each side of a pixel's place in the frame, at most; so frames are made smaller by means, not by single pixels. */
const MOST_TAPS = 8;

const SHARED = /* wgsl */ `
struct Sizes { width: u32, height: u32, across: u32, down: u32, grain: f32 }
@group(0) @binding(0) var<uniform> sizes: Sizes;
fn cell(id: vec3u, count: vec3u) -> u32 { return id.y * count.x * ${GROUP}u + id.x; }
fn mirrored(place: i32, length: u32) -> u32 {
  let last = i32(length) - 1;
  return u32(select(select(place, 2 * last - place, place > last), -place, place < 0));
}
`;
const PROGRAMS = {
  /** The frame at the size of the network, rounded as bytes would be. */
  shrink: /* wgsl */ `
@group(0) @binding(1) var frame: texture_2d<f32>;
@group(0) @binding(2) var smooth_sampler: sampler;
@group(0) @binding(3) var<storage, read_write> pixels: array<vec4f>;
@compute @workgroup_size(${GROUP}) fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) count: vec3u) {
  let at = cell(id, count);
  if (at >= sizes.width * sizes.height) { return; }
  let size = vec2f(f32(sizes.width), f32(sizes.height));
  let corner = vec2f(f32(at % sizes.width), f32(at / sizes.width));
  let taps = clamp(vec2u(ceil(vec2f(textureDimensions(frame)) / size)), vec2u(1), vec2u(${MOST_TAPS}));
  var sum = vec4f();
  for (var y = 0u; y < taps.y; y++) {
    for (var x = 0u; x < taps.x; x++) {
      let place = (corner + (vec2f(f32(x), f32(y)) + 0.5) / vec2f(taps)) / size;
      sum += textureSampleLevel(frame, smooth_sampler, place, 0);
    }
  }
  pixels[at] = round(255 * sum / f32(taps.x * taps.y));
}`,
  blocks: /* wgsl */ `
@group(0) @binding(1) var<storage, read> pixels: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> means: array<vec4f>;
@compute @workgroup_size(${GROUP}) fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) count: vec3u) {
  let at = cell(id, count);
  if (at >= sizes.across * sizes.down) { return; }
  let corner = 4 * vec2u(at % sizes.across, at / sizes.across);
  var sum = vec4f();
  for (var y = 0u; y < 4; y++) {
    for (var x = 0u; x < 4; x++) { sum += pixels[(corner.y + y) * sizes.width + corner.x + x]; }
  }
  means[at] = sum / 16;
}`,
  /** The deviation of the three channels together. */
  spread: /* wgsl */ `
@group(0) @binding(1) var<storage, read> means: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> deviation: array<f32>;
var<workgroup> sums: array<vec4f, ${GROUP}>;
fn total(index: u32) -> vec4f {
  for (var step = ${GROUP / 2}u; step > 0; step /= 2) {
    workgroupBarrier();
    if (index < step) { sums[index] += sums[index + step]; }
  }
  workgroupBarrier();
  return sums[0];
}
@compute @workgroup_size(${GROUP}) fn main(@builtin(local_invocation_index) index: u32) {
  let blocks = sizes.across * sizes.down;
  var sum = vec4f();
  for (var at = index; at < blocks; at += ${GROUP}u) { sum += means[at]; }
  sums[index] = sum;
  let mean = total(index) / f32(blocks);
  workgroupBarrier();
  var squares = vec4f();
  for (var at = index; at < blocks; at += ${GROUP}u) { squares += (means[at] - mean) * (means[at] - mean); }
  sums[index] = squares;
  let variance = total(index) / f32(blocks);
  if (index == 0) { deviation[0] = sqrt((variance.r + variance.g + variance.b) / 3); }
}`,
  flatness: /* wgsl */ `
@group(0) @binding(1) var<storage, read> means: array<vec4f>;
@group(0) @binding(2) var<storage, read> deviation: array<f32>;
@group(0) @binding(3) var<storage, read_write> flat: array<f32>;
@compute @workgroup_size(${GROUP}) fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) count: vec3u) {
  let at = cell(id, count);
  if (at >= sizes.across * sizes.down) { return; }
  let place = vec2i(i32(at % sizes.across), i32(at / sizes.across));
  var sum = vec4f();
  var squares = vec4f();
  for (var y = -4; y <= 4; y++) {
    for (var x = -4; x <= 4; x++) {
      let value = means[mirrored(place.y + y, sizes.down) * sizes.across + mirrored(place.x + x, sizes.across)] - means[at];
      sum += value;
      squares += value * value;
    }
  }
  let variance = squares / 81 - sum * sum / 6561;
  let detail = 0.1 * max(deviation[0], 1e-6);
  flat[at] = max(0, 1 - sqrt(max(0, (variance.r + variance.g + variance.b) / 3)) / detail);
}`,
  pattern: /* wgsl */ `
@group(0) @binding(1) var<storage, read> means: array<vec4f>;
@group(0) @binding(2) var<storage, read> deviation: array<f32>;
@group(0) @binding(3) var<storage, read> flat: array<f32>;
@group(0) @binding(4) var<storage, read> tile: array<f32>;
@group(0) @binding(5) var<storage, read_write> added: array<vec4f>;
@compute @workgroup_size(${GROUP}) fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) count: vec3u) {
  let at = cell(id, count);
  if (at >= sizes.across * sizes.down) { return; }
  let place = vec2i(i32(at % sizes.across), i32(at / sizes.across));
  var sum = 0.0;
  for (var y = -2; y <= 2; y++) {
    for (var x = -2; x <= 2; x++) {
      sum += flat[mirrored(place.y + y, sizes.down) * sizes.across + mirrored(place.x + x, sizes.across)];
    }
  }
  let mean = means[at].rgb;
  let level = (mean.r + mean.g + mean.b) / 3;
  let amount = select(sizes.grain * 0.2 * deviation[0] * sum / 25 * min(level / 12, 1), 0, deviation[0] < 1);
  let first = 3 * ((u32(place.y) % 128) * 128 + u32(place.x) % 128);
  let room = clamp(mean, vec3f(2 * amount), vec3f(255 - 2 * amount)) - mean;
  let value = round(clamp(room + amount * vec3f(tile[first], tile[first + 1], tile[first + 2]), vec3f(-128), vec3f(127)));
  added[at] = vec4f(select(value, vec3f(), amount == 0), 0);
}`,
  /** Pixels and grain, in planes. */
  planes: /* wgsl */ `
@group(0) @binding(1) var<storage, read> pixels: array<vec4f>;
@group(0) @binding(2) var<storage, read> added: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> content: array<f32>;
@compute @workgroup_size(${GROUP}) fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) count: vec3u) {
  let at = cell(id, count);
  let all = sizes.width * sizes.height;
  if (at >= all) { return; }
  var value = pixels[at];
  if (sizes.grain > 0) {
    let blocks = vec2f(f32(sizes.across), f32(sizes.down));
    let size = vec2f(f32(sizes.width), f32(sizes.height));
    let place = clamp((vec2f(f32(at % sizes.width), f32(at / sizes.width)) + 0.5) * blocks / size - 0.5, vec2f(0), blocks - 1);
    let first = vec2u(place);
    let second = min(first + 1, vec2u(sizes.across, sizes.down) - 1);
    let share = fract(place);
    let upper = mix(added[first.y * sizes.across + first.x], added[first.y * sizes.across + second.x], share.x);
    let lower = mix(added[second.y * sizes.across + first.x], added[second.y * sizes.across + second.x], share.x);
    value = clamp(value + round(mix(upper, lower, share.y)), vec4f(0), vec4f(255));
  }
  content[at] = value.r;
  content[all + at] = value.g;
  content[2 * all + at] = value.b;
}`,
};
const DRAWING = /* wgsl */ `
@group(0) @binding(1) var<storage, read> stylized: array<f32>;
@vertex fn corners(@builtin(vertex_index) index: u32) -> @builtin(position) vec4f {
  return vec4f(vec2f(vec2u(index << 1, index) & vec2u(2)) * 2 - 1, 0, 1);
}
@fragment fn pixel(@builtin(position) place: vec4f) -> @location(0) vec4f {
  let all = sizes.width * sizes.height;
  let at = u32(place.y) * sizes.width + u32(place.x);
  return vec4f(stylized[at], stylized[all + at], stylized[2 * all + at], 255) / 255;
}`;

/** What a frame goes through before and after the network. */
export class GpuFrames {
  /**
   * @param {any} device A GPUDevice, the one of ONNX Runtime.
   * @param {Float32Array} tile The pattern of the grain.
   */
  constructor(device, tile) {
    this.device = device;
    this.programs = Object.fromEntries(
      Object.entries(PROGRAMS).map(([name, code]) => {
        const module = device.createShaderModule({ code: SHARED + code });
        return [name, device.createComputePipeline({ label: name, layout: "auto", compute: { module } })];
      }),
    );
    const module = device.createShaderModule({ code: SHARED + DRAWING });
    const format = /** @type {any} */ (navigator).gpu.getPreferredCanvasFormat();
    this.drawing = device.createRenderPipeline({ layout: "auto", vertex: { module }, fragment: { module, targets: [{ format }] } });
    this.canvas = new OffscreenCanvas(1, 1);
    this.screen = /** @type {any} */ (this.canvas.getContext("webgpu"));
    this.screen.configure({ device, format, alphaMode: "opaque" });
    this.sampler = device.createSampler({ magFilter: "linear", minFilter: "linear" });
    this.tile = this.buffer(tile.byteLength);
    device.queue.writeBuffer(this.tile, 0, tile);
    this.sizes = device.createBuffer({ size: 32, usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST });
    /** @type {any[]} Buffers and the texture for frames of the present size. */
    this.kept = [];
    this.shape = "";
  }

  /** @param {number} bytes */
  buffer(bytes) {
    return this.device.createBuffer({ size: bytes, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC });
  }

  /**
   * A frame as the network takes it.
   *
   * @param {ImageBitmap} frame
   * @param {number} width
   * @param {number} height
   * @param {number} grain
   * @returns {any} A GPUBuffer, (1, 3, height, width) float32, valid until the next call.
   */
  content(frame, width, height, grain) {
    const { device } = this;
    this.fit(frame, width, height);
    const [across, down] = [Math.floor(width / 4), Math.floor(height / 4)];
    const used = Math.min(across, down) < 9 ? 0 : grain;
    const sizes = new DataView(new ArrayBuffer(32));
    [width, height, across, down].forEach((value, index) => sizes.setUint32(4 * index, value, true));
    sizes.setFloat32(16, used, true);
    device.queue.writeBuffer(this.sizes, 0, sizes);
    device.queue.copyExternalImageToTexture({ source: frame }, { texture: this.texture }, [frame.width, frame.height]);
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    const { pixels, means, deviation, flat, added, planes } = this;
    this.run(pass, "shrink", [this.texture.createView(), this.sampler, pixels], width * height);
    if (used > 0) {
      this.run(pass, "blocks", [pixels, means], across * down);
      this.run(pass, "spread", [means, deviation], 1);
      this.run(pass, "flatness", [means, deviation, flat], across * down);
      this.run(pass, "pattern", [means, deviation, flat, this.tile, added], across * down);
    }
    this.run(pass, "planes", [pixels, added, planes], width * height);
    pass.end();
    device.queue.submit([encoder.finish()]);
    return planes;
  }

  /**
   * The network's output as a picture.
   *
   * @param {any} stylized A GPUBuffer, (1, 3, height, width) float32.
   * @param {number} width
   * @param {number} height
   * @returns {ImageBitmap}
   */
  picture(stylized, width, height) {
    if (this.canvas.width !== width || this.canvas.height !== height) [this.canvas.width, this.canvas.height] = [width, height];
    const encoder = this.device.createCommandEncoder();
    const view = this.screen.getCurrentTexture().createView();
    const pass = encoder.beginRenderPass({ colorAttachments: [{ view, loadOp: "clear", storeOp: "store" }] });
    pass.setPipeline(this.drawing);
    pass.setBindGroup(0, this.bind(this.drawing, [stylized]));
    pass.draw(3);
    pass.end();
    this.device.queue.submit([encoder.finish()]);
    return this.canvas.transferToImageBitmap();
  }

  /**
   * @param {any} pass
   * @param {string} name
   * @param {any[]} taken What is bound after the sizes.
   * @param {number} cells
   */
  run(pass, name, taken, cells) {
    const groups = Math.ceil(cells / GROUP);
    pass.setPipeline(this.programs[name]);
    pass.setBindGroup(0, this.bind(this.programs[name], taken));
    // At most 65535 groups are allowed along one side.
    const rows = Math.ceil(groups / 32768);
    pass.dispatchWorkgroups(Math.ceil(groups / rows), rows);
  }

  /** @param {any} pipeline @param {any[]} taken */
  bind(pipeline, taken) {
    const entries = [this.sizes, ...taken].map((thing, index) => ({ binding: index, resource: thing instanceof GPUBuffer ? { buffer: thing } : thing }));
    return this.device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
  }

  /** @param {ImageBitmap} frame @param {number} width @param {number} height */
  fit(frame, width, height) {
    const shape = [frame.width, frame.height, width, height].join();
    if (shape === this.shape) return;
    for (const thing of this.kept) thing.destroy();
    const pixels = width * height;
    const blocks = Math.max(1, Math.floor(width / 4) * Math.floor(height / 4));
    const usage = GPUTextureUsage.TEXTURE_BINDING | GPUTextureUsage.COPY_DST | GPUTextureUsage.RENDER_ATTACHMENT;
    this.texture = this.device.createTexture({ size: [frame.width, frame.height], format: "rgba8unorm", usage });
    [this.pixels, this.means, this.added] = [pixels, blocks, blocks].map((count) => this.buffer(16 * count));
    [this.deviation, this.flat, this.planes] = [1, blocks, 3 * pixels].map((count) => this.buffer(4 * count));
    this.kept = [this.texture, this.pixels, this.means, this.added, this.deviation, this.flat, this.planes];
    this.shape = shape;
  }
}
