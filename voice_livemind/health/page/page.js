"use strict";
// Draws what the server says is to be seen. All text is set as text: what a visitor says is never taken for markup.

const ACTIVITIES = {
  starting: "starting", waiting: "waiting", idle: "ready: speak to it", greeting: "greeting",
  listening: "listening: your turn", thinking: "thinking", speaking: "speaking: its turn",
  quiet_hours: "quiet hours", out_of_order: "out of order",
};
const RUNGS = {
  full: "everything works", without_thinker: "without thinking ahead",
  local_speaker: "the small model here answers", prepared: "prepared sentences only",
};
const SHED = { thinking: "no thinking ahead", warming: "no thinking ahead, no warming" };
const WAITS = {
  pause_wait: "silence noticed", text_wait: "words known", commit_wait: "turn over",
  first_sound: "first sound", first_clause: "first clause", first_word: "first word",
};
const FATES = { thinking: "thinking", kept: "kept", stale: "stale", aborted: "aborted", late: "late", wait: "nothing new" };

const byId = (id) => document.getElementById(id);
let shown = null;  // what was last sent
let ahead = 0;     // this browser's clock before the sample clock, in seconds

function make(tag, className, ...inside) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...inside);
  return element;
}

// The conversation

const articles = new Map();  // by number of the turn: the article, and what it was drawn from

function drawTurns(turns) {
  byId("nobody").hidden = turns.length > 0;
  for (const [number, { article }] of articles) {
    if (!turns.some((turn) => turn.number === number)) { article.remove(); articles.delete(number); }
  }
  for (const turn of turns) {
    const source = JSON.stringify(turn);
    const before = articles.get(turn.number);
    if (before && before.source === source) continue;
    const article = before ? before.article : make("article");
    article.replaceChildren(...partsOf(turn));
    article.setAttribute("aria-labelledby", `turn-${turn.number}`);
    article.className = turn.over ? "" : "current";
    if (!before) byId("turns").prepend(article);
    articles.set(turn.number, { article, source });
  }
}

function partsOf(turn) {
  const name = make("h3", "", `Turn ${turn.number}`);
  name.id = `turn-${turn.number}`;
  const stage = turn.over ? "over" : turn.committed === null ? "listening" : turn.reply[0] === null ? "thinking" : "speaking";
  const track = make("div", "track");
  track.setAttribute("aria-hidden", "true");
  drawTrack(track, turn);
  return [make("div", "top", name, make("span", "", stage)), wordsOf(turn), track, timesOf(turn.waits)];
}

function wordsOf(turn) {
  const said = make("div");
  for (const sentence of turn.sentences) {
    said.append(make("p", "", sentence.text));
    if (sentence.thoughts.length) said.append(make("ul", "thoughts", ...sentence.thoughts.map(thoughtOf)));
  }
  if (turn.words) said.append(make("p", "unsettled", turn.words));
  if (!said.childNodes.length) said.append(make("p", "unsettled", "…"));
  const who = make("div", "who", make("h4", "speech", "Visitor"), said);
  if (turn.heard || turn.rest || turn.interrupted) {
    const reply = make("p", "", make("span", "heard", turn.heard));
    if (turn.interrupted) reply.append(make("span", "cut", " — cut off — "));
    reply.append(" ", make("span", "rest", turn.rest));
    who.append(make("h4", "reply", "Kiosk"), reply);
  }
  if (turn.fallback) who.append(make("h4", "void", "Fallback"), make("p", "fallback", turn.fallback));
  return who;
}

function thoughtOf(thought) {
  const colour = thought.fate === "kept" ? "kept" : "void";
  const item = make("li", `${colour} ${thought.fate}`);
  if (thought.note) item.append(make("q", "", thought.note), " ");
  item.append(make("span", "fate", FATES[thought.fate]));
  return item;
}

function timesOf(waits) {
  const list = make("dl", "times");
  list.setAttribute("aria-label", "Seconds after the end of speech");
  for (const [key, name] of Object.entries(WAITS)) {
    if (waits[key] === null) continue;
    list.append(make("div", key === "first_word" ? "main" : "",
      make("dt", "", name), make("dd", "", `${waits[key] < 0 ? "" : "+"}${waits[key].toFixed(2)} s`)));
  }
  return list;
}

