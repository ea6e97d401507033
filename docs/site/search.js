// Searches the sections of the book, and after them the names of the code: all words must be there, titles count more than text.
// search_index.js, which site.py writes, holds BOOK_INDEX: [title, page, url, text] for each.
(() => {
  const field = document.getElementById("book-search-words"), list = document.getElementById("book-search-results");
  if (!field || typeof BOOK_INDEX === "undefined") return;
  const alike = text => text.toLowerCase().replace(/_/g, "-");  // all_reduce() and all-reduce find each other
  const index = BOOK_INDEX.map(([title, page, url, text]) => ({ title, page, url, text, low_title: alike(title), low_text: alike(text) }));
  let chosen = -1;

  // Where a word of the text begins with `word`: "ring" is not in "during". Else where it is at all, or -1.
  const find = (text, word) => {
    for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1))
      if (at === 0 || !/[a-z0-9]/.test(text[at - 1])) return { at, whole: true };
    return { at: text.indexOf(word), whole: false };
  };

  const score = (entry, words) => {
    let sum = 0;
    for (const word of words) {
      const title = find(entry.low_title, word), text = find(entry.low_text, word);
      if (title.at < 0 && text.at < 0) return 0;
      if (title.whole) sum += title.at === 0 ? 30 : 20;
      else if (text.whole) sum += 2 + Math.min(8, entry.low_text.split(word).length - 1);
      else sum += 1;
    }
    return sum + (entry.low_text.includes(words.join(" ")) ? 5 : 0);
  };

  // Some words of the text around the first find, with the find marked.
  const excerpt = (entry, words) => {
    const shown = document.createElement("small"), word = [words.join(" "), ...words].find(w => entry.low_text.includes(w));
    if (!word) return shown;
    const { at } = find(entry.low_text, word), from = at < 45 ? 0 : entry.text.indexOf(" ", at - 45) + 1;
    const mark = document.createElement("mark");
    mark.textContent = entry.text.slice(at, at + word.length);
    shown.append((from ? "… " : "") + entry.text.slice(from, at), mark, entry.text.slice(at + word.length, at + word.length + 60) + " …");
    return shown;
  };

  const show = () => {
    const words = alike(field.value).split(/\s+/).filter(Boolean);
    chosen = -1;
    list.replaceChildren();
    if (!words.length) return;
    const found = index.map(entry => [score(entry, words), entry]).filter(pair => pair[0] > 0);
    found.sort((a, b) => b[0] - a[0]);
    const best = (prose, count) => found.filter(([, entry]) => prose === !!entry.text).slice(0, count);
    for (const [, entry] of [...best(true, 8), ...best(false, 6)]) {
      const link = document.createElement("a"), page = document.createElement("small");
      link.href = entry.url;
      link.textContent = entry.title;
      page.textContent = entry.page;
      link.append(page, excerpt(entry, words));
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
    links[chosen].scrollIntoView({ block: "nearest" });
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
