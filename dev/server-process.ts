/**
 * A server started for development: its output goes to a log file, and it never outlives us. Three nets: `stop()`, the exit and
 * signal handlers of this process, and a watchdog shell holding a pipe of ours, which kills the server when we died by SIGKILL.
 */

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const living = new Set<ServerProcess>();
const exitHooks = new Set<() => void>();
let isHooked = false;

/** Runs `hook` when this process ends, by itself or by SIGINT, SIGTERM or SIGHUP; after all servers were killed. Returns the undo. */
export function onProcessEnd(hook: () => void): () => void {
  hookProcessEnd();
  exitHooks.add(hook);
  return () => exitHooks.delete(hook);
}

export class ServerProcess {
  readonly logFile: string;
  private readonly child: ChildProcess;
  private readonly watchdog: ChildProcess;

  constructor(command: string, args: readonly string[], logFile: string, env: NodeJS.ProcessEnv = process.env) {
    this.logFile = logFile;
    const log = openSync(logFile, 'a');
    // A process group of its own: Ctrl-C in the terminal reaches us first, and we end it in order.
    this.child = spawn(command, args, { stdio: ['ignore', log, log], detached: true, env });
    closeSync(log);
    this.child.unref();
    this.child.on('error', () => {});
    this.watchdog = spawn(
      'sh',
      ['-c', 'cat >/dev/null; kill -9 "$1" 2>/dev/null', 'watchdog', String(this.child.pid)],
      {
        stdio: ['pipe', 'ignore', 'ignore'],
        detached: true,
      },
    );
    this.watchdog.unref();
    (this.watchdog.stdin as unknown as { unref(): void }).unref();
    this.child.once('exit', () => this.forget());
    living.add(this);
    hookProcessEnd();
  }

  isRunning(): boolean {
    return this.child.pid !== undefined && this.child.exitCode === null && this.child.signalCode === null;
  }

  signal(signal: NodeJS.Signals): void {
    if (this.isRunning()) this.child.kill(signal);
  }

  /** Sends the signal and waits for the end; SIGKILL after `graceMs`. */
  async end(signal: NodeJS.Signals, graceMs = 20_000): Promise<void> {
    if (!this.isRunning()) return;
    this.child.ref();
    const ended = once(this.child, 'exit');
    this.child.kill(signal);
    const force = setTimeout(() => this.child.kill('SIGKILL'), graceMs);
    await ended;
    clearTimeout(force);
  }

  killNow(): void {
    this.signal('SIGKILL');
    this.forget();
  }

  logTail(lines = 30): string {
    return readFileSync(this.logFile, 'utf8').split('\n').slice(-lines).join('\n');
  }

  /** Calls `probe` until it is true; throws with the log's end when the server died or `timeoutMs` passed. */
  async waitUntil(probe: () => Promise<boolean>, what: string, timeoutMs = 60_000): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      if (await probe()) return;
      if (!this.isRunning()) throw new Error(`${what} ended while starting; log ${this.logFile}:\n${this.logTail()}`);
      if (Date.now() > deadline) throw new Error(`${what} not ready in time; log ${this.logFile}:\n${this.logTail()}`);
      await sleep(100);
    }
  }

  private forget(): void {
    living.delete(this);
    this.watchdog.kill('SIGKILL');
  }
}

function hookProcessEnd(): void {
  if (isHooked) return;
  isHooked = true;
  process.on('exit', endAll);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      // Whoever handles the signal as well (a test runner, a program that drains first) exits when it is done, and we with it.
      if (process.listenerCount(signal) > 0) return;
      endAll();
      process.kill(process.pid, signal);
    });
  }
}

function endAll(): void {
  for (const server of living) server.killNow();
  for (const hook of exitHooks) hook();
}
