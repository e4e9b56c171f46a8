// The tickets of the kitchen, by the same AWS operations that any program of the kitchen's would call.

const { api, stage, tickets: table } = document.body.dataset;
const STAGE = `v2/apis/${api}/stages/${stage}`;

export async function listTickets() {
  const { items } = await ask(`_pizzabar/tables/${table}/items?limit=1000`);
  return items.sort((one, other) => one.since.localeCompare(other.since));
}

export function moveOn({ taskToken }) {
  return call("AWSStepFunctions.SendTaskSuccess", { taskToken, output: "{}" });
}

export function refuse({ taskToken }, reason) {
  return call("AWSStepFunctions.SendTaskFailure", { taskToken, error: "OrderRefused", cause: reason });
}

export async function isManual() {
  const { stageVariables } = await ask(STAGE);
  return stageVariables?.kitchen === "manual";
}

export function setManual(manual) {
  return ask(STAGE, {
    method: "PATCH",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ stageVariables: { kitchen: manual ? "manual" : "automatic" } }),
  });
}

// The journal tells of whatever changes them, and after a break of what was missed.
export function follow(changed, broken) {
  for (const query of ["service=dynamodb", "service=apigatewayv2&operation=UpdateStage"]) {
    const hops = new EventSource(`_pizzabar/journal/follow?${query}`);
    hops.onopen = changed;
    hops.onerror = broken;
    hops.onmessage = ({ data }) => {
      const { operation, parameters } = JSON.parse(data);
      if (operation === "UpdateStage" || parameters?.TableName === table) changed();
    };
  }
}

function call(target, parameters) {
  return ask("./", {
    method: "POST",
    headers: { "content-type": "application/x-amz-json-1.0", "x-amz-target": target },
    body: JSON.stringify(parameters),
  });
}

async function ask(path, options) {
  const response = await fetch(path, options);
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.message ?? answer.detail ?? response.statusText);
  return answer;
}
