/** The query of `/api/v1/lookup`: texts in, a checked LookupQuery out, or an error that names the parameter. */

import { ipAddressOf } from '../base/ip.ts';
import type { LookupQuery } from './status.ts';

const parameters = ['router', 'address', 'nextHop', 'rd'] as const;
type Parameter = (typeof parameters)[number];

/** Longest name or address that anybody means. */
const maxLength = 256;

/** 400: what was asked is no question. */
export class BadQuery extends Error {
  readonly statusCode = 400;
  readonly parameter: string;

  constructor(parameter: string, problem: string) {
    super(`${parameter}: ${problem}`);
    this.parameter = parameter;
  }
}

/** Throws BadQuery. A parameter that is there but empty counts as left out, as a form sends it. */
export function parseLookupQuery(query: unknown): LookupQuery {
  const given = new Map(Object.entries(query as Record<string, unknown>));
  for (const name of given.keys()) {
    if (!parameters.includes(name as Parameter)) {
      throw new BadQuery(name, `is no parameter of a lookup; they are ${parameters.join(', ')}`);
    }
  }
  const text = (name: Parameter): string => {
    const value = given.get(name) ?? '';
    if (typeof value !== 'string') throw new BadQuery(name, 'is given more than once');
    if (value.length > maxLength) throw new BadQuery(name, `is longer than ${maxLength} characters`);
    return value.trim();
  };
  const required = (name: Parameter, what: string): string => {
    const value = text(name);
    if (value === '') throw new BadQuery(name, `is missing: ${what}`);
    return value;
  };
  const address = (name: Parameter, value: string): string => {
    const parsed = ipAddressOf(value);
    if (parsed === null) throw new BadQuery(name, `"${value}" is no IPv4 or IPv6 address`);
    return parsed.toString();
  };
  const router = required('router', 'configured name, BMP address or exporter address of the router');
  const asked = address('address', required('address', 'IPv4 or IPv6 address to look up'));
  const nextHop = text('nextHop');
  const rd = text('rd');
  return {
    router,
    address: asked,
    nextHop: nextHop === '' ? null : address('nextHop', nextHop),
    rd: rd === '' ? null : rd,
  };
}
