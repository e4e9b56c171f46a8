/** The drawing of a state machine, coloured by what became of its states. */

import { html, useEffect, useRef } from "../preact.js";
import { path } from "./ask.js";
import { useAsked } from "./live.js";
import { Asked } from "./parts.js";

/** Draw the definition at a path; `statuses` has a status for each state that was entered. */
export function Graph({ of, statuses = {}, chosen, choose }) {
  const drawing = useAsked(path(of));
  return html`<${Asked} of=${drawing}>${(svg) => html`<${Drawing} svg=${svg} statuses=${statuses} chosen=${chosen} choose=${choose} />`}<//>`;
}

function Drawing({ svg, statuses, chosen, choose }) {
  const box = useRef(null);
  useEffect(() => {
    for (const state of box.current.querySelectorAll("[data-state]")) {
      const name = state.dataset.state;
      for (const each of ["running", "succeeded", "caught", "failed", "aborted"]) state.classList.toggle(each, statuses[name] === each);
      state.classList.toggle("chosen", name === chosen);
      state.setAttribute("tabindex", "0");
      state.setAttribute("role", "button");
      state.setAttribute("aria-label", `${name}: ${statuses[name] ?? "not entered"}`);
      state.setAttribute("aria-pressed", String(name === chosen));
    }
    box.current.querySelector("svg")?.setAttribute("role", "group");
    box.current.querySelector("svg")?.setAttribute("aria-label", "The states");
  }, [svg, statuses, chosen]);
  const pick = (event) => {
    const state = event.target.closest?.("[data-state]");
    if (!state || (event.type === "keydown" && event.key !== "Enter" && event.key !== " ")) return;
    event.preventDefault();
    choose(state.dataset.state);
  };
  return html`<div class="graph" ref=${box} onClick=${pick} onKeyDown=${pick} dangerouslySetInnerHTML=${{ __html: svg }}></div>`;
}
