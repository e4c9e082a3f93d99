// The drawer with what the model received.
(() => {
  "use strict";

  const find = (selector) => document.querySelector(selector);
  const root = document.documentElement;
  const isOpen = () => root.classList.contains("inspector-open");
  const within = (event, selector) => event.target instanceof Element && event.target.closest(selector);

  const open = (wanted) => {
    root.classList.toggle("inspector-open", wanted);
    find("#inspect")?.setAttribute("aria-expanded", String(wanted));
    find(wanted ? "#inspector-close" : "#inspect")?.focus();
  };

  document.addEventListener("click", (event) => {
    if (within(event, "#inspect")) open(true);
    else if (within(event, "#inspector-close")) open(false);
  });
  // Before the page's own Escape, which stops the answer.
  document.addEventListener(
    "keydown",
    (event) => {
      if (event.key !== "Escape" || !isOpen() || root.classList.contains("settings-open")) return;
      event.stopPropagation();
      open(false);
    },
    true,
  );
})();
