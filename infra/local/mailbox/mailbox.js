// Shows new messages without a reload. The server renders the page and escapes its
// content; this script only replaces the list with the latest one.
"use strict";

const everyMilliseconds = 2000;
const messages = document.getElementById("messages");

async function refresh() {
  try {
    const response = await fetch(location.href, { cache: "no-store" });
    if (!response.ok) return;
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html").getElementById("messages");
    if (fresh.innerHTML !== messages.innerHTML) messages.replaceChildren(...fresh.childNodes);
  } catch {
    // The server cannot be reached. The next refresh tries again.
  }
}

document.getElementById("empty").addEventListener("click", async () => {
  await fetch("messages", { method: "DELETE" });
  await refresh();
});
setInterval(refresh, everyMilliseconds);
