// Draws the charts in the colours of the reader's scheme: those that are seen at once, those behind
// a fold when it is opened, and all of them, light, for print. Expressions are interpreted (ast),
// so no code is made from text.
(function () {
  "use strict";
  const held = JSON.parse(document.getElementById("charts").textContent);
  const folds = Array.from(document.querySelectorAll("details.fold"));
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const options = {
    ast: true,
    renderer: "svg",
    actions: { export: { svg: true, png: true }, source: false, compiled: false, editor: false },
  };
  const views = new Map();
  let begun = new Set();
  let printing = false;

  async function drawOne(id, round) {
    const place = document.getElementById(id);
    const config = dark.matches && !printing ? held.dark : held.light;
    // A legend may not be wider than a phone.
    const columns = Math.max(2, Math.floor((place.clientWidth - 100) / 105));
    const fitted = { ...config, legend: { ...config.legend, columns } };
    const shown = { ...options, config: fitted, downloadFileName: id };
    try {
      const view = await vegaEmbed(place, held.specs[id], shown);
      if (round === begun) views.set(id, view);
      else view.finalize();
    } catch (reason) {
      place.textContent = "This chart could not be drawn: " + reason.message;
      console.error(id, reason);
    }
  }

  async function draw() {
    const round = begun;
    for (const id of Object.keys(held.specs)) {
      if (round !== begun) return;
      const seen = !document.getElementById(id).closest("details.fold:not([open])");
      if (!seen || begun.has(id)) continue;
      begun.add(id);
      await drawOne(id, round);
    }
    document.documentElement.dataset.drawn = String(views.size);
  }

  function drawAnew() {
    views.forEach((view) => view.finalize());
    views.clear();
    begun = new Set();
    return draw();
  }

  dark.addEventListener("change", drawAnew);
  document.querySelectorAll("details").forEach((fold) =>
    fold.addEventListener("toggle", () => {
      window.dispatchEvent(new Event("resize"));
      if (fold.open) draw();
    }),
  );

  let closed = [];
  window.addEventListener("beforeprint", () => {
    closed = folds.filter((fold) => !fold.open);
    closed.forEach((fold) => (fold.open = true));
    printing = true;
    if (dark.matches) drawAnew();
    else draw();
  });
  window.addEventListener("afterprint", () => {
    closed.forEach((fold) => (fold.open = false));
    printing = false;
    if (dark.matches) drawAnew();
  });

  const all = document.getElementById("open-all");
  all.hidden = folds.length === 0;
  all.addEventListener("click", () => {
    const open = folds.some((fold) => !fold.open);
    folds.forEach((fold) => (fold.open = open));
    all.textContent = open ? "Close all folds" : "Open all folds";
  });
  draw();
})();
