// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

const USAGE = `Secrets of Keyward from Node.js.

  main.js create|add SECRET [REQUEST_ID]    stores the value on standard input
  main.js read SECRET                       prints the value
  main.js batch SECRET...                   prints what became of each
  main.js watch                             prints what there is, then changes
`;

import {readFileSync} from 'node:fs';

import * as client from './keyward_client.js';

const PROJECT = `projects/${process.env.KEYWARD_PROJECT ?? 'default'}`;

const nameOf = (secretId) => `${PROJECT}/secrets/${secretId}`;
const standardInput = () => readFileSync(0);

async function batch(secrets, secretIds) {
  for (const item of await client.readAll(secrets, secretIds.map(nameOf))) {
    if (item.result === 'error') {
      console.log(`${item.name}: ${client.describe(item.error)}`);
    } else {
      const value = client.valueOf(item.response.payload);
      console.log(
          `${item.name}: ${item.response.name}, ${value.length} bytes`);
    }
  }
}

async function watch(secrets) {
  while (true) {
    const {found, position} = await client.listAll(secrets, PROJECT);
    for (const secret of found) {
      console.log(`LISTED ${secret.name} ${secret.currentVersion}`);
    }
    try {
      for await (const event of client.changes(secrets, PROJECT, position)) {
        const kind = event.kind.replace('SECRET_EVENT_KIND_', '');
        console.log(`${kind} ${event.name} ${event.version}`);
      }
    } catch (error) {
      if (!error.metadata) throw error;
      const {info} = client.detailsOf(client.statusOf(error));
      if (!['POSITION_COMPACTED', 'POSITION_FOREIGN'].includes(info.reason)) {
        throw error;
      }
    }
  }
}

async function run(secrets, [command, ...rest]) {
  const [secretId, requestId] = rest;
  if (command === 'create' && secretId) {
    const version = await client.create(
        secrets, PROJECT, secretId, standardInput(), requestId);
    console.log(version.name);
  } else if (command === 'add' && secretId) {
    const version = await client.add(
        secrets, nameOf(secretId), standardInput(), requestId);
    console.log(version.name);
  } else if (command === 'read' && secretId) {
    process.stdout.write(await client.read(secrets, nameOf(secretId)));
  } else if (command === 'batch') {
    await batch(secrets, rest);
  } else if (command === 'watch') {
    await watch(secrets);
  } else {
    console.error(USAGE);
    process.exitCode = 2;
  }
}

const secrets = client.connect();
try {
  await run(secrets, process.argv.slice(2));
} catch (error) {
  // Only calls have metadata: other errors are the program's.
  if (!error.metadata) throw error;
  console.error(client.describe(client.statusOf(error)));
  process.exitCode = 1;
} finally {
  secrets.close();
}
