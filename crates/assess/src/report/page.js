"use strict";
(function () {
  // Sorting: a heading's click orders the rows by its column.
  document.querySelectorAll("table.sortable").forEach(function (table) {
    var heads = Array.from(table.tHead.rows[0].cells);
    heads.forEach(function (head, at) {
      head.tabIndex = 0;
      function sort() {
        var falling = head.getAttribute("aria-sort") === "descending" ? 1 : -1;
        if (!head.classList.contains("n") && !head.hasAttribute("aria-sort")) falling = 1;
        var rows = Array.from(table.tBodies[0].rows);
        function key(row) {
          var cell = row.cells[at];
          return cell.dataset.v === undefined ? null : Number(cell.dataset.v);
        }
        rows.sort(function (a, b) {
          var x = key(a), y = key(b);
          if (x === null && y === null && !head.classList.contains("n"))
            return falling * a.cells[at].textContent.localeCompare(b.cells[at].textContent);
          if (x === null) return y === null ? 0 : 1;
          if (y === null) return -1;
          return falling * (x - y);
        });
        rows.forEach(function (row) { table.tBodies[0].appendChild(row); });
        heads.forEach(function (other) { other.removeAttribute("aria-sort"); });
        head.setAttribute("aria-sort", falling > 0 ? "ascending" : "descending");
      }
      head.addEventListener("click", sort);
      head.addEventListener("keydown", function (event) {
        if (event.key === "Enter" || event.key === " ") { event.preventDefault(); sort(); }
      });
    });
  });

  // Tooltips: what a shape stands for; on a chart with curves, the values under the pointer.
  var tip = document.getElementById("tip");
  document.querySelectorAll("svg.plot title").forEach(function (title) {
    if (title.parentNode.nodeName !== "svg") title.parentNode.dataset.tip = title.textContent;
    title.remove();
  });
  function show(text, event) {
    tip.textContent = text;
    tip.hidden = false;
    var box = tip.getBoundingClientRect();
    var x = Math.min(event.clientX + 14, innerWidth - box.width - 6);
    var y = event.clientY - box.height - 12;
    tip.style.left = Math.max(6, x) + "px";
    tip.style.top = (y < 6 ? event.clientY + 18 : y) + "px";
  }
  function axis(text) {
    var n = text.split(" ").map(Number);
    return {
      value: function (at) {
        var v = n[2] + (at - n[0]) / (n[1] - n[0]) * (n[3] - n[2]);
        return n[4] ? Math.pow(10, v) : v;
      }
    };
  }
  function number(v) { return Math.abs(v) < 0.01 && v !== 0 ? v.toExponential(1) : v.toFixed(3); }
  function readout(svg, event) {
    var matrix = svg.getScreenCTM();
    if (!matrix) return null;
    var at = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix.inverse());
    var xs = svg.dataset.x.split(" ").map(Number), ys = svg.dataset.y.split(" ").map(Number);
    if (at.x < xs[0] || at.x > xs[1] || at.y < ys[1] - 4 || at.y > ys[0] + 4) return null;
    var x = axis(svg.dataset.x), y = axis(svg.dataset.y), names = svg.dataset.names.split("|");
    var lines = [names[0] + " " + number(x.value(at.x))];
    svg.querySelectorAll("polyline[data-name]").forEach(function (line) {
      // The height under the pointer: the last point at or left of it joined to the next.
      var points = line.points, before = null, found = null;
      for (var i = 0; i < points.numberOfItems; i++) {
        var point = points.getItem(i);
        if (before && before.x <= at.x && point.x >= at.x) {
          var share = point.x === before.x ? 1 : (at.x - before.x) / (point.x - before.x);
          found = before.y + share * (point.y - before.y);
        }
        before = point;
      }
      if (found !== null) lines.push(line.dataset.name.split(",")[0] + ": " + names[1] + " " + number(y.value(found)));
    });
    return lines.length > 1 ? lines.join("\n") : null;
  }
  function move(event) {
    var target = event.target.closest ? event.target.closest("[data-tip]") : null;
    if (target) return show(target.dataset.tip, event);
    var svg = event.target.closest ? event.target.closest("svg[data-x]") : null;
    var text = svg ? readout(svg, event) : null;
    if (text) show(text, event); else tip.hidden = true;
  }
  document.addEventListener("pointermove", move);
  document.addEventListener("pointerdown", move);
  document.addEventListener("scroll", function () { tip.hidden = true; }, { passive: true });
})();
