// Reads a part of the page aloud. Only with a voice that lives on the device: others send the words to somebody's server.
(() => {
  "use strict";
  const kit = document.getElementById("listen");
  const speech = window.speechSynthesis;
  const main = document.querySelector("main");
  if (!kit || !speech) return;
  const PARTS = "h1, h2, h3, .question";
  const BLOCKS = "h1, h2, h3, p, li, dt, dd, td, th, label, legend, summary, .govuk-hint, .answer-text";
  const SILENT = "button, textarea, input, svg, .visually-hidden, .govuk-visually-hidden, .leave-empty, [aria-hidden=true]";

  // A voice for one of these tags, the first that the device has: "pa-IN" takes pa-IN, "fa" takes fa and fa-IR.
  const voiceFor = (tags) => {
    const own = speech.getVoices().filter((voice) => voice.localService);
    const speaks = (tag) => own.find((voice) => `${voice.lang}-`.toLowerCase().replace("_", "-").startsWith(`${tag}-`.toLowerCase()));
    return tags.map(speaks).find(Boolean);
  };
  const tags = kit.dataset.voices.split(" ");

  const seen = (element) => element.checkVisibility?.() ?? element.getClientRects().length > 0;
  const said = (text) => text.data.trim() && !text.parentElement.closest(SILENT) && seen(text.parentElement);
  const language = (element) => element.closest("[lang]").lang;

  // What is read for a part: runs of words in one block and one language, down to where the next part begins.
  const runsOf = (part) => {
    const walker = document.createTreeWalker(main, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
    walker.currentNode = part;
    const runs = [];
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      if (node.nodeType === Node.ELEMENT_NODE) {
        if (node.matches(PARTS) && !part.contains(node)) break;
        continue;
      }
      if (part.matches(".question") && !part.contains(node)) break;
      if (!said(node)) continue;
      const block = node.parentElement.closest(BLOCKS) ?? node.parentElement;
      const last = runs.at(-1);
      if (last?.block === block && last.lang === language(node.parentElement)) last.words += ` ${node.data.trim()}`;
      else runs.push({ block, lang: language(node.parentElement), words: node.data.trim() });
    }
    return runs;
  };

  let stop = () => {};
  const read = (button, part) => {
    stop();
    const words = button.querySelector("span");
    let marked = null;
    const mark = (block) => {
      marked?.classList.remove("being-read");
      marked = block;
      marked?.classList.add("being-read");
      marked?.scrollIntoView({ block: "nearest" });
    };
    const runs = runsOf(part).map(({ block, lang, words }) => {
      const run = new SpeechSynthesisUtterance(words);
      run.voice = (lang === document.documentElement.lang ? null : voiceFor([lang])) ?? voiceFor(tags);
      run.lang = run.voice.lang;
      run.onstart = () => mark(block);
      return run;
    });
    stop = () => {
      stop = () => {};
      for (const run of runs) run.onstart = run.onend = run.onerror = null;
      speech.cancel();
      mark(null);
      words.textContent = kit.dataset.listen;
      button.classList.remove("reading");
    };
    if (!runs.length) return;
    words.textContent = kit.dataset.stop;
    button.classList.add("reading");
    runs.at(-1).onend = () => stop();
    for (const run of runs) {
      run.onerror = () => stop();
      speech.speak(run);
    }
  };

  // Beside a heading; in a question after its words and before its choices.
  const place = (part) => {
    if (!part.matches(".question")) return part;
    const words = part.querySelectorAll(".question-label, .question-label + .govuk-hint");
    return words[words.length - 1];
  };

  const offer = () => {
    if (document.querySelector(".listen") || !voiceFor(tags)) return;
    for (const part of main.querySelectorAll(PARTS)) {
      if (part.matches(".question :is(h1, h2, h3), .help-now *, .govuk-error-summary *")) continue;
      const button = kit.content.firstElementChild.cloneNode(true);
      const name = (part.querySelector(".question-label") ?? part).textContent.trim();
      button.querySelector(".visually-hidden").textContent = name;
      button.addEventListener("click", () => (button.classList.contains("reading") ? stop() : read(button, part)));
      place(part).after(button);
    }
  };
  offer();
  speech.addEventListener?.("voiceschanged", offer); // some browsers know their voices only after a while

  // Silence when somebody leaves, looks away or changes the tab: who comes in must not hear it.
  addEventListener("pagehide", () => stop());
  document.addEventListener("visibilitychange", () => document.hidden && stop());
  addEventListener("keydown", (event) => event.key === "Escape" && stop());
  speech.cancel(); // what a page before this one had left to say
})();
