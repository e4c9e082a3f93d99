// What Gradio's own widgets do not do. Everything else of the page is Python.
(() => {
  "use strict";

  // Gradio runs the scripts of the head twice.
  if (window.autoglmPage) return;
  window.autoglmPage = true;

  const draftKey = "autoglm-draft";
  const inComposer = (target) => target instanceof HTMLTextAreaElement && target.closest("#composer");

  // Gradio sends on Shift+Enter, too, and on the Enter that ends a Chinese input method's choice.
  document.addEventListener(
    "keydown",
    (event) => {
      if (event.key !== "Enter" || !inComposer(event.target)) return;
      if (event.shiftKey || event.isComposing || event.keyCode === 229) event.stopPropagation();
    },
    true,
  );

  // A lost connection makes Gradio load the page anew; what was being typed must be there again.
  document.addEventListener("input", (event) => {
    if (inComposer(event.target)) sessionStorage.setItem(draftKey, event.target.value);
  });

  // Pasted and dropped files go the way of chosen ones.
  const attach = (files) => {
    const input = document.querySelector("#composer input[type=file]");
    if (!input || files.length === 0) return;
    const transfer = new DataTransfer();
    for (const file of files) transfer.items.add(file);
    input.files = transfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  };
  document.addEventListener(
    "paste",
    (event) => {
      const data = event.clipboardData;
      // A spreadsheet puts its cells on the clipboard as text and as a picture: the text is meant.
      if (!data || data.files.length === 0 || data.getData("text/plain")) return;
      event.preventDefault();
      event.stopPropagation();
      attach(data.files);
    },
    true,
  );
  const hasFiles = (event) => event.dataTransfer && [...event.dataTransfer.types].includes("Files");
  let depth = 0;
  const dropping = (on) => document.documentElement.classList.toggle("dropping", on);
  document.addEventListener("dragenter", (event) => {
    if (hasFiles(event)) dropping(++depth > 0);
  });
  document.addEventListener("dragleave", (event) => {
    if (hasFiles(event)) dropping(--depth > 0);
  });
  document.addEventListener("dragover", (event) => {
    if (hasFiles(event)) event.preventDefault();
  });
  document.addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    depth = 0;
    dropping(false);
    attach(event.dataTransfer.files);
  });

  // The settings drawer.
  const openSettings = (open) => {
    document.documentElement.classList.toggle("settings-open", open);
    document.querySelector("#settings-toggle")?.setAttribute("aria-expanded", String(open));
    if (!open) document.querySelector("#settings-toggle")?.focus();
  };
  const settingsOpen = () => document.documentElement.classList.contains("settings-open");
  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element)) return;
    if (event.target.closest("#settings-toggle, #settings-close")) openSettings(!settingsOpen());
    else if (settingsOpen() && !event.target.closest("#panel") && event.target.isConnected) openSettings(false);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    if (settingsOpen()) openSettings(false);
    else document.querySelector("#stop")?.click();
  });
})();
