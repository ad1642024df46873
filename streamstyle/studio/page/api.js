/** The server's JSON API; failures are Errors whose message is the server's own plain line. */

const GONE = "The studio does not answer. Is it still running?";

/** A failure that the server explained. */
export class ApiError extends Error {
  /**
   * @param {string} message
   * @param {number} status 0 where there was no answer.
   */
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

/**
 * @param {string} method
 * @param {string} path Below /api.
 * @param {unknown} [body] Sent as JSON, or as it is where it is a Blob or text.
 * @returns {Promise<any>}
 */
export async function call(method, path, body) {
  const raw = body instanceof Blob || typeof body === "string";
  /** @type {RequestInit} */
  const request = { method, credentials: "same-origin" };
  if (body !== undefined) {
    request.body = raw ? body : JSON.stringify(body);
    request.headers = { "Content-Type": raw ? "application/octet-stream" : "application/json" };
  }
  let answer;
  try {
    answer = await fetch(`/api${path}`, request);
  } catch {
    throw new ApiError(GONE, 0);
  }
  const text = await answer.text();
  const value = parsed(text);
  if (!answer.ok)
    throw new ApiError(sentence(value?.error ?? `The studio said ${answer.status} ${answer.statusText}`), answer.status);
  return value;
}

/** @param {string} path */
export const get = (path) => call("GET", path);
/** @param {string} path @param {unknown} [body] */
export const post = (path, body) => call("POST", path, body);
/** @param {string} path @param {unknown} [body] */
export const put = (path, body) => call("PUT", path, body);
/** @param {string} path @param {unknown} body */
export const patch = (path, body) => call("PATCH", path, body);
/** @param {string} path */
export const remove = (path) => call("DELETE", path);

/**
 * Send a file, however large; the browser streams it from the disk.
 *
 * @param {string} path Below /api.
 * @param {Blob} file
 * @param {(sent: number, total: number) => void} progress
 * @param {AbortSignal} signal
 * @returns {Promise<any>}
 */
export function upload(path, file, progress, signal) {
  // fetch() tells nothing of how far an upload is.
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `/api${path}`);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.addEventListener("progress", (event) => progress(event.loaded, event.total));
    request.addEventListener("load", () => {
      const value = parsed(request.responseText);
      if (request.status < 300) resolve(value);
      else reject(new ApiError(sentence(value?.error ?? `The studio said ${request.status}`), request.status));
    });
    request.addEventListener("error", () => reject(new ApiError(GONE, 0)));
    request.addEventListener("abort", () => reject(new DOMException("cancelled", "AbortError")));
    signal.addEventListener("abort", () => request.abort());
    request.send(file);
  });
}

/** @param {string} text */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** @param {string} text The server's lines begin small, as those of a terminal do. */
export function sentence(text) {
  return text ? text[0].toUpperCase() + text.slice(1) : text;
}
