import { call } from '../../api/client';
import { useMethod } from '../../api/resource';
import { Button } from '../../design/Controls';
import { Figure } from '../../design/Figure';
import { Meter } from '../../design/Status';
import { Card, Facts, Loaded, Problem } from '../../design/Surface';
import { toast } from '../../design/Toasts';
import { useAction } from '../../design/useAction';
import { bytes, count, percent } from '../../logic/format';
import { isOpen } from '../../logic/jobs';
import { num } from '../../logic/numbers';
import { toneOfFill } from '../../logic/verdict';
import { useMay } from '../../shell/session';
import { texts } from '../../texts';
import { JobProgress } from '../jobs/JobProgress';
import { JobTable } from '../jobs/JobTable';

const words = texts.storage;
const kinds = ['verify', 'gc', 'retention'] as const;
const jobsMost = 200;

/** The store: how full it is, and the work on it as a whole. */
export function StoreCard() {
  const status = useMethod('Management/GetStatus', {}, ['jobs'], 15_000);
  const jobs = useMethod('Jobs/ListJobs', { most: jobsMost }, ['jobs'], 5000);
  const mayRun = useMay('run');
  const order = useAction(async (kind: (typeof kinds)[number]) => {
    await call('Jobs/OrderJob', { kind });
    toast(texts.jobs.ordered(texts.jobs.kinds[kind] ?? kind));
  });
  const whole = (jobs.value?.jobs ?? []).filter((job) => !job.nodeId);
  return (
    <Card title={words.store} aside={mayRun && <div class="actions">{kinds.map((kind) => <Button key={kind} isBusy={order.isBusy} onClick={() => void order.run(kind)}>{words.order[kind]}</Button>)}</div>}>
      {order.error && <Problem error={order.error} />}
      <Loaded of={status} lines={3}>
        {(value) => {
          const total = num(value.diskTotalBytes);
          const used = total > 0 ? 1 - num(value.diskFreeBytes) / total : 0;
          return (
            <>
              <Meter share={used} tone={toneOfFill(used)} label={texts.overview.used} />
              <Facts
                rows={[
                  [texts.overview.used, <Figure source={texts.overview.sources.free(bytes(total))} atMs={status.readAtMs}>{percent(used)}</Figure>],
                  [texts.overview.free, <Figure source={texts.overview.sources.free(bytes(total))} atMs={status.readAtMs}>{bytes(num(value.diskFreeBytes))}</Figure>],
                  [words.inPacks, <Figure source={words.sources.packs} atMs={status.readAtMs}>{bytes(num(value.storeBytes))}</Figure>],
                  [texts.nodes.restorePoints, count(num(value.snapshots))],
                  [words.path, <code>{value.storePath}</code>],
                  [words.key, value.storeKey],
                ]}
              />
              {(value.warnings ?? []).map((warning) => <p class="note" key={warning}>{warning}</p>)}
            </>
          );
        }}
      </Loaded>
      {whole.filter(isOpen).map((job) => <JobProgress key={job.id} job={job} />)}
      <h3>{words.work}</h3>
      <JobTable jobs={whole} />
    </Card>
  );
}
