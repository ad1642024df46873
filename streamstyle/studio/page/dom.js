/** Small helpers for elements: made in one call, found by id with their type, icons, and what is said for a moment. */

const SVG = "http://www.w3.org/2000/svg";

/**
 * An element of the page, which must be there.
 *
 * @template {Element} T
 * @param {string} id
 * @param {new () => T} kind
 * @returns {T}
 */
export function byId(id, kind) {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`the page has no ${kind.name} '${id}'`);
  return found;
}

/**
 * A new element. Attributes that are true are set without a value, those that are false, null or undefined are left out;
 * functions become listeners.
 *
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, string | number | boolean | null | undefined | ((event: any) => unknown)>} [attributes]
 * @param {...(Node | string | null)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, String(value));
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/**
 * A picture of icons.svg; what it stands for is said by the text or label beside it.
 *
 * @param {string} name
 */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `/page/icons.svg#${name}`);
  svg.append(use);
  return svg;
}

/**
 * A button that shows only an icon.
 *
 * @param {string} name Of the icon.
 * @param {string} label What it does; also its tooltip.
 * @param {(event: MouseEvent) => unknown} click
 * @param {Record<string, string | boolean | undefined>} [attributes]
 */
export function iconButton(name, label, click, attributes = {}) {
  return el(
    "button",
    { type: "button", class: "icon-button", "aria-label": label, title: label, click, ...attributes },
    icon(name),
  );
}

/**
 * Show another icon in an element that has one.
 *
 * @param {Element} element
 * @param {string} name
 */
export function setIcon(element, name) {
  element.querySelector("use")?.setAttribute("href", `/page/icons.svg#${name}`);
}

/**
 * Set text only where it changed, so that screen readers and selections are left alone.
 *
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

const TOAST_SECONDS = 5;

/**
 * Say something for a moment, at the edge of the window; screen readers read it.
 *
 * @param {string} text
 * @param {{bad?: boolean, link?: {href: string, text: string}}} [options]
 */
export function say(text, { bad = false, link } = {}) {
  const list = byId("toasts", HTMLElement);
  for (const old of list.children) if (old.firstChild?.textContent === text) old.remove();
  const toast = el(
    "div",
    { class: bad ? "toast bad" : "toast" },
    el("span", {}, text),
    link ? el("a", { href: link.href, download: true }, link.text) : null,
    iconButton("close", "Close this message", (event) =>
      /** @type {Element} */ (event.currentTarget).parentElement?.remove(),
    ),
  );
  list.append(toast);
  while (list.children.length > 3) list.firstElementChild?.remove();
  setTimeout(() => toast.remove(), (bad ? 2 : 1) * TOAST_SECONDS * 1000);
}

/** @param {unknown} error @returns {string} What went wrong, in words. */
export function reasonOf(error) {
  return error instanceof Error ? error.message : String(error);
}

/**
 * Do something that may fail; a failure is said.
 *
 * @template T
 * @param {Promise<T>} promise
 * @returns {Promise<T | undefined>}
 */
export async function attempt(promise) {
  try {
    return await promise;
  } catch (error) {
    say(reasonOf(error), { bad: true });
    return undefined;
  }
}

/**
 * Ask before something is lost.
 *
 * @param {string} question
 * @param {string} yes What the button says.
 * @returns {Promise<boolean>}
 */
export function ask(question, yes) {
  const dialog = byId("question", HTMLDialogElement);
  setText(byId("question-text", HTMLElement), question);
  setText(byId("question-yes", HTMLButtonElement), yes);
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}
