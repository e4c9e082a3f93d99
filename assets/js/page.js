// What Gradio's own widgets do not do. Everything else of the page is Python.

// For every script here: they are put into one block, and this file comes first.
const find = (selector) => document.querySelector(selector);
const on = (type, listener, capture = false) => document.addEventListener(type, listener, capture);
const within = (event, selector) => event.target instanceof Element && event.target.closest(selector);

(() => {
  "use strict";

  // The first to hear of Escape. While an input method composes, or in a dialog, it means these alone.
  on(
    "keydown",
    (event) => {
      if (event.key !== "Escape") return;
      if (event.isComposing || event.keyCode === 229 || find("dialog[open]")) event.stopImmediatePropagation();
    },
    true,
  );

  // ---- the composer

  const typing = (event) => event.target instanceof HTMLTextAreaElement && within(event, "#composer");

  // Gradio sends on Shift+Enter, too, and on the Enter that ends a Chinese input method's choice.
  on(
    "keydown",
    (event) => {
      if (event.key !== "Enter" || !typing(event)) return;
      if (event.shiftKey || event.isComposing || event.keyCode === 229) event.stopPropagation();
    },
    true,
  );

  // A lost connection makes Gradio load the page anew; what was being typed must be there again.
  on("input", (event) => {
    if (typing(event)) window.autoglmPage.keepDraft(event.target.value);
  });

  /** The draft that an earlier load of this page left, unless something is typed already. */
  const restoreDraft = (draft) => draft || window.autoglmPage.draftOf(window.autoglmPage.here());

  /** What was sent leaves the composer, once; what was typed meanwhile stays. */
  const takeSent = (draft, sent) => {
    const rest = draft.startsWith(sent) ? draft.slice(sent.length) : draft;
    window.autoglmPage.keepDraft(rest);
    return [rest, ""];
  };

  // ---- attachments

  // The file dialogue offers what can be attached. Not by Gradio's `file_types`, which refuses other
  // files in its own words, by their names: here a file's content counts.
  on(
    "click",
    (event) => {
      if (within(event, "#attach")) find("#composer input[type=file]").accept = "image/*,audio/*";
    },
    true,
  );

  // The same file once more is a change, too, when the first one was taken out again.
  on("change", (event) => {
    const input = event.target;
    if (input instanceof HTMLInputElement && input.type === "file") setTimeout(() => (input.value = ""), 0);
  });

  // Pasted and dropped files go the way of chosen ones.
  const attach = (files) => {
    const input = find("#composer input[type=file]");
    if (!input || files.length === 0) return;
    const transfer = new DataTransfer();
    for (const file of files) transfer.items.add(file);
    input.files = transfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  };

  on(
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

  let depth = 0;
  const hasFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  const dropping = (change) => {
    depth = Math.max(0, depth + change);
    document.documentElement.classList.toggle("dropping", depth > 0);
  };
  on("dragenter", (event) => hasFiles(event) && dropping(+1));
  on("dragleave", (event) => hasFiles(event) && dropping(-1));
  on("dragover", (event) => hasFiles(event) && event.preventDefault());
  on("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    dropping(-depth);
    attach(event.dataTransfer.files);
  });

  // ---- uploads: what the server cannot take now is kept in the page and tried again

  const sayUpload = (problem) => {
    for (const words of document.querySelectorAll("[data-upload]")) {
      words.hidden = words.dataset.upload !== problem;
    }
  };
  // Larger files would be refused after they were sent, and in Gradio's words.
  on(
    "change",
    (event) => {
      const input = event.target;
      if (!(input instanceof HTMLInputElement) || input.type !== "file") return;
      const most = Number(find("[data-most]")?.dataset.most || Infinity);
      const kept = new DataTransfer();
      for (const file of input.files) if (file.size <= most) kept.items.add(file);
      const refused = input.files.length - kept.files.length;
      sayUpload(refused ? "large" : "");
      if (!refused) return;
      if (!kept.files.length) event.stopImmediatePropagation();
      input.files = kept.files;
    },
    true,
  );

  const AGAIN_MS = 3000;
  const fetchOnce = window.fetch.bind(window);
  const upload = async (resource, options) => {
    for (;;) {
      const response = await fetchOnce(resource, options).catch(() => null);
      if (response && response.status < 500) {
        sayUpload("");
        return response;
      }
      sayUpload(response?.status === 507 ? "full" : "failed");
      await new Promise((done) => setTimeout(done, AGAIN_MS));
    }
  };
  window.fetch = (resource, options) => {
    const isUpload = options?.method === "POST" && /\/gradio_api\/upload\b/.test(String(resource?.url ?? resource));
    return isUpload ? upload(resource, options) : fetchOnce(resource, options);
  };

  // ---- the microphone: Gradio is silent about why it does not start

  const sayMicrophone = (problem) => {
    for (const words of document.querySelectorAll("[data-microphone]")) {
      words.hidden = words.dataset.microphone !== problem;
    }
  };
  const problems = { NotAllowedError: "denied", SecurityError: "denied", NotFoundError: "missing" };
  if (navigator.mediaDevices?.getUserMedia) {
    const original = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = (constraints) =>
      original(constraints).catch((error) => {
        sayMicrophone(problems[error.name] ?? "failed");
        throw error;
      });
  }
  on(
    "click",
    (event) => {
      if (within(event, "#record .record-button")) sayMicrophone(navigator.mediaDevices ? "" : "insecure");
    },
    true,
  );

  // ---- the answer ends with Escape, where nothing else takes it

  on("keydown", (event) => {
    if (event.key === "Escape") find("#stop")?.click();
  });

  // ---- copying

  const write = async (text) => {
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    // Pages over plain HTTP from another machine have no clipboard of their own.
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  };

  /** Put the answer, without the thinking, on the clipboard. */
  const copy = async (messages) => {
    const answers = messages.filter((message) => message.role === "assistant" && !message.metadata?.title);
    const texts = answers.flatMap((message) => [message.content].flat()).map((part) => part.text ?? part);
    await write(texts.join("\n\n"));
    const button = find("#copy");
    button?.classList.add("copied");
    setTimeout(() => button?.classList.remove("copied"), 1500);
  };

  // ---- for those who listen: the language, states and whole answers, not each piece of text

  const announce = () => {
    const region = document.createElement("div");
    region.id = "announcer";
    region.setAttribute("role", "status");
    document.body.append(region);
    let said = "";
    new MutationObserver(() => {
      for (const log of document.querySelectorAll("[role=log][aria-live=polite]")) {
        log.setAttribute("aria-live", "off");
      }
      document.documentElement.lang = find("[data-language]")?.dataset.language ?? "en";
      const line = find("#status .status-line");
      const state = line?.querySelector(".state")?.textContent ?? "";
      if (!state) return;
      const done = line.dataset.state === "done";
      // The state may come before the last of the text: an answer is read out when all of it is there.
      if (done && find("#stop")?.checkVisibility()) return;
      const answers = document.querySelectorAll("#live .bot-row .message-content");
      const news = (done && answers[answers.length - 1]?.textContent.trim()) || state;
      if (news === said) return;
      said = news;
      region.textContent = news;
    }).observe(document.body, { childList: true, subtree: true, attributeFilter: ["class", "data-state"] });
  };
  if (document.body) announce();
  else on("DOMContentLoaded", announce);

  // Icon buttons say what they are when pointed at.
  on("mouseover", (event) => {
    const button = within(event, "#attach, #new, #send, #stop, #record button");
    if (button && !button.title) button.title = button.textContent.trim();
  });

  window.autoglmPage = { copy, restoreDraft, takeSent };
})();
