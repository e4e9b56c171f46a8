/** Asking the server: its control plane, and the AWS services beneath it. */

const CONTROL = new URL("./", document.baseURI);
const AWS = new URL("../", CONTROL);

/** What the server refused, in its own words; `code` is an AWS error code, if there is one. */
export class Refused extends Error {
  constructor(message, code) {
    super(code ? `${code}: ${message}` : message);
    this.code = code;
  }
}

/** Give the address of an operation of the control plane. */
export const control = (path) => new URL(path, CONTROL);

/** Write a path of names, with a query of those parameters that have a value. */
export function path(names, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== "" && value != null);
  const search = new URLSearchParams(given).toString();
  return names.map(encodeURIComponent).join("/") + (search ? `?${search}` : "");
}

/** Ask the control plane: a POST if there is a body. Throw `Refused`. */
export async function ask(where, body) {
  const answer = await fetch(control(where), body === undefined ? {} : post(JSON.stringify(body), "application/json"));
  const text = await answer.text();
  if (!answer.ok) throw refused(text, answer.status);
  const isText = (answer.headers.get("content-type") ?? "").startsWith("image/");
  return isText ? text : text === "" ? null : JSON.parse(text);
}

/** Ask an AWS service by `x-amz-target`, as its JSON protocol has it. Throw `Refused`. */
export async function aws(target, parameters) {
  const answer = await fetch(AWS, post(JSON.stringify(parameters), "application/x-amz-json-1.0", { "x-amz-target": target }));
  const text = await answer.text();
  if (!answer.ok) throw refused(text, answer.status);
  return text === "" ? null : JSON.parse(text);
}

/** Invoke a function, and give what it gave: its payload's text, and the error it ended with, if any. */
export async function invoke(name, payload) {
  const answer = await fetch(
    new URL(`2015-03-31/functions/${encodeURIComponent(name)}/invocations`, AWS),
    post(payload, "application/json"),
  );
  const text = await answer.text();
  if (!answer.ok) throw refused(text, answer.status);
  return { payload: text, error: answer.headers.get("x-amz-function-error") };
}

/** Give the address of a stage for a WebSocket. */
export function socketAddress(stagePath) {
  const address = new URL(stagePath.replace(/^\//, ""), AWS);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  return address.href;
}

const post = (body, type, headers = {}) => ({ method: "POST", body, headers: { "content-type": type, ...headers } });

function refused(text, status) {
  let told = {};
  try {
    told = JSON.parse(text);
  } catch {
    // Not every refusal is JSON.
  }
  const message = told.detail ?? told.message ?? told.Message ?? (text || `status ${status}`);
  const code = told.code ?? told.__type?.split("#").pop();
  return new Refused(typeof message === "string" ? message : faults(message), code);
}

const faults = (details) => details.map?.((each) => `${each.loc?.slice(1).join(".")}: ${each.msg}`).join("; ") ?? JSON.stringify(details);
