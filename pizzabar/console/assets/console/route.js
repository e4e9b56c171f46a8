/** Where one is: a view, its names and its filters, all in the address, so that everything can be linked. */

import { useEffect, useState } from "../preact.js";
import { path } from "./ask.js";

/** Give the address of a view. */
export const link = (names, query) => `#/${path(names, query)}`;

/** Go to a view. */
export function go(names, query) {
  location.hash = link(names, query);
}

/** Stay in the view with other filters; the way back leads past them. */
export function filter(query) {
  const { names, query: before } = read();
  history.replaceState(null, "", link(names, { ...before, ...query }));
  window.dispatchEvent(new HashChangeEvent("hashchange"));
}

/** Read the address. */
export function read() {
  const [names, search = ""] = location.hash.replace(/^#\/?/, "").split("?");
  return {
    names: names.split("/").filter(Boolean).map(decoded),
    query: Object.fromEntries(new URLSearchParams(search)),
  };
}

function decoded(name) {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** Give where one is, and again when that changes. */
export function useRoute() {
  const [route, setRoute] = useState(read);
  useEffect(() => {
    const change = () => setRoute(read());
    window.addEventListener("hashchange", change);
    return () => window.removeEventListener("hashchange", change);
  }, []);
  return route;
}
