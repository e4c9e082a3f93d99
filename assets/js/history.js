// The list of conversations: which one this tab shows, its drafts, the drawer, menus.
(() => {
  "use strict";

  const root = document.documentElement;

  // ---- each tab has its own conversation, and each conversation its own draft

  const tabKey = "autoglm-conversation";
  const draftKey = (id) => `autoglm-draft-${id}`;
  const here = () => sessionStorage.getItem(tabKey) ?? "";

  /** This tab's conversation; that of the last tab where this one is new. */
  const thisTab = (visitor) => (visitor && here() ? { ...visitor, conversation: here() } : visitor);

  // The tab's own draft first: two tabs may show the same conversation. The other copy outlives the browser.
  const draftOf = (id) => sessionStorage.getItem(draftKey(id)) ?? localStorage.getItem(draftKey(id)) ?? "";
  const keepDraft = (text, id = here()) => {
    for (const store of [sessionStorage, localStorage]) {
      try {
        if (text) store.setItem(draftKey(id), text);
        else store.removeItem(draftKey(id));
      } catch {
        // A full store of the browser takes nothing more; the text stands in the composer all the same.
      }
    }
  };

  // What stood in the composer when another conversation was asked for. Until the server shows that one,
  // people type on, and mean it.
  let left = null;
  on(
    "click",
    (event) => {
      const away = "#new, #entries [data-action=open], #entry-actions [data-action=delete], #toast [data-undo]";
      if (within(event, away)) left ??= find("#composer textarea")?.value ?? null;
    },
    true,
  );

  /** What was put into `before` to make `now` of it; the cursor stands behind it, or was moved since. */
  const added = (before, now, cursor) => {
    let most = Math.min(before.length, now.length);
    let end = 0;
    while (end < Math.min(most, now.length - cursor) && before.at(-1 - end) === now.at(-1 - end)) end += 1;
    most -= end;
    let start = 0;
    while (start < most && before[start] === now[start]) start += 1;
    return now.slice(start, now.length - end);
  };

  /** The server says which conversation the tab shows now. Gives the draft that belongs to it. */
  const shown = (visitor, text) => {
    const id = visitor?.conversation;
    const draft = left ?? text;
    left = null;
    if (!id || id === here()) return text;
    const before = here();
    sessionStorage.setItem(tabKey, id);
    if (!before) {
      keepDraft("", "");
      keepDraft(text);
      return text;
    }
    keepDraft(draft, before);
    const cursor = find("#composer textarea")?.selectionEnd ?? text.length;
    const own = [draftOf(id), added(draft, text, cursor)].filter(Boolean).join("\n");
    keepDraft(own);
    return own;
  };

  // ---- the drawer

  const wide = matchMedia("(width >= 1080px)");
  const railKey = "autoglm-rail";
  const open = () => root.classList.contains("rail-open");
  const label = () => {
    const button = find("#rail-toggle");
    if (!button) return;
    button.setAttribute("aria-expanded", String(open()));
    button.title = open() ? button.dataset.hide : button.dataset.show;
    button.setAttribute("aria-label", button.title);
  };
  const openRail = (wanted, focus = false) => {
    root.classList.toggle("rail-open", wanted);
    label();
    if (wide.matches) localStorage.setItem(railKey, wanted ? "open" : "closed");
    if (focus) find(wanted ? "#search input, #search textarea" : "#rail-toggle")?.focus();
  };
  const arrange = () => {
    root.classList.toggle("rail-open", wide.matches && localStorage.getItem(railKey) !== "closed");
    label();
  };
  arrange();
  wide.addEventListener("change", arrange);

  on("click", (event) => {
    if (within(event, "#rail-toggle")) openRail(!open(), !open() && !wide.matches);
    else if (within(event, "#rail-close")) openRail(false, true);
    else if (open() && !wide.matches && event.target.isConnected && !within(event, "#rail, #toast")) {
      openRail(false);
    }
  });
  on("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      window.autoglmPage.uncover();
      openRail(true, true);
    }
  });
  on(
    "keydown",
    (event) => {
      // A name being typed takes its own Escape.
      if (event.key !== "Escape" || within(event, ".entry-name")) return;
      if (chosen) closeMenu(true);
      else if (open() && !wide.matches) openRail(false, true);
      else return;
      event.stopImmediatePropagation();
    },
    true,
  );

  // ---- the menu of a conversation, and its new name
  //
  // While they are open the list may be drawn anew, with other conversations in the same elements: what they
  // are about is read when they open, and afterwards they stand where it is now.

  const itemOf = (id) => find(`#entries li[data-id="${CSS.escape(id)}"]`);
  const read = (item) => ({ id: item.dataset.id, title: item.dataset.title, pinned: "pinned" in item.dataset });

  let chosen = null;
  const closeMenu = (focus = false) => {
    const menu = find("#entry-actions");
    if (menu) menu.hidden = true;
    if (focus && chosen) itemOf(chosen.id)?.querySelector("[data-menu]")?.focus();
    chosen = null;
  };
  const placeMenu = () => {
    const menu = find("#entry-actions");
    const button = chosen && itemOf(chosen.id)?.querySelector("[data-menu]");
    if (!menu || !button) return closeMenu();
    menu.querySelector("[data-action=pin]").hidden = chosen.pinned;
    menu.querySelector("[data-action=unpin]").hidden = !chosen.pinned;
    menu.hidden = false;
    const box = button.getBoundingClientRect();
    const top = Math.min(box.bottom + 4, innerHeight - menu.offsetHeight - 8);
    menu.style.top = `${Math.max(8, top)}px`;
    menu.style.left = `${Math.min(box.left, innerWidth - menu.offsetWidth - 8)}px`;
  };
  const openMenu = (item) => {
    chosen = read(item);
    placeMenu();
    find("#entry-actions [role=menuitem]:not([hidden])")?.focus();
  };
  on("click", (event) => {
    if (!within(event, "#entry-actions, [data-menu]")) closeMenu();
  });
  on("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || !within(event, "#entry-actions")) return;
    event.preventDefault();
    const items = [...document.querySelectorAll("#entry-actions [role=menuitem]:not([hidden])")];
    items[(items.indexOf(event.target) + step + items.length) % items.length].focus();
  });

  let renaming = null;
  const placeName = () => {
    const item = itemOf(renaming.id);
    if (!item) return;
    const [box, list] = [item.getBoundingClientRect(), renaming.list.getBoundingClientRect()];
    Object.assign(renaming.input.style, {
      top: `${box.top - list.top + renaming.list.scrollTop}px`,
      left: `${box.left - list.left}px`,
      width: `${box.width}px`,
      height: `${box.height}px`,
    });
  };
  const rename = ({ id, title }, trigger) => {
    const input = document.createElement("input");
    input.className = "entry-name";
    input.maxLength = 80;
    input.value = title;
    input.setAttribute("aria-label", find("#entry-actions [data-action=rename]").textContent);
    input.style.position = "absolute";
    // Over the conversation, beside what is drawn anew.
    renaming = { id, input, list: find("#entries") };
    renaming.list.append(input);
    placeName();
    input.focus();
    input.select();
    let done = false;
    const end = (keep) => {
      if (done) return;
      done = true;
      renaming = null;
      const name = input.value.trim();
      input.remove();
      if (keep && name && name !== title) trigger("click", { action: "rename", id, title: name });
    };
    input.addEventListener("keydown", (event) => {
      if (event.isComposing) return;
      if (event.key === "Enter") end(true);
      if (event.key === "Escape") {
        end(false);
        event.stopPropagation();
      }
    });
    input.addEventListener("blur", () => end(true));
  };

  /** What is clicked in the list goes to the server; called once by the list itself. */
  const listen = (element, trigger) => {
    new MutationObserver(() => {
      if (chosen && find("#entry-actions")?.hidden !== false) placeMenu();
      if (renaming) placeName();
    }).observe(element, { childList: true, subtree: true, attributes: true });
    element.addEventListener("click", (event) => {
      const menu = event.target.closest("[data-menu]");
      if (menu) {
        const item = menu.closest("li");
        if (chosen?.id === item.dataset.id) closeMenu();
        else openMenu(item);
        return;
      }
      const button = event.target.closest("[data-action]");
      if (!button) return;
      const { action } = button.dataset;
      const item = button.closest("li");
      const about = item ? read(item) : chosen;
      closeMenu();
      if (action === "rename") return rename(about, trigger);
      trigger("click", { action, id: action === "all" ? "" : about.id, title: about?.title ?? "" });
      if (action === "open" && !wide.matches) openRail(false);
    });
  };

  /** Save a file that the server made. */
  const download = (file) => {
    if (!file?.url) return;
    const link = document.createElement("a");
    link.href = file.url;
    link.download = file.orig_name ?? "";
    document.body.append(link);
    link.click();
    link.remove();
  };

  // What was deleted can be brought back for a while; then the words go.
  let vanish = 0;
  const watchToast = () => {
    new MutationObserver(() => {
      const toast = find("#toast .toast:not([data-seen])");
      label();
      if (!toast) return;
      toast.dataset.seen = "";
      clearTimeout(vanish);
      vanish = setTimeout(() => toast.remove(), 12_000);
    }).observe(document.body, { childList: true, subtree: true });
  };
  if (document.body) watchToast();
  else on("DOMContentLoaded", watchToast);

  Object.assign(window.autoglmPage, { thisTab, shown, draftOf, keepDraft, here, listen, download });
})();
