/** Connections: who is connected; pushing and closing by hand; and clients of one's own, side by side. */

import { html, useEffect, useReducer, useRef } from "../preact.js";
import { ask, path, socketAddress } from "./ask.js";
import { moment, time } from "./format.js";
import { now, touchedBy, useAsked } from "./live.js";
import { Action, Asked, Field, Form, Table } from "./parts.js";
import { link } from "./route.js";

const ORDER = '{"type":"margherita","size":"L"}';
const MOST_FRAMES = 500;

/** The panels stay open while one looks at something else: their sockets are the page's. */
const panels = [];
let number = 0;
let changed = () => {};

export function Connections() {
  const [, again] = useReducer((count) => count + 1, 0);
  useEffect(() => {
    changed = again;
    return () => (changed = () => {});
  }, []);
  const connections = useAsked("connections", touchedBy("apigateway"));
  const apis = useAsked("apis");
  const stages = (apis.value ?? []).flatMap((api) => Object.values(api.stages));
  const open = (form) => {
    panels.push(dial(form.get("address")));
    again();
  };
  return html`
    <h1>Connections</h1>
    <${Asked} of=${connections}>
      ${(found) => html`<${Table} label="Connections" heads=${["Id", "Stage", "Connected", "Last active", "From", "Push", "Close"]} empty="Nobody is connected.">
        ${found.map((each) => html`<${Row} key=${each.id} of=${each} />`)}
      <//>`}
    <//>
    <h2>Clients</h2>
    ${apis.value &&
    html`<${Form} label="Open a connection" button="Open" send=${open} key=${stages.join()}>
      <${Field} label="Address">
        <input name="address" type="url" list="stages" required defaultValue=${stages.length ? socketAddress(stages[0]) : ""} />
      <//>
      <datalist id="stages">${stages.map((stage) => html`<option value=${socketAddress(stage)}></option>`)}</datalist>
    <//>`}
    <div class="panels">${panels.map((panel) => html`<${Panel} key=${panel.number} of=${panel} />`)}</div>
  `;
}

function Row({ of }) {
  const push = (form) => ask(path(["connections", of.id, "messages"]), { text: form.get("text") });
  return html`<tr>
    <td><a href=${link(["journal"], { find: of.id })}><code>${of.id}</code></a></td>
    <td>${of.stage}</td>
    <td>${moment(of.connected_at)}</td>
    <td class="time">${time(of.last_active_at)}</td>
    <td>${of.source_ip} <span class="quiet">${of.user_agent?.slice(0, 40)}</span></td>
    <td><${Form} label="Push to ${of.id}" button="Push" send=${push}><input name="text" aria-label="Text to push to ${of.id}" defaultValue='{"hello":"guest"}' required /><//></td>
    <td><${Action} kind="danger" act=${() => ask(path(["connections", of.id, "close"]), {})} aria-label="Close ${of.id}">Close<//></td>
  </tr>`;
}

function dial(address) {
  const panel = { number: ++number, address, state: "connecting", frames: [], socket: new WebSocket(address) };
  const note = (kind, text) => {
    panel.frames = [...panel.frames, { kind, text, when: now() }].slice(-MOST_FRAMES);
    changed();
  };
  panel.socket.onopen = () => ((panel.state = "open"), note("told", "connected"));
  panel.socket.onmessage = (message) => note("received", message.data);
  panel.socket.onclose = (event) => ((panel.state = "closed"), note("told", `closed: ${event.code} ${event.reason}`));
  panel.send = (text) => {
    if (panel.socket.readyState !== WebSocket.OPEN) throw new Error("the connection is not open");
    panel.socket.send(text);
    note("sent", text);
  };
  return panel;
}

function Panel({ of }) {
  const frames = useRef(null);
  useEffect(() => void (frames.current.scrollTop = frames.current.scrollHeight), [of.frames]);
  const close = () => {
    if (of.state === "closed") panels.splice(panels.indexOf(of), 1);
    else of.socket.close(1000);
    changed();
  };
  return html`<section class="panel client" aria-label="Client ${of.number}">
    <h3>Client ${of.number} <span class="badge ${of.state}">${of.state}</span></h3>
    <p class="quiet">${of.address}</p>
    <ol class="frames" ref=${frames} tabindex="0" role="log" aria-label="Frames of client ${of.number}">
      ${of.frames.map((frame) => html`<li class=${frame.kind}><span class="time">${time(frame.when)}</span> <span class="sign" aria-label=${frame.kind}>${SIGNS[frame.kind]}</span> <code>${typeof frame.text === "string" ? frame.text : "(binary)"}</code></li>`)}
    </ol>
    <${Form} label="Send from client ${of.number}" button="Send" send=${(form) => of.send(form.get("text"))}>
      <${Field} label="Message"><textarea name="text" rows="2" spellcheck=${false} defaultValue=${ORDER}></textarea><//>
    <//>
    ${of.frames.some(({ kind }) => kind === "sent") &&
    html`<details><summary>As a test</summary>
      <${Action} act=${() => save(of)} aria-label="Save a test of client ${of.number}">Save test_session.py<//>
      <p class="quiet">The same from a shell:</p>
      <pre tabindex="0"><code>${recording(of.frames)}</code></pre>
    </details>`}
    <button type="button" onClick=${close}>${of.state === "closed" ? "Remove" : "Close"}</button>
  </section>`;
}

/** What was sent, with the seconds between. */
function sent(frames) {
  let before = null;
  return frames.filter(({ kind }) => kind === "sent").map(({ text, when }) => {
    const after = before === null ? 0 : Math.round((new Date(when) - new Date(before)) / 1000);
    before = when;
    return { text, after };
  });
}

/** Have the server make a test of what was sent, and save it. */
async function save(of) {
  const stage = new URL(of.address).pathname.split("/").pop() || null;
  const { test } = await ask("recordings", { messages: sent(of.frames), stage });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([test], { type: "text/x-python" }));
  link.download = "test_session.py";
  link.click();
  URL.revokeObjectURL(link.href);
}

/** The command that makes a test of what was sent. */
function recording(frames) {
  const messages = sent(frames).map(({ text, after }) => quoted(after > 0 ? `@${after} ${text}` : text));
  return ["pizzabar record", ...messages, "--output test_session.py"].join(" \\\n  ");
}

const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

const SIGNS = { sent: "▲", received: "▼", told: "•" };
