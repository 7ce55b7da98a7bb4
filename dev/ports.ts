/** Free TCP ports on 127.0.0.1. They are free when this returns, not reserved: who starts a server retries when it lost the race. */

import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';

export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map(async (server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map(async (server) => once(server.close(), 'close')));
  return ports;
}
