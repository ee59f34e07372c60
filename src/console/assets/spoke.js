// Around htmx, which asks for the parts of a page that change by themselves. Pages work without any of this.
"use strict";

// What the person has opened stays open when the part around it is replaced.
Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, element) => !(name === "open" && element.matches("details"));

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
  if (!document.hidden && live) htmx.ajax("GET", live.getAttribute("hx-get"), { source: live, target: live, swap: "morph:outerHTML" });
});

// Signed out, or no longer an administrator: the whole page says so better than a part of it could.
document.addEventListener("htmx:responseError", (event) => {
  if ([401, 403].includes(event.detail.xhr.status)) location.reload();
  else showUnreachable(true);
});
document.addEventListener("htmx:sendError", () => showUnreachable(true));
document.addEventListener("htmx:afterSwap", () => showUnreachable(false));

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
if (new URLSearchParams(location.search).has("done")) {
  const url = new URL(location.href);
  url.searchParams.delete("done");
  history.replaceState(null, "", url);
}
const PASSING_MS = 10_000;
setTimeout(() => {
  for (const message of document.querySelectorAll("[data-passing]")) message.remove();
}, PASSING_MS);
