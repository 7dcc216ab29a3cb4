(() => {
  const jobs = JSON.parse(document.getElementById("jobs").textContent);
  const table = document.getElementById("list");
  if (!table) return;
  const body = table.tBodies[0];
  const rows = Array.from(body.rows);
  const places = new Map(rows.map((row, at) => [row, at]));
  const form = document.getElementById("filters");
  const find = document.getElementById("find");
  const picks = Array.from(form.querySelectorAll("select"));
  const found = document.getElementById("found");
  const none = document.getElementById("none");
  const texts = jobs.map((job) => tables.plain(job[0]));

  const AT_ONCE = 150; // rows that a screen or two can hold: laying out a thousand would hold up typing
  let rest = 0;

  function filter() {
    const asked = tables.plain(find.value).split(/\s+/).filter(Boolean);
    const wanted = picks.map((pick) => [Number(pick.dataset.column), pick.value]).filter(([, value]) => value);
    const later = [];
    let shown = 0;
    for (const row of body.rows) {
      const at = places.get(row);
      const fits = wanted.every(([column, value]) => jobs[at][column] === value) &&
        asked.every((word) => texts[at].includes(word));
      if (fits) shown += 1;
      const now = fits && shown <= AT_ONCE;
      if (row.hidden === now) row.hidden = !now;
      if (fits && !now) later.push(row);
    }
    found.textContent = found.dataset.words.replace("{shown}", shown).replace("{all}", rows.length);
    none.hidden = shown > 0;
    clearTimeout(rest);
    rest = setTimeout(() => later.forEach((row) => { row.hidden = false; }), 250);
  }

  function sort(at, down) {
    const keys = jobs.map((job) => job[5][at]);
    const order = rows.map((_, row) => row).sort((a, b) => tables.by(keys[a], keys[b], down));
    const sorted = document.createDocumentFragment();
    for (const row of order) sorted.append(rows[row]);
    body.append(sorted);
  }

  for (const head of table.tHead.rows[0].cells) {
    if (head.dataset.sort !== "") tables.sortable(head, (down) => sort(Number(head.dataset.sort), down));
  }
  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", filter);
  found.textContent = found.dataset.words.replace("{shown}", rows.length).replace("{all}", rows.length);
})();
