import { useState } from 'preact/hooks';
import { useMethod } from '../../api/resource';
import type { DiskInfo, RaidStatusReply } from '../../api/types';
import { Figure } from '../../design/Figure';
import { Badge } from '../../design/Status';
import { Card, Empty, Loaded, PageHead } from '../../design/Surface';
import { Table, type Column } from '../../design/Table';
import { bytes, count } from '../../logic/format';
import { moment, num } from '../../logic/numbers';
import { profileOf } from '../../logic/profile';
import { toneOf } from '../../logic/verdict';
import { texts } from '../../texts';
import { ArrayCard } from './ArrayCard';
import { BenchmarkCard } from './BenchmarkCard';
import { DiskDialog } from './DiskDialog';
import { Front } from './Front';
import { isEnded, ReplacementCard } from './ReplacementCard';
import { StoreCard } from './StoreCard';
import './storage.css';

const words = texts.storage;

/** Bays, arrays, disks, and the store on them. */
export function StoragePage() {
  const raid = useMethod('Raid/GetStatus', {}, ['raid'], 5000);
  const hardware = useMethod('Hardware/GetProfile', {});
  const [shown, setShown] = useState<DiskInfo | null>(null);
  const bays = profileOf(hardware.value?.document).bays;
  return (
    <>
      <PageHead title={words.title} lead={words.lead} />
      <div class="stack">
        <Loaded of={raid}>
          {(value) => (
            <>
              {value.replacement && <ReplacementCard replacement={value.replacement} status={value} />}
              {value.problem && <p class="note">{words.cannotRead(value.problem)}</p>}
              <Card title={words.front} aside={value.panelText ? <span class="hint">{value.panelText}</span> : undefined}>
                {bays.length === 0 ? <p class="hint">{words.noBays}</p> : <Front title={hardware.value?.title ?? ''} bays={bays} status={value} onShow={setShown} />}
              </Card>
              {(value.arrays ?? []).map((array) => <ArrayCard key={array.id} array={array} readAtMs={moment(value.readUnixMs)} source={value.source ?? ''} isReplacing={value.replacement !== undefined && !isEnded(value.replacement)} />)}
              {(value.arrays?.length ?? 0) === 0 && <Card title={words.arrays}><Empty icon={value.problem ? 'unknown' : 'storage'} title={value.problem ? texts.figure.unknownTitle : words.noArrays}>{value.problem ? words.noArraysProblem : words.noArraysWhy}</Empty></Card>}
              {(value.disks?.length ?? 0) > 0 && <Disks value={value} onShow={setShown} />}
            </>
          )}
        </Loaded>
        <StoreCard />
        <BenchmarkCard />
      </div>
      {shown && <DiskDialog disk={raid.value?.disks?.find((disk) => disk.serial === shown.serial) ?? shown} onClose={() => setShown(null)} />}
    </>
  );
}

function Disks({ value, onShow }: { value: RaidStatusReply; onShow: (disk: DiskInfo) => void }) {
  const smart = (disk: DiskInfo) => moment(disk.smartUnixMs);
  const columns: Column<DiskInfo>[] = [
    { name: words.disk, cell: (disk) => <button type="button" class="link name" onClick={() => onShow(disk)}>{disk.bay === undefined ? disk.device : words.bay(disk.bay)}</button> },
    { name: words.model, cell: (disk) => <>{disk.model} <small><code>{disk.serial}</code></small></> },
    { name: words.state, cell: (disk) => <Badge tone={toneOf(disk.state)}>{words.diskStates[disk.state ?? ''] ?? disk.state}</Badge> },
    { name: words.size, isNumber: true, cell: (disk) => bytes(num(disk.sizeBytes)) },
    { name: words.temperature, isNumber: true, cell: (disk) => <Figure source={words.sources.smart} atMs={smart(disk)}>{disk.celsius === undefined ? null : `${Math.round(disk.celsius)} °C`}</Figure> },
    { name: words.badSectors, isNumber: true, cell: (disk) => <Figure source={words.sources.smart} atMs={smart(disk)}>{disk.badSectors === undefined ? null : count(num(disk.badSectors))}</Figure> },
    { name: words.hours, isNumber: true, cell: (disk) => <Figure source={words.sources.smart} atMs={smart(disk)}>{disk.poweredHours === undefined ? null : `${count(num(disk.poweredHours))} h`}</Figure> },
  ];
  return (
    <Card title={words.disks}>
      <Table label={words.disks} columns={columns} rows={value.disks ?? []} keyOf={(disk) => disk.serial || disk.device || ''} />
    </Card>
  );
}
