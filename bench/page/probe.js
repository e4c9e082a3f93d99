// What a person could see of a reply, and when. Put into every page before its own scripts.
// The tokens of the bench's endpoint carry their numbers: the highest one on show says how far the page is.
(() => {
  "use strict";

  const token = /[a-z](\d{1,4})\b/g;
  // Unix seconds, as the endpoint counts them.
  const skew = Date.now() - performance.timeOrigin - performance.now();
  const clock = () => (performance.timeOrigin + performance.now() + skew) / 1000;

  let newest = 0;
  let pressed = null;
  let updates = [];
  let longTasks = [];
  let waiting = [];

  const last = (text) => Number([...text.slice(-400).matchAll(token)].at(-1)?.[1] ?? 0);

  /** The last piece of text in `node` that holds a token. */
  const holder = (node) => {
    if (node.nodeType === Node.TEXT_NODE) return node;
    const texts = document.createTreeWalker(node, NodeFilter.SHOW_TEXT);
    let found = null;
    while (texts.nextNode()) if (last(texts.currentNode.data)) found = texts.currentNode;
    return found;
  };

  /** Laid out, and not folded away. Text that waits to be scrolled to counts as shown. */
  const shown = (text) => {
    const element = text.parentElement;
    if (!element?.checkVisibility({ visibilityProperty: true })) return false;
    for (let box = element; box; box = box.parentElement) {
      if (box.clientHeight < 4 && box.scrollHeight > 4 && getComputedStyle(box).overflowY !== "visible") return false;
    }
    return true;
  };

  const look = (nodes) => {
    let found = newest;
    for (const node of nodes) {
      if (!node.isConnected || last(node.textContent) <= found) continue;
      const text = holder(node);
      if (text && shown(text)) found = last(text.data);
    }
    if (found <= newest) return;
    newest = found;
    // After the frame that shows it.
    const painted = new MessageChannel();
    painted.port1.onmessage = () => {
      updates.push([clock(), found]);
      waiting = waiting.filter(([number, resolve]) => number > found || resolve());
    };
    painted.port2.postMessage(null);
  };

  let changed = null;
  new MutationObserver((records) => {
    if (!changed) {
      changed = new Set();
      requestAnimationFrame(() => {
        const nodes = changed;
        changed = null;
        look(nodes);
      });
    }
    for (const record of records) {
      if (record.type === "characterData") changed.add(record.target);
      else for (const node of record.addedNodes) changed.add(node);
    }
  }).observe(document, { subtree: true, childList: true, characterData: true });

  new PerformanceObserver((list) => {
    for (const task of list.getEntries()) {
      longTasks.push([(performance.timeOrigin + task.startTime + skew) / 1000, task.duration / 1000]);
    }
  }).observe({ type: "longtask" });

  document.addEventListener("keydown", (event) => { if (event.key === "Enter") pressed ??= clock(); }, true);

  window.bench = {
    /** Forget what was seen. */
    start: () => {
      newest = 0;
      pressed = null;
      updates = [];
      longTasks = [];
    },
    /** Resolves when token `number` is on show. */
    until: (number) => new Promise((resolve) => (newest >= number ? resolve() : waiting.push([number, resolve]))),
    seen: () => ({ pressed, updates, longTasks }),
  };
})();
