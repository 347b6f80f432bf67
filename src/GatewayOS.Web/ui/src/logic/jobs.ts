import type { JobMessage } from '../api/types';
import { moment, num } from './numbers';

/** True while more comes. */
export function isOpen(job: JobMessage): boolean {
  return job.state === 'queued' || job.state === 'running';
}

/** How far a job is, 0 to 1; null when nobody knows. */
export function progress(job: JobMessage): number | null {
  const expected = num(job.expectedBytes);
  if (job.state !== 'running') {
    return isOpen(job) ? null : 1;
  }

  return expected > 0 ? Math.min(num(job.bytes) / expected, 1) : null;
}

/** Rates of a running job, bytes a second, over what was seen of it. */
export interface Rates {
  readBytesPerSecond: number;
  sentBytesPerSecond: number;
  filesPerSecond: number;
  leftSeconds: number | null;
}

/** A job's figures at a moment. */
export interface Sample {
  atMs: number;
  bytes: number;
  sentBytes: number;
  files: number;
}

/** How far back rates look, ms. */
const windowMs = 15_000;
const spanLeastMs = 500;

/** Adds what a job says now, and drops what is too old to say anything of its rate. */
export function sampled(samples: readonly Sample[], job: JobMessage, nowMs: number): Sample[] {
  const next = { atMs: nowMs, bytes: num(job.bytes), sentBytes: num(job.sentBytes), files: num(job.files) };
  const last = samples.at(-1);
  const isRestarted = last !== undefined && (next.bytes < last.bytes || next.files < last.files);
  const kept = isRestarted ? [] : samples.filter((sample) => nowMs - sample.atMs <= windowMs);
  return [...kept, next];
}

/** The rates that samples tell; null when they span too little time. */
export function ratesOf(samples: readonly Sample[], job: JobMessage): Rates | null {
  const first = samples[0];
  const last = samples.at(-1);
  if (first === undefined || last === undefined || last.atMs - first.atMs < spanLeastMs) {
    return null;
  }

  const seconds = (last.atMs - first.atMs) / 1000;
  const readBytesPerSecond = (last.bytes - first.bytes) / seconds;
  const expected = num(job.expectedBytes);
  return {
    readBytesPerSecond,
    sentBytesPerSecond: (last.sentBytes - first.sentBytes) / seconds,
    filesPerSecond: (last.files - first.files) / seconds,
    leftSeconds: expected > last.bytes && readBytesPerSecond > 0 ? (expected - last.bytes) / readBytesPerSecond : null,
  };
}

/** How long a job took, or has taken so far; null before it began. */
export function tookSeconds(job: JobMessage, nowMs: number): number | null {
  const started = moment(job.startedUnixMs);
  return started === null ? null : Math.max(((moment(job.endedUnixMs) ?? nowMs) - started) / 1000, 0);
}
