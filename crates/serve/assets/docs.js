"use strict";
// Sends the request of a form, and shows its answer. Nothing is kept.
document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.dataset.path) return;
  event.preventDefault();
  const out = form.querySelector("output");
  let path = form.dataset.path;
  const query = new URLSearchParams();
  const headers = {};
  for (const input of form.querySelectorAll("input[data-in]")) {
    if (input.dataset.in === "path") path = path.replace(`{${input.name}}`, encodeURIComponent(input.value));
    else if (input.value && input.dataset.in === "query") query.append(input.name, input.value);
    else if (input.value && input.dataset.in === "header") headers[input.name] = input.value;
  }
  const key = document.getElementById("key").value.trim();
  if (key) headers.Authorization = `Bearer ${key}`;
  const options = { method: form.dataset.method.toUpperCase(), headers };
  const body = form.querySelector("textarea");
  if (body) {
    headers["Content-Type"] = body.dataset.type;
    options.body = body.value;
  } else if (options.method === "POST") {
    headers["Content-Type"] = "application/json";
  }
  try {
    const answer = await fetch(query.size ? `${path}?${query}` : path, options);
    const text = await answer.text();
    let shown = text.slice(0, 100000);
    try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch { /* no JSON: as it is */ }
    out.textContent = `${answer.status} ${answer.statusText}\n${shown}`;
  } catch (error) {
    out.textContent = String(error);
  }
});
