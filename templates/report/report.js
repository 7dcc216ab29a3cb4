(() => {
  const words = document.getElementById("main").dataset;
  const make = (name, facts = {}, ...inside) => {
    const made = Object.assign(document.createElement(name), facts);
    made.append(...inside);
    return made;
  };

  // Tables: a click on a head sorts; the total stays last, and what has no value stands above it.
  const key = (cell) => {
    if (cell.dataset.order === undefined) return cell.textContent.trim();
    const number = Number(cell.dataset.order);
    return cell.dataset.order === "" ? null : Number.isNaN(number) ? cell.dataset.order : number;
  };

  function sort(table, at, down) {
    const body = table.tBodies[0];
    const total = (row) => row.classList.contains("total");
    const keyed = Array.from(body.rows, (row) => [row, key(row.cells[at])]);
    keyed.sort(([r, x], [s, y]) => total(r) || total(s) ? total(r) - total(s) : tables.by(x, y, down));
    body.append(...keyed.map(([row]) => row));
  }

  function filtered(table) {
    const rows = Array.from(table.tBodies[0].rows).filter((row) => !row.classList.contains("total"));
    const total = table.querySelector("tr.total");
    const find = make("input", { type: "search", autocomplete: "off" });
    const count = make("output", { ariaLive: "polite" });
    find.addEventListener("input", () => {
      const asked = tables.plain(find.value).split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const row of rows) {
        const text = tables.plain(row.textContent);
        row.hidden = !asked.every((word) => text.includes(word));
        shown += !row.hidden;
      }
      if (total) total.hidden = asked.length > 0; // it sums all rows
      count.textContent = asked.length
        ? words.shown.replace("{shown}", shown).replace("{all}", rows.length) : "";
    });
    return make("p", { className: "find" }, make("label", {}, `${words.find} `, find), count);
  }

  for (const table of document.querySelectorAll("figure.table table")) {
    const rows = table.tBodies[0].rows;
    if (!table.tHead || rows.length < 3 || rows[0].cells.length !== table.tHead.rows[0].cells.length) continue;
    Array.from(table.tHead.rows[0].cells).forEach((head, at) => {
      tables.sortable(head, (down) => sort(table, at, down));
    });
    if (rows.length > 12) table.closest(".scroll").before(filtered(table));
  }

  // Charts: the value nearest to the pointer, series shown and hidden, maps enlarged.
  const tip = make("div", { className: "tip", hidden: true, ariaLive: "polite" });
  document.body.append(tip);

  function nearest(drawing, event) {
    let [best, distance] = [null, 40];
    for (const mark of drawing.querySelectorAll(".values circle:not([hidden])")) {
      const box = mark.getBoundingClientRect();
      const far = Math.hypot(box.x + box.width / 2 - event.clientX, box.y + box.height / 2 - event.clientY);
      if (far < distance) [best, distance] = [mark, far];
    }
    return best;
  }

  for (const drawing of document.querySelectorAll("figure.chart svg")) {
    if (!drawing.querySelector(".values")) continue;
    // The page's own box takes the place of the browser's, which comes late and never on touch.
    for (const mark of drawing.querySelectorAll(".values circle")) {
      mark.dataset.words = mark.textContent;
      mark.replaceChildren();
    }
    const say = (mark) => {
      tip.hidden = !mark;
      if (!mark) return;
      tip.textContent = mark.dataset.words;
      const box = mark.getBoundingClientRect();
      const left = Math.min(Math.max(box.x + box.width / 2, tip.offsetWidth / 2 + 4),
        document.documentElement.clientWidth - tip.offsetWidth / 2 - 4);
      tip.style.left = `${left + window.scrollX}px`;
      tip.style.top = `${box.y + window.scrollY}px`;
    };
    const point = (event) => say(nearest(drawing, event));
    drawing.addEventListener("pointermove", point);
    drawing.addEventListener("pointerdown", point);
    // A finger that was lifted leaves the words; a tap elsewhere takes them away.
    drawing.addEventListener("pointerleave", (event) => { tip.hidden ||= event.pointerType === "mouse"; });
    const frame = drawing.closest(".scroll");
    frame.ariaDescription = words.keys;
    let at = -1;
    frame.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (event.key === "Escape") tip.hidden = true;
      const marks = drawing.querySelectorAll(".values circle:not([hidden])");
      if (!step || !marks.length) return;
      event.preventDefault();
      at = (Math.max(at, step < 0 ? 0 : -1) + step + marks.length) % marks.length;
      marks[at].scrollIntoView({ block: "nearest", inline: "nearest" });
      say(marks[at]);
    });
    frame.addEventListener("blur", () => { tip.hidden = true; });
  }
  document.addEventListener("pointerdown", (event) => {
    if (!event.target.closest?.("figure.chart svg")) tip.hidden = true;
  });

  for (const list of document.querySelectorAll("figure.chart .series")) {
    const drawing = list.closest("figure").querySelector("svg");
    if (!drawing) continue;
    Array.from(list.children).forEach((item, at) => {
      const button = make("button", { type: "button", textContent: item.textContent, ariaPressed: "true" });
      button.addEventListener("click", () => {
        const shown = button.ariaPressed !== "true";
        button.ariaPressed = String(shown);
        for (const part of drawing.querySelectorAll(`[id*="-series-${at}-"]`)) {
          part.style.display = shown ? "" : "none";
        }
        for (const mark of drawing.querySelectorAll(`.values .of-${at}`)) mark.toggleAttribute("hidden", !shown);
      });
      item.replaceChildren(button);
    });
    list.hidden = false;
  }

  for (const figure of document.querySelectorAll("figure.chart.map")) {
    const [frame, image] = [figure.querySelector(".scroll"), figure.querySelector("img,svg")];
    let scale = 1;
    const zoom = (to) => {
      const middle = [(frame.scrollLeft + frame.clientWidth / 2) / frame.scrollWidth,
        (frame.scrollTop + frame.clientHeight / 2) / frame.scrollHeight];
      if (scale === 1) frame.style.maxHeight = `${frame.clientHeight}px`;
      scale = Math.min(Math.max(to, 1), 6);
      image.style.width = `${100 * scale}%`;
      image.style.maxWidth = "none";
      if (scale === 1) for (const each of ["width", "maxWidth"]) image.style[each] = "";
      frame.scrollTo(middle[0] * frame.scrollWidth - frame.clientWidth / 2,
        middle[1] * frame.scrollHeight - frame.clientHeight / 2);
    };
    const button = (text, words, to) => {
      const made = make("button", { type: "button", textContent: text, ariaLabel: words });
      made.addEventListener("click", () => zoom(to()));
      return made;
    };
    frame.before(make("p", { className: "zoom" }, button("+", words.larger, () => scale * 1.5),
      button("−", words.smaller, () => scale / 1.5)));
    frame.addEventListener("keydown", (event) => {
      const to = { "+": scale * 1.5, "=": scale * 1.5, "-": scale / 1.5, 0: 1 }[event.key];
      if (to && !event.ctrlKey && !event.metaKey) zoom(to);
    });
    frame.addEventListener("dblclick", () => zoom(scale * 1.5));
    // A mouse drags the map; a finger scrolls it as any page.
    frame.addEventListener("pointermove", (event) => {
      if (scale > 1 && event.pointerType === "mouse" && event.buttons === 1) {
        frame.scrollBy(-event.movementX, -event.movementY);
      }
    });
    image.draggable = false;
  }

  // Plans: charts of each stand in the page, those of one are shown; the choice holds for all of them.
  const optional = Array.from(document.querySelectorAll("figure[data-option]"));
  const options = [...new Set(optional.map((figure) => figure.dataset.option))];
  options.sort(new Intl.Collator(document.documentElement.lang, { numeric: true }).compare);
  const first = optional.find((figure) => !figure.hidden)?.dataset.option;
  const pickers = [];
  const pick = (option) => {
    for (const figure of optional) figure.hidden = figure.dataset.option !== option;
    for (const button of pickers) button.ariaPressed = String(button.textContent === option);
    tip.hidden = true;
  };
  optional.forEach((figure, at) => {
    const before = figure.previousElementSibling;
    if (options.length < 2 || (at && before === optional[at - 1])) return;
    const buttons = options.map((option) => {
      const button = make("button", { type: "button", textContent: option });
      button.addEventListener("click", () => pick(option));
      return button;
    });
    pickers.push(...buttons);
    const group = make("p", { className: "pick", ariaLabel: words.plans }, ...buttons,
      make("span", { textContent: words.picked.replace("{plan}", first) }));
    group.setAttribute("role", "group");
    figure.before(group);
  });
  if (pickers.length) pick(first);
})();
