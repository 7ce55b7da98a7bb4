/**
 * `flowrib lookup`: asks a running member which route it would choose, and why. Exit 0 when a route was found, 1 when none was, or the
 * member could not say.
 */

import { errorText } from '../base/errors.ts';
import type { LookupAnswer, LookupReply } from '../http/status.ts';
import { type AddCommand, exitFailed, exitOk } from './command.ts';
import { lookupText } from './lookup-text.ts';

interface LookupOptions {
  readonly router: string;
  readonly nextHop?: string;
  readonly rd?: string;
  readonly url: string;
  readonly json?: boolean;
}

/** A member asks its fellows for five seconds. */
const timeoutMs = 15_000;

export const addLookupCommand: AddCommand = (program, terminal, finish) => {
  program
    .command('lookup')
    .description('print the route chosen for an address, and why others lost')
    .argument('<address>', 'IPv4 or IPv6 address')
    .requiredOption('--router <router>', 'name or address of the router')
    .option('--next-hop <address>', 'next hop of the flow')
    .option('--rd <rd>', 'route distinguisher, vrfid:N or name of the VRF')
    .option('--url <url>', 'HTTP address of a member', 'http://127.0.0.1:8080')
    .option('--json', 'print the answer as JSON')
    .action(async (address: string, options: LookupOptions) => {
      finish(exitFailed);
      const reply = await ask(address, options);
      if (typeof reply === 'string') {
        terminal.err(reply);
        return;
      }
      const { code, body } = reply;
      if (options.json === true) terminal.out(JSON.stringify(body, null, 2));
      else if (isAnswer(body)) terminal.out(lookupText(body));
      if (!isAnswer(body)) terminal.err(`${options.url} (status ${code}): ${body.error}`);
      else if (body.status === 'matched') finish(exitOk);
    });
};

function isAnswer(body: LookupReply['body']): body is LookupAnswer {
  return 'status' in body && 'steps' in body;
}

/** What was answered, or why nothing was. */
async function ask(address: string, { router, nextHop, rd, url }: LookupOptions): Promise<LookupReply | string> {
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) return `--url ${url}: expected an http:// or https:// URL`;
  const query = new URLSearchParams({ router, address });
  if (nextHop !== undefined) query.set('nextHop', nextHop);
  if (rd !== undefined) query.set('rd', rd);
  let response: Response;
  try {
    response = await fetch(`${url.replace(/\/+$/, '')}/api/v1/lookup?${query.toString()}`, {
      signal: AbortSignal.timeout(timeoutMs),
    });
  } catch (error) {
    return `cannot ask ${url}: ${reasonOf(error)}\n${hint}`;
  }
  const text = await response.text();
  try {
    const body = JSON.parse(text) as LookupReply['body'] | null;
    if (typeof body === 'object' && body !== null && (isAnswer(body) || typeof body.error === 'string')) {
      return { code: response.status, body };
    }
  } catch {
    // Told below: no JSON is no answer of ours.
  }
  return `${url} answered (status ${response.status}), but not as flowrib does\n${hint}`;
}

const hint = 'is a member running, and does its http.listen say this address? --url names another one';

function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  const code = (cause as { code?: unknown } | null)?.code;
  if (code === 'ECONNREFUSED') return 'connection refused';
  if (cause instanceof Error && cause.name === 'TimeoutError') return `no answer within ${timeoutMs / 1000} s`;
  return errorText(cause);
}
