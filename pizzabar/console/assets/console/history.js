/** What the history of an execution says of its states: pure. */

const ENDS = { ExecutionFailed: "failed", ExecutionTimedOut: "failed", ExecutionAborted: "aborted" };
const FAULTS = /(Failed|TimedOut|Aborted)$/;

/** Give the details of an event, whatever its type calls them. */
export function detailsOf(event) {
  const name = Object.keys(event).find((key) => key.endsWith("EventDetails"));
  return name === undefined ? {} : event[name];
}

/** Give the milliseconds since 1970 at which an event happened. */
export const timeOf = (event) => (typeof event.timestamp === "number" ? event.timestamp * 1000 : Date.parse(event.timestamp));

/**
 * Give each visit of a state, in order: its Entered event's id, its name, when it was entered and left, its input and
 * output, its status (running, succeeded, caught, failed, aborted) and the events that tell of faults.
 */
export function visitsOf(events) {
  const visits = new Map();
  const visitOf = new Map();
  let last = null;
  for (const event of events) {
    const details = detailsOf(event);
    if (event.type.endsWith("StateEntered")) {
      visits.set(event.id, {
        event: event.id,
        name: details.name,
        type: event.type.replace("StateEntered", ""),
        entered: timeOf(event),
        left: null,
        input: details.input,
        output: undefined,
        status: "running",
        faults: [],
      });
      visitOf.set(event.id, event.id);
      continue;
    }
    const id = visitOf.get(event.previousEventId);
    if (id !== undefined) visitOf.set(event.id, id);
    let visit = visits.get(id);
    if (event.type.endsWith("StateExited")) {
      // A Parallel or Map state is left after the last event of one of its branches.
      if (visit?.name !== details.name) visit = [...visits.values()].findLast((each) => each.name === details.name && each.left === null);
      if (visit === undefined) continue;
      visitOf.set(event.id, visit.event);
      visit.left = timeOf(event);
      visit.output = details.output;
      visit.status = visit.isFaulty ? "caught" : "succeeded";
    } else if (event.type in ENDS) {
      last = event;
      for (const each of visits.values()) {
        if (each.left !== null) continue;
        each.left = timeOf(event);
        each.status = ENDS[event.type];
        if (details.error || details.cause) each.faults.push(event);
      }
    } else if (event.type === "ExecutionRedriven") {
      last = null;
    } else if (visit !== undefined && FAULTS.test(event.type)) {
      visit.faults.push(event);
      visit.isFaulty = true;
    } else if (visit !== undefined && event.type.endsWith("Succeeded")) {
      // An attempt after the one that failed went well.
      visit.isFaulty = false;
    }
  }
  return { visits: [...visits.values()], end: last };
}

/** Give the status of each state by its name: that of its last visit. */
export function statusesOf(visits) {
  const found = {};
  for (const visit of visits) {
    const isOpen = found[visit.name] === "running" || visit.status === "running";
    found[visit.name] = isOpen ? "running" : visit.status;
  }
  return found;
}
