// The phone: looked for while the page is looked at, and clicks on its buttons. On a page without adb, nothing.
(() => {
  "use strict";

  const root = document.documentElement;
  const EVERY = 10_000;

  /** Called by the button in the composer and by the step to confirm, where there are any. */
  const listenPhone = (element, trigger) => {
    const selected = () => find("#phone-step [data-phone-choice], #phone [data-phone-choice]")?.value ?? "";
    const tell = (button) => {
      const own = button.closest(".phone-step")?.querySelector("[data-phone-choice]")?.value;
      const step = button.closest("[data-step]");
      trigger("click", {
        action: button.dataset.phone,
        serial: button.dataset.serial ?? own ?? selected(),
        reply: step?.dataset.reply ?? "",
        step: step?.dataset.step ?? -1,
        token: button.dataset.token ?? "",
      });
    };
    element.addEventListener("click", (event) => {
      const button = event.target.closest("button[data-phone]");
      if (!button || button.getAttribute("aria-busy") === "true") return;
      // Until the answer puts other buttons in its place: a step is not to be run twice.
      button.setAttribute("aria-busy", "true");
      setTimeout(() => button.removeAttribute("aria-busy"), 3000);
      tell(button);
    });
    // Another phone: the step is shown anew, with the command for that one.
    element.addEventListener("change", (event) => {
      const step = event.target.closest("#phone-step .phone-step");
      if (!step || !event.target.matches("[data-phone-choice]")) return;
      trigger("click", { action: "step", serial: event.target.value, reply: step.dataset.reply, step: step.dataset.step, token: "" });
    });
    if (!element.closest("#phone")) {
      // The step takes the focus when it comes, at the button that does nothing; Escape leaves it.
      const focus = () => element.querySelector("[role=alertdialog] [data-phone=cancel]")?.focus();
      new MutationObserver(focus).observe(element, { childList: true, subtree: true });
      element.addEventListener("keydown", (event) => {
        const cancel = element.querySelector("[data-phone=cancel]");
        if (event.key !== "Escape" || !cancel) return;
        event.stopPropagation();
        cancel.click();
      });
      return;
    }

    const look = () => {
      if (document.visibilityState === "visible") {
        trigger("click", { action: "look", serial: "", reply: "", step: -1, token: "" });
      }
    };
    const here = () => root.classList.toggle("phone-here", Boolean(element.querySelector("[data-phone]")));
    new MutationObserver(here).observe(element, { childList: true, subtree: true });
    // The buttons on cards are part of messages, which have no clicks of their own.
    on("click", (event) => {
      const button = event.target instanceof Element && event.target.closest(".chat .on-phone");
      if (button) tell(button);
    });
    on("visibilitychange", look);
    window.addEventListener("focus", look);
    setInterval(look, EVERY);
    look();
  };

  Object.assign(window.autoglmPage, { listenPhone });
})();
