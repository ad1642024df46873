/**
 * Films and photos: sent to the studio, painted one after another, and given back.
 *
 * @import { Job } from "./types.js"
 */

import { get, patch, post, remove, sentence, upload } from "./api.js";
import { ask, attempt, byId, el, icon, iconButton, reasonOf, setText } from "./dom.js";
import { pickStyle } from "./look.js";
import { openResult } from "./result.js";
import { emit, on, onState, studio } from "./studio.js";
import { counted, duration, size } from "./words.js";

const PRESENT = "";

/** @typedef {{element: HTMLLIElement, show: (job: Job) => void}} Row */

/** @type {Map<string, Row>} */
const rows = new Map();
/** Which file is sent after which. */
let sending = Promise.resolve();

/** Wire the tab up, and follow the queue. */
export function setUpFiles() {
  const file = byId("job-files", HTMLInputElement);
  byId("pick-files", HTMLButtonElement).addEventListener("click", () => file.click());
  file.addEventListener("change", () => {
    paintFiles([...(file.files ?? [])]);
    file.value = "";
  });
  const style = byId("job-style", HTMLSelectElement);
  style.addEventListener("change", () => pickStyle(style.value));
  byId("clear-done", HTMLButtonElement).addEventListener("click", clearDone);
  on("jobs", showJobs);
  on("looks", showPaintWith);
  on("styles", showPaintWith);
  onState(showPaintWith);
  byId("job-look", HTMLSelectElement).addEventListener("change", showPaintWith);
}

/**
 * Send films and photos to the queue, one at a time.
 *
 * @param {File[]} files
 */
export function paintFiles(files) {
  for (const file of files) {
    const row = uploadRow(file);
    byId("jobs", HTMLElement).append(row.element);
    sending = sending.then(() => send(file, row));
  }
  showEmpty();
}

/** @param {File} file @param {ReturnType<typeof uploadRow>} row @returns {Promise<void>} */
async function send(file, row) {
  const look = byId("job-look", HTMLSelectElement).value;
  const query = new URLSearchParams({ name: file.name, ...(look === PRESENT ? {} : { look }) });
  if (!row.abort.signal.aborted) {
    try {
      await upload(`/jobs?${query}`, file, row.progress, row.abort.signal);
      studio.jobs = await get("/jobs");
    } catch (error) {
      if (!(error instanceof DOMException)) {
        row.fail(reasonOf(error), () => send(file, row));
        return;
      }
    }
  }
  row.element.remove();
  emit("jobs");
}

/** @param {File} file */
function uploadRow(file) {
  const abort = new AbortController();
  const bar = el("progress", { max: 1, value: 0, "aria-label": `Sending ${file.name}` });
  const note = el("p", { class: "job-note" }, `Waiting to be sent · ${size(file.size)}`);
  const retry = el("button", { type: "button", class: "small", hidden: true }, "Try again");
  const element = el(
    "li",
    { class: "job" },
    el("div", { class: "job-picture" }, icon("upload")),
    el("div", { class: "job-words" }, el("h3", {}, file.name), note, bar),
    el(
      "div",
      { class: "job-actions" },
      retry,
      iconButton("close", `Do not send ${file.name}`, () => {
        abort.abort();
        element.remove();
        showEmpty();
      }),
    ),
  );
  const progress = (/** @type {number} */ sent, /** @type {number} */ total) => {
    bar.value = sent / total;
    setText(note, sent < total ? `Sending · ${size(sent)} of ${size(total)}` : "Looking at it…");
  };
  const fail = (/** @type {string} */ text, /** @type {() => unknown} */ again) => {
    element.classList.add("failed");
    bar.hidden = true;
    setText(note, text);
    retry.hidden = false;
    retry.onclick = () => {
      element.classList.remove("failed");
      bar.hidden = false;
      retry.hidden = true;
      again();
    };
  };
  return { element, abort, progress, fail };
}

function showJobs() {
  const list = byId("jobs", HTMLElement);
  const ids = new Set(studio.jobs.map((job) => job.id));
  for (const [id, row] of rows) {
    if (!ids.has(id)) {
      row.element.remove();
      rows.delete(id);
    }
  }
  const focused = document.activeElement;
  for (const [index, job] of inOrder().entries()) {
    let row = rows.get(job.id);
    if (!row) {
      row = jobRow(job);
      rows.set(job.id, row);
    }
    row.show(job);
    if (list.children[index] !== row.element) list.insertBefore(row.element, list.children[index] ?? null);
  }
  if (focused instanceof HTMLElement && list.contains(focused)) focused.focus();
  const open = studio.jobs.filter((job) => job.phase === "waiting" || job.phase === "running").length;
  const badge = byId("queue-count", HTMLElement);
  badge.hidden = open === 0;
  setText(badge, String(open));
  badge.setAttribute("aria-label", `${open} to paint`);
  byId("clear-done", HTMLButtonElement).hidden = open === studio.jobs.length;
  showEmpty();
}

function showEmpty() {
  byId("no-jobs", HTMLElement).hidden = byId("jobs", HTMLElement).childElementCount > 0;
}

/** What runs, then what waits, then what is over, the newest first. */
function inOrder() {
  const rank = { running: 0, waiting: 1, failed: 2, done: 2, cancelled: 2 };
  const over = (/** @type {Job} */ job) => rank[job.phase] === 2;
  return [...studio.jobs].sort(
    (one, other) =>
      rank[one.phase] - rank[other.phase] || (over(one) ? other.position - one.position : one.position - other.position),
  );
}

