/** What a benchmark's child processes tell their parent. */

export interface Usage {
  /** Seconds of CPU since the process started, user and system. */
  readonly cpuS: number;
  /** Peak resident set, bytes. */
  readonly peakRss: number;
}

export type ChildMessage =
  | { readonly kind: 'ready'; readonly usage: Usage }
  | { readonly kind: 'usage'; readonly usage: Usage; readonly detail: Readonly<Record<string, number>> };

export function usageNow(): Usage {
  const { user, system } = process.cpuUsage();
  return { cpuS: (user + system) / 1e6, peakRss: process.resourceUsage().maxRSS * 1024 };
}

export function tellParent(message: ChildMessage): void {
  process.send?.(message);
}
