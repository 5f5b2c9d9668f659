// Draws the charts by Observable Plot, from the data that stands in the page. lanes.js has the charts of the timeline. Colours are variables of the style, so a
// change of theme needs no drawing. A chart is drawn when its place has a width, and again when the width changes.
"use strict";

const { Plot, d3 } = Libraries;

const Charts = (() => {
  const MINUTE = 60;
  const DAY = 86_400;
  const fill = (severity) => `var(--${severity}-fill)`;
  const unknown = { fill: "url(#unknown)", className: "unknown" };
  /** A time of the page. It is what the page's clocks show, so it is treated as if it were UTC. */
  const time = (seconds) => new Date(seconds * 1000);
  const clock = d3.utcFormat("%H:%M");
  const day = d3.utcFormat("%b %-d");
  const both = d3.utcFormat("%b %-d %H:%M");
  const short = (number) => (Math.abs(number) >= 10_000 ? d3.format(".3~s")(number) : d3.format(",.3~r")(number));

  /** A plot with the style of the page: without Plot's own style element, which the page's policy forbids, and without the
      names of its groups, which say "rect" and "line" to who is read to. */
  function plot(width, options) {
    const svg = Plot.plot({ width, marginTop: 8, marginBottom: 22, marginLeft: 46, marginRight: 16, className: "plot", ...options });
    svg.querySelector("style")?.remove();
    for (const group of svg.querySelectorAll("g[aria-label]")) group.removeAttribute("aria-label");
    return svg;
  }

  /** The axis of time that charts share: days in bold where the clock tells the rest. */
  function timeAxis(width, { from, until }, marks = {}) {
    const most = Math.max(2, Math.floor((width - 62) / 100));
    const scale = d3.scaleUtc([time(from), time(until)], [0, width]);
    const ticks = scale.ticks(most);
    const format = (date) => (date.getUTCHours() || date.getUTCMinutes() ? clock(date) : day(date));
    return [
      Plot.gridX(ticks, { stroke: "var(--hair)", strokeOpacity: 1, ...marks }),
      Plot.axisX(ticks, { tickFormat: format, tickSize: 4, label: null, color: "var(--muted)", stroke: "var(--hair)", fill: "var(--muted)" }),
    ];
  }

  function numberAxis(values, format = short) {
    return [
      Plot.gridY(values, { stroke: "var(--hair)", strokeOpacity: 1 }),
      Plot.axisY(values, { tickFormat: format, tickSize: 0, label: null, fill: "var(--muted)" }),
    ];
  }

  /** The scale of time that charts share. */
  const domain = ({ from, until }) => ({ type: "utc", domain: [time(from), time(Math.max(until, from + MINUTE))] });

  const kinds = {
    /** A rate: on the ground where it is known to be zero, hatched where nothing is known. */
    rate(data, width) {
      const line = [];
      data.known.forEach((known, stretch) => {
        let reached = known.from;
        const to = (seconds, rate) => line.push({ at: time(seconds), rate, stretch });
        if (!known.points.length || known.points[0][0] > known.from) to(known.from, 0);
        let last = 0;
        for (const [at, rate] of known.points) {
          if (at > reached && last) to(reached, 0);
          to(Math.max(at, known.from), rate);
          [reached, last] = [at + known.period, rate];
        }
        if (last && reached < known.until) to(reached, last = 0);
        to(known.until, last);
      });
      const gaps = [];
      let reached = data.from;
      for (const known of data.known) {
        if (known.from > reached) gaps.push([reached, known.from]);
        reached = Math.max(reached, known.until);
      }
      if (reached < data.until) gaps.push([reached, data.until]);
      const inside = (from, until) => until > data.from && from < data.until;
      const most = Math.max(d3.max(line, (point) => point.rate) ?? 0, data.baseline ?? 0) || 1;
      const scale = d3.scaleLinear([0, most * 1.04], [0, 1]).nice(4);
      const top = scale.domain()[1];
      const points = data.known.flatMap((known) => known.points.filter(([at]) => at >= data.from && at < data.until).map(([at, rate]) => ({ at: time(at + known.period / 2), from: time(at), until: time(at + known.period), rate })));
      const step = { x: "at", y: "rate", z: "stretch", curve: "step-after" };
      return {
        svg: plot(width, {
          height: 160,
          x: domain(data),
          y: { domain: [0, top] },
          marks: [
            timeAxis(width, data),
            numberAxis(scale.ticks(4)),
            Plot.rect(gaps.filter((gap) => inside(...gap)), { x1: (gap) => time(Math.max(gap[0], data.from)), x2: (gap) => time(Math.min(gap[1], data.until)), y1: 0, y2: top, ...unknown, title: () => "unknown: nothing was collected here" }),
            Plot.rect([data.span].filter((span) => inside(...span)), { x1: (span) => time(Math.max(span[0], data.from)), x2: (span) => time(Math.min(span[1], data.until)), y1: 0, y2: top, fill: "var(--span)", className: "span" }),
            Plot.areaY(line, { ...step, clip: true, fill: "var(--area)" }),
            Plot.lineY(line, { ...step, clip: true, stroke: "var(--line)", strokeWidth: 1.5, className: "line" }),
            data.baseline === null ? null : Plot.ruleY([data.baseline], { stroke: "var(--second)", strokeDasharray: "6 4", strokeWidth: 1.4, className: "baseline" }),
            Plot.tip(points, Plot.pointerX({ x: "at", y: "rate", title: (point) => `${both(point.from)} to ${clock(point.until)}\n${short(point.rate)} a minute`, fill: "var(--surface)", stroke: "var(--hair)" })),
          ],
        }),
      };
    },

    /** The share of faults, look by look. */
    shares(data, width) {
      const looks = data.looks.map(([at, root, clients]) => ({ at: time(at), root, clients }));
      const lines = [["clients", "clients", "var(--second)", "5 3"], ["root", "root cause", "var(--line)", null]];
      const marks = lines.flatMap(([key, name, stroke, dash]) => [
        Plot.lineY(looks, { x: "at", y: (look) => look[key] ?? NaN, clip: true, stroke, strokeWidth: 1.7, strokeDasharray: dash, className: `line-${key}` }),
        Plot.dot(looks.filter((look) => look[key] !== null && look.at >= time(data.from) && look.at <= time(data.until)), {
          x: "at", y: key, r: 3.5, fill: stroke, stroke: "var(--surface)",
          title: (look) => `${both(look.at)}: ${d3.format(".1f")(look[key])}% of requests, ${name}`,
        }),
      ]);
      const ticks = [0, 25, 50, 75, 100];
      return { svg: plot(width, { height: 150, x: domain(data), y: { domain: [0, 100] }, marks: [timeAxis(width, data), numberAxis(ticks, (share) => `${share}%`), marks] }) };
    },

    /** Counts over time, a line for each thing that was counted. */
    lines(data, width) {
      const styles = [["var(--line)", null], ["var(--second)", "5 3"], ["var(--line)", "2 3"], ["var(--second)", "1 2"]];
      const most = d3.max(data.lines, (line) => d3.max(line.points, (point) => point[1])) || 1;
      const scale = d3.scaleLinear([0, most], [0, 1]).nice(4);
      const marks = data.lines.flatMap(({ name, points }, nth) => {
        const [stroke, dash] = styles[nth % styles.length];
        const at = { x: (point) => time(point[0]), y: (point) => point[1] };
        return [
          Plot.lineY(points, { ...at, stroke, strokeWidth: 1.7, strokeDasharray: dash, className: `counted-${nth}` }),
          Plot.dot(points, { ...at, r: 3, fill: stroke, stroke: "var(--surface)", title: (point) => `${both(time(point[0]))}: ${d3.format(",")(point[1])}, ${name}` }),
        ];
      });
      return { svg: plot(width, { height: 150, x: domain(data), y: { domain: scale.domain() }, marks: [timeAxis(width, data), numberAxis(scale.ticks(4)), marks] }) };
    },

    /** Counts by day: parts on top of each other, what is inconclusive downward, hatched where nothing was collected. */
    counts(data, width) {
      const downward = (part) => part.role === "inconclusive";
      const bars = data.parts.map(() => []);
      let [most, least] = [0, 0];
      for (const each of data.days) {
        if (!each.counts) continue;
        let [up, down] = [0, 0];
        data.parts.forEach((part, nth) => {
          const count = each.counts[part.name] ?? 0;
          const bar = downward(part) ? { y1: down, y2: (down -= count) } : { y1: up, y2: (up += count) };
          if (count > 0) bars[nth].push({ day: each.day, ...bar, title: `${each.name}: ${d3.format(",")(count)} ${part.label}` });
        });
        [most, least] = [Math.max(most, up), Math.min(least, down)];
      }
      const scale = d3.scaleLinear([least, most || 1], [0, 1]).nice(5);
      const [low, high] = scale.domain();
      const every = Math.ceil(data.days.length / Math.max(2, Math.floor((width - 60) / 56)));
      const names = new Map(data.days.map((each) => [each.day, each.name]));
      return {
        svg: plot(width, {
          height: 170,
          x: { type: "band", domain: data.days.map((each) => each.day), padding: 0.2 },
          y: { domain: [low, high] },
          marks: [
            numberAxis(scale.ticks(5), (number) => short(Math.abs(number))),
            Plot.axisX(data.days.filter((_, nth) => nth % every === 0).map((each) => each.day), { tickFormat: (each) => names.get(each), tickSize: 0, label: null, fill: "var(--muted)" }),
            Plot.barY(data.days.filter((each) => !each.counts), { x: "day", y1: low, y2: high, ...unknown, title: (each) => `${each.name}: ${each.why}` }),
            data.parts.map(({ role }, nth) => Plot.barY(bars[nth], { x: "day", y1: "y1", y2: "y2", fill: `var(--${role})`, className: role, title: "title" })),
            Plot.ruleY([0], { stroke: "var(--muted)" }),
          ],
        }),
      };
    },

    /** Services in rows, callers above what they call. */
    graph(data, available) {
      const width = Math.min(available, 700);
      const across = (node, side) => (node.slot + 0.5 + side * 0.46 * Math.min(1, node.slots / 3)) / node.slots;
      const nodes = data.nodes.map((node) => ({ ...node, x: across(node, 0), x1: across(node, -1), x2: across(node, 1) }));
      const byId = new Map(nodes.map((node) => [node.id, node]));
      const edges = nodes.flatMap((node) => node.calls.filter((id) => id !== node.id && byId.has(id)).map((id) => {
        const called = byId.get(id);
        const isDown = called.row > node.row;
        return { x1: node.x, x2: called.x, y1: node.row + (isDown ? 0.6 : 0), y2: called.row + (isDown ? 0 : 0.6) };
      }));
      const rows = d3.max(nodes, (node) => node.row) + 1;
      const said = { root_cause: "root cause", anomalous: "anomalous" };
      const tone = { root_cause: "var(--critical)", anomalous: "var(--high)", none: "var(--muted)" };
      const title = (node) => `${node.name} (${node.kind})${said[node.mark] ? ", " + said[node.mark] : ""}`;
      const box = (mark, options) => Plot.rect(nodes.filter((node) => node.mark === mark), { x1: "x1", x2: "x2", y1: "row", y2: (node) => node.row + 0.6, rx: 4, fill: "var(--surface)", title, className: `node-${mark}`, ...options });
      const ems = (size) => (node) => ((node.x2 - node.x1) * (width - 8) - 14) / size;
      const lineWidth = (size) => Math.max(4, d3.min(nodes, ems(size)));
      const text = { x: "x1", dx: 8, textAnchor: "start", textOverflow: "ellipsis", title, pointerEvents: "none" };
      return {
        svg: plot(width, {
          height: rows * 64 - 20,
          marginTop: 2, marginBottom: 4, marginLeft: 4, marginRight: 4,
          x: { domain: [0, 1], axis: null },
          y: { domain: [rows - 0.4, 0], axis: null },
          color: { type: "identity" },
          marks: [
            Plot.arrow(edges, { x1: "x1", x2: "x2", y1: "y1", y2: "y2", stroke: "var(--muted)", strokeWidth: 1.3, headLength: 7, insetEnd: 5, className: "edge" }),
            box("none", { stroke: "var(--info-fill)" }),
            box("anomalous", { stroke: "var(--high-fill)", strokeWidth: 1.5, strokeDasharray: "5 3" }),
            box("root_cause", { stroke: "var(--critical-fill)", strokeWidth: 2 }),
            Plot.text(nodes, { ...text, y: (node) => node.row + 0.19, text: "name", fontWeight: 600, fontSize: 12, fill: "var(--ink)", lineWidth: lineWidth(12) }),
            Plot.text(nodes, { ...text, y: (node) => node.row + 0.43, text: (node) => said[node.mark] ?? node.kind.replace(/^AWS::/, "").replaceAll("::", " "), fontSize: 11, fill: (node) => tone[node.mark], lineWidth: lineWidth(11) }),
          ],
        }),
      };
    },
  };

  /** The charts with an axis of time, with the space beside it. */
  const timed = { lane: [6, 20], histogram: [6, 20], days: [6, 20], rate: [46, 16], shares: [46, 16] };
  const live = "live" in document.body.dataset;
  const drawn = new WeakMap();
  let zoom = null;

  /** Whether the zoom applies: on a live page, the lanes show the period of the address. */
  const isZoomed = (kind) => zoom && kind in timed && !(live && timed[kind][0] === 6);

  /** The data that stands in the page, once it was drawn the data that was drawn. */
  const dataOf = (canvas) => drawn.get(canvas)?.data ?? JSON.parse(canvas.querySelector("script").textContent);

  /** Draws a chart into its place, unless it is drawn with this width already. */
  function draw(canvas, forced = 0) {
    const width = forced || Math.floor(canvas.clientWidth);
    const before = drawn.get(canvas);
    const kind = canvas.dataset.chart;
    const key = `${width} ${isZoomed(kind) ? zoom : ""}`;
    if (width < 40 || before?.key === key) return;
    const text = before?.text ?? canvas.querySelector("script").textContent;
    const data = dataOf(canvas);
    const shown = isZoomed(kind) ? { ...data, from: zoom[0], until: zoom[1] } : data;
    const { svg, role = "img", note = "" } = kinds[kind](shown, width);
    svg.setAttribute("role", role);
    svg.setAttribute("aria-label", canvas.dataset.label);
    const links = before ? [...before.svg.querySelectorAll("a")] : [];
    const focused = links.indexOf(document.activeElement);
    const parts = [svg];
    if (note) {
      const line = document.createElement("p");
      line.className = "quiet";
      line.textContent = note;
      parts.push(line);
    }
    canvas.replaceChildren(...parts);
    drawn.set(canvas, { key, text, data, svg, shown });
    if (focused >= 0) svg.querySelectorAll("a")[focused]?.focus({ preventScroll: true });
  }

  const watcher = new ResizeObserver((entries) => entries.forEach((entry) => draw(entry.target)));
  const canvases = (root) => root.querySelectorAll(".canvas");

  /** Draws what can be seen of `root`, and the rest as soon as it opens. */
  function watch(root) {
    for (const canvas of canvases(root)) {
      draw(canvas);
      watcher.observe(canvas);
    }
  }

  /** Draws everything with the width of a sheet of paper, or as before. */
  function forPaper(width) {
    for (const canvas of canvases(document)) {
      if (canvas.checkVisibility()) draw(canvas, width && Math.min(width, Math.max(240, Math.floor(canvas.clientWidth))));
    }
  }

  /** Whether a chart that was drawn has other data on a newer page. */
  const isOutdated = (canvas, newer) => drawn.has(canvas) && drawn.get(canvas).text !== newer.querySelector("script")?.textContent;

  /** Shows a part of the time, from and until in seconds of the page's clock; everything for null. */
  function setZoom(range) {
    zoom = range;
    for (const canvas of canvases(document)) if (drawn.has(canvas)) draw(canvas);
  }

  /** The time at a distance from the left edge of a chart; null outside of its axis. */
  function timeAt(canvas, x) {
    const chart = drawn.get(canvas);
    const margins = timed[canvas.dataset.chart];
    if (!chart || !margins) return null;
    const { from, until } = chart.shown;
    const share = (x - margins[0]) / (canvas.clientWidth - margins[0] - margins[1]);
    return share < 0 || share > 1 ? null : from + share * (Math.max(until, from + MINUTE) - from);
  }

  return { kinds, fill, unknown, time, both, plot, timeAxis, numberAxis, domain, watch, draw, forPaper, isOutdated, isDrawn: (canvas) => drawn.has(canvas), setZoom, timeAt, live };
})();
