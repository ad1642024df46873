/**
 * From the processing size to the frame's own, with the content's edges, by WebGL, as streamstyle/media/enlarge.py does it: what
 * the content lost on the way down is added as far as the painting follows the content there, within what the painting shows around.
 */

const MUCH_LARGER = 4;
const FAR_LARGER = 6;
const IN_SOFTWARE = /swiftshader|llvmpipe|softpipe|software|basic render/i;

const SHARED = `#version 300 es
precision highp float;
precision highp sampler2D;
const vec3 GRAY = vec3(0.299, 0.587, 0.114);
vec3 at(sampler2D picture, ivec2 place) {
  return texelFetch(picture, clamp(place, ivec2(0), textureSize(picture, 0) - 1), 0).rgb;
}
vec4 cubic(float t) {
  const float a = -0.75;
  float far = t + 1.0, near = 1.0 - t;
  float first = ((a * far - 5.0 * a) * far + 8.0 * a) * far - 4.0 * a;
  float second = ((a + 2.0) * t - (a + 3.0)) * t * t + 1.0;
  float third = ((a + 2.0) * near - (a + 3.0)) * near * near + 1.0;
  return vec4(first, second, third, 1.0 - first - second - third);
}
/** Lightest and darkest of the three by three pixels around, between pixels in proportion. */
void range(sampler2D picture, vec2 place, out vec3 least, out vec3 most) {
  vec2 from = place * vec2(textureSize(picture, 0)) - 0.5;
  ivec2 base = ivec2(floor(from));
  vec2 share = fract(from);
  least = most = vec3(0);
  for (int corner = 0; corner < 4; corner++) {
    ivec2 middle = ivec2(corner & 1, corner >> 1);
    vec3 darkest = vec3(1), lightest = vec3(0);
    for (int y = -1; y <= 1; y++) for (int x = -1; x <= 1; x++) {
      vec3 value = at(picture, base + middle + ivec2(x, y));
      darkest = min(darkest, value);
      lightest = max(lightest, value);
    }
    vec2 near = mix(1.0 - share, share, vec2(middle));
    least += near.x * near.y * darkest;
    most += near.x * near.y * lightest;
  }
}
vec3 soft(sampler2D picture, vec2 place) {
  vec2 from = place * vec2(textureSize(picture, 0)) - 0.5;
  ivec2 base = ivec2(floor(from));
  vec4 across = cubic(fract(from.x)), down = cubic(fract(from.y));
  vec3 sum = vec3(0);
  for (int y = 0; y < 4; y++) for (int x = 0; x < 4; x++) sum += across[x] * down[y] * at(picture, base + ivec2(x, y) - 1);
  return sum;
}
`;
const CORNERS = `#version 300 es
void main() { gl_Position = vec4(vec2(ivec2(gl_VertexID << 1, gl_VertexID) & 2) * 2.0 - 1.0, 0, 1); }`;
const PROGRAMS = {
  /** Red: how far the painting's light follows the content's. Green: the content's light at this size. Blue: its contrast. */
  followed: `
uniform sampler2D painted, content;
uniform vec2 size;
out vec4 result;
void main() {
  float level = log2(float(textureSize(content, 0).y) / size.y);
  float light = 0.0, paint = 0.0, both = 0.0, squares = 0.0, here = 0.0, darkest = 1.0, lightest = 0.0;
  for (int y = -2; y <= 2; y++) for (int x = -2; x <= 2; x++) {
    vec2 place = clamp(gl_FragCoord.xy + vec2(x, y), vec2(0.5), size - 0.5);
    float l = dot(textureLod(content, place / size, level).rgb, GRAY), p = dot(at(painted, ivec2(place)), GRAY);
    if (x == 0 && y == 0) here = l;
    if (abs(x) < 2 && abs(y) < 2) darkest = min(darkest, l), lightest = max(lightest, l);
    light += l; paint += p; both += l * p; squares += l * l;
  }
  float slope = (both / 25.0 - light * paint / 625.0) / (squares / 25.0 - light * light / 625.0 + 60.0 / 65025.0);
  result = vec4(clamp(slope, 0.0, 1.0), here, lightest - darkest, 1);
}`,
  /** As crisp as before, at this size. */
  sharpened: `
uniform sampler2D painted;
uniform vec2 size;
out vec4 result;
void main() {
  vec2 place = gl_FragCoord.xy / size;
  vec2 from = place * vec2(textureSize(painted, 0)) - 0.5;
  ivec2 base = ivec2(floor(from));
  vec3 blurred = vec3(0), least, most;
  float all = 0.0;
  for (int y = -2; y <= 3; y++) for (int x = -2; x <= 3; x++) {
    vec2 away = vec2(x, y) - fract(from);
    float near = exp(-dot(away, away));
    blurred += near * at(painted, base + ivec2(x, y));
    all += near;
  }
  range(painted, place, least, most);
  result = vec4(clamp(1.5 * soft(painted, place) - 0.5 * blurred / all, least, most), 1);
}`,
  whole: `
uniform sampler2D painted, content, crisp, follows;
uniform vec2 size;
out vec4 result;
void main() {
  ivec2 pixel = ivec2(gl_FragCoord.x, size.y - gl_FragCoord.y);
  vec2 place = (vec2(pixel) + 0.5) / size;
  vec3 known = textureLod(follows, place, 0.0).rgb;
  vec3 least, most;
  range(painted, place, least, most);
  bool larger = size.y >= 3.0 * float(textureSize(painted, 0).y);
  vec3 base = larger ? soft(crisp, place) : textureLod(crisp, place, 0.0).rgb;
  float room = max(min(known.r * known.b - 8.0 / 255.0, min(dot(base - least, GRAY), dot(most - base, GRAY))), 0.0);
  result = vec4(base + clamp(dot(at(content, pixel), GRAY) - known.g, -room, room), 1);
}`,
};

