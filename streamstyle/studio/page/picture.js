/**
 * The live picture: one frame asked for at a time, the newest that there is, drawn onto canvases.
 */

import { PATIENCE, emit, socket, studio } from "./studio.js";

const HEADER = 24;
const TOO_MANY = 4003;
const WINDOW = 1000;

/**
 * One frame as the server sends it.
 *
 * @param {ArrayBuffer} message
 */
export function parse(message) {
  const view = new DataView(message);
  const [number, bytes] = [view.getUint32(0), view.getUint32(4)];
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  const jpeg = (/** @type {number} */ start, /** @type {number} */ end) =>
    end > start ? new Blob([new Uint8Array(message, start, end - start)], { type: "image/jpeg" }) : null;
  return {
    number,
    capturedAt: view.getFloat64(8),
    width,
    height,
    painted: jpeg(HEADER, HEADER + bytes),
    original: jpeg(HEADER + bytes, message.byteLength),
  };
}

/** Draws the live picture, and measures how often and how late it comes. */
export class PictureFeed {
  #drawn = -1;
  #tries = 0;
  #decoding = 0;
  #asked = false;
  /** @type {WebSocket | null} */
  #socket = null;
  /** Time and delay of each frame of the last second. @type {[number, number][]} */
  #lately = [];

  /**
   * @param {HTMLCanvasElement} painted
   * @param {HTMLCanvasElement} original
   * @param {() => {width: number, original: boolean}} wanted Asked for each frame.
   * @param {(frame: {width: number, height: number}) => void} shown Told of each frame that was drawn.
   */
  constructor(painted, original, wanted, shown) {
    this.painted = painted;
    this.original = original;
    this.wanted = wanted;
    this.shown = shown;
    this.full = false;
    // Nobody sees a hidden page: it asks for nothing, and goes on at once when it is looked at again.
    document.addEventListener("visibilitychange", () => this.#ask());
  }

  connect() {
    const feed = socket("/api/picture");
    feed.binaryType = "arraybuffer";
    this.#socket = feed;
    feed.addEventListener("open", () => {
      this.#asked = false;
      this.#drawn = -1;
      this.#ask();
    });
    feed.addEventListener("message", (message) => {
      this.#tries = 0;
      this.#asked = false;
      if (message.data instanceof ArrayBuffer) void this.#take(message.data);
      this.#ask();
    });
    feed.addEventListener("close", (event) => {
      this.full = event.code === TOO_MANY;
      emit("connection");
      const wait = this.full ? 10 : PATIENCE[Math.min(this.#tries++, PATIENCE.length - 1)];
      setTimeout(() => this.connect(), wait * 1000);
    });
  }

  /** Frames a second and the delay in seconds from the camera to the page, or null where there were none lately. */
  figures() {
    const now = performance.now();
    this.#lately = this.#lately.filter(([time]) => now - time < WINDOW * 2);
    if (this.#lately.length < 2) return null;
    const delays = this.#lately.map(([, delay]) => delay).sort((one, other) => one - other);
    const span = this.#lately[this.#lately.length - 1][0] - this.#lately[0][0];
    return { rate: ((this.#lately.length - 1) * 1000) / span, delay: delays[delays.length >> 1] / 1000 };
  }

  #ask() {
    // One in decoding, one on its way: the network does not wait for the decoder, and nothing piles up.
    if (document.hidden || this.#asked || this.#decoding > 1 || this.#socket?.readyState !== WebSocket.OPEN) return;
    this.#asked = true;
    this.#socket.send(JSON.stringify({ next: true, ...this.wanted() }));
  }

  /** @param {ArrayBuffer} message */
  async #take(message) {
    const frame = parse(message);
    this.#decoding++;
    try {
      const [painted, original] = await Promise.all([decoded(frame.painted), decoded(frame.original)]);
      if (frame.number > this.#drawn) {
        this.#drawn = frame.number;
        draw(this.painted, painted);
        draw(this.original, original);
        this.#lately.push([performance.now(), studio.now() - frame.capturedAt]);
        this.shown(frame);
      }
      painted?.close();
      original?.close();
    } catch {
      // A picture that cannot be decoded is left out; the next one comes at once.
    } finally {
      this.#decoding--;
      this.#ask();
    }
  }
}

/** @param {Blob | null} jpeg */
function decoded(jpeg) {
  return jpeg ? createImageBitmap(jpeg) : null;
}

/** @param {HTMLCanvasElement} canvas @param {ImageBitmap | null} picture */
function draw(canvas, picture) {
  if (!picture) return;
  if (canvas.width !== picture.width || canvas.height !== picture.height) {
    canvas.width = picture.width;
    canvas.height = picture.height;
  }
  canvas.getContext("2d", { alpha: false })?.drawImage(picture, 0, 0);
}
