/** The clean picture, for OBS: when the studio ends, the last picture stays, and when it runs again, so does this page. */

const SECONDS = 2;

const picture = /** @type {HTMLImageElement} */ (document.getElementById("picture"));
const note = /** @type {HTMLElement} */ (document.getElementById("note"));

setInterval(async () => {
  const away = !note.hidden;
  const there = await fetch(location.href, { method: "HEAD", cache: "no-store" }).then(
    (answer) => answer.ok,
    () => false,
  );
  note.hidden = there;
  if (away && there) picture.src = `/stream.mjpg?${Date.now()}`;
}, SECONDS * 1000);

export {};
