// Searches the sections of the book and the names of the code: all words must be there, titles count more than text.
// search_index.js, which site.py writes, holds BOOK_INDEX: [title, page, url, text in lower case] for each.
(() => {
  const field = document.getElementById("book-search-words"), list = document.getElementById("book-search-results");
  if (!field || typeof BOOK_INDEX === "undefined") return;
  let chosen = -1;

  const score = (entry, words) => {
    const title = entry[0].toLowerCase();
    let sum = 0;
    for (const word of words) {
      if (title.startsWith(word)) sum += 30;
      else if (title.includes(word)) sum += 20;
      else if (entry[3].includes(word)) sum += 1 + Math.min(8, entry[3].split(word).length - 1);
      else return 0;
    }
    return sum;
  };

  const show = () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    chosen = -1;
    list.replaceChildren();
    if (!words.length) return;
    const found = BOOK_INDEX.map(entry => [score(entry, words), entry]).filter(pair => pair[0] > 0);
    found.sort((a, b) => b[0] - a[0]);
    for (const [, entry] of found.slice(0, 12)) {
      const link = document.createElement("a"), page = document.createElement("small");
      link.href = entry[2];
      link.textContent = entry[0];
      page.textContent = entry[1];
      link.append(page);
      list.append(link);
    }
    if (!found.length) list.textContent = "Nothing found.";
  };

  const choose = step => {
    const links = list.querySelectorAll("a");
    if (!links.length) return;
    if (chosen >= 0) links[chosen].classList.remove("chosen");
    chosen = (chosen + step + links.length) % links.length;
    links[chosen].classList.add("chosen");
  };

  field.addEventListener("input", show);
  field.addEventListener("keydown", event => {
    if (event.key === "ArrowDown") choose(1);
    else if (event.key === "ArrowUp") choose(chosen < 0 ? 0 : -1);
    else if (event.key === "Enter") (list.querySelector("a.chosen") || list.querySelector("a"))?.click();
    else if (event.key === "Escape") { field.value = ""; show(); }
    else return;
    event.preventDefault();
  });
  document.addEventListener("click", event => { if (!event.target.closest("#book-search")) list.replaceChildren(); });
})();
