/** The HTTP server's life: binds where configuration says, tells the URL it really has, ends without waiting for idle clients. */

import type { AddressInfo } from 'node:net';
import { createHttpApi, type HttpApiOptions } from './api.ts';

export interface HttpServerOptions extends HttpApiOptions {
  /** Port 0 takes any free one. */
  readonly listen: { readonly host: string; readonly port: number };
}

export interface HttpServer {
  /** Returns the URL, with the real port. Rejects when the address cannot be had. */
  start(): Promise<string>;
  stop(): Promise<void>;
}

export function createHttpServer(options: HttpServerOptions): HttpServer {
  const api = createHttpApi(options);
  return {
    async start() {
      await api.listen({ ...options.listen, listenTextResolver: () => '' });
      const { address, port, family } = api.server.address() as AddressInfo;
      return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
    },
    async stop() {
      await api.close();
    },
  };
}
