"use strict";
(() => {
  const sheet = JSON.parse(document.getElementById("sheet").textContent);
  const at = (id) => document.getElementById(id);
  const KEYS = sheet.points ? { u: "unsure" } : { y: "yes", n: "no", u: "unsure" };
  for (let point = 1; point <= sheet.points; point += 1) KEYS[point] = String(point);
  const rows = sheet.lines.length, width = sheet.labels.length;
  let rater = "", row = 0, label = 0, ended = false, answers = [], undo = [], seen = null;

  const blank = () => sheet.lines.map(() => new Array(width).fill(""));

  // -- kept in this browser, for each rater apart ---------------------------------
  const slot = () => `affectflow/${sheet.sample}/${rater}`;
  function keep() {
    try {
      localStorage.setItem(slot(), JSON.stringify({ row, answers }));
    } catch (error) {
      at("hint").textContent = "This browser keeps nothing: save the CSV (key s) before you close it.";
      at("hint").hidden = false;
    }
  }
  function recall() {
    answers = blank(); row = 0; label = 0; ended = false; undo = [];
    try {
      const kept = JSON.parse(localStorage.getItem(slot()));
      const fits = kept && kept.answers.length === rows
        && kept.answers.every((each) => each.length === width);
      if (fits) ({ row, answers } = kept);
    } catch (error) { /* nothing is kept, or nothing that fits */ }
  }

  // -- what is seen --------------------------------------------------------------------
  function show() {
    const line = sheet.lines[row];
    const [, context, text] = line;
    at("context").textContent = context;
    at("text").textContent = text;
    if (line !== seen) { at("text").scrollTop = 0; window.scrollTo(0, 0); }
    seen = line;
    at("labels").replaceChildren(...sheet.labels.map((each, number) => {
      const item = document.createElement("li");
      const said = document.createElement("b");
      said.textContent = answers[row][number] || "·";
      item.append(each.name, said);
      if (number === label) item.setAttribute("aria-current", "true");
      return item;
    }));
    at("meaning").textContent = `${sheet.labels[label].name}: ${sheet.labels[label].meaning}`;
    const done = answers.filter((each) => each.every((said) => said)).length;
    at("bar").max = rows;
    at("bar").value = done;
    at("progress").textContent = `message ${row + 1} of ${rows}, ${done} done`;
    at("hint").hidden = !ended;
    at("hint").textContent = done === rows
      ? "All done: save the CSV (key s)."
      : `That was the last message, open: ${rows - done}. Go back (key ←) or save the CSV (key s).`;
  }

  // -- what is done ----------------------------------------------------------------------
  // Behind the last message nothing is asked: an answer too many overwrites none.
  function move(to) {
    ended = to >= rows;
    row = Math.min(rows - 1, Math.max(0, to));
    label = 0;
  }
  function choose(to) { ended = false; label = to; }
  function remember() { undo.push([row, label, answers[row].slice()]); }
  function answer(said) {
    if (ended) return;
    remember();
    answers[row][label] = said;
    if (label + 1 < width) label += 1; else move(row + 1);
  }
  function rest() {
    if (ended) return;
    remember();
    answers[row] = answers[row].map((said) => said || "no");
    move(row + 1);
  }
  function back() {
    if (!undo.length) return;
    const [r, l, before] = undo.pop();
    row = r; label = l; answers[row] = before; ended = false;
  }
  // Further down or up in a long message, a little less than what is seen of it.
  function scroll(step) {
    at("text").scrollBy({ top: step * 0.9 * at("text").clientHeight });
  }
  function press(key) {
    if (KEYS[key]) answer(KEYS[key]);
    else if (key >= "1" && key <= "9" && Number(key) <= width) choose(Number(key) - 1);
    else if (key === "ArrowRight") move(row + 1);
    else if (key === "ArrowLeft") move(ended ? row : row - 1);
    else if (key === "ArrowDown") choose(Math.min(width - 1, label + 1));
    else if (key === "ArrowUp") choose(Math.max(0, label - 1));
    else if (key === "PageDown" || key === " ") scroll(1);
    else if (key === "PageUp") scroll(-1);
    else if (key === "Enter" && !sheet.points) rest();
    else if (key === "z" || key === "Backspace") back();
    else if (key === "s") save();
    else return false;
    return true;
  }
  // What a key types in Latin, or else what is printed on it: other alphabets have no y,
  // and some keyboards give digits with Shift alone.
  function keyOf(event) {
    if (event.key.length > 1) return event.key;
    const [, kind, sign] = /^(Key|Digit)(.)$/.exec(event.code || "") || [];
    const typed = /^[a-z]$/i.test(event.key);
    return (sign && (kind === "Digit" || !typed) ? sign : event.key).toLowerCase();
  }
  const REPEATED = new Set(["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown",
    "PageUp", "PageDown", " "]);

  // -- the file: as `affectflow sample` writes it ----------------------------------------
  const defused = (cell) => (/^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell);
  const quoted = (cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
  function csv() {
    const lines = [[...sheet.fixed, ...sheet.labels.map((each) => each.name)]];
    sheet.lines.forEach(([id, context, text], number) => {
      const known = [sheet.sample, id, rater, context, text].map(defused);
      lines.push([...known, ...answers[number]]);
    });
    return lines.map((cells) => cells.map(quoted).join(",") + "\r\n").join("");
  }
  function save() {
    const link = document.createElement("a");
    const blob = new Blob(["\ufeff", csv()], { type: "text/csv;charset=utf-8" });
    link.href = URL.createObjectURL(blob);
    link.download = `${sheet.sample}-${rater.replace(/[^\p{L}\p{N}-]+/gu, "-")}.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }

  function begin() {
    rater = at("rater").value.trim().normalize("NFC");
    at("start").hidden = rater !== "";
    if (!rater) return;
    recall();
    at("hint").hidden = true;
    at("item").hidden = false;
    at("labels").classList.toggle("scale", sheet.points > 0);
    at("rater").blur();
    show();
  }
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target === at("rater")) {
      if (event.key === "Enter") { event.preventDefault(); begin(); }
      return;
    }
    const key = keyOf(event);
    if (event.repeat && !REPEATED.has(key)) { event.preventDefault(); return; }
    if (act(key)) event.preventDefault();
  });
  function act(key) {
    if (!rater || !press(key)) return false;
    keep();
    show();
    return true;
  }
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-key]");
    if (button) act(button.dataset.key);
    const item = event.target.closest("#labels li");
    if (item) { choose([...item.parentNode.children].indexOf(item)); show(); }
    // Enter on a button that was clicked would press it again.
    if (button) button.blur();
  });
  at("start").addEventListener("click", () => { if (!rater) begin(); });
  at("rater").addEventListener("change", begin);
})();
