// The list of keys, and those that no other part of the page takes.
(() => {
  "use strict";

  const within = (event, selector) => event.target instanceof Element && event.target.closest(selector);
  const dialog = () => document.querySelector("#keys");

  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.shiftKey && event.key.toLowerCase() === "o") {
      event.preventDefault();
      document.querySelector("#new")?.click();
      document.querySelector("#composer textarea")?.focus();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (within(event, "input, textarea, select, [contenteditable]") || document.querySelector("dialog[open]")) return;
    if (event.key === "?") dialog()?.showModal();
    else if (event.key === "/") {
      window.autoglmPage.uncover();
      document.querySelector("#composer textarea")?.focus();
    } else return;
    event.preventDefault();
  });
  document.addEventListener("click", (event) => {
    if (within(event, "[data-close-keys]") || event.target === dialog()) dialog()?.close();
  });
})();
