"use strict";
(() => {
  const jobs = JSON.parse(document.getElementById("jobs").textContent);
  const table = document.getElementById("list");
  if (!table) return;
  const body = table.tBodies[0];
  const rows = Array.from(body.rows);
  const form = document.getElementById("filters");
  const find = document.getElementById("find");
  const picks = Array.from(form.querySelectorAll("select"));
  const found = document.getElementById("found");
  const none = document.getElementById("none");
  const plain = (text) => text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase();
  const texts = jobs.map((job) => plain(job[0]));

  function filter() {
    const asked = plain(find.value).split(/\s+/).filter(Boolean);
    const wanted = picks.map((pick) => [Number(pick.dataset.column), pick.value]).filter(([, value]) => value);
    let shown = 0;
    rows.forEach((row, at) => {
      const fits = wanted.every(([column, value]) => jobs[at][column] === value) &&
        asked.every((word) => texts[at].includes(word));
      if (row.hidden === fits) row.hidden = !fits;
      if (fits) shown += 1;
    });
    found.textContent = found.dataset.words.replace("{shown}", shown).replace("{all}", rows.length);
    none.hidden = shown > 0;
  }

  function sort(head, at) {
    const down = head.getAttribute("aria-sort") === "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const compare = new Intl.Collator(document.documentElement.lang, { numeric: true }).compare;
    const keys = jobs.map((job) => job[5][at]);
    const order = rows.map((_, row) => row).sort((a, b) => {
      const [x, y] = [keys[a], keys[b]];
      if (x === null || y === null) return (x === null) - (y === null);
      const by = typeof x === "number" && typeof y === "number" ? x - y : compare(String(x), String(y));
      return down ? -by : by;
    });
    const sorted = document.createDocumentFragment();
    for (const row of order) sorted.append(rows[row]);
    body.append(sorted);
  }

  Array.from(table.tHead.rows[0].cells).forEach((head) => {
    if (head.dataset.sort === "") return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.addEventListener("click", () => sort(head, Number(head.dataset.sort)));
    head.append(button);
  });
  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", filter);
  filter();
})();
