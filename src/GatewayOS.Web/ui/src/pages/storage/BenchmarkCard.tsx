import { call } from '../../api/client';
import { useMethod } from '../../api/resource';
import type { BenchmarkReply, ReadRateMessage } from '../../api/types';
import { Button } from '../../design/Controls';
import { Figure } from '../../design/Figure';
import { Card, Empty, Loaded, Problem } from '../../design/Surface';
import { toast } from '../../design/Toasts';
import { useAction } from '../../design/useAction';
import { bytes, percent, rate } from '../../logic/format';
import { isOpen } from '../../logic/jobs';
import { moment } from '../../logic/numbers';
import { useMay } from '../../shell/session';
import { texts } from '../../texts';
import { JobProgress } from '../jobs/JobProgress';

const words = texts.benchmark;
const jobsMost = 50;

interface Rate {
  name: string;
  bytesPerSecond: number;
}

/** How fast the store's disk and the machine are, measured on order. */
export function BenchmarkCard() {
  const result = useMethod('Jobs/GetBenchmark', {}, ['jobs']);
  const jobs = useMethod('Jobs/ListJobs', { most: jobsMost, openOnly: true }, ['jobs']);
  const mayAdminister = useMay('administer');
  const order = useAction(async () => {
    await call('Jobs/OrderBenchmark', {});
    toast(texts.jobs.ordered(words.title));
  });
  const open = (jobs.value?.jobs ?? []).filter((job) => job.kind === 'benchmark' && isOpen(job));
  const button = mayAdminister && <Button isBusy={order.isBusy} disabled={open.length > 0} onClick={() => void order.run()}>{words.run}</Button>;
  return (
    <Card title={words.title} aside={button}>
      {order.error && <Problem error={order.error} />}
      {open.map((job) => <JobProgress key={job.id} job={job} />)}
      <Loaded of={result} lines={3}>
        {(value) => (moment(value.measuredUnixMs) === null ? <Empty icon="clock" title={words.none}>{words.noneWhy}</Empty> : <Result value={value} />)}
      </Loaded>
    </Card>
  );
}

function Result({ value }: { value: BenchmarkReply }) {
  const at = moment(value.measuredUnixMs);
  const stages = (value.stages ?? []).map((stage) => ({ name: words.stage(stage.name ?? '', stage.ofStored === true), bytesPerSecond: stage.bytesPerSecond ?? 0 }));
  const disk = [
    { name: words.write, bytesPerSecond: value.writeBytesPerSecond ?? 0 },
    ...(value.sequential ?? []).map((one) => named(words.sequential, one)),
    ...(value.random ?? []).map((one) => named(words.random, one)),
  ];
  return (
    <>
      <p class="hint">{words.sample(value.cores ?? 0, percent(value.storedShare ?? 0))}</p>
      <div class="grid two">
        <Bars title={words.processor} rates={stages} source={words.sources.processor} at={at} />
        <Bars title={words.disk} rates={disk} source={words.sources.disk} at={at} />
      </div>
    </>
  );
}

function named(words: (size: string, streams: number) => string, one: ReadRateMessage): Rate {
  return { name: words(bytes(one.readBytes ?? 0), one.streams ?? 0), bytesPerSecond: one.bytesPerSecond ?? 0 };
}

function Bars({ title, rates, source, at }: { title: string; rates: readonly Rate[]; source: string; at: number | null }) {
  const most = Math.max(...rates.map((one) => one.bytesPerSecond), 1);
  return (
    <section aria-label={title}>
      <h3>{title}</h3>
      <ul class="bars">
        {rates.map((one) => (
          <li key={one.name}>
            <span>{one.name}</span>
            <Figure source={source} atMs={at}>{rate(one.bytesPerSecond)}</Figure>
            <div class="bars-bar" style={{ width: `${(one.bytesPerSecond / most) * 100}%` }} aria-hidden="true" />
          </li>
        ))}
      </ul>
    </section>
  );
}
