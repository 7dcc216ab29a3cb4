"use strict";
// What the tables of a report and the list of a run share.
const tables = (() => {
  const compare = new Intl.Collator(document.documentElement.lang, { numeric: true }).compare;

  // A text as it is searched: without accents and capitals.
  const plain = (text) => text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase();

  // Numbers by value, words as the language sorts them; what has no value stands last, whichever way.
  function by(x, y, down) {
    if (x === null || y === null) return (x === null) - (y === null);
    const order = typeof x === "number" && typeof y === "number" ? x - y : compare(String(x), String(y));
    return down ? -order : order;
  }

  // A head becomes a button; `sort(down)` puts the rows in order.
  function sortable(head, sort) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of head.parentElement.cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      sort(down);
    });
    head.append(button);
  }

  return { plain, by, sortable };
})();
