// Side by side: the drawer of the second model, and clicks in columns, cards and the sheet.
(() => {
  "use strict";

  const find = (selector) => document.querySelector(selector);
  const on = (type, listener, capture = false) => document.addEventListener(type, listener, capture);
  const within = (event, selector) => event.target instanceof Element && event.target.closest(selector);
  const root = document.documentElement;

  const isOpen = () => root.classList.contains("compare-open");
  const open = (wanted) => {
    root.classList.toggle("compare-open", wanted);
    find("#compare-toggle")?.setAttribute("aria-expanded", String(wanted));
    find(wanted ? "#compare-close" : "#compare-toggle")?.focus();
  };
  on("click", (event) => {
    if (within(event, "#compare-toggle, #compare-close")) open(!isOpen());
    else if (isOpen() && event.target.isConnected && !within(event, "#compare-panel")) open(false);
  });
  on(
    "keydown",
    (event) => {
      if (event.key !== "Escape" || !isOpen()) return;
      event.stopImmediatePropagation();
      open(false);
    },
    true,
  );

  // On phones the heads change over between the columns.
  on("click", (event) => {
    const head = within(event, "#heads [data-column]");
    const pair = find("#pair");
    if (!head || within(event, "button") || pair.scrollWidth <= pair.clientWidth) return;
    pair.scrollTo({ left: head.dataset.column === "second" ? pair.scrollWidth : 0, behavior: "smooth" });
  });

  let tell = null;
  const told = (button) => ({
    action: button.dataset.compare,
    id: button.dataset.id ?? "",
    exchange: button.dataset.exchange ?? "",
  });

  /** Clicks of one element; called once by each that shows any of these buttons. `always` there is the sheet. */
  const listenCompare = (element, trigger, always = false) => {
    if (always) tell = trigger;
    element.addEventListener("click", (event) => {
      const button = event.target.closest("[data-compare]");
      if (button) trigger("click", told(button));
    });
  };

  // In what was said earlier, the buttons are part of a message, which has no clicks of its own.
  on("click", (event) => {
    const button = within(event, ".chat [data-compare]");
    if (button && tell) tell("click", told(button));
  });

  /** The replay has begun, or the drawer says why not. */
  const replayAsked = () => {
    if (find("#replay [data-state=running]") && isOpen()) open(false);
  };

  Object.assign(window.autoglmPage, { listenCompare, replayAsked });
})();
