// Conveniences: the page is complete without them. A bar opens what it leads to; a file can be narrowed; a live page is
// refreshed without losing the place. Nothing is drawn here, and nothing is written as markup.
"use strict";

const main = () => document.querySelector("main");

/** Opens the detail that the address names, and goes there. */
function openTarget() {
  const name = decodeURIComponent(location.hash.slice(1));
  const target = name && document.getElementById(name);
  const details = target && target.closest("details.insight");
  if (!details) return;
  details.open = true;
  details.scrollIntoView({ block: "start" });
  details.querySelector("summary").focus({ preventScroll: true });
}

/** Shows of a file what the form asks for, in lists and on the timeline. */
function narrow(form) {
  const order = ["info", "low", "medium", "high", "critical"];
  const { source, severity, q } = Object.fromEntries(new FormData(form));
  const least = order.indexOf(severity);
  const text = q.trim().toLowerCase();
  const holds = (element, words) =>
    (!source || element.classList.contains("o-" + source)) &&
    (least < 0 || order.slice(least).some((name) => element.classList.contains("s-" + name))) &&
    (!text || words.toLowerCase().includes(text));
  let shown = 0;
  let all = 0;
  for (const entry of document.querySelectorAll("li.entry")) {
    const row = entry.querySelector(".row");
    const id = entry.querySelector("dd code");
    entry.hidden = !holds(entry, row.textContent + " " + (id ? id.textContent : ""));
    all += 1;
    shown += entry.hidden ? 0 : 1;
  }
  for (const bar of document.querySelectorAll("a.bar[data-name=lane]")) {
    bar.classList.toggle("dimmed", !holds(bar, bar.getAttribute("aria-label")));
  }
  const isNarrow = Boolean(source || least >= 0 || text);
  document.getElementById("narrowed").textContent = isNarrow ? `${shown} of ${all} insights shown` : "";
}

/** Where somebody is: what is open, what has the focus, and what is at the top of the window. */
function place() {
  const keyed = [...document.querySelectorAll("[data-key]")];
  const inView = keyed.find((element) => element.getBoundingClientRect().bottom > 0);
  const focused = document.activeElement;
  return {
    open: [...document.querySelectorAll("main details[open]")].map(pathOf),
    focus: focused && main().contains(focused) ? pathOf(focused) : null,
    anchor: inView && scrollY > 0 ? { key: inView.dataset.key, top: inView.getBoundingClientRect().top } : null,
    top: scrollY,
  };
}

/** A name of an element that its successor on a newer page has too: the nearest key or id, and the way down from it. */
function pathOf(element) {
  const way = [];
  let at = element;
  while (at && at !== main() && !at.dataset.key && !at.id) {
    way.unshift([at.localName, [...at.parentElement.children].filter((other) => other.localName === at.localName).indexOf(at)]);
    at = at.parentElement;
  }
  return { key: at && at.dataset.key, id: at && at.id, way };
}

function find({ key, id, way }) {
  let at = key ? document.querySelector(`[data-key="${CSS.escape(key)}"]`) : id ? document.getElementById(id) : main();
  for (const [name, nth] of way) {
    at = at && [...at.children].filter((child) => child.localName === name)[nth];
  }
  return at;
}

/** When the page that is shown was received. */
let received = new Date();
/** The title of the page that is shown. */
let known = document.title;

/** Says that the page is older than it seems, instead of how fresh it was; or takes that back. */
function setLost(reason) {
  const banner = document.getElementById("lost");
  const trust = document.querySelector("header.top .trust");
  if (!banner) return;
  banner.hidden = !reason;
  if (trust) trust.hidden = Boolean(reason);
  banner.textContent = reason ? `Connection lost: ${reason}. This page shows the data of ${received.toLocaleTimeString()}.` : "";
  document.title = reason ? `Connection lost · ${known}` : known;
}

/** Asks for the page again and puts it in the place of this one. */
async function refresh(told) {
  let answer;
  try {
    answer = await fetch(location.href, { headers: { accept: "text/html" }, cache: "no-store" });
    if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
    const text = await answer.text();
    const next = new DOMParser().parseFromString(text, "text/html");
    const before = place();
    for (const part of ["main", "header.top h1", "header.top .trust", "header.top .brand", "link[rel=icon]"]) {
      const [old, fresh] = [document.querySelector(part), next.querySelector(part)];
      if (old && fresh) old.replaceWith(document.adoptNode(fresh));
    }
    received = new Date();
    known = next.title;
    setLost(null);
    // An opened detail has its charts before the place is looked for.
    for (const open of before.open) {
      const details = find(open);
      if (details && details.localName === "details") details.open = true;
    }
    Charts.watch(main());
    const anchor = before.anchor && document.querySelector(`[data-key="${CSS.escape(before.anchor.key)}"]`);
    scrollTo({ top: anchor ? scrollY + anchor.getBoundingClientRect().top - before.anchor.top : before.top, behavior: "instant" });
    if (before.focus) find(before.focus)?.focus({ preventScroll: true });
    if (told) document.getElementById("refresh")?.focus({ preventScroll: true });
    document.getElementById("refreshed").textContent = `refreshed ${received.toLocaleTimeString()}`;
  } catch (error) {
    setLost(error.message);
    document.getElementById("refreshed").textContent = `not refreshed: ${error.message}`;
  }
}

addEventListener("hashchange", openTarget);
document.addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (!link) return;
  if (link.id === "refresh" && "live" in document.body.dataset) {
    event.preventDefault();
    refresh(true);
  } else if (location.hash && (link.href.baseVal ?? link.getAttribute("href")) === location.hash) {
    // The same address again changes nothing, so nobody is told of it.
    openTarget();
  }
});

const form = document.getElementById("filter");
if ("live" in document.body.dataset) {
  form?.addEventListener("change", (event) => event.target.localName === "select" && form.requestSubmit());
  // Empty parameters only make an address longer.
  form?.addEventListener("formdata", (event) => {
    for (const [name, value] of [...event.formData]) if (!value.trim()) event.formData.delete(name);
  });
  setInterval(() => document.visibilityState === "visible" && refresh(false), 60_000);
} else if (form) {
  document.getElementById("narrow").hidden = false;
  form.addEventListener("input", () => narrow(form));
  form.addEventListener("submit", (event) => event.preventDefault());
}
const opened = new Set();
addEventListener("beforeprint", () => {
  // On paper nothing can be opened: what is wrong now is printed with its detail.
  for (const details of document.querySelectorAll("#now details.insight:not([open])")) {
    opened.add(details);
    details.open = true;
  }
  Charts.watch(main());
});
addEventListener("afterprint", () => {
  for (const details of opened) details.open = false;
  opened.clear();
});
openTarget();
