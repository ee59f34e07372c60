// Around htmx, which asks for the parts of a page that change by themselves. Pages work without any of this.
"use strict";

// What the person has opened stays open when the part around it is replaced.
Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, element) => !(name === "open" && element.matches("details"));

// What is typed while a form is being exchanged stays as it was typed.
let typed = new WeakSet();
let exchanges = 0;
document.addEventListener("input", (event) => exchanges > 0 && typed.add(event.target));
document.addEventListener("htmx:beforeSend", () => (exchanges += 1));
document.addEventListener("htmx:afterRequest", () => {
  exchanges -= 1;
  if (exchanges === 0) typed = new WeakSet();
});

// A part that is asked for because time has passed knows nothing of what is typed there and not sent yet.
let asksByItself = false;
document.addEventListener("htmx:beforeSwap", (event) => (asksByItself = event.detail.requestConfig.verb === "get"));
const unsent = (element) => {
  if (element.matches?.("select")) return element.selectedOptions[0] !== (element.querySelector("option[selected]") ?? element.options[0]);
  if (!element.matches?.("input, textarea")) return false;
  return ["checkbox", "radio"].includes(element.type) ? element.checked !== element.defaultChecked : element.value !== element.defaultValue;
};
Idiomorph.defaults.callbacks.beforeNodeMorphed = (element) => !typed.has(element) && !(asksByItself && unsent(element));

// Why there is no preview stands at the head of a form whose button is at its foot.
document.addEventListener("htmx:afterSwap", (event) => {
  if (!["preview", "try", "check"].includes(event.detail.requestConfig?.elt.value)) return;
  const refused = document.querySelector("#form [role=alert]");
  if (!refused) return;
  refused.tabIndex = -1;
  refused.focus();
});

const showUnreachable = (shown) => {
  const message = document.getElementById("unreachable");
  if (message) message.hidden = !shown;
};

// A tab that nobody looks at asks for nothing: each request wakes the workspace's objects.
document.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden) event.preventDefault();
});
document.addEventListener("visibilitychange", () => {
  const live = document.getElementById("live");
  if (!document.hidden && live?.hasAttribute("hx-get")) htmx.ajax("GET", live.getAttribute("hx-get"), { source: live, target: live, swap: "morph:outerHTML" });
});

// Signed out, or no longer an administrator: the whole page says so better than a part of it could.
document.addEventListener("htmx:responseError", (event) => {
  if ([401, 403].includes(event.detail.xhr.status)) location.reload();
  else showUnreachable(true);
});
document.addEventListener("htmx:sendError", () => showUnreachable(true));
document.addEventListener("htmx:afterSwap", () => showUnreachable(false));

// Narrows what stands on the page already: nothing is asked for, and nothing that is typed leaves the browser.
const narrow = () => {
  for (const box of document.querySelectorAll("[data-filter]")) {
    box.hidden = false;
    const wanted = box.querySelector("input").value.trim().toLowerCase();
    let shown = 0;
    for (const line of document.querySelectorAll(`[data-filtered="${box.dataset.filter}"]`)) {
      line.hidden = !line.textContent.toLowerCase().includes(wanted);
      if (!line.hidden) shown += 1;
    }
    for (const words of document.querySelectorAll("[data-filter-nothing]")) words.hidden = shown > 0 || !wanted;
  }
};
narrow();
document.addEventListener("input", narrow);
document.addEventListener("htmx:afterSwap", narrow);

// A secret that is shown once: a reload shows its endpoint and makes no second one.
const shownOnce = document.querySelector("[data-address]");
if (shownOnce) history.replaceState(null, "", shownOnce.dataset.address);
for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    const words = document.querySelector("[data-copied]");
    try {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent.trim());
      words.textContent = "Copied.";
    } catch {
      words.textContent = "The browser does not allow copying: select the text instead.";
    }
  });
}

// A menu closes on Escape and on a click elsewhere, as menus do.
document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && document.querySelector("details.dropdown[open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.dropdown[open]")) if (!menu.contains(event.target)) menu.open = false;
});

// What has just happened is told once: not again by a reload, and good news only until the page shows it by itself.
const url = new URL(location.href);
if (url.searchParams.has("done") || url.searchParams.has("asked")) {
  url.searchParams.delete("done");
  url.searchParams.delete("asked");
  history.replaceState(null, "", url);
}
const PASSING_MS = 10_000;
setTimeout(() => {
  for (const message of document.querySelectorAll("[data-passing]")) message.remove();
}, PASSING_MS);
