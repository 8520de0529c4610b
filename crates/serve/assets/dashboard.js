// What pages gain with scripts: local times, the theme without a reload, live rows and progress.
"use strict";
(() => {
  const root = document.documentElement;
  const two = (n) => String(n).padStart(2, "0");
  const local = (d) =>
    `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())} ${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;

  // Times: UTC from the server, shown in the reader's zone; UTC stays in the title.
  function times(within) {
    for (const time of within.querySelectorAll("time[datetime]:not([data-local])")) {
      const at = new Date(time.dateTime);
      if (Number.isNaN(at.getTime())) continue;
      const text = local(at);
      time.title = time.title || time.dateTime;
      time.textContent = time.dataset.form === "short" ? text.slice(5) : time.dataset.form === "day" ? text.slice(0, 10) : time.dataset.form === "clock" ? text.slice(11) : text;
      time.dataset.local = "";
    }
  }
  times(document);
  const zone = document.querySelector("[data-zone]");
  if (zone) {
    const name = Intl.DateTimeFormat().resolvedOptions().timeZone || "local";
    zone.textContent = name === "UTC" ? "Times in UTC" : `Times in ${name}; point at one for UTC`;
  }

  // The theme: a cookie that the server reads, so that a page never flashes.
  const theme = document.querySelector("form[data-theme-switch]");
  if (theme) {
    theme.addEventListener("submit", (event) => {
      event.preventDefault();
      const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
      const next = dark ? "light" : "dark";
      root.dataset.theme = next;
      theme.elements.to.value = dark ? "dark" : "light";
      document.cookie = `tripline_theme=${next}; Path=/ui; Max-Age=31536000; SameSite=Lax`;
      document.dispatchEvent(new Event("themechange"));
    });
  }

  // A form that narrows what is shown goes by itself.
  for (const field of document.querySelectorAll("[data-submit]")) {
    field.addEventListener("change", () => field.form.requestSubmit());
  }
  // Panels that ask for confirmation close by Escape, and when another opens.
  const asks = [...document.querySelectorAll("details.ask")];
  for (const ask of asks) {
    ask.addEventListener("toggle", () => {
      if (!ask.open) return;
      for (const other of asks) if (other !== ask) other.open = false;
      const first = ask.querySelector("input:not([type=hidden]),button");
      if (first) first.focus();
    });
    ask.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      ask.open = false;
      ask.querySelector("summary").focus();
    });
  }
  document.addEventListener("click", (event) => {
    for (const ask of asks) if (ask.open && !ask.contains(event.target)) ask.open = false;
  });
  for (const button of document.querySelectorAll("button[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
      button.textContent = "Copied";
    });
  }

  // The fields of an event: a box that keeps those that match; "/" leads to it, Escape empties it.
  const box = document.querySelector("[data-filter]");
  if (box) {
    const place = document.getElementById(box.dataset.filter);
    const fields = [...place.querySelectorAll("[data-field]")];
    const fold = place.querySelector("[data-fold]");
    const folded = fold ? fold.open : true;
    const told = document.querySelector("[data-filter-count]");
    const keep = () => {
      const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
      let kept = 0;
      for (const field of fields) {
        const text = field.textContent.toLowerCase();
        field.hidden = !words.every((word) => text.includes(word));
        if (!field.hidden) kept += 1;
      }
      if (fold) fold.open = words.length > 0 || folded;
      told.textContent = words.length > 0 ? `${kept} of ${fields.length}` : "";
    };
    box.closest("[data-filter-box]").hidden = false;
    box.addEventListener("input", keep);
    box.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || box.value === "") return;
      event.preventDefault();
      box.value = "";
      keep();
    });
    document.addEventListener("keydown", (event) => {
      if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.target.closest("input,textarea,select")) return;
      event.preventDefault();
      box.focus();
    });
  }

  // Live: parts of the overview, rows of detections, progress of jobs.
  const state = document.querySelector("[data-live-state]");
  const parts = document.querySelector("[data-part]");
  const wanted = parts || document.querySelector("[data-live]") || document.querySelector("[data-job]");
  if (!state || !wanted || !("EventSource" in window)) return;
  state.hidden = false;
  const say = (on) => {
    state.classList.toggle("on", on);
    state.textContent = on ? "live" : "waiting";
  };
  const source = new EventSource(parts ? `/ui/live?overview=${encodeURIComponent(location.search || "?")}` : "/ui/live");
  source.addEventListener("open", () => say(true));
  source.addEventListener("error", () => say(false));
  addEventListener("pagehide", () => source.close());

  // Drawn by the server, as when the page was loaded; what the reader is in stays.
  const drawn = {};
  source.addEventListener("parts", (event) => {
    const told = JSON.parse(event.data);
    // The first answer that is stored makes another page of a fresh one.
    if (document.querySelector("[data-welcome]") && told.tiles) {
      location.reload();
      return;
    }
    for (const [name, markup] of Object.entries(told)) {
      const place = document.querySelector(`[data-part="${CSS.escape(name)}"]`);
      if (!place || drawn[name] === markup || place.contains(document.activeElement)) continue;
      drawn[name] = markup;
      place.innerHTML = markup;
      times(place);
    }
  });

  let fresh = 0;
  source.addEventListener("detection", (event) => {
    const told = JSON.parse(event.data);
    document.dispatchEvent(new CustomEvent("detection", { detail: told }));
    const body = document.querySelector("tbody[data-live=rows]");
    if (body) {
      const holder = document.createElement("template");
      holder.innerHTML = told.row;
      const row = holder.content.firstElementChild;
      row.classList.add("fresh");
      times(row);
      body.prepend(row);
      const most = Number(body.dataset.most) || 50;
      while (body.children.length > most) body.lastElementChild.remove();
      const table = body.closest("[data-hidden-when-empty]");
      if (table) {
        table.hidden = false;
        const none = document.querySelector("[data-empty]");
        if (none) none.hidden = true;
      }
    }
    const badge = document.querySelector("[data-live=badge]");
    if (badge) {
      fresh += 1;
      badge.hidden = false;
      badge.textContent = `${fresh} new, show`;
    }
  });
  source.addEventListener("job", (event) => {
    const told = JSON.parse(event.data);
    const places = document.querySelectorAll(`[data-job="${CSS.escape(told.id)}"]`);
    for (const place of places) {
      if (place.dataset.state !== told.state) {
        // Another state brings other actions: the server draws them.
        if (!document.querySelector("details.ask[open]")) location.reload();
        return;
      }
      const bar = place.querySelector("progress");
      if (bar) bar.value = told.progress;
      const percent = place.querySelector("[data-percent]");
      if (percent) percent.textContent = `${Math.floor(told.progress * 100)} %`;
      const step = place.querySelector("[data-step]");
      if (step) step.textContent = told.step;
      const figures = place.querySelector("[data-figures]");
      if (figures) figures.textContent = told.figures;
    }
  });
})();
