/** Runs on the browser's audio thread: hands the microphone's samples over, a tenth of a second at a time, as 16 bit numbers. */

/** What only the audio thread has. @type {any} */
const audio = globalThis;

class Samples extends audio.AudioWorkletProcessor {
  constructor() {
    super();
    this.block = new Int16Array(Math.round(audio.sampleRate / 10));
    this.filled = 0;
  }

  /** @param {Float32Array[][]} inputs */
  process(inputs) {
    for (const sample of inputs[0][0] ?? []) {
      this.block[this.filled++] = Math.max(-1, Math.min(1, sample)) * 32767;
      if (this.filled === this.block.length) {
        this.port.postMessage(this.block.slice());
        this.filled = 0;
      }
    }
    return true;
  }
}

audio.registerProcessor("samples", Samples);
