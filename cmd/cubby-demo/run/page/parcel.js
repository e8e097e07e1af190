// Follows a parcel: the server renders what the API says, this only swaps it when it has changed.
const every = 1000;

async function follow() {
  const shown = document.getElementById("progress");
  if (!shown?.hasAttribute("data-live")) return;
  try {
    const answer = await fetch(location.href);
    if (answer.ok) {
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById("progress");
      if (fresh && fresh.outerHTML !== shown.outerHTML) shown.replaceWith(fresh);
    }
  } catch {
    // The program is being restarted: the next round tries again.
  }
  setTimeout(follow, every);
}

setTimeout(follow, every);
