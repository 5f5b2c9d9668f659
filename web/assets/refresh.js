// The refresh of a live page. It asks whether the page has changed, and patches what did: elements stay, and with them the focus, the
// selection, what is open, and the place.
"use strict";

const Refresh = (() => {
  const body = document.body;
  const byId = (id) => document.getElementById(id);
  /** The tag of the page that is shown. */
  let tag = body.dataset.fingerprint;
  /** When its data was read, as the server says; and that time of this machine's clock. */
  let asOf = null;
  let received = Date.now();
  let title = document.title;
  let timer = 0;

  /** Two units of a duration in milliseconds, as the server writes them. */
  function length(millis) {
    const seconds = Math.floor(Math.max(0, millis) / 1_000);
    const [days, hours, minutes] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3_600) % 24, Math.floor(seconds / 60) % 60];
    if (days) return `${days}d ${hours}h`;
    if (hours) return `${hours}h ${minutes}m`;
    return minutes ? `${minutes}m` : `${seconds}s`;
  }

  /** Counts the ages on to the instant of an answer. */
  function count(now) {
    for (const time of document.querySelectorAll("time.age")) {
      const text = `${length(now - Date.parse(time.dateTime))} ago`;
      if (time.textContent !== text) time.textContent = text;
    }
  }

  const keyOf = (node) => (node.nodeType === Node.ELEMENT_NODE ? node.dataset?.row || node.id || null : null);

  /** The first of `at` and its followers that may be `next` on the older page: the same element with the same first class. */
  function alike(at, next, used) {
    for (let node = at; node; node = node.nextSibling) {
      if (used.has(node) || keyOf(node) || node.nodeName !== next.nodeName) continue;
      if (node.nodeType !== Node.ELEMENT_NODE || node.classList?.[0] === next.classList?.[0]) return node;
    }
    return null;
  }

  /** Makes `old` like `fresh`, with as few changes as possible, and returns the node in its place. What a person has opened stays open. */
  function patch(old, fresh) {
    if (old.nodeType !== Node.ELEMENT_NODE) {
      if (old.data !== fresh.data) old.data = fresh.data;
      return old;
    }
    if (old.classList.contains("canvas") && Charts.isDrawn(old)) {
      if (!Charts.isOutdated(old, fresh)) return old;
      const newer = document.adoptNode(fresh);
      old.replaceWith(newer);
      return newer;
    }
    if (old.isEqualNode(fresh)) return old;
    for (const { name } of [...old.attributes]) {
      if (!fresh.hasAttribute(name) && !(name === "open" && old.localName === "details") && name !== "hidden") old.removeAttribute(name);
    }
    for (const { name, value } of fresh.attributes) {
      if (old.getAttribute(name) !== value && name !== "hidden") old.setAttribute(name, value);
    }
    patchChildren(old, fresh);
    return old;
  }

  function patchChildren(old, fresh) {
    const keyed = new Map([...old.childNodes].filter(keyOf).map((child) => [keyOf(child), child]));
    const used = new Set();
    let at = old.firstChild;
    for (const next of [...fresh.childNodes]) {
      while (at && used.has(at)) at = at.nextSibling;
      const key = keyOf(next);
      let match = key ? keyed.get(key) : alike(at, next, used);
      if (match && match.nodeName !== next.nodeName) match = null;
      if (match) {
        if (match !== at) old.insertBefore(match, at);
        const placed = patch(match, next);
        if (match === at) at = placed;
        used.add(placed);
      } else {
        const added = document.adoptNode(next);
        if (added.nodeType === Node.ELEMENT_NODE && added.classList.contains("entry")) added.classList.add("new");
        old.insertBefore(added, at);
        used.add(added);
      }
    }
    for (const child of [...old.childNodes]) if (!used.has(child)) child.remove();
  }

  /** Says that the page is older than it seems, instead of how fresh it was; or takes that back. */
  function setLost(reason) {
    const [banner, trust] = [byId("lost"), document.querySelector("header.top .trust")];
    if (!banner) return;
    banner.hidden = !reason;
    if (trust) trust.hidden = Boolean(reason);
    banner.textContent = reason ? `Connection lost: ${reason}. This page shows the data of ${new Date(received).toLocaleTimeString()}.` : "";
    document.title = reason ? `Connection lost · ${title}` : title;
  }

  /** Puts the parts of a newer page in the place of those that are shown. */
  function show(next) {
    const focused = document.activeElement;
    for (const entry of document.querySelectorAll("li.entry.new")) entry.classList.remove("new");
    for (const part of ["main", "header.top h1", "header.top .trust", "#as-of", "#summary"]) {
      const [old, fresh] = [document.querySelector(part), next.querySelector(part)];
      if (old && fresh) patch(old, fresh);
    }
    const [icon, fresh] = [document.querySelector("link[rel=icon]"), next.querySelector("link[rel=icon]")];
    if (icon && fresh && icon.href !== fresh.href) icon.href = fresh.href;
    title = next.title;
    Charts.watch(document.querySelector("main"));
    Page.prepare();
    if (document.activeElement !== focused && focused?.isConnected) focused.focus({ preventScroll: true });
  }

  /** Asks whether the page has changed. */
  async function run() {
    const said = byId("refreshed");
    try {
      const headers = { accept: "text/html", ...(tag ? { "if-none-match": `"${tag}"` } : {}) };
      const answer = await fetch(location.pathname + location.search, { headers, cache: "no-store" });
      if (!answer.ok && answer.status !== 304) throw new Error(`the server answered ${answer.status}`);
      if (answer.status !== 304) {
        const next = new DOMParser().parseFromString(await answer.text(), "text/html");
        show(next);
        tag = next.body.dataset.fingerprint;
      }
      asOf = Date.parse(answer.headers.get("x-as-of") ?? "") || null;
      received = Date.now();
      setLost(null);
      if (asOf) count(asOf);
      said.textContent = `${answer.status === 304 ? "unchanged" : "refreshed"} ${new Date(received).toLocaleTimeString()}`;
    } catch (error) {
      setLost(error.message);
      said.textContent = `not refreshed: ${error.message}`;
    }
  }

  /** Starts the timer with the interval that was chosen; 0 is never. */
  function schedule() {
    clearInterval(timer);
    const seconds = Number(byId("interval")?.value ?? 60);
    if (seconds > 0) timer = setInterval(() => document.visibilityState === "visible" && run(), seconds * 1_000);
  }

  const interval = byId("interval");
  if (Charts.live && interval) {
    byId("every").hidden = false;
    const chosen = localStorage.getItem("interval");
    if ([...interval.options].some((option) => option.value === chosen)) interval.value = chosen;
    interval.addEventListener("change", () => {
      localStorage.setItem("interval", interval.value);
      schedule();
    });
    schedule();
    // What was missed in the background is fetched at once.
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible" && Number(interval.value) > 0 && Date.now() - received > Number(interval.value) * 1_000) run();
    });
  }
  return { run };
})();
