"use strict";
(() => {
  const sheet = JSON.parse(document.getElementById("sheet").textContent);
  const at = (id) => document.getElementById(id);
  const KEYS = sheet.points ? { u: "unsure" } : { y: "yes", n: "no", u: "unsure" };
  for (let point = 1; point <= sheet.points; point += 1) KEYS[point] = String(point);
  const rows = sheet.lines.length, width = sheet.labels.length;
  let rater = "", row = 0, label = 0, answers = [], undo = [];

  const blank = () => sheet.lines.map(() => new Array(width).fill(""));

  // -- kept in this browser, for each rater apart ---------------------------------
  const slot = () => `affectflow/${sheet.sample}/${rater}`;
  function keep() {
    try {
      localStorage.setItem(slot(), JSON.stringify({ row, answers }));
    } catch (error) {
      at("hint").textContent = "This browser keeps nothing: press s before you close it.";
      at("hint").hidden = false;
    }
  }
  function recall() {
    answers = blank(); row = 0; label = 0; undo = [];
    try {
      const kept = JSON.parse(localStorage.getItem(slot()));
      const fits = kept && kept.answers.length === rows
        && kept.answers.every((each) => each.length === width);
      if (fits) ({ row, answers } = kept);
    } catch (error) { /* nothing is kept, or nothing that fits */ }
  }

  // -- what is seen --------------------------------------------------------------------
  function show() {
    const [, context, text] = sheet.lines[row];
    at("context").textContent = context;
    at("text").textContent = text;
    at("text").scrollTop = 0;
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
  }

  // -- what is done ----------------------------------------------------------------------
  function move(to) { row = Math.min(rows - 1, Math.max(0, to)); label = 0; }
  function remember() { undo.push([row, label, answers[row].slice()]); }
  function answer(said) {
    remember();
    answers[row][label] = said;
    if (label + 1 < width) label += 1; else move(row + 1);
  }
  function rest() {
    remember();
    answers[row] = answers[row].map((said) => said || "no");
    move(row + 1);
  }
  function back() {
    if (!undo.length) return;
    const [r, l, before] = undo.pop();
    row = r; label = l; answers[row] = before;
  }
  function press(key) {
    if (KEYS[key.toLowerCase()]) answer(KEYS[key.toLowerCase()]);
    else if (key >= "1" && key <= "9" && Number(key) <= width) label = Number(key) - 1;
    else if (key === "ArrowRight") move(row + 1);
    else if (key === "ArrowLeft") move(row - 1);
    else if (key === "ArrowDown") label = Math.min(width - 1, label + 1);
    else if (key === "ArrowUp") label = Math.max(0, label - 1);
    else if (key === "Enter" && !sheet.points) rest();
    else if (key === "z" || key === "Backspace") back();
    else if (key === "s") save();
    else return false;
    return true;
  }

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
    if (!rater || !press(event.key)) return;
    event.preventDefault();
    keep();
    show();
  });
  at("rater").addEventListener("change", begin);
})();
