// What a script adds: a list that follows its filters, a page that follows its figures, the focus on what is wrong.
// Everything works without it.
const same = { createHTML: (text) => text };
const policy = window.trustedTypes ? trustedTypes.createPolicy("app", same) : same;
const parse = (text) => new DOMParser().parseFromString(policy.createHTML(text), "text/html");
const say = (text) => { document.getElementById("annonce").textContent = text; };

document.documentElement.classList.add("scripted");
addEventListener("load", () => {
  if (document.activeElement === document.body) document.querySelector("[data-focus]")?.focus();
});

function replace(found) {
  const shown = document.getElementById(found.id);
  if (!shown) return false;
  const focused = shown.contains(document.activeElement) && document.activeElement.id;
  if ("open" in shown) found.open = shown.open;
  shown.replaceWith(document.adoptNode(found));
  if (focused) document.getElementById(focused)?.focus();
  return true;
}

for (const form of document.querySelectorAll("form[data-filter]")) {
  let timer, asked;
  const filter = async () => {
    asked?.abort();
    asked = new AbortController();
    const pairs = [...new FormData(form)].filter(([, value]) => value !== "");
    const address = `${form.action.split("?")[0]}?${new URLSearchParams(pairs)}`;
    try {
      const answer = await fetch(address, { signal: asked.signal });
      if (!answer.ok) return;
      const page = parse(await answer.text());
      page.querySelectorAll("[data-part][id]").forEach(replace);
      history.replaceState(null, "", address);
      say(document.querySelector("[data-count]")?.textContent ?? "");
    } catch (stopped) {
      if (stopped.name !== "AbortError") form.submit();
    }
  };
  const soon = (event) => {
    if (event.target.form !== form) return;
    clearTimeout(timer);
    timer = setTimeout(filter, event.type === "input" ? 250 : 0);
  };
  document.addEventListener("change", (event) => event.target.type !== "search" && soon(event));
  form.addEventListener("input", soon);
  form.addEventListener("submit", (event) => { event.preventDefault(); clearTimeout(timer); filter(); });
}

for (const place of document.querySelectorAll("[data-live]")) {
  let moved = 0;
  const source = new EventSource(place.dataset.live);
  source.addEventListener("message", ({ data }) => {
    for (const found of [...parse(data).body.children]) {
      const said = found.dataset.said;
      if (found.id && said) found.classList.add("moved");
      if (found.id && replace(found) && said && moved++ % 10 === 0) say(said);
    }
  });
  addEventListener("pagehide", () => source.close());
}
