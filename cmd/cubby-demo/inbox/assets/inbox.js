// Keeps the list fresh: the server renders it, this only swaps it when it has changed.
const every = 2000;

async function refresh(list) {
  if (document.hidden) return;
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById(list.id);
  // While a link in the list has the focus, replacing it would lose the place of someone on a keyboard.
  if (fresh && fresh.innerHTML !== list.innerHTML && !list.contains(document.activeElement)) {
    list.innerHTML = fresh.innerHTML;
  }
}

const list = document.querySelector("[data-live]");
if (list) {
  const loop = async () => {
    try {
      await refresh(list);
    } catch {
      // The program is being restarted: the next round tries again.
    }
    setTimeout(loop, every);
  };
  setTimeout(loop, every);
}
