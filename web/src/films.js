/** A film in, a painted film out, by WebCodecs: every frame once, with its time and with the sound. */

import { say } from "./say.js";

/** Whether this browser can do it. */
export const filmsServe = "VideoDecoder" in self && "VideoEncoder" in self;

/**
 * Paint a film.
 *
 * @param {File} file
 * @param {(frame: ImageBitmap) => Promise<CanvasImageSource>} paint Valid until the next call.
 * @param {(share: number) => void} progress
 * @param {AbortSignal} signal Ends it early; nothing is kept then.
 * @returns {Promise<{ blob: Blob, name: string } | null>} Null where it was ended.
 */
export async function paintFilm(file, paint, progress, signal) {
  const media = await import("./mediabunny.min.mjs");
  const input = new media.Input({ source: new media.BlobSource(file), formats: media.ALL_FORMATS });
  const unreadable = `${file.name} cannot be read by this browser; try an MP4 or WebM film`;
  const track = await input.getPrimaryVideoTrack().catch(() => null);
  if (!track) throw new Error(unreadable);
  const mp4 = await media.canEncodeVideo("avc", { width: 2 * Math.ceil(track.displayWidth / 2), height: 2 * Math.ceil(track.displayHeight / 2) });
  const target = new media.BufferTarget();
  const output = new media.Output({ target, format: mp4 ? new media.Mp4OutputFormat() : new media.WebMOutputFormat() });
  const canvas = new OffscreenCanvas(2 * Math.ceil(track.displayWidth / 2), 2 * Math.ceil(track.displayHeight / 2));
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.imageSmoothingQuality = "high";
  const conversion = await media.Conversion.init({
    input,
    output,
    video: {
      codec: mp4 ? "avc" : "vp9",
      bitrate: media.QUALITY_HIGH,
      forceTranscode: true,
      process: async (/** @type {any} */ sample) => {
        sample.draw(context, 0, 0, canvas.width, canvas.height);
        const painted = await paint(await createImageBitmap(canvas));
        context.drawImage(painted, 0, 0, canvas.width, canvas.height);
        return canvas;
      },
    },
  });
  if (!conversion.isValid) throw new Error(unreadable);
  for (const { track: lost } of conversion.discardedTracks) if (lost.type === "audio") say("The sound of this film is of a kind that this browser cannot keep.");
  conversion.onProgress = progress;
  signal.addEventListener("abort", () => void conversion.cancel());
  try {
    await conversion.execute();
  } catch (error) {
    if (signal.aborted) return null;
    throw error;
  }
  if (signal.aborted || !target.buffer) return null;
  return {
    blob: new Blob([target.buffer], { type: mp4 ? "video/mp4" : "video/webm" }),
    name: `${file.name.replace(/\.[^.]*$/, "")}-painted.${mp4 ? "mp4" : "webm"}`,
  };
}
