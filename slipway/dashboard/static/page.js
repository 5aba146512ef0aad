// Keeps the page as the server says it is: each event brings the parts that changed, as markup that the server made safe.
"use strict";

(() => {
  const SILENT = 15000; // milliseconds without an event after which the page is called not live
  const main = document.getElementById("main");
  const link = document.getElementById("link");
  const news = document.getElementById("news");
  let heard = 0; // when the last event came, by this browser's clock
  let broken = false; // the stream ended, and the browser tries to open it again
  let ahead = 0; // how far the server's clock is ahead of it

  // -- keep what is on the page where it did not change: focus, selections and what is unfolded stay

  const keyed = (node) => (node.nodeType === Node.ELEMENT_NODE && node.id) || "";

  function morph(old, fresh) {
    if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName || keyed(old) !== keyed(fresh)) {
      old.replaceWith(fresh);
      return;
    }
    if (old.nodeType !== Node.ELEMENT_NODE) {
      if (old.data !== fresh.data) old.data = fresh.data;
      return;
    }
    const stays = (name) => fresh.hasAttribute(name) || (name === "open" && old.nodeName === "DETAILS") || name === "title";
    for (const { name } of [...old.attributes]) if (!stays(name)) old.removeAttribute(name);
    for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    children(old, fresh);
  }

  function children(old, fresh) {
    const known = new Map([...old.children].filter(keyed).map((node) => [node.id, node]));
    let place = old.firstChild;
    for (const wanted of [...fresh.childNodes]) {
      const match = known.get(keyed(wanted));
      if (match && match !== place) old.insertBefore(match, place);
      const present = match || place;
      if (!present || (!match && keyed(present))) {
        old.insertBefore(wanted, place);
        continue;
      }
      place = present.nextSibling;
      morph(present, wanted);
    }
    while (place) {
      const gone = place;
      place = place.nextSibling;
      gone.remove();
    }
  }

  function apply(message) {
    heard = Date.now();
    broken = false;
    ahead = message.now * 1000 - heard;
    for (const [id, markup] of Object.entries(message.parts)) {
      const made = document.createElement("template");
      made.innerHTML = markup;
      const old = document.getElementById(id);
      if (old) morph(old, made.content.firstElementChild);
      else main.append(made.content);
    }
    if (message.news.length) news.textContent = message.news.slice(-3).join(". ");
    tick();
  }

  // -- how long ago, and whether the page is live

  function ago(seconds) {
    if (seconds < 60) return `${Math.max(0, Math.round(seconds))} s ago`;
    if (seconds < 3600) return `${Math.round(seconds / 60)} min ago`;
    return seconds < 172800 ? `${Math.round(seconds / 3600)} h ago` : `${Math.round(seconds / 86400)} days ago`;
  }

  function tick() {
    const now = Date.now();
    for (const time of document.querySelectorAll("time")) time.title = ago((now + ahead - Date.parse(time.dateTime)) / 1000);
    const live = heard > 0 && !broken && now - heard < SILENT;
    const text = live ? "live" : heard ? `not live, last heard ${ago((now - heard) / 1000)}` : "not live";
    if (link.textContent !== text) link.textContent = text;
    link.className = `pill ${live ? "good" : "warn"}`;
  }

  setInterval(tick, 1000);
  const events = new EventSource("/events");
  events.onmessage = (event) => apply(JSON.parse(event.data));
  events.onerror = () => {
    broken = true;
    tick();
  };

  // -- orders, where the page was started with them; the token stands behind the # of the address, which is sent nowhere

  const ask = document.getElementById("ask");
  if (!ask) return;
  const [title, why, go, answer] = ["ask-title", "ask-why", "ask-go", "ask-answer"].map((id) => document.getElementById(id));
  let order = null;
  if (location.hash.startsWith("#token=")) {
    sessionStorage.setItem("token", location.hash.slice(7));
    history.replaceState(null, "", location.pathname);
  }

  main.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-action]");
    if (!button) return;
    const target = Number(button.closest(".target").id.replace("target-", ""));
    order = { target, about: button.dataset.about, action: button.dataset.action };
    title.textContent = `${button.textContent} ${order.about}?`;
    go.textContent = button.textContent;
    why.value = answer.textContent = "";
    go.disabled = false;
    ask.showModal();
    why.focus();
  });
  document.getElementById("ask-close").addEventListener("click", () => ask.close());
  ask.querySelector("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    go.disabled = true;
    answer.textContent = "…";
    try {
      const headers = { "Content-Type": "application/json", "X-Slipway-Token": sessionStorage.getItem("token") || "" };
      const sent = await fetch("/act", { method: "POST", headers, body: JSON.stringify({ ...order, reason: why.value }) });
      answer.textContent = await sent.text();
      go.disabled = sent.ok;
    } catch {
      answer.textContent = "slipway dashboard does not answer: nothing is known to have been done";
      go.disabled = false;
    }
  });
})();