/** Enlarges pictures. */
export class Enlarger {
  /**
   * @param {WebGL2RenderingContext} gl
   * @param {OffscreenCanvas} canvas
   */
  constructor(gl, canvas) {
    this.gl = gl;
    this.canvas = canvas;
    this.programs = Object.fromEntries(Object.entries(PROGRAMS).map(([name, code]) => [name, this.link(SHARED + code)]));
    this.frame = gl.createFramebuffer();
    /** @type {Record<string, WebGLTexture>} */
    this.textures = Object.fromEntries(["painted", "content", "follows", "first", "second"].map((name) => [name, gl.createTexture()]));
  }

  /**
   * @param {boolean} [slow] Take a graphics processor that is made up in software, too; the plain way is faster then.
   * @returns {Enlarger | null} Null where there is no graphics processor.
   */
  static open(slow = false) {
    const canvas = new OffscreenCanvas(1, 1);
    const gl = /** @type {WebGL2RenderingContext | null} */ (canvas.getContext("webgl2", { alpha: false, antialias: false, depth: false }));
    if (!gl) return null;
    const told = gl.getExtension("WEBGL_debug_renderer_info");
    const name = String(gl.getParameter(told ? told.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
    return !slow && IN_SOFTWARE.test(name) ? null : new Enlarger(gl, canvas);
  }

  /**
   * @param {ImageBitmap} painted
   * @param {ImageBitmap} content The frame that it was painted of.
   * @returns {CanvasImageSource} As large as the content.
   */
  draw(painted, content) {
    const { gl, textures } = this;
    if (gl.isContextLost() || painted.height >= content.height) return painted;
    this.upload(textures.painted, painted, false);
    this.upload(textures.content, content, true);
    this.run("followed", { painted: textures.painted, content: textures.content }, painted.width, painted.height, textures.follows);
    let [crisp, width, height] = [textures.painted, painted.width, painted.height];
    const times = content.height / painted.height;
    const factor = times >= MUCH_LARGER ? 2 : 1;
    for (const target of [textures.first, textures.second].slice(0, times >= FAR_LARGER ? 2 : 1)) {
      [width, height] = [factor * width, factor * height];
      this.run("sharpened", { painted: crisp }, width, height, target);
      crisp = target;
    }
    if (this.canvas.width !== content.width || this.canvas.height !== content.height) [this.canvas.width, this.canvas.height] = [content.width, content.height];
    const taken = { painted: textures.painted, content: textures.content, crisp, follows: textures.follows };
    this.run("whole", taken, content.width, content.height, null);
    return this.canvas;
  }

  /** @param {WebGLTexture} texture @param {ImageBitmap} picture @param {boolean} smaller Whether it is read at smaller sizes, too. */
  upload(texture, picture, smaller) {
    const { gl } = this;
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, gl.RGBA, gl.UNSIGNED_BYTE, picture);
    this.sample(smaller ? gl.LINEAR_MIPMAP_LINEAR : gl.LINEAR);
    if (smaller) gl.generateMipmap(gl.TEXTURE_2D);
  }

  /** @param {number} smaller */
  sample(smaller) {
    const { gl } = this;
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, smaller);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
  }

  /**
   * @param {string} name
   * @param {Record<string, WebGLTexture>} taken
   * @param {number} width
   * @param {number} height
   * @param {WebGLTexture | null} target Null for the canvas.
   */
  run(name, taken, width, height, target) {
    const { gl } = this;
    const program = this.programs[name];
    if (target) {
      gl.activeTexture(gl.TEXTURE0);
      gl.bindTexture(gl.TEXTURE_2D, target);
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, width, height, 0, gl.RGBA, gl.UNSIGNED_BYTE, null);
      this.sample(gl.LINEAR);
    }
    gl.bindFramebuffer(gl.FRAMEBUFFER, target && this.frame);
    if (target) gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, target, 0);
    gl.useProgram(program);
    Object.entries(taken).forEach(([sampler, texture], unit) => {
      gl.activeTexture(gl.TEXTURE0 + unit);
      gl.bindTexture(gl.TEXTURE_2D, texture);
      gl.uniform1i(gl.getUniformLocation(program, sampler), unit);
    });
    gl.activeTexture(gl.TEXTURE0);
    gl.uniform2f(gl.getUniformLocation(program, "size"), width, height);
    gl.viewport(0, 0, width, height);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }

  /** @param {string} code */
  link(code) {
    const { gl } = this;
    const program = /** @type {WebGLProgram} */ (gl.createProgram());
    for (const [kind, text] of /** @type {const} */ ([[gl.VERTEX_SHADER, CORNERS], [gl.FRAGMENT_SHADER, code]])) {
      const shader = /** @type {WebGLShader} */ (gl.createShader(kind));
      gl.shaderSource(shader, text);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(`WebGL: ${gl.getProgramInfoLog(program)}`);
    return program;
  }
}
