// Small helps on top of pages that work without them. Nothing here is needed to send or to follow anything.
(() => {
  "use strict";
  // What this tab remembers until it is closed. A browser that keeps nothing does without.
  const tab = {
    recall: (name) => { try { return sessionStorage.getItem(name); } catch { return null; } },
    remember: (name, value) => { try { sessionStorage.setItem(name, value); } catch { /* does without */ } },
    forget: () => { try { sessionStorage.clear(); } catch { /* nothing to forget */ } },
  };
  const leaveTo = document.querySelector(".leave-link")?.href;

  // Leaving: hide at once, empty every form, and put the other page in this one's place in the history.
  const leave = () => {
    document.documentElement.classList.add("gone");
    document.title = "";
    window.speechSynthesis?.cancel();
    for (const field of document.querySelectorAll("input, textarea")) {
      if (field.type === "radio" || field.type === "checkbox") field.checked = false;
      else field.value = "";
    }
    tab.forget();
    tab.remember("left", "yes");
    location.replace(leaveTo);
  };

  // Back in this tab after leaving, or a reload there: go away again. A page that is opened anew is wanted, and shown.
  const cameBack = (restored) => restored || performance.getEntriesByType("navigation")[0]?.type !== "navigate";
  const leaveAgain = (restored) => {
    if (!tab.recall("left")) return;
    if (cameBack(restored)) leave();
    else tab.remember("left", "");
  };
  leaveAgain(false);
  addEventListener("pageshow", (event) => event.persisted && leaveAgain(true));

  for (const link of document.querySelectorAll(".leave-link")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      leave();
    });
  }

  // Shift three times within five seconds does the same, and says how many are left to go.
  const status = document.getElementById("leave-status");
  let presses = [];
  addEventListener("keyup", (event) => {
    if (event.key !== "Shift") {
      presses = [];
      return;
    }
    presses = [...presses.filter((time) => event.timeStamp - time < 5000), event.timeStamp];
    if (presses.length >= 3) leave();
    else if (status) status.textContent = presses.length === 1 ? status.dataset.once : status.dataset.twice;
  });

  // A form keeps its key with its place in the history: Back, refresh and a second press repeat the same one.
  const keyField = document.querySelector("form[data-form] input[name=key]");
  if (keyField && !keyField.value) {
    const fresh = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
    keyField.value = history.state?.key ?? fresh();
    const keep = () => history.replaceState({ key: keyField.value }, "");
    keep();
    addEventListener("hashchange", keep); // a skip link makes a new place in the history
    keyField.form.addEventListener("submit", keep);
  }

  const placement = document.querySelector("input[name=placement]");
  if (placement && !placement.value) placement.value = tab.recall("placement") ?? "";

  const print = document.querySelector("[data-print]");
  if (print) {
    print.hidden = false;
    print.addEventListener("click", () => window.print());
  }

  document.getElementById("error-summary")?.focus();
})();
