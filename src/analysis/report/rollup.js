"use strict";
(() => {
  const runs = new Map();
  for (const row of document.querySelectorAll("#runs tbody tr")) runs.set(row.dataset.run, row);
  const rows = [...document.querySelectorAll("tr[data-run]")];
  const form = document.getElementById("filters");
  const shown = document.getElementById("shown");
  const template = shown.dataset.words;

  const fits = (row) => {
    for (const field of form.elements) {
      if (!field.name || field.value === "*") continue;
      if (field.name === "text") {
        const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
        if (!words.every((word) => row.dataset.search.includes(word))) return false;
      } else if (row.getAttribute("data-f-" + field.name) !== field.value) return false;
    }
    return true;
  };

  const filter = () => {
    const kept = new Set();
    for (const [number, row] of runs) if (fits(row)) kept.add(number);
    for (const row of rows) row.hidden = !kept.has(row.dataset.run);
    shown.textContent = template.replace("{n}", kept.size).replace("{total}", runs.size);
  };

  const value = (row, column) => {
    const cell = row.cells[column];
    const text = cell.dataset.v ?? cell.textContent.trim();
    return text === "" ? null : Number.isNaN(Number(text)) ? text : Number(text);
  };

  const order = (a, b) => {
    if (a === null || b === null) return (a === null) - (b === null);
    if (typeof a === "number" && typeof b === "number") return a - b;
    return String(a).localeCompare(String(b), document.documentElement.lang, { numeric: true });
  };

  const sort = (header) => {
    const table = header.closest("table");
    const body = table.tBodies[0];
    const down = header.getAttribute("aria-sort") === "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", down ? "descending" : "ascending");
    const keyed = [...body.rows].map((row) => [value(row, header.cellIndex), row]);
    keyed.sort(([a], [b]) => (a === null || b === null ? order(a, b) : down ? order(b, a) : order(a, b)));
    body.append(...keyed.map(([, row]) => row));
  };

  for (const header of document.querySelectorAll("table.sortable thead th")) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...header.childNodes);
    header.append(button);
    button.addEventListener("click", () => sort(header));
  }
  form.addEventListener("input", filter);
  form.addEventListener("reset", () => setTimeout(filter));
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
  filter();
})();
