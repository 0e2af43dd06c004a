// The table of answers: search, filter, sort. What models wrote enters the page as text content
// only, never as markup.
(function () {
  "use strict";
  // On a phone each answer is a card.
  const STEP = window.matchMedia("(max-width: 720px)").matches ? 10 : 50;
  const held = JSON.parse(document.getElementById("queries").textContent);
  const columns = held.columns;
  const table = document.getElementById("answers-table");
  const heads = Array.from(table.tHead.rows[0].cells);
  const body = table.tBodies[0];
  const at = (name) => document.getElementById("answers-" + name);
  const [search, trial, sort, down] = ["search", "trial", "sort", "down"].map(at);
  const [wrong, count, more, all] = ["wrong", "count", "more", "all"].map(at);
  const flag = columns.findIndex((column) => column.kind === "flag");
  const texts = columns.map((column) => column.kind).map((kind) => kind === "text");
  const collator = new Intl.Collator(undefined, { numeric: true });
  const state = { column: null, down: false, shown: STEP };

  // A figure is a bare number, or [number, as it is shown, remark].
  const value = (cell) => (Array.isArray(cell) ? cell[0] : cell);
  const folded = (text) => text.normalize("NFKC").toLowerCase();

  function named(row, index) {
    return columns[index].kind === "trial" ? held.trials[row[index]] : value(row[index]);
  }

  const found = held.rows.map((row) =>
    folded(row.filter((cell, i) => texts[i] && cell !== null).concat(held.trials[row[0]]).join("\n")),
  );

  function kept() {
    const words = folded(search.value).split(/\s+/).filter(Boolean);
    return held.rows.filter(
      (row, i) =>
        (trial.value === "" || row[0] === Number(trial.value)) &&
        (!wrong || !wrong.checked || value(row[flag]) === 0) &&
        words.every((word) => found[i].includes(word)),
    );
  }

  // What is not measured comes last, whichever way the rest is sorted.
  function compared(one, other) {
    const x = named(one, state.column);
    const y = named(other, state.column);
    if (x === null || y === null) return (x === null) - (y === null);
    const order = typeof x === "string" ? collator.compare(x, y) : x - y;
    return state.down ? -order : order;
  }

  function cellOf(row, index) {
    const { title, kind } = columns[index];
    const cell = document.createElement("td");
    const content = row[index];
    cell.dataset.name = title;
    cell.className = kind;
    if (content === null) {
      cell.textContent = "–";
    } else if (kind === "text") {
      const inside = document.createElement("div");
      inside.dir = "auto";
      inside.textContent = content;
      cell.append(inside);
    } else if (kind === "trial") {
      cell.textContent = held.trials[content];
    } else {
      cell.textContent = Array.isArray(content) ? content[1] : String(content);
      if (Array.isArray(content) && content[2]) cell.title = content[2];
      if (kind === "flag" && content[0] === 0) cell.classList.add("bad");
    }
    return cell;
  }

  function render() {
    const rows = kept();
    if (state.column !== null) rows.sort(compared);
    body.replaceChildren(
      ...rows.slice(0, state.shown).map((row) => {
        const line = document.createElement("tr");
        line.append(...columns.map((_, index) => cellOf(row, index)));
        return line;
      }),
    );
    const left = Math.max(0, rows.length - state.shown);
    count.textContent =
      rows.length === held.rows.length
        ? `${rows.length} answers`
        : `${rows.length} of ${held.rows.length} answers`;
    more.hidden = all.hidden = left === 0;
    more.textContent = `Show ${Math.min(STEP, left)} more`;
    all.textContent = `Show all ${rows.length}`;
    heads.forEach((head, index) => {
      if (index !== state.column) head.removeAttribute("aria-sort");
      else head.setAttribute("aria-sort", state.down ? "descending" : "ascending");
    });
    sort.value = state.column === null ? "" : String(state.column);
    down.checked = state.down;
  }

  function afresh() {
    state.shown = STEP;
    render();
  }

  heads.forEach((head, index) =>
    head.firstElementChild.addEventListener("click", () => {
      state.down = state.column === index && !state.down;
      state.column = index;
      afresh();
    }),
  );
  sort.addEventListener("change", () => {
    state.column = sort.value === "" ? null : Number(sort.value);
    afresh();
  });
  down.addEventListener("change", () => {
    state.down = down.checked;
    afresh();
  });
  search.addEventListener("input", afresh);
  trial.addEventListener("change", afresh);
  if (wrong) wrong.addEventListener("change", afresh);
  more.addEventListener("click", () => {
    state.shown += STEP;
    render();
  });
  all.addEventListener("click", () => {
    state.shown = Infinity;
    render();
  });
  render();
})();
