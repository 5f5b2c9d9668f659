// The charts of the timeline: insights as bars, many insights as a histogram, and days of counts.
"use strict";

(() => {
  const { fill, unknown, time, plot, timeAxis, domain, kinds } = Charts;
  const MINUTE = 60;
  /** Gives every bar the first row in which it covers no other, with its name where there is room for it. */
  function packed(bars, { from, until }, width) {
    const perSecond = width / Math.max(until - from, MINUTE);
    const most = 14;
    const attempt = (named) => {
      const rows = [];
      const placed = [];
      for (const bar of bars) {
        const left = Math.max(0, Math.min((bar.from - from) * perSecond, width - 6));
        const right = Math.max(left + 6, Math.min(width, ((bar.until ?? until) - from) * perSecond));
        const room = bar.name.length * 6.4 + 8;
        let place = "none";
        if (right - left >= room) place = "within";
        else if (named && bar.until !== null && right + room <= width) place = "behind";
        else if (named && left >= room) place = "before";
        const taken = [place === "before" ? left - room : left, place === "behind" ? right + room : right];
        let row = rows.findIndex((others) => others.every(([low, high]) => taken[1] + 2 <= low || high + 2 <= taken[0]));
        if (row < 0 && rows.length < most) row = rows.push([]) - 1;
        if (row < 0) continue;
        rows[row].push(taken);
        placed.push({ ...bar, row, place, start: time(from + left / perSecond), end: time(from + right / perSecond) });
      }
      return { placed, rows: Math.max(1, rows.length), left: bars.length - placed.length };
    };
    const roomy = width >= 480 ? attempt(true) : { left: 1 };
    return roomy.left === 0 ? roomy : attempt(false);
  }

  /** The links of a plot with what each stands for; Plot keeps the order of the data. */
  function label(svg, marks, name) {
    const links = svg.querySelectorAll("a");
    links.forEach((link, nth) => {
      const bar = marks[nth];
      link.setAttribute("class", `bar o-${bar.source} s-${bar.severity}`);
      link.setAttribute("aria-label", bar.label);
      link.setAttribute("data-name", name);
    });
  }

  /** The unknown time of a lane with `rows` rows: of a part of the targets a strip at the bottom, of all of them the whole lane. */
  const lost = (data, rows, strip) => Plot.rect(data.unknown.filter((span) => span.until > data.from && span.from < data.until), {
    x1: (span) => time(Math.max(span.from, data.from)), x2: (span) => time(Math.min(span.until, data.until)),
    y1: (span) => (span.part ? rows - strip : 0), y2: rows, ...unknown, title: "label",
  });
  const now = (data) => (data.now <= data.until + 1 && data.now >= data.from ? Plot.ruleX([time(data.now)], { stroke: "var(--ink)", strokeDasharray: "2 2" }) : null);

  Object.assign(kinds, {
    /** Insights as bars; open ones end in a point. */
    lane(all, width) {
      const data = { ...all, bars: all.bars.filter((bar) => (bar.until ?? Infinity) >= all.from && bar.from <= all.until) };
      const { placed, rows, left } = packed(data.bars, data, width - 26);
      const height = rows * 22 + 30;
      const open = placed.filter((bar) => bar.until === null);
      const box = { x1: "start", x2: "end", y1: (bar) => bar.row + 0.1, y2: (bar) => bar.row + 0.82, rx: 3, fill: (bar) => fill(bar.severity) };
      const named = (place) => placed.filter((bar) => bar.place === place);
      const text = { y: (bar) => bar.row + 0.46, text: "name", fontSize: 11, fill: "var(--ink)", pointerEvents: "none" };
      const svg = plot(width, {
        height,
        marginLeft: 6,
        marginRight: 20,
        marginTop: 4,
        x: domain(data),
        y: { domain: [rows, 0], axis: null },
        color: { type: "identity" },
        marks: [
          timeAxis(width, data),
          lost(data, rows, 0.3),
          now(data),
          Plot.rect(placed, {
            ...box,
            fillOpacity: (bar) => (bar.until === null ? 1 : 0.45),
            stroke: (bar) => fill(bar.severity),
            href: "href",
            title: "label",
          }),
          Plot.text(open, { x: "end", y: text.y, text: () => "▶", dx: 7, fontSize: 13, fill: (bar) => fill(bar.severity), className: "onward", pointerEvents: "none" }),
          Plot.text(named("within"), { ...text, x: "start", dx: 5, textAnchor: "start", fontWeight: 600, stroke: "var(--surface)", strokeWidth: 3 }),
          Plot.text(named("behind"), { ...text, x: "end", dx: 4, textAnchor: "start" }),
          Plot.text(named("before"), { ...text, x: "start", dx: -4, textAnchor: "end" }),
        ],
      });
      label(svg, placed, "lane");
      return { svg, role: "group", note: left ? `${left} more cover others and are not drawn.` : "" };
    },

    /** Days, each as bad as its worst. */
    days(data, width) {
      const inside = data.days.filter((each) => each.until > data.from && each.from < data.until);
      const clipped = inside.map((each) => ({ ...each, start: time(Math.max(each.from, data.from)), end: time(Math.min(each.until, data.until)) }));
      const box = { x1: "start", x2: "end", y1: 0.1, y2: 0.82, insetLeft: 1, insetRight: 1, title: "label" };
      const known = clipped.filter((each) => each.severity);
      const svg = plot(width, {
        height: 52,
        marginLeft: 6,
        marginRight: 20,
        marginTop: 4,
        x: domain(data),
        y: { domain: [1, 0], axis: null },
        color: { type: "identity" },
        marks: [
          timeAxis(width, data),
          Plot.rect(clipped.filter((each) => !each.severity), { ...box, ...unknown }),
          Plot.rect(known, { ...box, rx: 3, fill: (each) => fill(each.severity), fillOpacity: 0.75, stroke: (each) => fill(each.severity), href: "href" }),
        ],
      });
      label(svg, known, "days");
      return { svg, role: "group" };
    },

    /** How many insights began in each part of the time, by severity from the top. */
    histogram(data, width) {
      const parts = data.parts.filter((part) => part.until > data.from && part.from < data.until);
      const bars = parts.flatMap((part) => {
        let sum = 0;
        return [...part.counts].reverse().map(([severity, count]) => ({ ...part, severity, y1: sum, y2: (sum += count) }));
      });
      const most = d3.max(bars, (bar) => bar.y2) ?? 1;
      const ends = { x1: (part) => time(Math.max(part.from, data.from)), x2: (part) => time(Math.min(part.until, data.until)) };
      const svg = plot(width, {
        height: 96,
        marginLeft: 6,
        marginRight: 20,
        marginTop: 12,
        x: domain(data),
        y: { domain: [0, most], axis: null },
        color: { type: "identity" },
        marks: [
          timeAxis(width, data),
          lost({ ...data, unknown: data.unknown.map((span) => ({ ...span, part: false })) }, most, 0),
          now(data),
          Plot.rect(bars, { ...ends, y1: "y1", y2: "y2", insetLeft: 0.5, insetRight: 0.5, fill: (bar) => fill(bar.severity), className: "stack", pointerEvents: "none" }),
          // One link for each part: as high as the lane, so that a low part can be hit.
          Plot.rect(parts, { ...ends, y1: 0, y2: most, fill: "transparent", href: "href", title: "label" }),
          Plot.text([most], { x: time(data.from), y: most, text: (number) => `${d3.format(",")(number)} at most`, dy: -6, textAnchor: "start", fontSize: 10, fill: "var(--muted)" }),
        ],
      });
      label(svg, parts, "histogram");
      return { svg, role: "group" };
    },
  });
})();
