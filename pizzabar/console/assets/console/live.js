/**
 * What happens, live: the one feed of the page, kept open and taken up again where it was cut off.
 *
 * Whoever shows something is told at most once a frame, and not at all while nobody looks at the page.
 */

import { useEffect, useReducer, useRef, useState } from "../preact.js";
import { ask, control } from "./ask.js";

export const MOST_HOPS = 10_000;
const AGAIN_AFTER = 1000;

/** What a row of the feed holds, by name. */
const [ID, TRACE, PARENT, SERVICE, OPERATION, TIME, TOOK, ABOUT, ERROR] = [0, 1, 2, 3, 4, 5, 6, 7, 8];
export const hopOf = (row) => ({
  id: row[ID],
  trace: row[TRACE],
  parent: row[PARENT],
  service: row[SERVICE],
  operation: row[OPERATION],
  time: row[TIME],
  milliseconds: row[TOOK],
  about: row[ABOUT],
  error: row[ERROR],
});

export const live = {
  status: "connecting",
  server: null,
  stack: "",
  /** Oldest first, in the order in which they ended. */
  hops: [],
  leftOut: 0,
  clock: null,
  /** When the clock was read, by the page's own. */
  read: 0,
  connections: 0,
};

const followers = new Set();
let position = null;
let source = null;
/** What followers have not been told yet. */
let waiting = null;

/** Open the feed. */
export function connect() {
  source?.close();
  // Of hops that were under way some have been told since: those are passed over.
  const after = position === null ? 0 : Math.min(...position.split(/[-,]/).map(Number)) - (position.includes("-") ? 1 : 0);
  const mine = (source = new EventSource(control(`live?after=${after}`)));
  mine.onopen = () => change("live");
  mine.onmessage = (message) => mine === source && take(JSON.parse(message.data), message.lastEventId);
  mine.onerror = () => {
    if (mine !== source) return;
    change("reconnecting");
    // Some browsers try again by themselves for ever, some give up when the server is away.
    mine.close();
    setTimeout(connect, AGAIN_AFTER);
  };
}

/** Tell the time by the server's clock, in milliseconds since 1970. */
export function now() {
  if (live.clock === null) return Date.now();
  const told = Date.parse(live.clock.now);
  return live.clock.mode === "real" ? told + (performance.now() - live.read) : told;
}

function change(status) {
  live.status = status;
  tell({ hops: [], executions: [] });
}

function take(event, id) {
  if (live.server !== null && live.server !== event.server) {
    // It was started anew: its journal begins again, and all of it is wanted.
    live.server = position = null;
    live.hops = [];
    live.leftOut = 0;
    connect();
    return;
  }
  position = id;
  const known = event.hops.length && live.hops.length ? new Set(live.hops.slice(-2000).map((row) => row[ID])) : null;
  const rows = known === null ? event.hops : event.hops.filter((row) => !known.has(row[ID]));
  live.hops = live.hops.concat(rows).slice(-MOST_HOPS);
  live.leftOut += event.left_out;
  Object.assign(live, {
    server: event.server,
    stack: event.stack,
    clock: event.clock,
    connections: event.connections,
    read: performance.now(),
    status: "live",
  });
  tell({ hops: rows, executions: event.executions });
}

function tell(news) {
  if (waiting === null) {
    requestAnimationFrame(() => {
      const told = { hops: waiting.hops, executions: [...waiting.executions] };
      waiting = null;
      for (const follower of [...followers]) follower(told);
    });
    waiting = { hops: [], executions: new Set() };
  }
  // A page that nobody looks at has no frames: what it may be told of meanwhile has an end.
  waiting.hops = waiting.hops.concat(news.hops).slice(-MOST_HOPS);
  for (const arn of news.executions.slice(0, MOST_HOPS - waiting.executions.size)) waiting.executions.add(arn);
}

/** Call with what is new; the answer stops it. */
export function follow(follower) {
  followers.add(follower);
  return () => followers.delete(follower);
}

/** Render again whenever something has happened. */
export function useLive() {
  const [, again] = useReducer((count) => count + 1, 0);
  useEffect(() => follow(again), []);
  return live;
}

/** Render again every second: for what counts down. */
export function useSeconds() {
  const [, again] = useReducer((count) => count + 1, 0);
  useEffect(() => {
    const timer = setInterval(again, 1000);
    return () => clearInterval(timer);
  }, []);
}

/** News that touch what is made by operations of a service. */
export const touchedBy = (service, ...operations) => (news) =>
  news.hops.some((row) => row[SERVICE] === service && (operations.length === 0 || operations.includes(row[OPERATION])));

/** What takes long is asked for less often: who looks takes little of the server's time. */
const PAUSE_PER_MILLISECOND = 40;
const [LEAST_PAUSE, LONGEST_PAUSE] = [500, 10_000];

/**
 * Give what the control plane answers, asked again when news touch it. Without a path nothing is asked.
 *
 * The answer before stands until the next one is there; that of another path does not. What only grows is asked for what
 * is new: `grows` gives the path of what may be new beside a value, and puts the answer to it.
 */
export function useAsked(where, isTouched = () => false, grows = null) {
  const [state, setState] = useState({ where: null, value: undefined, error: null });
  const mine = useRef(null);
  useEffect(() => {
    if (where == null) return undefined;
    let isOver = false;
    let timer = null;
    let isAsking = false;
    let isStale = false;
    let free = 0;
    let usual = 5;
    let value;
    async function again() {
      timer = null;
      isAsking = true;
      isStale = false;
      const began = performance.now();
      let next;
      try {
        if (grows === null || value === undefined) value = await ask(where);
        else value = grows.add(value, await ask(grows.path(value)));
        next = { where, value, error: null };
      } catch (error) {
        next = { where, value: undefined, error };
      }
      if (isOver) return;
      // Without a server, the last answer is better than none.
      setState((before) => (next.error instanceof TypeError && before.where === where ? { ...before, error: next.error } : next));
      isAsking = false;
      usual = (3 * usual + performance.now() - began) / 4;
      free = performance.now() + Math.min(LONGEST_PAUSE, Math.max(LEAST_PAUSE, usual * PAUSE_PER_MILLISECOND));
      if (isStale) soon();
    }
    function soon() {
      if (isAsking) isStale = true;
      else timer ??= setTimeout(again, Math.max(0, free - performance.now()));
    }
    mine.current = soon;
    let status = live.status;
    const stop = follow((news) => {
      const isBack = status !== "live" && live.status === "live";
      status = live.status;
      if (isBack || isTouched(news)) soon();
    });
    again();
    return () => {
      isOver = true;
      clearTimeout(timer);
      stop();
    };
  }, [where]);
  const isMine = state.where === where;
  return {
    value: isMine ? state.value : undefined,
    error: isMine ? state.error : null,
    refresh: () => mine.current?.(),
  };
}

/** Give what a request answers: made once for each key, and again on `refresh`. */
export function useAnswer(request, key) {
  const [state, setState] = useState({ value: undefined, error: null });
  const mine = useRef(null);
  useEffect(() => {
    let isOver = false;
    const run = () =>
      request().then(
        (value) => isOver || setState({ value, error: null }),
        (error) => isOver || setState({ value: undefined, error }),
      );
    mine.current = run;
    run();
    return () => (isOver = true);
  }, [key]);
  return { ...state, refresh: () => mine.current?.() };
}
