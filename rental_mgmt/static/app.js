/* What JavaScript adds to pages that are complete without it. Nothing typed is kept here: it is personal data. */
(() => {
  "use strict";
  const root = document.documentElement;
  const english = root.lang === "en";
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const on = (type, listener, capture = false) => document.addEventListener(type, listener, capture);
  root.classList.add("js");

  /* Appearance changes at once; another language needs the page again. */
  function choosePreference(input) {
    const form = input.form;
    const kept = fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)), redirect: "manual" });
    if (input.name === "theme") input.value === "auto" ? delete root.dataset.theme : (root.dataset.theme = input.value);
    else if (input.name === "type_size") root.dataset.type = input.value;
    else kept.finally(() => location.reload());
  }

  /* A second press of a slow button is not a second act (the form key would stop it too; this says so). */
  function sendOnce(event) {
    const form = event.target;
    const button = event.submitter;
    if (button?.dataset.confirm && !window.confirm(button.dataset.confirm)) return event.preventDefault();
    if (form.method !== "post") return;
    if (form.dataset.sent) return event.preventDefault();
    form.dataset.sent = "1";
    /* After this turn: a disabled button would not send its own value. */
    setTimeout(() => all("button", form).concat(button || []).forEach((b) => b.setAttribute("aria-disabled", "true")));
    /* A download leaves the page standing: let it be asked for again. */
    setTimeout(readyAgain, 8000);
  }

  function readyAgain() {
    all("form[data-sent]").forEach((form) => delete form.dataset.sent);
    all("button[aria-disabled]").forEach((button) => button.removeAttribute("aria-disabled"));
  }

  async function copy(button) {
    const source = button.closest(".copy").querySelector("textarea, input");
    source.select();
    /* Over plain http there is no clipboard object: the older command copies. */
    try { await navigator.clipboard.writeText(source.value); } catch { document.execCommand("copy"); }
    const words = button.querySelector("span");
    const before = words.textContent;
    words.textContent = button.dataset.done;
    setTimeout(() => { words.textContent = before; }, 2000);
  }

  function span(seconds) {
    const minutes = Math.floor(seconds / 60);
    const [d, h, m] = [Math.floor(minutes / 1440), Math.floor((minutes % 1440) / 60), minutes % 60];
    if (d) return english ? `${d} d ${h} h` : `${d} 天 ${h} 小时`;
    if (h) return english ? `${h} h ${m} min` : `${h} 小时 ${m} 分`;
    return english ? `${m} min` : `${m} 分钟`;
  }

  /* From what the server said was left: a phone's clock may be wrong. */
  function countDown() {
    all("time[data-left]").forEach((time) => {
      const left = time.dataset.left - performance.now() / 1000;
      const words = span(Math.abs(left));
      time.textContent = left < 0 ? (english ? `Overdue by ${words}` : `已超 ${words}`) : (english ? `${words} left` : `剩 ${words}`);
      time.parentElement.classList.toggle("late", left < 0);
      time.parentElement.classList.toggle("soon", left >= 0 && left < time.dataset.soon);
    });
  }

  /* An ID number as people read it aloud: 6 + 8 + 4. Only shown, never sent. */
  function showGroups(input) {
    const typed = input.value.replace(/\s/g, "");
    const echo = input.closest(".field").querySelector(".echo");
    echo.textContent = /^\d{7,17}[\dXx]?$/.test(typed) ? typed.replace(/^(.{6})(.{0,8})(.*)$/, "$1 $2 $3").trim() : "";
  }

  /* Digits on the keypad only for papers that have them; the X then has its own button. */
  function chooseKeypad(input) {
    const { digitsBy, digitsFor } = input.dataset;
    const chosen = input.form.querySelector(`[name="${digitsBy}"]:checked, select[name="${digitsBy}"]`);
    const digits = digitsBy === "" || digitsFor.split(" ").includes(chosen?.value);
    input.inputMode = digits ? "numeric" : "text";
    input.parentElement.querySelector("[data-append]").hidden = !digits;
    showGroups(input);
  }

  /* Arrow keys walk from door to door. */
  function walk(event, building) {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!step) return;
    const floors = all(".floor", building).map((floor) => [...floor.children].slice(1));
    const y = floors.findIndex((doors) => doors.includes(document.activeElement));
    let [column, row] = y < 0 ? [-step[0], -step[1]] : [floors[y].indexOf(document.activeElement), y];
    do { column += step[0]; row += step[1]; } while (floors[row]?.[column] && floors[row][column].localName !== "a");
    const door = floors[row]?.[column];
    if (door) { event.preventDefault(); door.focus(); }
  }

  on("change", ({ target }) => {
    if (target.form?.dataset.preferences !== undefined) choosePreference(target);
    else if (target.form) all("[data-id-number]", target.form).forEach(chooseKeypad);
  });
  on("submit", sendOnce);
  on("input", (event) => { if (event.target.dataset.idNumber !== undefined) showGroups(event.target); });
  on("click", (event) => {
    const button = event.target.closest("button");
    all("details[data-menu][open]").forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
    if (button?.dataset.copy !== undefined) copy(button);
    if (button?.dataset.print !== undefined) window.print();
    if (button?.dataset.append) {
      const input = button.parentElement.querySelector("input");
      input.value += button.dataset.append;
      showGroups(input);
      input.focus();
    }
  });
  on("keydown", (event) => {
    const building = event.target.closest?.("[data-arrows]");
    if (building) walk(event, building);
    if (event.key !== "Escape") return;
    all("details[data-menu][open]").forEach((menu) => { menu.open = false; menu.querySelector("summary").focus(); });
  });
  window.addEventListener("pageshow", (event) => { if (event.persisted) readyAgain(); });
  window.addEventListener("beforeprint", () => all("details.fold").forEach((fold) => { fold.open = true; }));

  all("[data-copy], [data-print]").forEach((button) => { button.hidden = false; });
  all("[data-id-number]").forEach(chooseKeypad);
  document.querySelector("[data-focus]")?.focus();
  countDown();
  setInterval(countDown, 15000);
  /* Long work shows how far it is. */
  all("[data-look-again]").forEach((it) => setTimeout(() => location.reload(), it.dataset.lookAgain * 1000));
})();
