// The Node.js side of the Lambda Runtime API: it runs a handler in a process of its own.
//
// Its one argument is a JSON object: `modules` are folders whose node_modules are looked in for what the function does
// not have itself, `reaches_aws` tells whether names of AWS may be resolved, `tls_port` where those of APIs are if not,
// and `is_callback_refused` whether the runtime takes handlers with a callback.
//
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
// https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html

import { spawnSync } from 'node:child_process';
import dns from 'node:dns';
import fs from 'node:fs';
import http from 'node:http';
import module from 'node:module';
import net from 'node:net';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { format } from 'node:util';

import { configure, resolveSync } from './resolve.mjs';

const given = JSON.parse(process.argv[2]);
process.argv.length = 1;
const env = process.env;
const root = env.LAMBDA_TASK_ROOT;
const [host, port] = env.AWS_LAMBDA_RUNTIME_API.split(':');
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
let requestId;
// What ends the invocation at hand.
let finish;

// The Runtime API ------------------------------------------------------------------------------------------

function ask(method, place, body, headers = {}) {
  return new Promise((resolve, reject) => {
    const request = http.request(
      { host, port, agent, method, path: `/2018-06-01/runtime/${place}`, headers },
      (answer) => {
        const parts = [];
        answer.on('data', (part) => parts.push(part));
        answer.on('end', () => resolve({ headers: answer.headers, body: Buffer.concat(parts) }));
        answer.on('error', reject);
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

function post(place, text, errorType) {
  const body = Buffer.from(text);
  const headers = { 'Content-Type': 'application/json', 'Content-Length': body.length };
  if (errorType !== undefined) headers['Lambda-Runtime-Function-Error-Type'] = errorType;
  return ask('POST', place, body, headers);
}

// The log --------------------------------------------------------------------------------------------------

// https://docs.aws.amazon.com/lambda/latest/dg/nodejs-logging.html
const isJson = env.AWS_LAMBDA_LOG_FORMAT?.toUpperCase() === 'JSON';

function textOf(level, values) {
  return `${new Date().toISOString()}\t${requestId}\t${level}\t${format(...values)}`;
}

function jsonOf(level, values) {
  const told = { timestamp: new Date().toISOString(), level, requestId };
  if (values.length !== 1) {
    const error = values.find(isError);
    return JSON.stringify({ ...told, message: format(...values), ...(error && described(error)) });
  }
  try {
    const plain = (name, value) => (isError(value) ? { ...described(value), ...value } : value);
    return JSON.stringify({ ...told, message: values[0] }, plain);
  } catch {
    return JSON.stringify({ ...told, message: format(values[0]) });
  }
}

// What is of a level that nobody wants is left out where it is read.
function write(level, ...values) {
  const line = isJson ? jsonOf(level, values) : textOf(level, values);
  // One event, however many lines it has.
  process.stdout.write(`${line.replaceAll('\n', '\r')}\n`);
}

const levels = { log: 'INFO', info: 'INFO', debug: 'DEBUG', warn: 'WARN', error: 'ERROR', fatal: 'FATAL' };
for (const [name, level] of Object.entries(levels)) {
  console[name] = (...values) => write(level, ...values);
}
console.trace = (...values) => {
  if (isJson) write('TRACE', ...values);
  else write('TRACE', new Error(format(...values)).stack.replace(/^Error/, 'Trace'));
};

// Errors ---------------------------------------------------------------------------------------------------

function isError(value) {
  return value instanceof Error || Object.prototype.toString.call(value) === '[object Error]';
}

function documentOf(error) {
  if (!isError(error)) {
    return { errorType: typeof error, errorMessage: String(error), trace: [] };
  }
  return {
    errorType: error.name,
    errorMessage: error.message,
    trace: (error.stack ?? '').split('\n'),
  };
}

function described(error) {
  const { errorType, errorMessage, trace } = documentOf(error);
  return { errorType, errorMessage, stackTrace: trace };
}

function writeError(what, error) {
  if (isJson) {
    write('ERROR', isError(error) ? error : described(error));
    return;
  }
  const { errorType, errorMessage, trace } = documentOf(error);
  const more = isError(error) ? { ...error } : {};
  write('ERROR', `${what}\t${JSON.stringify({ errorType, errorMessage, ...more, stack: trace })}`);
}

class RuntimeError extends Error {
  constructor(type, error) {
    super(String(error), { cause: error });
    this.name = type;
    if (isError(error)) this.stack = error.stack;
  }
}

async function endWith(error, what) {
  writeError(what, error);
  const document = documentOf(error);
  const place = requestId === undefined ? 'init/error' : `invocation/${requestId}/error`;
  try {
    await post(place, JSON.stringify(document), document.errorType);
  } finally {
    process.exit(requestId === undefined ? 1 : 129);
  }
}

process.on('uncaughtException', (error) => endWith(error, 'Uncaught Exception'));
process.on('unhandledRejection', (reason) => {
  endWith(new RuntimeError('Runtime.UnhandledPromiseRejection', reason), 'Unhandled Promise Rejection');
});

// The outside ----------------------------------------------------------------------------------------------

const refused = new Set();

function refusal(name) {
  const why =
    `${name} is AWS, which pizzabar's functions do not reach: services are at AWS_ENDPOINT_URL, ` +
    `${env.AWS_ENDPOINT_URL}, and connections at the domainName and stage of their context; ` +
    'PIZZABAR_REACH_AWS=true lets it through';
  // Clients say what they like of an address that is not found.
  if (!refused.has(name)) write('WARN', why);
  refused.add(name);
  return Object.assign(new Error(why), { code: 'EAWS', hostname: name, syscall: 'getaddrinfo' });
}

// https://{api-id}.execute-api.{region}.amazonaws.com is at a port of this machine.
function redirectApis(port) {
  const isApi = /^[a-z0-9]+\.execute-api\.[a-z0-9-]+\.amazonaws\.com$/i;
  const { connect } = net.Socket.prototype;
  net.Socket.prototype.connect = function (first, ...others) {
    const isOne = first !== null && typeof first === 'object' && !Array.isArray(first) && isApi.test(first.host);
    return connect.call(this, isOne ? { ...first, host: '127.0.0.1', port } : first, ...others);
  };
}

function stayAwayFromAws() {
  const isAws = /(^|\.)(amazonaws\.com|amazonaws\.com\.cn|api\.aws)\.?$/i;
  const isLocal = /\.localhost\.?$/i;
  const { lookup } = dns;
  dns.lookup = (name, options, callback) => {
    const done = callback ?? options;
    if (isAws.test(name)) return void process.nextTick(done, refusal(name));
    const where = isLocal.test(name) ? '127.0.0.1' : name;
    return callback === undefined ? lookup(where, done) : lookup(where, options, done);
  };
  const promised = dns.promises.lookup;
  dns.promises.lookup = async (name, options) => {
    if (isAws.test(name)) throw refusal(name);
    return promised(isLocal.test(name) ? '127.0.0.1' : name, options);
  };
  module.syncBuiltinESMExports();
}

// Version 2 of the AWS SDK does not know AWS_ENDPOINT_URL: here it is the endpoint of clients that are given none.
function pointSdk2() {
  const { _load } = module;
  module._load = function (request, parent, ...others) {
    const loaded = _load.call(this, request, parent, ...others);
    // All that can be required of it requires this first, and makes its configurations of these keys.
    const isCore = /(^|\/)core$/.test(request) && /[\\/]aws-sdk[\\/]/.test(parent?.filename ?? '');
    // In a circle it is not complete yet, and Node.js warns of looking for more.
    const keys = isCore && Object.hasOwn(loaded, 'Config') ? loaded.Config.prototype.keys : undefined;
    if (keys !== undefined) keys.endpoint = env.AWS_ENDPOINT_URL;
    return loaded;
  };
}

// The handler ----------------------------------------------------------------------------------------------

function lookBesideToo() {
  if (given.modules.length === 0) return;
  const data = { root, modules: given.modules };
  if (module.registerHooks !== undefined) {
    configure(data);
    module.registerHooks({ resolve: resolveSync });
  } else {
    // What `require` needs is in NODE_PATH.
    module.register('./resolve.mjs', import.meta.url, { data });
  }
}

function isModule(file) {
  if (!file.endsWith('.js')) return file.endsWith('.mjs');
  for (let folder = path.dirname(file); ; folder = path.dirname(folder)) {
    const description = path.join(folder, 'package.json');
    if (fs.existsSync(description)) return JSON.parse(fs.readFileSync(description, 'utf8')).type === 'module';
    if (folder === root || folder === path.dirname(folder)) return false;
  }
}

// Node.js tells where a file cannot be read only to whoever runs it: each of the function's is asked for.
function placeOfSyntaxError(folder) {
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    let place = '';
    if (entry.isDirectory()) {
      place = entry.name === 'node_modules' || entry.name.startsWith('.') ? '' : placeOfSyntaxError(file);
    } else if (/\.[cm]?js$/.test(entry.name)) {
      const { status, stderr } = spawnSync(process.execPath, ['--check', file], { encoding: 'utf8' });
      if (status !== 0) place = `\n    at ${stderr.split('\n')[0].replace('file://', '')}`;
    }
    if (place !== '') return place;
  }
  return '';
}

async function load(handler) {
  const [, folder, name, exported] = /^(.*\/)?([^./]+)\.(.+)$/.exec(handler) ?? [];
  if (exported === undefined) {
    throw new RuntimeError('Runtime.MalformedHandlerName', 'Bad handler');
  }
  const base = path.resolve(root, folder ?? '', name);
  const file = ['.js', '.mjs', '.cjs'].map((end) => base + end).find((each) => fs.existsSync(each));
  let found;
  try {
    if (file === undefined) {
      throw Object.assign(new Error(`Cannot find module '${name}'`), { code: 'MODULE_NOT_FOUND' });
    }
    found = isModule(file) ? await import(pathToFileURL(file).href) : module.createRequire(file)(file);
  } catch (error) {
    if (error instanceof SyntaxError) {
      error.stack += placeOfSyntaxError(root);
      throw new RuntimeError('Runtime.UserCodeSyntaxError', error);
    }
    if (error?.code === 'MODULE_NOT_FOUND' || error?.code === 'ERR_MODULE_NOT_FOUND') {
      throw new RuntimeError('Runtime.ImportModuleError', error);
    }
    throw error;
  }
  const value = exported.split('.').reduce((each, member) => each?.[member], found);
  if (value === undefined) {
    throw new RuntimeError('Runtime.HandlerNotFound', `${handler} is undefined or not exported`);
  }
  if (typeof value !== 'function') {
    throw new RuntimeError('Runtime.HandlerNotFound', `${handler} is not a function`);
  }
  if (given.is_callback_refused && value.length >= 3) {
    const what = `${handler} takes a callback, which the runtime does not offer any more: return a promise`;
    throw new RuntimeError('Runtime.CallbackHandlerDeprecated', what);
  }
  return value;
}

function contextOf(headers, done) {
  const deadline = Number(headers['lambda-runtime-deadline-ms']);
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: undefined,
    identity: undefined,
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    awsRequestId: requestId,
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
    done,
    succeed: (result) => done(null, result),
    fail: (error) => done(error ?? 'handled'),
  };
}

// Gives the outcome of an invocation: of its promise, of its callback, or nothing once nothing is left to be done.
// The first counts, whatever else the handler does; only a callback's result waits for what is left to be done.
function run(handler, event, headers) {
  return new Promise((resolve) => {
    let outcome;
    const end = () => resolve(outcome ?? { result: null });
    const settle = (first, waits = false) => {
      if (outcome !== undefined) return;
      outcome = first;
      if (!waits) end();
    };
    const isNone = (error) => error === null || error === undefined;
    const done = (error, result) => settle(isNone(error) ? { result } : { error });
    const callback = (error, result) => {
      if (isNone(error)) settle({ result }, context.callbackWaitsForEmptyEventLoop);
      else settle({ error });
    };
    const context = contextOf(headers, done);
    finish = end;
    try {
      const returned = handler(event, context, callback);
      if (typeof returned?.then === 'function') {
        returned.then(
          (result) => settle({ result }),
          (error) => settle({ error }),
        );
      }
    } catch (error) {
      settle({ error });
    }
  });
}

process.on('beforeExit', () => finish?.());

async function answer(handler) {
  const { headers, body } = await ask('GET', 'invocation/next');
  requestId = headers['lambda-runtime-aws-request-id'];
  env._X_AMZN_TRACE_ID = headers['lambda-runtime-trace-id'];
  const { error, result } = await run(handler, JSON.parse(body), headers);
  finish = undefined;
  const place = `invocation/${requestId}`;
  if (error === undefined) {
    let text;
    try {
      text = JSON.stringify(result) ?? 'null';
    } catch (failure) {
      text = undefined;
      const document = { errorType: 'Runtime.MarshalError', errorMessage: 'Unable to stringify response body' };
      writeError('Invoke Error ', failure);
      await post(`${place}/error`, JSON.stringify({ ...document, trace: [] }), document.errorType);
    }
    if (text !== undefined) await post(`${place}/response`, text);
    return;
  }
  writeError('Invoke Error ', error);
  const document = documentOf(error);
  await post(`${place}/error`, JSON.stringify(document), document.errorType);
}

globalThis.awslambda = {
  streamifyResponse() {
    throw new Error('awslambda.streamifyResponse: response streaming is not supported by pizzabar');
  },
};

if (!given.reaches_aws) {
  stayAwayFromAws();
  if (given.tls_port !== null) redirectApis(given.tls_port);
}
lookBesideToo();
pointSdk2();
let handler;
try {
  handler = await load(env._HANDLER);
} catch (error) {
  await endWith(error, 'Uncaught Exception');
}
try {
  for (;;) await answer(handler);
} catch (error) {
  // pizzabar has ended.
  if (error.code === 'ECONNREFUSED' || error.code === 'ECONNRESET') process.exit(0);
  throw error;
}
