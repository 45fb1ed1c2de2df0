// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// What a program needs of Keyward: copy it, and take out what you don't use.

import {randomUUID} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {setTimeout as sleep} from 'node:timers/promises';
import {fileURLToPath} from 'node:url';

import grpc from '@grpc/grpc-js';
import protoLoader from '@grpc/proto-loader';

const {env} = process;

// Of one call, its repetitions included. A watch has none.
const TIMEOUT_MS = 10_000;

// The contracts, as they are in Keyward's repository.
const PROTO = env.KEYWARD_PROTO ??
    fileURLToPath(new URL('../../../proto', import.meta.url));

const contracts = protoLoader.loadSync(
    ['keyward/secrets/v1/secret_service.proto', 'google/rpc/error_details.proto'],
    {
      includeDirs: [PROTO, `${PROTO}/external`],
      defaults: true,
      enums: String,
      longs: String,
      oneofs: true,
    });
const {SecretService} = grpc.loadPackageDefinition(contracts).keyward.secrets.v1;

// What gRPC does by itself. A call that a restarting server did not answer is
// made again, which is safe: a read changes nothing, and a change has a request
// id, by which the server does it once.
const SERVICE_CONFIG = {
  methodConfig: [{
    name: [{service: 'keyward.secrets.v1.SecretService'}],
    retryPolicy: {
      maxAttempts: 5,
      initialBackoff: '0.5s',
      maxBackoff: '4s',
      backoffMultiplier: 2,
      retryableStatusCodes: ['UNAVAILABLE'],
    },
  }],
};

const OPTIONS = {
  'grpc.service_config': JSON.stringify(SERVICE_CONFIG),
  // A server that went away is tried each 5 s at the latest.
  'grpc.max_reconnect_backoff_ms': 5_000,
  // A watch is silent for long: this notices that its connection is dead.
  'grpc.keepalive_time_ms': 30_000,
};

// Adds the token to each call, read anew: whoever issues it renews it.
function addToken(context, callback) {
  try {
    const token = readFileSync(env.KEYWARD_TOKEN_FILE, 'utf8').trim();
    const metadata = new grpc.Metadata();
    metadata.set('authorization', `Bearer ${token}`);
    callback(null, metadata);
  } catch (error) {
    callback(error);
  }
}

// A client of the server at KEYWARD_ADDR, which KEYWARD_CA vouches for. It is
// who KEYWARD_TOKEN_FILE says (a JWT), otherwise who KEYWARD_CERT and
// KEYWARD_KEY say (mTLS).
export function connect() {
  const ca = readFileSync(env.KEYWARD_CA);
  const credentials = env.KEYWARD_TOKEN_FILE ?
      grpc.credentials.combineChannelCredentials(
          grpc.credentials.createSsl(ca),
          grpc.credentials.createFromMetadataGenerator(addToken)) :
      grpc.credentials.createSsl(
          ca, readFileSync(env.KEYWARD_KEY), readFileSync(env.KEYWARD_CERT));
  return new SecretService(env.KEYWARD_ADDR, credentials, OPTIONS);
}

// Calls a method that has one answer.
function call(secrets, method, request) {
  const options = {deadline: Date.now() + TIMEOUT_MS};
  return new Promise((resolve, reject) => {
    secrets[method](request, options, (error, answer) => {
      if (error) reject(error); else resolve(answer);
    });
  });
}

// -- values ------------------------------------------------------------------

// CRC-32C (RFC 3720), which Node.js does not have.
export function crc32c(data) {
  let crc = ~0;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; ++bit) {
      crc = crc >>> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
    }
  }
  return ~crc >>> 0;
}

// A payload with the checksum by which the server sees it arrive whole.
function payloadOf(data) {
  return {data, dataCrc32c: crc32c(data)};
}

// The value of a payload that arrived whole.
export function valueOf(payload) {
  if (crc32c(payload.data) !== payload.dataCrc32c) {
    throw new Error('the value was damaged on its way');
  }
  return payload.data;
}

