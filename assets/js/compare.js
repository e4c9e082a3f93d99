// Side by side: clicks in columns, cards and the sheet.
(() => {
  "use strict";

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
    if (find("#replay [data-state=running]")) window.autoglmPage.closeDrawer("#compare-panel");
  };

  Object.assign(window.autoglmPage, { listenCompare, replayAsked });
})();
