/**
 * What the server says, kept for all parts of the page. Nothing here is remembered by the page itself: a reload and a second
 * tab see the same.
 *
 * @import { State, Job, Style, SavedLook, Picture, Figures, Field } from "./types.js"
 */

import { ApiError, get } from "./api.js";

/** Seconds until the next try, try by try. */
export const PATIENCE = [0.5, 1, 2, 3];
const PINGS = 5;
const PING_SECONDS = 30;

/**
 * @typedef {"state" | "jobs" | "styles" | "thumbnail" | "looks" | "pictures" | "figures" | "connection"} Kind
 */

/** @type {Record<Kind, ((value?: any) => void)[]>} */
const listeners = { state: [], jobs: [], styles: [], thumbnail: [], looks: [], pictures: [], figures: [], connection: [] };

export const studio = {
  /** @type {State | null} */
  state: null,
  /** @type {Job[]} */
  jobs: [],
  /** @type {Style[]} */
  styles: [],
  /** @type {SavedLook[]} */
  looks: [],
  /** @type {Picture[]} */
  pictures: [],
  /** @type {Map<string, unknown>} Of each field of a look. */
  defaults: new Map(),
  /** Of each thumbnail; a newer one has another number.  @type {Map<string, number>} */
  thumbnails: new Map(),
  /** @type {"connecting" | "open" | "gone" | "forbidden"} */
  connection: "connecting",
  /** The server's clock minus ours, in milliseconds. */
  offset: 0,

  /** Milliseconds since 1970 on the server's clock. */
  now() {
    return Date.now() + this.offset;
  },

  /** @param {string} name */
  style(name) {
    return this.styles.find((style) => style.name === name);
  },

  /** @param {string} name Of a style, as people call it. */
  title(name) {
    return this.style(name)?.title ?? name;
  },
};

/**
 * Hear of changes; what is known already is told at once.
 *
 * @param {Kind} kind
 * @param {(value?: any) => void} listener
 */
export function on(kind, listener) {
  listeners[kind].push(listener);
  if (kind === "state" && studio.state) listener();
}

/** @param {Kind} kind @param {unknown} [value] */
export function emit(kind, value) {
  for (const listener of listeners[kind]) listener(value);
}

/** @param {(state: State) => void} listener Hears of every state. */
export function onState(listener) {
  on("state", () => studio.state && listener(studio.state));
}

/** @param {string} name Of a style. @returns {string} Address of its newest thumbnail. */
export function thumbnailOf(name) {
  const address = studio.style(name)?.thumbnail ?? `/api/styles/${encodeURIComponent(name)}/thumbnail.jpg`;
  const version = studio.thumbnails.get(name);
  return version === undefined ? address : `${address.split("?")[0]}?v=${version}`;
}

/** @param {State} state Whether there are pictures, or were until their camera went away for a moment. */
export function isLive({ live }) {
  return live.phase === "running" || (live.phase === "starting" && live.size !== null);
}

/** @param {string} path */
export function socket(path) {
  const address = new URL(path, location.href);
  address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  return new WebSocket(address);
}

/** @param {State} state */
export function takeState(state) {
  if (studio.state && state.version < studio.state.version && studio.connection === "open") return;
  studio.state = state;
  emit("state");
}

/**
 * A list that is fetched anew whenever an event says that it changed.
 *
 * @param {"styles" | "looks" | "pictures" | "jobs"} kind
 */
export async function refresh(kind) {
  try {
    /** @type {any} */ (studio)[kind] = await get(`/${kind}`);
    emit(kind);
  } catch {
    // The connection says so already, and everything is fetched again when it is back.
  }
}

let tries = 0;
let bestRoundTrip = Infinity;

/** Listen to the server, for ever. */
export function connect() {
  const events = socket("/api/events");
  /** @type {number | undefined} */
  let pings;
  const ping = () =>
    events.readyState === WebSocket.OPEN && events.send(JSON.stringify({ type: "time", t: performance.now() }));
  events.addEventListener("open", () => {
    bestRoundTrip = Infinity;
    for (let number = 0; number < PINGS; number++) setTimeout(ping, 200 * number);
    pings = setInterval(ping, PING_SECONDS * 1000);
    void fetchAll();
  });
  events.addEventListener("message", (message) => take(JSON.parse(message.data)));
  events.addEventListener("close", () => {
    clearInterval(pings);
    void lost();
  });
}

/** @param {any} event */
function take(event) {
  if (event.type === "time") return adjustClock(event);
  if (event.type === "state") {
    if (studio.connection !== "open") {
      studio.state = null; // A server that was started again counts its states anew.
      tries = 0;
      setConnection("open");
    }
    takeState(event.state);
  } else if (event.type === "jobs") {
    studio.jobs = event.jobs;
    emit("jobs");
  } else if (event.type === "thumbnail") {
    studio.thumbnails.set(event.name, event.v);
    emit("thumbnail", event.name);
  } else if (event.type === "figures") {
    emit("figures", /** @type {Figures} */ (event));
  } else if (event.type === "styles" || event.type === "looks" || event.type === "pictures") {
    void refresh(event.type);
  }
  return undefined;
}

/** @param {{t: number, server: number}} answer The shortest way there and back says best what the server's clock is. */
function adjustClock(answer) {
  const roundTrip = performance.now() - answer.t;
  if (roundTrip > bestRoundTrip) return;
  bestRoundTrip = roundTrip;
  studio.offset = answer.server + roundTrip / 2 - Date.now();
}

async function fetchAll() {
  if (!studio.defaults.size) {
    try {
      /** @type {Field[]} */
      const fields = await get("/look/fields");
      for (const field of fields) studio.defaults.set(field.name, field.default);
      emit("state");
    } catch {
      // Tried again with the next connection.
    }
  }
  await Promise.all([refresh("styles"), refresh("looks"), refresh("jobs"), refresh("pictures")]);
}

async function lost() {
  const wait = PATIENCE[Math.min(tries++, PATIENCE.length - 1)];
  let forbidden = false;
  try {
    await get("/state");
  } catch (error) {
    forbidden = error instanceof ApiError && (error.status === 401 || error.status === 403);
  }
  setConnection(forbidden ? "forbidden" : "gone");
  setTimeout(connect, wait * 1000);
}

/** @param {typeof studio.connection} connection */
function setConnection(connection) {
  if (studio.connection === connection) return;
  studio.connection = connection;
  emit("connection");
}
