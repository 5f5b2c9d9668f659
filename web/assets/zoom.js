// Zoom and crosshair. Dragging over a chart selects a part of its time. On a live page, a part of a lane is another period of the
// address; everywhere else it is a part of the address after `#`, so that back and forward work and an address can be shared.
"use strict";

const Zoom = (() => {
  const LEAST = 8;
  const format = Libraries.d3.utcFormat("%Y-%m-%d %H:%M:%S");
  const short = Libraries.d3.utcFormat("%b %-d %H:%M");
  const at = (seconds) => new Date(seconds * 1000);
  const isLane = (canvas) => Boolean(canvas.closest("#timeline"));
  let dragged = null;

  /** The parts of the address after `#`: the open insight, and the zoom. */
  function state() {
    const parts = location.hash.slice(1).split("&").filter(Boolean);
    const zoom = parts.find((part) => part.startsWith("zoom="))?.slice(5).split(",").map(Number);
    const isValid = zoom?.length === 2 && zoom.every(Number.isFinite) && zoom[0] < zoom[1];
    return { target: decodeURIComponent(parts.find((part) => !part.startsWith("zoom=")) ?? ""), zoom: isValid ? zoom : null };
  }

  /** The address after `#` for a state. */
  function address({ target, zoom }) {
    const parts = [target && encodeURIComponent(target), zoom && `zoom=${zoom.map(Math.round).join(",")}`].filter(Boolean);
    return parts.length ? `#${parts.join("&")}` : location.pathname + location.search;
  }

  /** Shows the zoom of the address. */
  function apply() {
    const { zoom } = state();
    Charts.setZoom(zoom);
    const note = document.getElementById("zoomed");
    if (!note) return;
    note.hidden = !zoom;
    if (zoom) note.querySelector("span").textContent = `Charts show ${short(at(zoom[0]))} to ${short(at(zoom[1]))}`;
  }

  function to(zoom) {
    history.pushState(null, "", address({ ...state(), zoom }));
    apply();
  }

  /** Goes to another period of a live page. */
  function navigate([from, until]) {
    const query = new URLSearchParams(location.search);
    query.set("since", format(at(from)));
    query.set("until", format(at(until)));
    for (const name of ["page", "open_page"]) query.delete(name);
    location.assign(`/?${query}`);
  }

  const canvasOf = (event) => event.target.closest?.(".canvas");
  const offset = (canvas, event) => event.clientX - canvas.getBoundingClientRect().left;

  document.addEventListener("pointerdown", (event) => {
    const canvas = canvasOf(event);
    if (!canvas || event.button !== 0 || event.pointerType === "touch") return;
    const x = offset(canvas, event);
    if (Charts.timeAt(canvas, x) !== null) dragged = { canvas, x };
  });
  // A link must not be dragged as such.
  document.addEventListener("dragstart", (event) => canvasOf(event) && event.preventDefault());
  document.addEventListener("pointermove", (event) => {
    point(event);
    if (!dragged) return;
    const { canvas, x } = dragged;
    const now = offset(canvas, event);
    if (Math.abs(now - x) < LEAST) return;
    dragged.box ??= canvas.appendChild(Object.assign(document.createElement("div"), { className: "drag" }));
    Object.assign(dragged.box.style, { left: `${Math.min(x, now)}px`, width: `${Math.abs(now - x)}px` });
    getSelection()?.removeAllRanges();
  });
  document.addEventListener("pointerup", (event) => {
    if (!dragged) return;
    const { canvas, x, box } = dragged;
    dragged = null;
    box?.remove();
    const now = offset(canvas, event);
    if (!box || Math.abs(now - x) < LEAST) return;
    const range = [Math.min(x, now), Math.max(x, now)].map((edge) => Charts.timeAt(canvas, edge));
    if (range.includes(null) || range[1] - range[0] < 1) return;
    // The end of a drag over a bar is no click on it.
    addEventListener("click", (click) => { click.preventDefault(); click.stopPropagation(); }, { capture: true, once: true });
    setTimeout(() => {
      if (Charts.live && isLane(canvas)) navigate(range);
      else to(range);
    });
  });
  document.addEventListener("keydown", (event) => event.key === "Escape" && state().zoom && to(null));

  /** The same time in all lanes. */
  function point(event) {
    const panel = document.getElementById("lanes");
    if (!panel) return;
    const canvas = canvasOf(event);
    const x = canvas && isLane(canvas) ? offset(canvas, event) : -1;
    const time = x < 0 ? null : Charts.timeAt(canvas, x);
    panel.classList.toggle("pointing", time !== null);
    if (time === null) return;
    panel.style.setProperty("--x", `${x}px`);
    panel.querySelector(".pointed").textContent = short(at(time));
  }
  document.addEventListener("pointerleave", () => document.getElementById("lanes")?.classList.remove("pointing"));

  return { state, address, apply, to };
})();
