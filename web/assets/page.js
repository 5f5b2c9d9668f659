// Conveniences: the page is complete without them. A bar opens what it leads to; a file can be narrowed; ids can be copied; paper gets
// its own charts. Nothing is written as markup.
"use strict";

const Page = (() => {
  const form = document.getElementById("filter");

  /** Opens the detail that the address names, and goes there. */
  function openTarget() {
    Zoom.apply();
    const { target: name } = Zoom.state();
    const target = name && document.getElementById(name);
    const details = target && target.closest("details.insight");
    if (!details) return;
    details.open = true;
    details.scrollIntoView({ block: "start" });
    details.querySelector("summary").focus({ preventScroll: true });
  }

  /** Keeps the open insight in the address. */
  function keepOpen(event) {
    const details = event.target;
    if (!details.matches?.("details.insight")) return;
    const name = details.dataset.key;
    const state = Zoom.state();
    if (details.open ? state.target === name : state.target !== name) return;
    history.replaceState(null, "", Zoom.address({ ...state, target: details.open ? name : "" }));
  }

  /** Shows of a file what the form asks for, in lists and on the timeline. */
  function narrow() {
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
      // The details name callers, service types and error codes.
      entry.hidden = !holds(entry, entry.textContent);
      all += 1;
      shown += entry.hidden ? 0 : 1;
    }
    for (const bar of document.querySelectorAll("a.bar[data-name=lane]")) {
      bar.classList.toggle("dimmed", !holds(bar, bar.getAttribute("aria-label")));
    }
    const isNarrow = Boolean(source || least >= 0 || text);
    document.getElementById("narrowed").textContent = isNarrow ? `${shown} of ${all} insights shown` : "";
  }

  /** Shows the buttons that need a script. */
  function prepare() {
    for (const button of document.querySelectorAll("button.copy")) button.hidden = !navigator.clipboard;
  }

  async function copy(button) {
    const label = button.textContent;
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Not copied";
    }
    setTimeout(() => (button.textContent = label), 2_000);
  }

  addEventListener("hashchange", openTarget);
  addEventListener("popstate", () => Zoom.apply());
  document.addEventListener("toggle", keepOpen, true);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button.copy");
    if (button) copy(button);
    if (event.target.closest("#unzoom")) Zoom.to(null);
    const link = event.target.closest("a");
    if (!link) return;
    if (link.id === "refresh" && Charts.live) {
      event.preventDefault();
      Refresh.run();
    } else if (link.id === "custom") {
      document.getElementById("narrow").open = true;
      form.elements.since.focus();
      event.preventDefault();
    } else if (location.hash && (link.href.baseVal ?? link.getAttribute("href")) === location.hash) {
      // The same address again changes nothing, so nobody is told of it.
      openTarget();
    }
  });

  if (Charts.live) {
    // Empty parameters only make an address longer.
    form?.addEventListener("formdata", (event) => {
      for (const [name, value] of [...event.formData]) if (!value.trim()) event.formData.delete(name);
    });
    // A page that is shown again from memory has the form of its address.
    addEventListener("pageshow", (event) => event.persisted && form?.reset());
  } else if (form) {
    document.getElementById("narrow").hidden = false;
    form.addEventListener("input", narrow);
    form.addEventListener("submit", (event) => event.preventDefault());
  }
  const opened = new Set();
  /** The width of an A4 sheet inside of its margins, in pixels. */
  const PAPER = 680;
  addEventListener("beforeprint", () => {
    // On paper nothing can be opened: what is wrong now is printed with its detail.
    for (const details of document.querySelectorAll("#now details.insight:not([open])")) {
      opened.add(details);
      details.open = true;
    }
    Charts.watch(document.querySelector("main"));
    Charts.forPaper(PAPER);
  });
  addEventListener("afterprint", () => {
    for (const details of opened) details.open = false;
    opened.clear();
    Charts.forPaper(0);
  });
  return { prepare, openTarget };
})();

Charts.watch(document);
Page.prepare();
Page.openTarget();
