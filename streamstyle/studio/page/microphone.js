/** The browser's microphone, for recordings: off until it is asked for. */

import { byId, say, setIcon } from "./dom.js";
import { onState, socket, studio } from "./studio.js";

/** How the server closes the connection while it has another page's sound. */
const IN_USE = 4003;

/** @type {{stream: MediaStream, context: AudioContext, socket: WebSocket} | null} */
let running = null;

/** Wire the button up. */
export function setUpMicrophone() {
  const button = byId("microphone", HTMLButtonElement);
  button.hidden = !window.isSecureContext || !navigator.mediaDevices?.getUserMedia;
  const show = () => {
    const isOn = running?.socket.readyState === WebSocket.OPEN;
    button.setAttribute("aria-pressed", String(isOn));
    setIcon(button, isOn ? "microphone" : "microphone-off");
  };
  button.addEventListener("click", async () => {
    if (running) stop();
    else await start(show);
    show();
  });
  onState((state) => {
    if (state.live.phase === "off" && running) {
      stop();
      show();
    }
  });
}

/** @param {() => void} show */
async function start(show) {
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1 } });
  } catch {
    return say("The browser was not allowed to use a microphone, or has none: recordings go without its sound.", {
      bad: true,
    });
  }
  const context = new AudioContext();
  await context.audioWorklet.addModule("/page/microphone-worklet.js");
  const samples = new AudioWorkletNode(context, "samples", {
    numberOfOutputs: 0,
    channelCount: 1,
    channelCountMode: "explicit",
  });
  context.createMediaStreamSource(stream).connect(samples);
  const up = socket("/api/microphone");
  up.addEventListener("open", () => {
    up.send(JSON.stringify({ rate: context.sampleRate, channels: 1 }));
    show();
  });
  samples.port.addEventListener("message", ({ data }) => {
    if (up.readyState !== WebSocket.OPEN) return;
    // Samples are little endian, as every processor that runs a browser has them; the time is that of the block's beginning.
    const message = new ArrayBuffer(8 + data.byteLength); // a Blob would take seconds on a busy machine
    new DataView(message).setFloat64(0, studio.now() - (data.length / context.sampleRate) * 1000);
    new Int16Array(message, 8).set(data);
    up.send(message);
  });
  samples.port.start();
  up.addEventListener("close", (event) => {
    if (running?.socket !== up) return;
    stop();
    show();
    const why = event.code === IN_USE ? "another page’s microphone is used" : "the studio no longer takes its sound";
    say(`The microphone was switched off: ${why}.`, { bad: true });
  });
  running = { stream, context, socket: up };
  return undefined;
}

function stop() {
  if (!running) return;
  const { stream, context, socket: up } = running;
  running = null;
  for (const track of stream.getTracks()) track.stop();
  void context.close();
  up.close();
}
