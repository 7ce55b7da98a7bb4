/**
 * Kinds of values that several sections of the configuration share. Each checks the text only; what it means (milliseconds, address
 * words) is made of it by compile.ts, so that the configuration stays what the user wrote.
 */

import { z } from 'zod';
import { durationPattern, parseDuration } from '../../base/units.ts';
import { parseAddress, parseRange } from '../addresses.ts';

const durationHint = 'expected a duration such as 500ms, 30s or 5m';

/** A whole number of ms, s, m, h or d, or several of them, such as 1h30m. */
export function duration() {
  return z
    .string(durationHint)
    .regex(durationPattern, { error: durationHint, abort: true })
    .refine((text) => !Number.isNaN(parseDuration(text)), 'duration is too long');
}

/** Kafka's legal topic names, short enough for the suffixes of internal topics where they are built from one. */
export function topicName(maxLength = 249) {
  return z
    .string()
    .min(1, 'must not be empty')
    .max(maxLength, `at most ${maxLength} characters`)
    .regex(/^[a-zA-Z0-9._-]*$/, 'may contain only letters, digits, ".", "_" and "-"')
    .refine((name) => name !== '.' && name !== '..', 'must not be "." or ".."');
}

export function address() {
  return z.string().refine((text) => parseAddress(text) !== null, 'expected an IPv4 or IPv6 address');
}

/** An address or a CIDR range without host bits. */
export function addressRange() {
  return z.string().superRefine((text, context) => {
    const range = parseRange(text);
    if (typeof range === 'string') context.addIssue({ code: 'custom', message: range });
  });
}

/** `host:port`, IPv6 hosts in brackets. */
export const hostPortPattern = /^(\[[0-9a-fA-F:.]+\]|[^\s:[\]/]+):(\d{1,5})$/;

export function hostPort() {
  return z.string().refine((text) => {
    const match = hostPortPattern.exec(text);
    return match !== null && Number(match[2]) <= 65535;
  }, 'expected host:port');
}

export function httpUrl() {
  return z
    .string()
    .refine((text) => /^https?:\/\/./.test(text) && URL.canParse(text), 'expected an http:// or https:// URL');
}

export function nonEmpty() {
  return z.string().min(1, 'must not be empty');
}
