// The order page: choose, order, and watch the statuses arrive.

import { Guest, isOver, isRefused, stepOf } from "./guest.js";
import { html, render } from "./preact.js";

const PIZZAS = {
  margherita: "Tomato, mozzarella, basil",
  marinara: "Tomato, garlic, oregano",
  funghi: "Tomato, mozzarella, mushrooms",
  diavola: "Tomato, mozzarella, hot salami",
  "quattro formaggi": "Mozzarella, gorgonzola, fontina, parmesan",
  capricciosa: "Ham, mushrooms, artichokes, olives",
};
const SIZES = { S: "Small", M: "Medium", L: "Large" };
const KITCHENS = { "": "as the pizza bar does today", automatic: "by itself", manual: "by the kitchen" };
const STEPS = ["accepted", "begun", "baking", "packed", "on its way", "delivered"];

const titled = (name) => name[0].toUpperCase() + name.slice(1);

const address = new URL(document.body.dataset.stage, location.href).href.replace(/^http/, "ws");
const guest = new Guest(address, show);

function place(event) {
  event.preventDefault();
  const { type, size, kitchen } = Object.fromEntries(new FormData(event.target));
  guest.order(kitchen ? { type, size, kitchen } : { type, size });
}

const Choice = ({ name, value, checked, children }) => html`
  <label class="choice">
    <input type="radio" name=${name} value=${value} defaultChecked=${checked} />
    <span>${children}</span>
  </label>
`;

const Menu = () => html`
  <form onSubmit=${place}>
    <fieldset>
      <legend>Pizza</legend>
      <div class="choices">
        ${Object.entries(PIZZAS).map(
          ([name, toppings]) => html`
            <${Choice} name="type" value=${name} checked=${name === "margherita"}>
              <strong>${titled(name)}</strong> <small>${toppings}</small>
            <//>
          `,
        )}
      </div>
    </fieldset>
    <fieldset>
      <legend>Size</legend>
      <div class="choices sizes">
        ${Object.entries(SIZES).map(
          ([name, size]) => html`<${Choice} name="size" value=${name} checked=${name === "L"}>${size}<//>`,
        )}
      </div>
    </fieldset>
    <p>
      <label>
        The order is moved on <select name="kitchen">
          ${Object.entries(KITCHENS).map(([value, text]) => html`<option value=${value}>${text}</option>`)}
        </select>
      </label>
    </p>
    <button class="main">Order</button>
  </form>
`;

const stateOf = (order) => {
  if (order.isLost) return "The pizza bar does not know this order any more.";
  return order.status ?? (guest.isConnected ? "ordering…" : "is ordered as soon as there is a connection");
};

const Order = ({ order }) => html`
  <li class="card order">
    <h3>
      ${titled(order.details.type)}, ${SIZES[order.details.size]} ${" "}
      <small><time>${new Date(order.placed).toLocaleTimeString([], { timeStyle: "short" })}</time></small>
    </h3>
    <p class=${isRefused(order) || order.isLost ? "bad" : ""} aria-live="polite">${stateOf(order)}</p>
    ${!isRefused(order) &&
    !order.isLost &&
    html`
      <ol class="steps" aria-label="Progress">
        ${STEPS.map(
          (step, index) => html`
            <li
              class=${index <= stepOf(order) ? "done" : ""}
              aria-current=${index === stepOf(order) ? "step" : undefined}
            >
              ${step}
            </li>
          `,
        )}
      </ol>
    `}
  </li>
`;

const Frames = () => html`
  <details>
    <summary>Frames of the WebSocket (${guest.frames.length})</summary>
    <ol class="frames" tabindex="0" aria-label="Frames">
      ${guest.frames.map(({ direction, text }) => html`<li><b>${direction}</b> <code>${text}</code></li>`)}
    </ol>
  </details>
`;

const Page = () => html`
  <header>
    <h1>AWSome Pizza Bar</h1>
    <nav><a href="kitchen">Kitchen</a> <a href="_pizzabar">Behind the scenes</a></nav>
  </header>
  <main>
    <p role="status" class="connection">${guest.isConnected ? "Connected" : "Not connected: trying again…"}</p>
    <div class="sides">
      <section aria-labelledby="menu">
        <h2 id="menu">What would you like?</h2>
        <${Menu} />
      </section>
      <section aria-labelledby="orders">
        <h2 id="orders">Your orders</h2>
        ${guest.orders.length === 0 && html`<p>None yet.</p>`}
        <ul class="cards">
          ${guest.orders.map((order) => html`<${Order} key=${order.details.ref} order=${order} />`)}
        </ul>
        ${guest.orders.some(isOver) &&
        html`<button type="button" onClick=${() => guest.forget()}>Forget those that are over</button>`}
        <${Frames} />
      </section>
    </div>
  </main>
`;

function show() {
  render(html`<${Page} />`, document.body);
}

guest.connect();
show();
