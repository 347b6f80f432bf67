import { useState } from 'preact/hooks';
import type { JobMessage } from '../../api/types';
import { Button } from '../../design/Controls';
import { Empty } from '../../design/Surface';
import { Table, type Column } from '../../design/Table';
import { bytes, dateTime, duration } from '../../logic/format';
import { isOpen, tookSeconds } from '../../logic/jobs';
import { moment, num } from '../../logic/numbers';
import { texts } from '../../texts';
import { JobState, kindOf } from './JobProgress';

const words = texts.jobs;
const shownAtFirst = 12;

/** Jobs that have ended, the newest first; what failed says what to do. */
export function JobTable({ jobs, showNode = false }: { jobs: readonly JobMessage[]; showNode?: boolean }) {
  const [isAll, setAll] = useState(false);
  const ended = jobs.filter((job) => !isOpen(job));
  if (ended.length === 0) {
    return <Empty icon="clock" title={words.none}>{words.noneWhy}</Empty>;
  }

  const columns: Column<JobMessage>[] = [
    { name: words.job, cell: (job) => <><strong>{kindOf(job)}</strong>{showNode && job.nodeName ? ` · ${job.nodeName}` : ''} <small>{origin(job)}</small></> },
    { name: words.state, cell: (job) => <JobState job={job} /> },
    { name: words.started, cell: (job) => dateTime(moment(job.startedUnixMs) ?? num(job.queuedUnixMs)) },
    { name: words.took, isNumber: true, cell: (job) => took(job) },
    { name: words.amount, isNumber: true, cell: (job) => (num(job.bytes) > 0 ? bytes(num(job.bytes)) : '–') },
    { name: words.sent, isNumber: true, cell: (job) => (num(job.sentBytes) > 0 ? bytes(num(job.sentBytes)) : '–') },
    { name: words.problem, cell: (job) => <Trouble job={job} /> },
  ];
  const shown = isAll ? ended : ended.slice(0, shownAtFirst);
  return (
    <>
      <Table label={words.job} columns={columns} rows={shown} keyOf={(job) => job.id ?? ''} />
      {shown.length < ended.length && <Button kind="quiet" onClick={() => setAll(true)}>{texts.overview.all(ended.length)}</Button>}
    </>
  );
}

function origin(job: JobMessage): string {
  return job.orderedBy ? words.by(job.orderedBy) : job.policy || words.bySchedule;
}

function took(job: JobMessage): string {
  const seconds = tookSeconds(job, num(job.endedUnixMs));
  return seconds === null ? '–' : duration(seconds);
}

function Trouble({ job }: { job: JobMessage }) {
  const remedy = job.state === 'failed' ? words.faults[job.fault ?? ''] : undefined;
  return job.message || remedy ? <span class="trouble">{job.message}{remedy && <small>{remedy}</small>}</span> : <span class="unseen">–</span>;
}
