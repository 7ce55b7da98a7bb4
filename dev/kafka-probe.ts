/**
 * Asks a broker, in Kafka's own protocol and without a client library, whether it serves: Metadata v1 for no topic. The number of
 * brokers in the answer is how many the cluster has registered.
 */

import { connect } from 'node:net';

const metadataKey = 3;

/** 0 when nothing (sensible) answers within `timeoutMs`. */
export async function countBrokers(address: string, timeoutMs = 1000): Promise<number> {
  const [host, port] = splitAddress(address);
  return new Promise((resolve) => {
    const socket = connect(port, host);
    let answer = Buffer.alloc(0);
    const settle = (count: number): void => {
      socket.destroy();
      resolve(count);
    };
    socket.setTimeout(timeoutMs, () => settle(0));
    socket.once('error', () => settle(0));
    socket.once('close', () => settle(0));
    socket.once('connect', () => socket.write(metadataRequest()));
    socket.on('data', (chunk) => {
      answer = Buffer.concat([answer, chunk]);
      // size(int32) correlationId(int32) brokers(array: count int32 ...)
      if (answer.length >= 12) settle(answer.readInt32BE(4) === 1 ? answer.readInt32BE(8) : 0);
    });
  });
}

export function splitAddress(address: string): [host: string, port: number] {
  const colon = address.lastIndexOf(':');
  return [address.slice(0, colon), Number(address.slice(colon + 1))];
}

/** size(int32) apiKey(int16) apiVersion(int16) correlationId(int32) clientId(nullable string) topics(array int32, empty) */
function metadataRequest(): Buffer {
  const request = Buffer.alloc(18);
  request.writeInt32BE(14, 0);
  request.writeInt16BE(metadataKey, 4);
  request.writeInt16BE(1, 6);
  request.writeInt32BE(1, 8);
  request.writeInt16BE(-1, 12);
  request.writeInt32BE(0, 14);
  return request;
}
