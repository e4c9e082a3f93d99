// Recording: level, cancel, and the end of speech. Answers read aloud, where that is wanted.
(() => {
  "use strict";

  const words = () => find("[data-voice-cancel]")?.dataset ?? {};

  // ---- recording

  // A gate on energy: speech is what is three times as loud as the quietest moment so far, at least a
  // hundredth of full scale; a tenth always is, for who begins to speak at once. Two seconds below that
  // after speech end the recording; nothing is cut off. recorder.py has the same.
  const TICK = 50;
  const LEAST = 0.01;
  const LOUD = 0.1;
  const OVER_NOISE = 3;
  const SPEECH_MS = 200;
  const SILENCE_MS = 2000;

  let listening = null;
  let cancelled = false;

  const isShown = (element) => element instanceof HTMLElement && element.offsetParent !== null;
  const stopButton = () => [...document.querySelectorAll("#record .stop-button")].find(isShown);

  const controls = () => {
    let box = find("#voice-controls");
    if (box) return box;
    box = document.createElement("span");
    box.id = "voice-controls";
    box.innerHTML = '<i class="meter" aria-hidden="true"></i><button type="button"></button>';
    box.querySelector("button").addEventListener("click", cancel);
    find("#record")?.after(box);
    return box;
  };

  const begin = (stream) => {
    end();
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    analyser.fftSize = 2048;
    context.createMediaStreamSource(stream).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    const state = { context, noise: 1, spoken: 0, silent: 0, lasted: 0, seen: false };
    state.timer = setInterval(() => tick(state, analyser, samples), TICK);
    listening = state;
  };

  const tick = (state, analyser, samples) => {
    const stop = stopButton();
    if (!stop) {
      // Before the recorder has begun, and after it has ended.
      if (state.seen) end();
      return;
    }
    state.seen = true;
    analyser.getFloatTimeDomainData(samples);
    let sum = 0;
    for (const sample of samples) sum += sample * sample;
    const level = Math.sqrt(sum / samples.length);
    state.noise = Math.min(state.noise, Math.max(level, 1e-4));
    const speaks = level > Math.min(LOUD, Math.max(LEAST, OVER_NOISE * state.noise));
    if (speaks) state.spoken += TICK;
    state.silent = speaks ? 0 : state.silent + TICK;
    const box = controls();
    const button = box.querySelector("button");
    button.title = words().voiceCancel ?? "";
    button.setAttribute("aria-label", button.title);
    box.classList.add("recording");
    // Decibels from -60 to 0 as the height of the bar.
    box.style.setProperty("--level", String(Math.max(0, Math.min(1, 1 + Math.log10(level + 1e-6) / 3))));
    state.lasted += TICK;
    // A longer one could not be attached.
    const tooLong = state.lasted >= 1000 * Number(words().voiceLongest || Infinity);
    if (tooLong || (state.spoken >= SPEECH_MS && state.silent >= SILENCE_MS)) {
      end();
      stop.click();
    }
  };

  const end = () => {
    find("#voice-controls")?.classList.remove("recording");
    if (!listening) return;
    clearInterval(listening.timer);
    listening.context.close();
    listening = null;
  };

  const cancel = () => {
    const stop = stopButton();
    if (!stop) return;
    cancelled = true;
    end();
    stop.click();
    find("#composer textarea")?.focus();
  };

  /** What the server is given of a recording that has ended: nothing of a cancelled one. */
  const taken = (recording, visitor) => {
    const kept = cancelled ? null : recording;
    cancelled = false;
    return [kept, visitor];
  };

  if (navigator.mediaDevices?.getUserMedia) {
    const original = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async (constraints) => {
      const stream = await original(constraints);
      if (constraints?.audio) begin(stream);
      return stream;
    };
  }

  on(
    "keydown",
    (event) => {
      if (event.key !== "Escape") return;
      window.speechSynthesis?.cancel();
      const machine = find("#machine-level .recording") && find("[data-recording=cancel]");
      if (!machine && !stopButton()) return;
      event.stopPropagation();
      if (machine) machine.click();
      else cancel();
    },
    true,
  );

  // ---- this machine's own microphone, where the browser lends none or it was chosen

  /** Called once by the buttons themselves; what they do is in microphone.py. */
  const machine = (element, trigger) => {
    const arrange = () => {
      const state = element.querySelector("[data-machine]")?.dataset.machine;
      const instead = state === "chosen" || (state === "offered" && !navigator.mediaDevices);
      document.documentElement.classList.toggle("machine-microphone", instead);
    };
    new MutationObserver(arrange).observe(element, { childList: true, subtree: true, attributes: true });
    arrange();
    element.addEventListener("click", (event) => {
      const action = event.target.closest("[data-recording]")?.dataset.recording;
      if (!action) return;
      trigger("click", { action });
      if (action !== "start") find("#composer textarea")?.focus();
    });
  };

  // ---- reading aloud, with the browser's own voice

  const aloudKey = "autoglm-aloud";
  const wantsAloud = () => localStorage.getItem(aloudKey) === "on";
  const aloud = (wanted) => {
    localStorage.setItem(aloudKey, wanted ? "on" : "off");
    if (!wanted) window.speechSynthesis?.cancel();
  };

  const read = () => {
    const answers = document.querySelectorAll("#live .bot-row .message-content");
    const text = answers[answers.length - 1]?.textContent.trim();
    if (!text || !window.speechSynthesis) return;
    const utterance = new SpeechSynthesisUtterance(text);
    utterance.lang = /[\u3400-\u9fff]/.test(text) ? "zh-CN" : "en-US";
    speechSynthesis.cancel();
    speechSynthesis.speak(utterance);
  };

  const follow = () => {
    let before = "";
    new MutationObserver(() => {
      const state = find("#status .status-line")?.dataset.state ?? "";
      if (state === before) return;
      if (state !== "done") window.speechSynthesis?.cancel();
      // Only what was just answered here; not what a reload shows again.
      if (state === "done" && ["waiting", "thinking", "answering"].includes(before) && wantsAloud()) {
        setTimeout(read, 300);
      }
      before = state;
    }).observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ["data-state"] });
  };
  if (document.body) follow();
  else on("DOMContentLoaded", follow);

  window.autoglmVoice = { taken, machine, aloud, wantsAloud };
})();
