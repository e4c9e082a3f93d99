// Names and states for those who listen, where Gradio's chat gives none.
(() => {
  "use strict";

  const mend = () => {
    // The fold of the thinking: one button, that says whether it is open. Its arrow is a picture.
    for (const title of document.querySelectorAll(".chat .thought-group > .title")) {
      const arrow = title.querySelector(".arrow");
      if (arrow && !arrow.inert) arrow.inert = true;
      const open = String(title.nextElementSibling !== null);
      if (title.getAttribute("aria-expanded") !== open) title.setAttribute("aria-expanded", open);
    }
    const picture = find("[data-picture]")?.dataset.picture ?? "";
    for (const button of document.querySelectorAll(".chat .image-container > button")) {
      const name = button.querySelector("img")?.alt || picture;
      if (name && button.getAttribute("aria-label") !== name) button.setAttribute("aria-label", name);
    }
    // Drawers are called what stands at their head.
    for (const drawer of document.querySelectorAll("#panel, #compare-panel, #inspector")) {
      const title = drawer.querySelector(".panel-head h2")?.textContent ?? "";
      if (!title || drawer.getAttribute("aria-label") === title) continue;
      drawer.setAttribute("role", "dialog");
      drawer.setAttribute("aria-label", title);
    }
    // What opens a drawer may have been drawn anew.
    window.autoglmPage.tellDrawers();
    // A name needs a role to be heard.
    for (const message of document.querySelectorAll(".chat [data-testid][aria-label]:not([role])")) {
      message.setAttribute("role", "group");
    }
  };

  const begin = () => {
    mend();
    new MutationObserver(mend).observe(document.body, { childList: true, subtree: true });
  };
  if (document.body) begin();
  else on("DOMContentLoaded", begin);
})();
