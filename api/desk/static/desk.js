// The pages work without this: it says that something is under way, and that a page is not fresh.
"use strict";

addEventListener("submit", (event) => {
  const button = event.submitter;
  if (!button?.dataset.busy) return;
  // After the browser has taken the form's values: a disabled button has none.
  setTimeout(() => {
    button.dataset.idle = button.textContent;
    button.textContent = button.dataset.busy;
    button.disabled = true;
    button.setAttribute("aria-busy", "true");
  });
});

// Back from another page: what the button said is over.
addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("[aria-busy]")) {
    button.textContent = button.dataset.idle;
    button.disabled = false;
    button.removeAttribute("aria-busy");
  }
});

// A page that looks again by itself leaves a form alone that can still be sent: somebody may be writing in it, or about to press.
document.addEventListener("htmx:oobBeforeSwap", (event) => {
  const { target, fragment } = event.detail;
  if (target.querySelector("form") && fragment.querySelector("form")) event.detail.shouldSwap = false;
});

const stale = (is) => { document.getElementById("stale").hidden = !is; };
for (const name of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
  document.addEventListener(name, () => stale(true));
}
document.addEventListener("htmx:afterOnLoad", (event) => { if (event.detail.xhr.status < 400) stale(false); });
