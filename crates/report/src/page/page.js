"use strict";
// What a mark says is in its <title>, which browsers show after a moment. This shows it at once.
(() => {
  const told = document.createElement("div");
  told.id = "told";
  told.hidden = true;
  told.setAttribute("role", "status");
  document.body.append(told);
  const words = new WeakMap();
  for (const title of document.querySelectorAll("figure svg :not(svg) > title")) {
    words.set(title.parentNode, title.textContent);
    title.remove(); // or the browser shows it a second time
  }
  const show = (event) => {
    const text = words.get(event.target);
    told.hidden = text === undefined;
    if (text === undefined) return;
    told.textContent = text;
    const { innerWidth, innerHeight } = window;
    told.style.setProperty("left", `${Math.max(4, Math.min(event.clientX + 12, innerWidth - told.offsetWidth - 4))}px`);
    told.style.setProperty("top", `${Math.max(4, Math.min(event.clientY + 16, innerHeight - told.offsetHeight - 4))}px`);
  };
  for (const svg of document.querySelectorAll("figure svg")) {
    svg.addEventListener("pointermove", show);
    svg.addEventListener("pointerdown", show);
    svg.addEventListener("pointerleave", () => { told.hidden = true; });
  }
})();