// Creates a secret with its first version and returns the version.
export async function create(
    secrets, parent, secretId, data, requestId = randomUUID()) {
  const request = {parent, secretId, payload: payloadOf(data), requestId};
  return (await call(secrets, 'createSecret', request)).version;
}

// Adds a version, which becomes the current one, and returns it.
export async function add(secrets, secret, data, requestId = randomUUID()) {
  const request = {parent: secret, payload: payloadOf(data), requestId};
  return (await call(secrets, 'addSecretVersion', request)).version;
}

// The value of a secret's current version.
export async function read(secrets, name) {
  const answer = await call(secrets, 'accessSecretVersion', {name});
  return valueOf(answer.payload);
}

// A result for each of up to 100 names, in order: a response or an error.
export async function readAll(secrets, names) {
  return (await call(secrets, 'batchAccessSecretVersions', {names})).results;
}

// -- changes -----------------------------------------------------------------

// All secrets that the caller may see, and the position to watch from.
export async function listAll(secrets, parent) {
  const found = [];
  let position = '';
  let pageToken = '';
  do {
    const answer = await call(secrets, 'listSecrets', {parent, pageToken});
    found.push(...answer.secrets);
    // Only the first page has one, and so nothing after it is missed.
    position ||= answer.watchPosition;
    pageToken = answer.nextPageToken;
  } while (pageToken);
  return {found, position};
}

// Yields every change after a position once and in order, for ever.
//
// Whatever ends the stream but a refusal, it is opened again where it ended.
// FAILED_PRECONDITION with the reason POSITION_COMPACTED or POSITION_FOREIGN
// means that the position is too old, or from before a restore: list again.
export async function* changes(secrets, parent, position) {
  const again = [grpc.status.UNAVAILABLE, grpc.status.CANCELLED];
  let wait = 100;
  while (true) {
    let answered = false;
    const stream = secrets.watchSecrets({parent, position});
    try {
      for await (const answer of stream) {
        answered = true;
        wait = 100;
        if (answer.event) yield answer.event;
        position = answer.position;
      }
    } catch (error) {
      // A credential that was good has expired: the next may be there.
      const expired = answered && error.code === grpc.status.UNAUTHENTICATED;
      if (!again.includes(error.code) && !expired) throw error;
      console.error(
          `the watch ended, ${error.message}; it is opened again`);
    } finally {
      stream.cancel();
    }
    // Not all clients of a restarted server at the same moment.
    await sleep(wait * (0.5 + Math.random() / 2));
    wait = Math.min(2 * wait, 5_000);
  }
}

// -- errors ------------------------------------------------------------------

function parse(type, bytes) {
  return contracts[type].deserialize(bytes);
}

// The google.rpc.Status of a call that failed.
export function statusOf(error) {
  const [bytes] = error.metadata.get('grpc-status-details-bin');
  return bytes ? parse('google.rpc.Status', bytes) :
                 {code: error.code, message: error.details, details: []};
}

// The ErrorInfo and the BadRequest of a status; empty if it has none.
export function detailsOf(status) {
  const find = (type) => {
    const detail = status.details.find(
        ({type_url}) => type_url === `type.googleapis.com/${type}`);
    return parse(type, detail?.value ?? Buffer.alloc(0));
  };
  return {info: find('google.rpc.ErrorInfo'), bad: find('google.rpc.BadRequest')};
}

// What went wrong, for people; programs branch on code and reason.
export function describe(status) {
  const {info, bad} = detailsOf(status);
  return [
    `${grpc.status[status.code]}: ${status.message}`,
    // What gRPC itself says, of a server that is away, has none.
    ...info.reason ? [`  reason: ${info.reason}`] : [],
    ...Object.keys(info.metadata).sort().map(
        (key) => `  ${key}: ${info.metadata[key]}`),
    ...bad.fieldViolations.map(
        ({field, description}) => `  field ${field}: ${description}`),
  ].join('\n');
}
