// Where visitors sign in: what the page does once they are signed out, and what stays in the browser.
(() => {
  "use strict";

  const root = document.documentElement;

  // ---- what one person leaves in the browser is not there for the next

  const userKey = "autoglm-user";
  const user = window.gradio_config?.username ?? "";

  const forget = () => {
    for (const store of [sessionStorage, localStorage]) {
      for (const key of Object.keys(store)) {
        if (/^autoglm-(draft|conversation|visitor)/.test(key)) store.removeItem(key);
      }
    }
  };
  const before = localStorage.getItem(userKey);
  if (before !== null && before !== user) forget();
  if (before !== null || user) localStorage.setItem(userKey, user);

  const leave = () => {
    forget();
    // What is still on its way may leave something until the page is gone.
    addEventListener("pagehide", forget);
    localStorage.setItem(userKey, "");
  };
  // Signed out in another tab, or somebody else signed in there.
  addEventListener("storage", (event) => {
    if (event.key !== userKey || event.newValue === user) return;
    forget();
    addEventListener("pagehide", forget);
    location.reload();
  });

  // ---- signed out while the page is open: what it asks for waits, and nothing is taken from the page

  let signedIn = null;
  let goOn = () => {};
  const wait = () => {
    // The form comes with the first answer of the server: without it there is nothing yet to lose.
    if (!find("#signed-out")) location.reload();
    root.classList.add("signed-out");
    signedIn ??= new Promise((resolve) => {
      goOn = () => {
        signedIn = null;
        root.classList.remove("signed-out");
        resolve();
      };
    });
    return signedIn;
  };

  const pass = window.fetch;
  window.fetch = async (resource, options) => {
    for (;;) {
      const response = await pass(resource, options);
      if (!response.headers.has("x-sign-in")) return response;
      await wait();
    }
  };
  // Perhaps they signed in again in another tab.
  on("visibilitychange", () => document.visibilityState === "visible" && goOn());

  const submit = async (form) => {
    const [said, button] = [form.querySelector("[role=status]"), form.querySelector("button")];
    button.disabled = true;
    const body = new URLSearchParams(new FormData(form));
    const response = await pass(form.action, { method: "POST", body, redirect: "manual" }).catch(() => null);
    button.disabled = false;
    if (response?.type === "opaqueredirect") {
      form.reset();
      said.textContent = "";
      goOn();
      find("#text textarea")?.focus();
      return;
    }
    const page = new DOMParser().parseFromString((await response?.text()) ?? "", "text/html");
    said.textContent = page.querySelector("[role=alert]")?.textContent ?? form.dataset.failed;
    form.querySelector("[type=password]").select();
  };

  on("submit", (event) => {
    if (event.target.id === "sign-out") leave();
    if (event.target.id !== "signed-out") return;
    event.preventDefault();
    submit(event.target);
  });
})();
