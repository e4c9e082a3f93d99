// Ratings and sheets: full-page panels that the server fills, and that are closed while they are empty.
(() => {
  "use strict";

  const sheets = () => [...document.querySelectorAll(".sheet")].filter((sheet) => sheet.offsetParent !== null);

  /** Clicks and comments of the review; called once by each element that shows any. */
  const listenReview = (element, trigger) => {
    const tell = (action, near, more = {}) => {
      const sheet = near.closest(".sheet");
      trigger("click", {
        action,
        at: sheet?.dataset.at ?? 0,
        id: near.dataset.id ?? near.closest("[data-reply]")?.dataset.reply ?? "",
        sheet: Boolean(sheet),
        ...more,
      });
    };
    // The page reuses a box for the next answer, and a box that was typed into keeps its text: so each
    // text is remembered with the answer that it was typed about.
    const written = new WeakMap();
    const answerOf = (field) => field.closest("[data-reply]")?.dataset.reply;
    const write = (field) => {
      if (written.get(field)?.about === answerOf(field)) return;
      written.set(field, { about: answerOf(field), kept: field.defaultValue });
    };
    const keep = (field) => {
      const text = written.get(field);
      if (text?.about !== answerOf(field) || text.kept === field.value) return;
      text.kept = field.value;
      tell("comment", field, { text: field.value });
    };
    const renew = () => {
      for (const field of element.querySelectorAll("[data-comment]")) {
        const text = written.get(field);
        if (!text || text.about === answerOf(field)) continue;
        written.delete(field);
        field.value = field.defaultValue;
      }
    };
    const changes = { childList: true, subtree: true, attributes: true, attributeFilter: ["data-reply"] };
    new MutationObserver(renew).observe(element, changes);
    let typing = 0;
    element.addEventListener("click", (event) => {
      const button = event.target.closest("[data-review]");
      if (!button || button.disabled) return;
      // What was typed goes first: the next step draws the sheet anew.
      for (const field of element.querySelectorAll("[data-comment]")) keep(field);
      tell(button.dataset.review, button, { tag: button.dataset.tag ?? "" });
    });
    element.addEventListener("input", (event) => {
      if (!event.target.matches("[data-comment]")) return;
      write(event.target);
      clearTimeout(typing);
      typing = setTimeout(() => keep(event.target), 600);
    });
    element.addEventListener("change", (event) => {
      if (event.target.matches("[data-comment]")) keep(event.target);
    });
  };

  // Escape closes the sheet on top; arrows step, unless somebody is typing.
  on(
    "keydown",
    (event) => {
      const sheet = sheets().at(-1);
      if (!sheet) return;
      const typing = event.target instanceof Element && event.target.matches("input, textarea, select");
      const step = { ArrowLeft: "previous", ArrowRight: "next" }[event.key];
      if (event.key === "Escape") {
        event.stopImmediatePropagation();
        sheet.querySelector("[data-close]")?.click();
      } else if (step && !typing) {
        sheet.querySelector(`[data-review=${step}]`)?.click();
      } else if (event.key === "Tab") {
        const stops = [...sheet.closest(".block, .column").querySelectorAll("button, textarea, input, a[href], audio, summary")]
          .filter((stop) => !stop.disabled && stop.offsetParent !== null);
        const edge = event.shiftKey ? stops[0] : stops.at(-1);
        if (document.activeElement !== edge && sheet.parentElement.contains(document.activeElement)) return;
        event.preventDefault();
        stops.at(event.shiftKey ? -1 : 0)?.focus();
      }
    },
    true,
  );

  // A sheet takes the focus when it opens, and gives it back.
  let before = null;
  const watch = () => {
    let open = false;
    new MutationObserver(() => {
      const sheet = sheets().at(-1);
      if (Boolean(sheet) === open) return;
      open = Boolean(sheet);
      if (open) {
        before = document.activeElement;
        sheet.querySelector("[data-close]")?.focus();
      } else if (before?.isConnected) before.focus();
    }).observe(document.body, { childList: true, subtree: true });
  };
  if (document.body) watch();
  else on("DOMContentLoaded", watch);

  Object.assign(window.autoglmPage, { listenReview });
})();
