// The list of keys, and those that no other part of the page takes.
(() => {
  "use strict";

  const dialog = () => find("#keys");

  on("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.shiftKey && event.key.toLowerCase() === "o") {
      event.preventDefault();
      find("#new")?.click();
      find("#composer textarea")?.focus();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (within(event, "input, textarea, select, [contenteditable]") || find("dialog[open]")) return;
    if (event.key === "?") dialog()?.showModal();
    else if (event.key === "/") {
      window.autoglmPage.uncover();
      find("#composer textarea")?.focus();
    } else return;
    event.preventDefault();
  });
  on("click", (event) => {
    if (within(event, "[data-close-keys]") || event.target === dialog()) dialog()?.close();
  });
})();
