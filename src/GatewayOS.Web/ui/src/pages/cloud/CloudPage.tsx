import { useState } from 'preact/hooks';
import { call } from '../../api/client';
import { useMethod } from '../../api/resource';
import type { VaultInfo } from '../../api/types';
import { Button } from '../../design/Controls';
import { Confirm } from '../../design/Dialog';
import { Figure } from '../../design/Figure';
import { Badge } from '../../design/Status';
import { Card, Empty, Facts, Loaded, PageHead, Problem } from '../../design/Surface';
import { toast } from '../../design/Toasts';
import { useAction } from '../../design/useAction';
import { useNow } from '../../design/useNow';
import { limitText } from '../../logic/bandwidth';
import { bytes, count, dateTime, duration } from '../../logic/format';
import { isOpen } from '../../logic/jobs';
import { moment, num } from '../../logic/numbers';
import { costOf, toneOfVault, vaultState } from '../../logic/vaults';
import { useMay } from '../../shell/session';
import { texts } from '../../texts';
import { JobProgress } from '../jobs/JobProgress';
import { JobTable } from '../jobs/JobTable';
import { AddVaultDialog } from './AddVaultDialog';
import { BandwidthDialog } from './BandwidthDialog';
import { TunnelCard } from './TunnelCard';
import { VaultTasks } from './VaultTasks';

const words = texts.cloud;
const jobsMost = 200;

/** The vaults: how each stands, what is on its way, and which there are to be. */
export function CloudPage() {
  const vaults = useMethod('Vaults/List', {}, ['jobs'], 10_000);
  const jobs = useMethod('Jobs/ListJobs', { most: jobsMost }, ['jobs'], 5000);
  const mayRun = useMay('run');
  const mayAdminister = useMay('administer');
  const [isAdding, setAdding] = useState(false);
  const sync = useAction(async () => {
    await call('Jobs/OrderJob', { kind: 'vault' });
    toast(texts.jobs.ordered(texts.jobs.kinds['vault'] ?? ''));
  });
  const rehearse = useAction(async () => {
    await call('Jobs/OrderJob', { kind: 'drill' });
    toast(texts.jobs.ordered(words.rehearsal));
  });
  const works = (jobs.value?.jobs ?? []).filter((job) => job.kind === 'vault' || (job.kind === 'drill' && !job.nodeId));
  const isAtWork = (kind: string) => works.some((job) => job.kind === kind && isOpen(job));
  const close = () => {
    setAdding(false);
    void vaults.reload();
  };
  const add = mayAdminister && <Button kind="primary" icon="plus" onClick={() => setAdding(true)}>{words.add}</Button>;
  return (
    <>
      <PageHead title={words.title} lead={words.lead}>
        {mayRun && (vaults.value?.vaults?.length ?? 0) > 0 && (
          <>
            <Button isBusy={rehearse.isBusy} disabled={isAtWork('drill')} onClick={() => void rehearse.run()}>{words.rehearse}</Button>
            <Button isBusy={sync.isBusy} disabled={isAtWork('vault')} onClick={() => void sync.run()}>{words.sync}</Button>
          </>
        )}
        {add}
      </PageHead>
      <div class="stack">
        {sync.error && <Problem error={sync.error} />}
        {rehearse.error && <Problem error={rehearse.error} />}
        <Loaded of={vaults}>
          {(value) => ((value.vaults?.length ?? 0) === 0
            ? <Card><Empty icon="cloud" title={words.none} action={add}>{words.noneWhy}</Empty></Card>
            : (value.vaults ?? []).map((vault) => <VaultCard key={vault.name} vault={vault} readAtMs={vaults.readAtMs} onChanged={close} />))}
        </Loaded>
        <TunnelCard />
        {(vaults.value?.vaults?.length ?? 0) > 0 && (
          <Card title={words.jobs} aside={<span class="hint">{words.syncHint}</span>}>
            {works.filter(isOpen).map((job) => <JobProgress key={job.id} job={job} />)}
            <JobTable jobs={works} />
          </Card>
        )}
      </div>
      {isAdding && <AddVaultDialog onClose={close} />}
    </>
  );
}

// Null while nobody has looked.
function costText(vault: VaultInfo): string | null {
  const cost = costOf(vault);
  return cost === null ? null
    : [words.costs(cost.perMonth.toFixed(2), cost.toRead.toFixed(2), vault.hasOwnPrices !== true), ...(vault.classes ?? []).map((use) => `${use.name} ${bytes(num(use.bytes))}`), cost.unpriced.length > 0 ? words.unpriced(cost.unpriced.join(', ')) : ''].filter((part) => part !== '').join(' · ');
}

function VaultCard({ vault, readAtMs, onChanged }: { vault: VaultInfo; readAtMs: number; onChanged: () => void }) {
  const now = useNow(5000);
  const mayAdminister = useMay('administer');
  const [open, setOpen] = useState<'bandwidth' | 'removal' | null>(null);
  const complete = moment(vault.completeUntilUnixMs);
  const state = vaultState(vault, now);
  const close = () => {
    setOpen(null);
    onChanged();
  };
  return (
    <Card title={vault.name ?? ''} aside={<Badge tone={toneOfVault(state)}>{words.states[state]}</Badge>}>
      {vault.problem && <Problem error={vault.problem} />}
      <Facts
        rows={[
          [words.rpo, <><Figure source={words.sources.rpo} atMs={readAtMs}>{complete === null ? null : duration(Math.max(now - complete, 0) / 1000)}</Figure>{complete !== null && <small> {vault.byTasks === true ? words.rpoNoteTasks : words.rpoNote}</small>}</>],
          [words.complete, complete === null ? texts.time.never : dateTime(complete)],
          [words.sent, <Figure source={words.sources.sent} atMs={readAtMs}>{bytes(num(vault.sentBytes))}</Figure>],
          vault.isSyncing === true && [words.left, words.objects(count(num(vault.objectsLeft)))],
          [words.place, <code>{vault.place}</code>],
          vault.isBucket === true && [words.packClass, vault.packClass || words.classDefault],
          vault.isBucket === true && [words.cost, <Figure source={words.sources.cost(vault.hasOwnPrices === true)} atMs={readAtMs}>{costText(vault)}</Figure>],
          vault.isBucket === true && [words.lock, vault.lockDays ? words.lockDays(vault.lockDays) : words.noLock],
          vault.isBucket === true && [words.bandwidth, (vault.bandwidth ?? []).map(limitText).join(', ') || words.noLimit],
        ]}
      />
      {vault.byTasks === true && <VaultTasks vault={vault} />}
      {mayAdminister && (
        <div class="form-actions">
          {vault.isBucket && <Button onClick={() => setOpen('bandwidth')}>{words.editBandwidth}</Button>}
          <Button kind="quiet" onClick={() => setOpen('removal')}>{words.remove}</Button>
        </div>
      )}
      {open === 'bandwidth' && <BandwidthDialog vault={vault} onClose={close} />}
      {open === 'removal' && (
        <Confirm title={words.removeTitle(vault.name ?? '')} action={words.remove} isDangerous run={() => call('Vaults/Remove', { name: vault.name ?? '' })} onClose={close}>
          <p>{words.removeWhat}</p>
        </Confirm>
      )}
    </Card>
  );
}
