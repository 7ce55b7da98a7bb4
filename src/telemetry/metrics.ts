/**
 * Metrics without cost where records pass: components bump plain numbers of their own; at a scrape the registry reads them through
 * functions given here and hands them to prom-client. Names are `flowrib_<folder>_<noun>_<unit>`, counters end in `_total`. Labels come
 * from closed sets, or are topic, partition, shard.
 */

import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

export interface Sample {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

export type ReadSamples = () => Iterable<Sample>;

export interface HistogramHandle {
  /** Once a batch, never once a record. */
  observe(labels: Readonly<Record<string, string | number>>, value: number): void;
}

export interface Metrics {
  /** A value that only grows, for as long as the process lives. */
  counterFrom(name: string, help: string, labelNames: readonly string[], read: ReadSamples): void;
  gaugeFrom(name: string, help: string, labelNames: readonly string[], read: ReadSamples): void;
  histogram(name: string, help: string, labelNames: readonly string[], buckets: readonly number[]): HistogramHandle;
  /** Names of all metrics that were registered here, without the process's own. */
  names(): readonly string[];
  readonly contentType: string;
  text(): Promise<string>;
}

const namePattern = /^flowrib(_[a-z0-9]+){2,}$/;

export function createMetrics(): Metrics {
  const registry = new Registry();
  const names: string[] = [];
  collectDefaultMetrics({ register: registry });

  const claim = (name: string, isCounter: boolean): void => {
    if (!namePattern.test(name) || name.endsWith('_total') !== isCounter) {
      throw new TypeError(`metric ${name} is not named as metrics are`);
    }
    names.push(name);
  };
  return {
    counterFrom(name, help, labelNames, read) {
      claim(name, true);
      const metric = new Counter({
        name,
        help,
        labelNames: [...labelNames],
        registers: [],
        collect() {
          this.reset();
          for (const { labels, value } of read()) this.inc({ ...labels }, value);
        },
      });
      registry.registerMetric(metric);
    },
    gaugeFrom(name, help, labelNames, read) {
      claim(name, false);
      const metric = new Gauge({
        name,
        help,
        labelNames: [...labelNames],
        registers: [],
        collect() {
          this.reset();
          for (const { labels, value } of read()) this.set({ ...labels }, value);
        },
      });
      registry.registerMetric(metric);
    },
    histogram(name, help, labelNames, buckets) {
      claim(name, false);
      const histogram = new Histogram({
        name,
        help,
        labelNames: [...labelNames],
        buckets: [...buckets],
        registers: [registry],
      });
      return { observe: (labels, value) => histogram.observe({ ...labels }, value) };
    },
    names: () => names,
    contentType: registry.contentType,
    text: () => registry.metrics(),
  };
}
