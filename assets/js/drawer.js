// The drawers at the right. One is open at a time; the keyboard is in it, or gets back to where it was.
(() => {
  "use strict";

  const root = document.documentElement;

  const drawers = [
    { state: "settings-open", panel: "#panel", toggle: "#settings-toggle", close: "#settings-close" },
    { state: "compare-open", panel: "#compare-panel", toggle: "#compare-toggle", close: "#compare-close" },
    // This one is read beside the conversation.
    { state: "inspector-open", panel: "#inspector", toggle: "#inspect", close: "#inspector-close", stays: true },
  ];
  let opened = null;

  // What a drawer as wide as the window hides, the keyboard does not reach either.
  let behind = [];
  const cover = () => {
    for (const element of behind) element.inert = false;
    behind = [];
    const panel = opened && find(opened.panel);
    if (!panel || panel.offsetWidth < innerWidth) return;
    for (let at = panel; at !== document.body; at = at.parentElement) {
      for (const beside of at.parentElement.children) {
        // What is said to those who listen is still said.
        if (beside !== at && !beside.inert && beside.id !== "announcer") behind.push(beside);
      }
    }
    for (const element of behind) element.inert = true;
  };
  addEventListener("resize", cover);

  /** What opens a drawer says whether it is open. */
  const tellDrawers = () => {
    for (const each of drawers) {
      const toggle = find(each.toggle);
      const open = String(each === opened);
      if (toggle && toggle.getAttribute("aria-expanded") !== open) toggle.setAttribute("aria-expanded", open);
    }
  };

  /** Open `drawer`, or none. */
  const show = (drawer, focus = true) => {
    const toggle = opened?.toggle;
    opened = drawer;
    for (const each of drawers) root.classList.toggle(each.state, each === drawer);
    tellDrawers();
    cover();
    if (focus) find(drawer ? drawer.close : toggle)?.focus();
  };

  on("click", (event) => {
    const clicked = drawers.find((each) => within(event, each.toggle));
    if (clicked) show(clicked === opened && !clicked.stays ? null : clicked);
    else if (!opened || !event.target.isConnected) return;
    else if (within(event, opened.close)) show(null);
    // The focus stays where the click put it.
    else if (!within(event, opened.panel) && (!opened.stays || behind.length)) show(null, false);
  });

  // Before whatever else Escape ends. What lies over a drawer, and a name being typed, come first.
  const busy = (event) =>
    within(event, ".entry-name") ||
    [...document.querySelectorAll(".sheet, #entry-actions")].some((each) => each.checkVisibility());
  on(
    "keydown",
    (event) => {
      if (event.key !== "Escape" || !opened || busy(event)) return;
      event.stopImmediatePropagation();
      show(null);
    },
    true,
  );

  /** Close the drawer that is `panel`, if it is open. */
  const closeDrawer = (panel) => opened?.panel === panel && show(null);
  /** Close the drawer that hides the page, if one does: the focus goes somewhere behind it. */
  const uncover = () => behind.length && show(null, false);

  Object.assign(window.autoglmPage, { closeDrawer, uncover, tellDrawers });
})();
