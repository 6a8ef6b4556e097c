"use strict";
// Filters over the cells in the page. Text from outside only ever becomes textContent.
(() => {
  const SEVERAL = "several, too small to show alone";
  const UNSTATED = "not stated";
  const SVG = "http://www.w3.org/2000/svg";
  const data = JSON.parse(document.getElementById("filter-cells").textContent);
  const controls = document.getElementById("filter-controls");
  const result = document.getElementById("filter-result");
  const place = document.getElementById("filter-table");
  const told = data.dimensions.map((each, n) => ({ ...each, n }));
  const used = told.filter((each) => each.values.length > 1);
  const number = (n) => n.toLocaleString("en-GB");
  const plural = (n, one, many) => `${number(n)} ${n === 1 ? one : many}`;

  function make(tag, text, parent) {
    const made = document.createElement(tag);
    if (text) made.textContent = text;
    if (parent) parent.append(made);
    return made;
  }

  function select(name, options, parent) {
    const label = make("label", "", parent);
    make("span", name, label);
    const made = make("select", "", label);
    fill(made, options);
    return made;
  }

  function fill(made, options) {
    made.replaceChildren(...options.map(([value, text]) => new Option(text, value)));
  }

  function spelt(dimension, value) {
    if (value < 0) return SEVERAL;
    const text = dimension.values[value] || UNSTATED;
    return dimension.ordered && text !== UNSTATED ? period(text) : text;
  }

  function period(start) {
    const [year, month] = start.split("-");
    if (data.period === "year") return year;
    if (data.period === "quarter") return `${year}, quarter ${Math.ceil(month / 3)}`;
    if (data.period === "month") return `${year}-${month}`;
    return `week of ${start}`;
  }

  // -- controls: built here, so that a page without scripts shows no dead ones

  const form = make("form", "", controls);
  form.className = "filters";
  form.setAttribute("aria-label", "Filters");
  const fields = new Map();
  for (const each of used) {
    const all = each.values.map((_, n) => [n, spelt(each, n)]);
    if (each.ordered) {
      const dated = all.filter(([n]) => each.values[n]);
      fields.set(each.n, {
        from: select("From", [["", "the beginning"], ...dated], form),
        to: select("To", [["", "the end"], ...dated], form),
      });
    } else {
      fields.set(each.n, { is: select(each.name, [["", "all"], ...all], form) });
    }
  }
  const who = select("Annotator", data.choices.map((c, n) => [n, c.name]), form);
  const what = select("Label", [], form);
  const by = select("Show by", told.filter((d) => d.values.length).map((d) => [d.n, d.name]), form);
  const reset = make("button", "Show all", form);
  reset.type = "button";
  reset.addEventListener("click", () => { begin(); show(); });
  form.addEventListener("submit", (event) => event.preventDefault());
  who.addEventListener("change", offer);
  // Reaches the form after the select itself has handled it.
  form.addEventListener("change", show);

  function begin() {
    for (const each of fields.values()) {
      for (const made of Object.values(each)) made.value = "";
    }
    who.value = data.first[0];
    offer();
    what.value = Math.max(0, data.choices[who.value].labels.indexOf(data.first[1]));
    by.selectedIndex = 0;
  }

  function offer() {
    const before = what.selectedOptions.length ? what.selectedOptions[0].text : "";
    const labels = data.choices[who.value].labels;
    fill(what, labels.map((name, n) => [n, name]));
    what.value = Math.max(0, labels.indexOf(before));
  }

  // -- counting

  // "in", "out", or "unknown": the cell holds several values, some of them chosen.
  function state(value, field) {
    const chosen = Object.values(field).some((made) => made.value !== "");
    if (!chosen) return "in";
    if (value < 0) return "unknown";
    if (field.is) return Number(field.is.value) === value ? "in" : "out";
    const dated = data.dimensions[1].values[value] !== "";
    const low = field.from.value === "" ? -Infinity : Number(field.from.value);
    const high = field.to.value === "" ? Infinity : Number(field.to.value);
    return dated && low <= value && value <= high ? "in" : "out";
  }

  function counted() {
    const choice = Number(who.value), label = Number(what.value), group = Number(by.value);
    const all = { flagged: 0, messages: 0, people: 0, groups: new Map(), unknown: 0, unanswered: 0 };
    for (const [values, choices, messages, people, flags] of data.cells) {
      const states = [...fields].map(([n, field]) => state(values[n], field));
      if (states.includes("out")) continue;
      if (states.includes("unknown")) { all.unknown += messages; continue; }
      if (!choices.includes(choice)) { all.unanswered += messages; continue; }
      const found = flags.find(([c, l]) => c === choice && l === label);
      const flagged = found ? found[2] : 0;
      const key = values[group];
      const row = all.groups.get(key) || { flagged: 0, messages: 0, people: 0 };
      for (const sum of [all, row]) {
        sum.flagged += flagged;
        sum.messages += messages;
        sum.people = Math.max(sum.people, people);
      }
      all.groups.set(key, row);
    }
    return all;
  }

  // -- what is shown

  function choices() {
    const parts = [];
    for (const [n, field] of fields) {
      if (field.is && field.is.value !== "") parts.push(field.is.selectedOptions[0].text);
      if (field.from && field.from.value !== "") parts.push(`from ${field.from.selectedOptions[0].text}`);
      if (field.to && field.to.value !== "") parts.push(`to ${field.to.selectedOptions[0].text}`);
    }
    return parts.length ? `Only: ${parts.join("; ")}.` : "Nothing is filtered out.";
  }

  function sentence(all) {
    const label = what.selectedOptions.length ? what.selectedOptions[0].text : "no label";
    const parts = [];
    if (all.messages) {
      parts.push(`${label}: flagged in ${number(all.flagged)} of ${plural(all.messages, "message", "messages")}, ${byWhom(all.people)}.`);
    } else {
      parts.push("No group of messages is large enough to be shown for this choice.");
    }
    parts.push(choices());
    if (all.unknown) parts.push(`${plural(all.unknown, "further message is", "further messages are")} in groups that cannot be told apart by this choice.`);
    if (all.unanswered) parts.push(`${plural(all.unanswered, "message was", "messages were")} not all answered by this annotator.`);
    return parts.join(" ");
  }

  function byWhom(n) {
    if (data.counted === "people") return `which at least ${plural(n, "person", "people")} wrote`;
    return `from at least ${plural(n, "conversation", "conversations")}`;
  }

  function bar(row, most) {
    const svg = document.createElementNS(SVG, "svg");
    const shape = (width, name) => {
      const made = document.createElementNS(SVG, "rect");
      made.setAttribute("width", (100 * width) / most);
      made.setAttribute("height", "8");
      made.setAttribute("class", name);
      svg.append(made);
    };
    svg.setAttribute("viewBox", "0 0 100 8");
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("aria-hidden", "true");
    svg.setAttribute("class", "bar");
    shape(row.messages, "all");
    shape(row.flagged, "some");
    return svg;
  }

  function rows(all, dimension) {
    const order = ([a, x], [b, y]) =>
      (a < 0) - (b < 0) || (dimension.ordered ? a - b : y.messages - x.messages || a - b);
    return [...all.groups].sort(order);
  }

  function drawn(all) {
    const dimension = told[Number(by.value)];
    const table = make("table");
    const head = make("tr", "", make("thead", "", table));
    for (const [n, name] of [dimension.name, "Flagged", "Messages", `${data.counted === "people" ? "People" : "Conversations"}, at least`, ""].entries()) {
      const cell = make(name ? "th" : "td", name, head);
      if (name) cell.scope = "col";
      if (n > 0 && name) cell.className = "number";
    }
    const body = make("tbody", "", table);
    const most = Math.max(1, ...[...all.groups.values()].map((row) => row.messages));
    for (const [value, row] of rows(all, dimension)) {
      const line = make("tr", "", body);
      const first = make("th", "", line);
      first.scope = "row";
      make("bdi", spelt(dimension, value), first);
      for (const n of [row.flagged, row.messages, row.people]) {
        make("td", number(n), line).className = "number";
      }
      make("td", "", line).append(bar(row, most));
    }
    return table;
  }

  function show() {
    const all = counted();
    result.textContent = sentence(all);
    const scroll = make("div");
    scroll.className = "scroll";
    if (all.messages) scroll.append(drawn(all));
    place.replaceChildren(scroll);
  }

  begin();
  show();
})();
