// Finds packages that a function does not have beside it: those that were installed for it, and the AWS SDK that its
// runtime ships. `configure` is given the function's folder and the folders whose node_modules are looked in.

import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

let own = '';
let places = [];
let ownFirst = false;

export function configure({ root, modules }) {
  // Node.js names files by where they really are.
  own = pathToFileURL(fs.realpathSync(root) + path.sep).href;
  places = modules.map((folder) => pathToFileURL(path.join(folder, 'package.json')).href);
  // What the author installed beside the handler counts for more than what was installed for it.
  ownFirst = fs.existsSync(path.join(root, 'node_modules'));
}

export const initialize = configure;

function isBare(specifier) {
  return !/^(\.|\/|#|[a-z]+:)/.test(specifier);
}

function isOwn(parent) {
  return parent !== undefined && parent.startsWith(own) && !parent.includes('/node_modules/');
}

function isMissing(error) {
  return error.code === 'ERR_MODULE_NOT_FOUND' || error.code === 'MODULE_NOT_FOUND';
}

function* parents(given) {
  if (ownFirst) yield given;
  yield* places;
  if (!ownFirst) yield given;
}

export async function resolve(specifier, context, next) {
  if (!isBare(specifier) || !isOwn(context.parentURL)) return next(specifier, context);
  for (const parentURL of parents(context.parentURL)) {
    try {
      return await next(specifier, { ...context, parentURL });
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }
  // To fail with the importing file's own name.
  return next(specifier, context);
}

export function resolveSync(specifier, context, next) {
  if (!isBare(specifier) || !isOwn(context.parentURL)) return next(specifier, context);
  for (const parentURL of parents(context.parentURL)) {
    try {
      return next(specifier, { ...context, parentURL });
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }
  return next(specifier, context);
}
