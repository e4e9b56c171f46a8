/** The clock: what it shows and owes; set, paused and moved. */

import { html } from "../preact.js";
import { ask } from "./ask.js";
import { duration, moment } from "./format.js";
import { now, useLive, useSeconds } from "./live.js";
import { Action, Field, Form } from "./parts.js";

export function Clock() {
  const { clock } = useLive();
  useSeconds();
  if (clock === null) return html`<h1>Clock</h1>`;
  const isMoved = clock.mode !== "real";
  const due = clock.next_call === null ? null : Date.parse(clock.next_call);
  return html`
    <h1>Clock</h1>
    <p class="large time" role="timer">${moment(now())} UTC</p>
    <dl>
      <dt>Mode</dt>
      <dd>${clock.mode}${clock.speed === null ? "" : `, waits ${clock.speed} times as fast`}</dd>
      <dt>Next timer</dt>
      <dd>${due === null ? "none" : `${moment(due)}, in ${duration(Math.max(0, due - now()))}`}</dd>
    </dl>
    <p class="actions">
      <${Action} act=${() => ask("clock/advance", { seconds: 5 })} disabled=${!isMoved}>Advance 5 s<//>
      <${Action} act=${() => ask("clock/advance", { seconds: 60 })} disabled=${!isMoved}>Advance 1 min<//>
      <${Action} act=${() => ask("clock/next", {})} disabled=${!isMoved} kind="main">Jump to the next timer<//>
    </p>
    <h2>How it goes on</h2>
    <p class="actions">
      <${Action} act=${() => ask("clock", { mode: "virtual" })} disabled=${clock.mode === "virtual"}>Pause (virtual)<//>
      <${Action} act=${() => ask("clock", { mode: "auto" })} disabled=${clock.mode === "auto"}>Skip every wait (auto)<//>
      <${Action} act=${() => ask("clock", { mode: "real" })} disabled=${clock.mode === "real" && clock.speed === 1}>Real time<//>
    </p>
    <${Form} label="Speed" button="Go on in real time" send=${(form) => ask("clock/speed", { speed: Number(form.get("speed")) })}>
      <${Field} label="Waits so many times as fast">
        <input name="speed" type="number" min="0.01" step="any" value="10" required />
      <//>
    <//>
  `;
}
