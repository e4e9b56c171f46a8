// A guest of the pizza bar: orders over its WebSocket API, and is told of their statuses.

export const STATUSES = [
  "order accepted",
  "order is now being prepared",
  "order is undergoing the baking process",
  "order is packed",
  "order is sent for delivery",
  "order delivered",
];

const KEPT = "orders";
const MOST_FRAMES = 200;
const LONGEST_DELAY = 10_000;

export const stepOf = (order) => STATUSES.indexOf(order.status);
export const isRefused = (order) => order.status?.startsWith("order refused");
export const isOver = (order) => order.isLost || isRefused(order) || stepOf(order) === STATUSES.length - 1;

export class Guest {
  orders = load();
  frames = [];
  isConnected = false;
  #address;
  #changed;
  #socket;
  #delay = 500;
  #unasked = [];

  constructor(address, changed) {
    this.#address = address;
    this.#changed = changed;
    addEventListener("storage", () => {
      this.orders = load();
      changed();
    });
  }

  connect() {
    this.#socket = new WebSocket(this.#address);
    this.#socket.onopen = () => this.#resume();
    this.#socket.onmessage = ({ data }) => this.#receive(data);
    this.#socket.onclose = () => {
      this.isConnected = false;
      setTimeout(() => this.connect(), this.#delay);
      this.#delay = Math.min(this.#delay * 2, LONGEST_DELAY);
      this.#changed();
    };
  }

  order(details) {
    // It names the order, and whoever knows it may come back to it: nobody guesses it.
    const ref = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0"));
    const order = { details: { ...details, ref: ref.join("") }, placed: Date.now() };
    this.orders = [order, ...this.orders];
    if (this.isConnected) this.#send(order.details);
    this.#keep();
  }

  forget() {
    this.orders = this.orders.filter((order) => !isOver(order));
    this.#keep();
  }

  #resume() {
    this.isConnected = true;
    this.#delay = 500;
    const open = this.orders.filter((order) => !isOver(order));
    // What was sent before the connection broke may not have arrived. Sent twice, it is ordered once.
    for (const order of open.filter((order) => !order.status)) this.#send(order.details);
    this.#unasked = open.map((order) => order.details.ref);
    this.#ask();
    this.#changed();
  }

  // One at a time: the answer UNKNOWN_ORDER does not say which.
  #ask() {
    if (this.#unasked.length) this.#send({ action: "resume", ref: this.#unasked[0] });
  }

  #receive(text) {
    this.#note("received", text);
    const frame = parse(text);
    const asked = this.#unasked[0];
    const isUnknown = frame.type === "UNKNOWN_ORDER";
    const ref = isUnknown ? asked : frame.ref;
    const order = this.orders.find((each) => each.details.ref === ref);
    if (order && !isOver(order)) {
      if (!isUnknown) order.status = laterOf(order.status, JSON.parse(frame.message).status);
      else if (order.status) order.isLost = true;
    }
    if (asked && ref === asked) {
      this.#unasked.shift();
      this.#ask();
    }
    this.#keep();
  }

  #send(message) {
    const text = JSON.stringify(message);
    this.#socket.send(text);
    this.#note("sent", text);
  }

  #note(direction, text) {
    this.frames = [...this.frames, { direction, text }].slice(-MOST_FRAMES);
  }

  #keep() {
    localStorage.setItem(KEPT, JSON.stringify(this.orders));
    this.#changed();
  }
}

// The answer to "resume" and a push may overtake each other.
const laterOf = (known, told) => (STATUSES.includes(told) && stepOf({ status: known }) > stepOf({ status: told }) ? known : told);

// Anybody may push anything to a connection.
function parse(text) {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}

function load() {
  return JSON.parse(localStorage.getItem(KEPT) ?? "[]");
}
