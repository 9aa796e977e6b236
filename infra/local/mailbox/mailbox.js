// Draws the messages anew when there are others. The server writes the page, and
// escapes what is in it; this only puts its newest state in place.
"use strict";

const everyMilliseconds = 2000;
const messages = document.getElementById("messages");

async function refresh() {
  try {
    const answer = await fetch(location.href, { cache: "no-store" });
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("messages");
    if (fresh.innerHTML !== messages.innerHTML) messages.replaceChildren(...fresh.childNodes);
  } catch {
    // the server is away; it may come back
  }
}

document.getElementById("empty").addEventListener("click", async () => {
  await fetch("messages", { method: "DELETE" });
  await refresh();
});
setInterval(refresh, everyMilliseconds);