// Bars on a common time line, from the start of speech on. What goes on grows up to now.
function drawTrack(track, turn) {
  const now = performance.now() / 1000 - ahead;
  const [start, speechEnd] = turn.speech;
  const end = (value) => value === null ? (turn.over ? start : now) : value;
  const bars = [["speech", start, end(speechEnd)]];
  for (const sentence of turn.sentences) {
    for (const thought of sentence.thoughts) {
      bars.push([thought.fate === "kept" ? "kept" : "void", thought.start_s, end(thought.end_s)]);
    }
  }
  if (turn.reply[0] !== null && turn.reply[0] <= now) bars.push(["reply", turn.reply[0], end(turn.reply[1])]);
  if (turn.committed !== null) bars.push(["commit", turn.committed, turn.committed]);
  const length = Math.max(3, 1.05 * (Math.max(...bars.map((bar) => bar[2])) - start));
  const place = (seconds) => `${100 * (seconds - start) / length}%`;
  const step = [1, 2, 5, 10, 20, 60].find((each) => length / each < 9) || 120;
  const ticks = [];
  for (let second = 0; second < length; second += step) {
    const tick = make("span", "", `${second} s`);
    tick.style.left = place(start + second);
    ticks.push(tick);
  }
  track.replaceChildren(...ticks, ...bars.map(([name, from, to]) => {
    const bar = make("i", name);
    bar.style.left = place(from);
    if (name !== "commit") bar.style.width = `${100 * Math.max(0, to - from) / length}%`;
    return bar;
  }));
}

setInterval(() => {
  for (const turn of shown ? shown.turns : []) {
    if (!turn.over) drawTrack(articles.get(turn.number).article.querySelector(".track"), turn);
  }
}, 200);

// The state

function drawState(seen) {
  const activity = byId("activity");
  activity.textContent = (ACTIVITIES[seen.activity] || seen.activity) + (seen.detail ? `: ${seen.detail}` : "");
  activity.className = `activity ${seen.obstacles.length ? "bad" : seen.activity}`;
  const rows = [["Ladder", RUNGS[seen.rung] || seen.rung, seen.rung !== "full"]];
  if (SHED[seen.shed]) rows.push(["Servers", `slow: ${SHED[seen.shed]}`, true]);
  for (const [name, device] of Object.entries(seen.devices)) {
    rows.push([name[0].toUpperCase() + name.slice(1), device.message, !device.works]);
  }
  if (seen.self_test) rows.push(["Self-test", seen.self_test.ok ? "passed" : seen.self_test.detail, !seen.self_test.ok]);
  rows.push(["Visitors", String(seen.visitors), false]);
  byId("state").replaceChildren(...rows.flatMap(([name, value, bad]) => [make("dt", "", name), make("dd", bad ? "bad" : "", value)]));
  trouble(seen.obstacles.length ? `It can't answer: ${seen.obstacles.join("; ")}.` : "");
}

function trouble(text) {
  const place = byId("trouble");
  if (place.textContent !== text) place.textContent = text;
  place.hidden = !text;
}

// For who can't see: what is settled, once, and not each word of it as it changes.

let told = new Set();

function tell(turns) {
  const news = [];
  for (const turn of turns) {
    const parts = turn.committed === null ? [] : turn.sentences.map((sentence) => `Visitor: ${sentence.text}`);
    if (turn.over && turn.heard) parts.push(`Kiosk: ${turn.heard}`);
    for (const text of parts) {
      const key = `${turn.number} ${text}`;
      if (!told.has(key)) { told.add(key); news.push(text); }
    }
  }
  if (!turns.length) told = new Set();
  if (!turns.length || news.length) byId("said").textContent = news.join(" ");
}

// What is sent

function listen() {
  const events = new EventSource("/events");
  events.onmessage = (message) => {
    const { now_s, seen } = JSON.parse(message.data);
    ahead = performance.now() / 1000 - now_s;
    shown = seen;
    drawState(seen);
    drawTurns(seen.turns);
    tell(seen.turns);
  };
  events.onerror = () => {
    byId("activity").textContent = "no connection";
    byId("activity").className = "activity bad";
    trouble("The kiosk doesn't answer. This page goes on by itself as soon as it does.");
    // A lost connection is made again by the browser, one that was refused is not.
    if (events.readyState === EventSource.CLOSED) setTimeout(listen, 3000);
  };
}

listen();
byId("button").addEventListener("click", async () => {
  try {
    const answer = await fetch("/button", { method: "POST" });
    if (!answer.ok) throw new Error(answer.statusText);
  } catch {
    trouble("The button could not be pushed.");
  }
});