/** @param {Job} job @returns {Row} */
function jobRow(job) {
  const path = `/jobs/${encodeURIComponent(job.id)}`;
  let now = job;
  const note = el("p", { class: "job-note" });
  const bar = el("progress", { max: 1, "aria-label": `How much of ${job.name} is painted` });
  const picture = el("img", { alt: "", hidden: true });
  const open = el(
    "button",
    {
      type: "button",
      class: "job-picture",
      "aria-label": `Compare ${job.name} with the painted one`,
      click: () => openResult(now),
    },
    icon(job.kind === "photo" ? "photo" : "film"),
    picture,
  );
  const act = (
    /** @type {string} */ name,
    /** @type {string} */ label,
    /** @type {() => Promise<unknown>} */ what,
    /** @type {Job["phase"][]} */ ...phases
  ) => {
    const button = iconButton(name, `${label} ${job.name}`, () => attempt(what()));
    button.dataset.phases = phases.join(" ");
    button.title = label;
    return button;
  };
  const move = (/** @type {number} */ by) => () => patch(path, { position: Math.max(0, now.position + by) });
  const forget = async () => {
    const text = now.phase === "done" ? `Remove “${now.name}” and its painted copy from the studio?` : "";
    if (!text || (await ask(text, "Remove"))) await remove(path);
  };
  const download = el(
    "a",
    { class: "button small", href: `/api${path}/result?download=1`, download: true, "data-phases": "done" },
    icon("download"),
    "Download",
  );
  const actions = el(
    "div",
    { class: "job-actions" },
    download,
    act("up", "Earlier:", move(-1), "waiting"),
    act("down", "Later:", move(1), "waiting"),
    act("folder", "Show in folder:", () => post(`${path}/show`), "done"),
    act("refresh", "Try again:", () => post(`${path}/retry`), "failed", "cancelled"),
    act("close", "Stop", () => post(`${path}/cancel`), "running", "waiting"),
    act("trash", "Remove", forget, "done", "failed", "cancelled"),
  );
  const element = el(
    "li",
    { class: "job", "data-job": job.id },
    open,
    el("div", { class: "job-words" }, el("h3", {}, job.name), note, bar),
    actions,
  );
  let preview = -1;
  const show = (/** @type {Job} */ next) => {
    now = next;
    element.dataset.phase = next.phase;
    element.classList.toggle("failed", next.phase === "failed");
    open.disabled = next.phase !== "done";
    setText(note, words(next));
    bar.hidden = next.phase !== "running" && !(next.phase === "waiting" && next.done > 0);
    if (next.total) bar.value = next.done / next.total;
    else bar.removeAttribute("value");
    if (next.preview !== preview && next.preview > 0) {
      preview = next.preview;
      picture.src = `/api${path}/preview.jpg?n=${preview}`;
      picture.hidden = false;
    }
    for (const button of actions.children) {
      const phases = /** @type {HTMLElement} */ (button).dataset.phases?.split(" ") ?? [];
      /** @type {HTMLElement} */ (button).hidden = !phases.includes(next.phase);
    }
  };
  return { element, show };
}

/** @param {Job} job */
function words(job) {
  if (job.phase === "waiting") return `Waiting · ${size(job.bytes)}`;
  if (job.phase === "failed") return sentence(job.error ?? "It could not be painted.");
  if (job.phase === "cancelled") return "Stopped.";
  if (job.phase === "done") {
    const length = job.kind === "video" && job.total ? [counted(job.total, "picture")] : [];
    return ["Done", ...length, ...(job.warnings ?? [])].join(" · ");
  }
  if (job.kind === "photo") return "Painting…";
  const share = job.total ? `${Math.floor((job.done / job.total) * 100)} %` : counted(job.done, "picture");
  const pace = job.fps ? ` · ${job.fps < 10 ? job.fps.toFixed(1) : Math.round(job.fps)} pictures a second` : "";
  return `${share}${pace}${job.seconds_left === null ? "" : ` · ${duration(job.seconds_left)} left`}`;
}

async function clearDone() {
  const over = studio.jobs.filter((job) => job.phase !== "waiting" && job.phase !== "running");
  const text = `Remove ${counted(over.length, "finished film or photo", "finished films and photos")} from the studio? Painted copies that you did not download are lost.`;
  if (!(await ask(text, "Remove"))) return;
  for (const job of over) await attempt(remove(`/jobs/${encodeURIComponent(job.id)}`));
}

function showPaintWith() {
  const look = byId("job-look", HTMLSelectElement);
  const style = byId("job-style", HTMLSelectElement);
  const chosen = look.value;
  fill(look, [[PRESENT, "The present look"], ...studio.looks.map(({ name }) => [name, `Look “${name}”`])], chosen);
  const present = studio.state?.look.style ?? [];
  const blend =
    present.length > 1 ? [[present.join("+"), `Blend of ${present.map((name) => studio.title(name)).join(", ")}`]] : [];
  fill(style, [...blend, ...studio.styles.map(({ name, title }) => [name, title])], present.join("+"));
  style.hidden = look.value !== PRESENT;
}

/** @param {HTMLSelectElement} select @param {string[][]} options @param {string} value */
function fill(select, options, value) {
  const key = options.join("\n");
  if (select.dataset.key !== key) {
    select.dataset.key = key;
    select.replaceChildren(...options.map(([name, text]) => el("option", { value: name }, text)));
  }
  select.value = value;
  if (select.selectedIndex < 0) select.selectedIndex = 0;
}
