import { useEffect, useState } from 'preact/hooks';
import { call } from '../../api/client';
import type { JobMessage } from '../../api/types';
import { Button } from '../../design/Controls';
import { Badge, Progress } from '../../design/Status';
import { Problem } from '../../design/Surface';
import { useAction } from '../../design/useAction';
import { useNow } from '../../design/useNow';
import { bytes, count, duration, rate, relative } from '../../logic/format';
import { isOpen, progress, ratesOf, sampled, tookSeconds, type Rates, type Sample } from '../../logic/jobs';
import { moment, num } from '../../logic/numbers';
import { toneOf } from '../../logic/verdict';
import { useMay } from '../../shell/session';
import { texts } from '../../texts';
import './jobs.css';

const words = texts.jobs;

/** The rates of a running job, from what was seen of it while the page is open. */
export function useRates(job: JobMessage): Rates | null {
  const [samples, setSamples] = useState<readonly Sample[]>([]);
  useEffect(() => {
    if (job.state === 'running') {
      setSamples((old) => sampled(old, job, Date.now()));
    }
  }, [job]);
  return ratesOf(samples, job);
}

/** A job at work: how far, how fast by stage, how long still, and how to call it off. */
export function JobProgress({ job, showNode = true }: { job: JobMessage; showNode?: boolean }) {
  const now = useNow();
  const rates = useRates(job);
  const mayRun = useMay('run');
  const mayRestore = useMay('restore');
  const share = progress(job);
  const cancel = useAction(() => call('Jobs/CancelJob', { id: job.id ?? '' }));
  const name = `${kindOf(job)}${showNode && job.nodeName ? ` · ${job.nodeName}` : ''}`;
  const took = tookSeconds(job, now);
  return (
    <article class="job" aria-label={name}>
      <div class="job-head">
        <strong>{name}</strong>
        <JobState job={job} />
        {isOpen(job) && (mayRun || mayRestore) && <Button kind="quiet" isBusy={cancel.isBusy} onClick={() => void cancel.run()}>{texts.actions.cancel}</Button>}
      </div>
      {job.state === 'running' && <Progress share={share} label={name} />}
      <p class="job-line">
        {job.state === 'queued' ? waiting(job, now) : [
          num(job.bytes) > 0 && (num(job.expectedBytes) > 0 ? words.ofExpected(bytes(num(job.bytes)), bytes(num(job.expectedBytes))) : bytes(num(job.bytes))),
          num(job.files) > 0 && words.files(count(num(job.files))),
          rates && words.reads(rate(rates.readBytesPerSecond)),
          rates && num(job.sentBytes) > 0 && words.sends(rate(rates.sentBytesPerSecond)),
          rates?.leftSeconds != null ? words.left(duration(rates.leftSeconds)) : took !== null && words.since(duration(took)),
        ].filter((part) => typeof part === 'string').join(' · ')}
      </p>
      {job.message && <p class="hint">{job.message}</p>}
      {cancel.error && <Problem error={cancel.error} />}
    </article>
  );
}

function waiting(job: JobMessage, now: number): string {
  const notBefore = moment(job.notBeforeUnixMs);
  return notBefore !== null && notBefore > now ? words.notBefore(relative(notBefore, now)) : words.waits;
}

/** What a job does, in a word. */
export function kindOf(job: JobMessage): string {
  return words.kinds[job.kind ?? ''] ?? job.kind ?? '';
}

/** Where a job stands, in a word. */
export function JobState({ job }: { job: JobMessage }) {
  return <Badge tone={toneOf(job.state)}>{words.states[job.state ?? ''] ?? job.state}</Badge>;
}
