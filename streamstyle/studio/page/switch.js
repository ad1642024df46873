/**
 * What is on or off on the server.
 *
 * @import { State } from "./types.js"
 */

import { put } from "./api.js";
import { attempt } from "./dom.js";
import { studio } from "./studio.js";

/** Milliseconds after which the server has told of what it was asked for. */
const TOLD_AFTER = 500;

/** What was asked for last counts until the server has told of it: states that are on their way are older. */
export class Switch {
  /** @type {boolean | null} */
  #asked = null;
  /** One request after the other, so that the last one wins. */
  #sent = Promise.resolve();

  /**
   * @param {string} path Below /api.
   * @param {(state: State) => boolean} told Whether a state says that it is on.
   * @param {(state: State) => void} show Shows it.
   */
  constructor(path, told, show) {
    this.path = path;
    this.told = told;
    this.show = show;
  }

  /** @param {State} state */
  isOn(state) {
    return this.#asked ?? this.told(state);
  }

  /** Switch it over. */
  toggle() {
    if (studio.state) void this.turn(!this.isOn(studio.state));
  }

  /** @param {boolean} on */
  async turn(on) {
    this.#ask(on);
    let done = false;
    this.#sent = this.#sent.then(async () => {
      done = (await attempt(put(this.path, { on }))) !== undefined;
    });
    await this.#sent;
    setTimeout(() => this.#asked === on && this.#ask(null), done ? TOLD_AFTER : 0);
  }

  /** @param {boolean | null} on */
  #ask(on) {
    this.#asked = on;
    if (studio.state) this.show(studio.state);
  }
}
