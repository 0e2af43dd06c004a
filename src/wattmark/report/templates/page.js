// Draws every chart that the page holds, in the colours of the reader's scheme, and again when
// the scheme changes. Expressions are interpreted (ast), so no code is made from text.
(function () {
  "use strict";
  const held = JSON.parse(document.getElementById("charts").textContent);
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const options = {
    ast: true,
    renderer: "svg",
    actions: { export: { svg: true, png: true }, source: false, compiled: false, editor: false },
  };
  let views = [];

  async function draw() {
    views.forEach((view) => view.finalize());
    views = [];
    const config = dark.matches ? held.dark : held.light;
    for (const [id, spec] of Object.entries(held.specs)) {
      const place = document.getElementById(id);
      // A legend may not be wider than a phone.
      const columns = Math.max(2, Math.floor(place.clientWidth / 105));
      const fitted = { ...config, legend: { ...config.legend, columns } };
      const shown = { ...options, config: fitted, downloadFileName: id };
      try {
        views.push(await vegaEmbed(place, spec, shown));
      } catch (reason) {
        place.textContent = "This chart could not be drawn: " + reason.message;
        console.error(id, reason);
      }
    }
    document.documentElement.dataset.drawn = String(views.length);
  }

  dark.addEventListener("change", draw);
  document.querySelectorAll("details").forEach((fold) =>
    fold.addEventListener("toggle", () => window.dispatchEvent(new Event("resize"))),
  );
  draw();
})();
