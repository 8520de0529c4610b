// Draws the table of a figure as a chart over time; the table stays for readers of it.
"use strict";
(() => {
  if (typeof uPlot === "undefined") return;
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const number = (text) => (text === "" ? null : Number(text));

  function read(table) {
    const names = [...table.querySelectorAll("thead th[data-colour]")];
    const rows = [...table.querySelectorAll("tbody tr")];
    const x = rows.map((row) => Number(row.dataset.x));
    const columns = names.map((_, at) => rows.map((row) => number(row.children[at + 1].dataset.v)));
    return { names, x, columns };
  }

  // Each column on top of those after it, so that the first name of the legend is the top.
  function stacked(columns) {
    let sums = columns.length ? columns[0].map(() => 0) : [];
    const out = [];
    for (let at = columns.length - 1; at >= 0; at -= 1) {
      sums = sums.map((sum, row) => sum + (columns[at][row] || 0));
      out[at] = sums.slice();
    }
    return out;
  }

  function draw(figure) {
    const table = figure.querySelector("table");
    const place = figure.querySelector(".draw");
    if (!table || !place) return;
    const bars = figure.dataset.chart === "stacked";
    const time = figure.dataset.x !== "number";
    const data = read(table);
    const axis = { stroke: colour("--dim"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false }, font: "11px system-ui, sans-serif" };
    const bar = uPlot.paths.bars({ size: [0.82, 40], align: 1 });
    const series = data.names.map((th, at) => ({
      label: th.textContent,
      stroke: bars ? undefined : colour(th.dataset.colour),
      fill: bars ? colour(th.dataset.colour) : undefined,
      width: bars ? 0 : 1.8,
      paths: bars ? bar : undefined,
      points: { show: !bars && data.x.length < 40, size: 5 },
      value: (_, __, ___, row) => {
        // Without a cursor: the sum of counts, the last value of a line.
        const column = data.columns[at];
        const whole = () => (bars ? column.reduce((a, b) => a + (b || 0), 0) : column.findLast((v) => v !== null));
        const value = row === null ? whole() : column[row];
        if (value === null || value === undefined) return "–";
        return Number.isInteger(value) ? value.toLocaleString("en") : value.toPrecision(4);
      },
    }));
    const step = data.x.length > 1 ? data.x[1] - data.x[0] : 1;
    const options = {
      width: place.clientWidth,
      height: parseInt(getComputedStyle(place).getPropertyValue("--height"), 10),
      padding: [8, 6, 0, 0],
      cursor: { drag: { x: false, y: false }, points: { show: !bars } },
      legend: { live: true },
      scales: {
        x: { time, range: bars ? (_, low, high) => [low, high + step] : undefined },
        y: { range: (_, low, high) => (bars ? [0, Math.max(high, 4)] : low === high ? [low - 1, high + 1] : [low - (high - low) * 0.06, high + (high - low) * 0.06]) },
      },
      axes: [
        { ...axis, size: 38, gap: 6, grid: { show: false }, space: 70,
          values: time ? [[86400, "{MM}-{DD}", null, null, null, null, null, null, 1], [60, "{HH}:{mm}", "\n{MM}-{DD}", null, "\n{MM}-{DD}", null, null, null, 1], [1, "{HH}:{mm}:{ss}", null, null, null, null, null, null, 1]] : undefined },
        { ...axis, size: 46, space: 34, incrs: bars ? [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 1e7, 1e8] : undefined,
          values: (_, ticks) => ticks.map((tick) => (tick >= 1e4 ? tick.toLocaleString("en", { notation: "compact" }) : String(+tick.toPrecision(5)))) },
      ],
      series: [{ label: time ? "from" : figure.dataset.name || "step", value: (_, v) => (v === null ? (bars ? "all" : "last") : time ? new Date(v * 1000).toLocaleString("sv").slice(5, 16) : String(v)) }, ...series],
    };
    place.textContent = "";
    const shown = () => [data.x, ...(bars ? stacked(data.columns) : data.columns)];
    const plot = new uPlot(options, shown(), place);
    figure.redraw = () => plot.setData(shown());
    figure.add = (at, name) => {
      const column = data.names.findIndex((th) => th.dataset.key === name);
      const last = data.x.length - 1;
      if (column < 0 || last < 0) return;
      if (at >= data.x[last] + step) return;
      const row = data.x.findLastIndex((x) => x <= at);
      if (row < 0) return;
      data.columns[column][row] = (data.columns[column][row] || 0) + 1;
      plot.setData(shown());
    };
    figure.plot = plot;
    new ResizeObserver(() => {
      if (Math.abs(place.clientWidth - plot.width) > 1) plot.setSize({ width: place.clientWidth, height: options.height });
    }).observe(place);
  }

  const all = [...document.querySelectorAll("figure[data-chart]")];
  for (const figure of all) draw(figure);
  document.addEventListener("themechange", () => {
    for (const figure of all) {
      if (figure.plot) figure.plot.destroy();
      draw(figure);
    }
  });
  document.addEventListener("detection", (event) => {
    const told = event.detail;
    for (const figure of all) {
      if (figure.dataset.by && figure.add) figure.add(told.at, told[figure.dataset.by]);
    }
  });
})();
