/** What is told for a moment at the edge of the page. */

const SECONDS = 6;

/** @param {string} text */
export function say(text) {
  const toast = document.createElement("div");
  toast.className = "toast";
  toast.textContent = text;
  document.getElementById("toasts")?.append(toast);
  setTimeout(() => toast.remove(), 1000 * SECONDS);
}

/**
 * Why a camera cannot be had, and what to do.
 *
 * @param {unknown} error
 */
export function cameraTrouble(error) {
  if (!navigator.mediaDevices) return "Browsers give the camera only to pages opened through https:// or from this computer (localhost).";
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError") return "The camera was refused. Allow it for this page (left of the address), then try again.";
  if (name === "NotFoundError" || name === "OverconstrainedError") return "No camera was found. Connect one, or open a photo or film.";
  if (name === "NotReadableError") return "Another program uses the camera. Close it there, then try again.";
  return `The camera cannot be used: ${error instanceof Error ? error.message : error}`;
}

/**
 * Offer something as a download.
 *
 * @param {Blob} blob
 * @param {string} name
 */
export function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
