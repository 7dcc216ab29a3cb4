// What only the page can do for the panel: copy to the clipboard, count seconds, sort and filter tables.

let tables; // the DataTables of itables, fetched from the kernel when the first table is seen
const kept = new Map(); // title of a table → its order and filter, kept when it is drawn again

function fetched(model) {
  tables ??= new Promise((resolve) => {
    const take = async (message, buffers) => {
      if (message.kind !== "library") return;
      model.off("msg:custom", take);
      const url = URL.createObjectURL(new Blob([buffers[0]], { type: "text/javascript" }));
      const library = await import(url);
      URL.revokeObjectURL(url);
      library.default.ext.errMode = (_settings, _id, text) => console.warn(text);
      resolve(library.default);
    };
    model.on("msg:custom", take);
    model.send({ want: "library" });
  });
  return tables;
}

async function enliven(table, model) {
  table.dataset.alive = "yes";
  const rows = table.tBodies[0]?.rows ?? [];
  if (rows.length < 2 || table.querySelector("td[colspan]")) return;
  const DataTable = await fetched(model);
  if (!table.isConnected) return;
  for (const row of [...rows].filter((each) => each.classList.contains("total"))) {
    (table.tFoot ?? table.createTFoot()).append(row);
  }
  const name = table.caption?.textContent ?? "";
  const size = Number(table.dataset.page) || 25;
  const before = kept.get(name) ?? {};
  const words = model.get("words");
  const many = rows.length > size;
  const live = new DataTable(table, {
    order: before.order ?? [],
    search: { search: before.search ?? "" },
    searching: rows.length > 5,
    paging: many,
    pageLength: size,
    info: many,
    autoWidth: false,
    layout: { topStart: null, topEnd: rows.length > 5 ? "search" : null, bottomStart: many ? "info" : null, bottomEnd: many ? "paging" : null },
    language: {
      search: words.filter, zeroRecords: words.nothing, info: words.info, infoEmpty: words.nothing, infoFiltered: "",
      aria: { orderable: words.sort, orderableReverse: words.sort, orderableRemove: words.unsort, paginate: { previous: words.previous, next: words.next, first: words.previous, last: words.next } },
      paginate: { previous: "‹", next: "›", first: "«", last: "»" },
    },
  });
  live.on("order.dt search.dt", () => kept.set(name, { order: live.order(), search: live.search() }));
}

// a slider's handle and number are no fields of a form, which a label could be for
function name() {
  for (const slider of document.querySelectorAll(".salesops-panel .widget-slider")) {
    const label = slider.querySelector(".widget-label")?.textContent;
    for (const part of slider.querySelectorAll(".noUi-handle, .widget-readout")) {
      if (part.getAttribute("aria-label") !== label) part.setAttribute("aria-label", label);
    }
    slider.querySelector(".widget-readout")?.setAttribute("role", "textbox");
  }
}

// Code is hidden where a cell shows its answer, and above the panel: a person reads answers. The panel's button shows it.
function tidy() {
  for (const panel of document.querySelectorAll(".salesops-panel")) {
    const notebook = panel.closest(".jp-Notebook");
    if (!notebook) continue;
    const own = panel.closest(".jp-CodeCell");
    for (const cell of notebook.querySelectorAll(".jp-CodeCell")) {
      const above = cell === own || Boolean(cell.compareDocumentPosition(own) & Node.DOCUMENT_POSITION_FOLLOWING);
      cell.classList.toggle("salesops-quiet", above || Boolean(cell.querySelector(".salesops-show")));
    }
    if (!panel.dataset.held) stay(panel, notebook, own);
  }
}

// A run of all cells ends at its last one, far below what was asked: the view stays at the top instead, or after an
// error where it was; whoever moves meanwhile goes where they want.
function stay(panel, notebook, own) {
  panel.dataset.held = "yes";
  const scroller = notebook.querySelector(".jp-WindowedPanel-outer") ?? notebook;
  const running = () => [...notebook.querySelectorAll(".jp-CodeCell")].some(
    (cell) => cell !== own && cell.querySelector(".jp-InputArea-prompt")?.textContent.includes("*"));
  if (!running()) return; // this cell alone
  const before = scroller.scrollTop;
  let still = 0;
  const end = () => {
    clearInterval(watch);
    for (const kind of gestures) window.removeEventListener(kind, end, true);
  };
  const gestures = ["wheel", "pointerdown", "keydown", "touchstart"];
  for (const kind of gestures) window.addEventListener(kind, end, true);
  const watch = setInterval(() => {
    if (!panel.isConnected) return end();
    const failed = notebook.querySelector('[data-mime-type="application/vnd.jupyter.error"]');
    const wanted = failed ? before : 0;
    if (scroller.scrollTop !== wanted) scroller.scrollTop = wanted;
    still = running() ? 0 : still + 1;
    if (still > 5) end();
  }, 200);
}

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = Object.assign(document.createElement("textarea"), { value: text });
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}

function initialize({ model }) {
  const hear = async (message) => {
    if (message.kind === "copy") model.send({ copied: await copied(message.text) });
  };
  model.on("msg:custom", hear);

  const count = () => {
    for (const panel of document.querySelectorAll(".salesops-panel")) panel.dataset.answers = model.get("answers");
  };
  model.on("change:answers", count);

  const look = () => {
    name();
    count();
    tidy();
    for (const table of document.querySelectorAll(".salesops-show .salesops table:not([data-alive])")) {
      enliven(table, model);
    }
  };
  // JupyterLab takes arrows and Enter for its cells wherever the focus is no text: here they are the control's
  const keys = (event) => {
    const place = event.target.closest?.(".salesops-panel, .salesops-show");
    const meant = event.ctrlKey || event.metaKey || event.altKey || (event.shiftKey && event.key === "Enter");
    if (place) event.target.toggleAttribute("data-lm-suppress-shortcuts", !meant); // a parent's would be asked too late
  };
  window.addEventListener("keydown", keys, true);

  // a year is typed digit by digit, and each would be asked for: a typed day is when Enter or leaving says so
  let typed = null;
  const asked = () => {
    const day = typed;
    typed = null;
    day?.dispatchEvent(new Event("change", { bubbles: true }));
  };
  const days = {
    keydown(event) {
      if (event.key === "Enter") asked();
      else if (event.key !== "Tab" && event.target.matches?.('.salesops-panel input[type="date"]')) typed = event.target;
    },
    change(event) {
      if (typed && event.target === typed && event.isTrusted) event.stopImmediatePropagation();
    },
    pointerdown() { typed = null; }, // a day is picked from the calendar
    focusout: asked,
  };
  for (const [kind, hear] of Object.entries(days)) window.addEventListener(kind, hear, true);

  let waiting = false;
  const watch = new MutationObserver(() => {
    if (waiting) return;
    waiting = true;
    setTimeout(() => { waiting = false; look(); }, 60);
  });
  watch.observe(document.body, { childList: true, subtree: true });
  look();

  let since = 0;
  const clock = setInterval(() => {
    for (const place of document.querySelectorAll(".salesops-busy .salesops-elapsed")) {
      since ||= performance.now();
      place.textContent = `${Math.round((performance.now() - since) / 1000)} s`;
    }
    if (!document.querySelector(".salesops-busy")) since = 0;
  }, 250);

  return () => {
    model.off("msg:custom", hear);
    model.off("change:answers", count);
    watch.disconnect();
    window.removeEventListener("keydown", keys, true);
    for (const [kind, hear] of Object.entries(days)) window.removeEventListener(kind, hear, true);
    clearInterval(clock);
  };
}

function render({ el }) {
  el.hidden = true;
}

export default { initialize, render };
