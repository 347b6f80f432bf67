import { useState } from 'preact/hooks';
import { call } from '../../api/client';
import { useMethod } from '../../api/resource';
import type { ApplianceSettingsMessage, PowerFailureMessage, SensorMessage } from '../../api/types';
import { Button, Choice } from '../../design/Controls';
import { Confirm } from '../../design/Dialog';
import { Figure } from '../../design/Figure';
import { Badge } from '../../design/Status';
import { Card, Empty, Facts, Loaded, PageHead } from '../../design/Surface';
import { Table, type Column } from '../../design/Table';
import { useNow } from '../../design/useNow';
import { count, dateTime, duration, microseconds } from '../../logic/format';
import { moment, num } from '../../logic/numbers';
import { profileOf } from '../../logic/profile';
import type { Tone } from '../../logic/verdict';
import { clockIn } from '../../logic/zones';
import { useMay } from '../../shell/session';
import { texts } from '../../texts';
import { CertificateCard } from './CertificateCard';
import { SettingsDialog } from './SettingsDialog';
import { SupportCard } from './SupportCard';
import { UpdateCard } from './UpdateCard';

const words = texts.system;
const tones: Record<string, Tone> = { GOOD: 'good', BAD: 'bad', UNKNOWN: 'unknown' };

/** The machine: model, sensors, power, version, and turning it off. */
export function SystemPage() {
  const status = useMethod('Management/GetStatus', {}, ['nodes', 'jobs'], 30_000);
  const settings = useMethod('Management/GetSettings', {}, [], 30_000);
  const mayAdminister = useMay('administer');
  const [isStopping, setStopping] = useState(false);
  const [isSetting, setSetting] = useState(false);
  const now = useNow(5000);
  return (
    <>
      <PageHead title={words.title} lead={words.lead}>
        {mayAdminister && <Button kind="danger" icon="power" disabled={status.value === null} onClick={() => setStopping(true)}>{words.shutDown}</Button>}
      </PageHead>
      <div class="stack">
        <div class="grid two">
          <Card title={words.appliance} aside={mayAdminister && <Button disabled={settings.value === null} onClick={() => setSetting(true)}>{texts.settings.change}</Button>}>
            <Loaded of={status}>
              {(value) => (
                <Facts
                  rows={[
                    [words.name, value.name ?? ''],
                    [words.version, value.version ?? ''],
                    [words.runsFor, <Figure source={words.sources.started} atMs={status.readAtMs}>{duration(Math.max(now - num(value.startedUnixMs), 0) / 1000)}</Figure>],
                    [words.authority, dateTime(num(value.caExpiresUnixMs))],
                    [words.storeId, <code>{value.storeId}</code>],
                    [words.clock, <><Figure source={words.sources.clock}>{clockIn(settings.value?.zone ?? 'UTC', now)}</Figure> <small>{settings.value?.zone}</small></>],
                    [texts.settings.clock, <Figure source={texts.settings.sources.clock} atMs={settings.readAtMs}>{clockText(settings.value)}</Figure>],
                  ]}
                />
              )}
            </Loaded>
          </Card>
          <HardwareCard />
        </div>
        <UpdateCard />
        <CertificateCard />
        <SensorsCard />
        <PowerCard />
        {mayAdminister && <SupportCard name={status.value?.name ?? ''} />}
      </div>
      {isSetting && <SettingsDialog nameBefore={settings.value?.name ?? ''} zoneBefore={settings.value?.zone ?? ''} onClose={() => (setSetting(false), void settings.reload(), void status.reload())} />}
      {isStopping && <ShutDownDialog name={status.value?.name ?? ''} onClose={() => setStopping(false)} />}
    </>
  );
}

function clockText(settings: ApplianceSettingsMessage | null): string | null {
  return settings?.clock === 'KEPT' ? texts.settings.kept(microseconds(num(settings.clockErrorMaxUs))) : texts.settings.clocks[settings?.clock ?? 'UNKNOWN'] ?? null;
}

function HardwareCard() {
  const hardware = useMethod('Hardware/GetProfile', {});
  return (
    <Card title={words.hardware}>
      <Loaded of={hardware}>
        {(value) => {
          const profile = profileOf(value.document);
          return (
            <>
              <Facts
                rows={[
                  [words.model, value.title || value.model || texts.figure.unknown],
                  [words.firmware, [value.dmiVendor, value.dmiProduct, value.dmiSku].filter((part) => part).join(' ') || texts.figure.unknown],
                  [words.limits, words.limitsOf(profile.limits.nodes ?? 0, profile.limits.capacityTB ?? 0)],
                  [words.bays, count(profile.bays.length)],
                ]}
              />
              {value.virtualPanel && <p class="hint">{words.virtualPanel}</p>}
            </>
          );
        }}
      </Loaded>
    </Card>
  );
}

function SensorsCard() {
  const sensors = useMethod('Hardware/GetSensors', {}, [], 5000);
  const columns: Column<SensorMessage>[] = [
    { name: words.sensor, cell: (sensor) => <><strong>{sensor.name}</strong> <small>{words.kinds[sensor.kind ?? ''] ?? sensor.kind}</small></> },
    { name: words.value, isNumber: true, cell: (sensor) => <Figure source={words.sources.sensor} atMs={moment(sensor.readUnixMs)}>{sensor.value === undefined ? null : `${Math.round(sensor.value * 10) / 10} ${sensor.unit ?? ''}`}</Figure> },
    { name: words.verdict, cell: (sensor) => <Badge tone={tones[sensor.verdict ?? 'UNKNOWN'] ?? 'unknown'}>{words.verdicts[sensor.verdict ?? 'UNKNOWN']}</Badge> },
    { name: words.detail, cell: (sensor) => sensor.detail || <span class="unseen">–</span> },
  ];
  return (
    <Card title={words.sensors}>
      <Loaded of={sensors}>
        {(value) => (
          <>
            {(value.resting?.length ?? 0) > 0 && <p class="note">{words.resting((value.resting ?? []).map((kind) => texts.jobs.kinds[kind] ?? kind).join(', '))}</p>}
            {(value.sensors?.length ?? 0) === 0 ? <Empty icon="unknown" title={words.noSensors}>{words.noSensorsWhy}</Empty> : <Table label={words.sensors} columns={columns} rows={value.sensors ?? []} keyOf={(sensor) => `${sensor.kind} ${sensor.name}`} />}
          </>
        )}
      </Loaded>
    </Card>
  );
}

function PowerCard() {
  const power = useMethod('Power/ListFailures', {}, [], 30_000);
  const columns: Column<PowerFailureMessage>[] = [
    { name: words.when, cell: (failure) => dateTime(num(failure.timeUnixMs)) },
    { name: words.outcome, cell: (failure) => words.outcomes[failure.outcome ?? ''] ?? failure.outcome },
    { name: words.stopped, isNumber: true, cell: (failure) => milliseconds(failure.stoppedUs) },
    { name: words.flushed, isNumber: true, cell: (failure) => milliseconds(failure.flushedUs) },
    { name: words.holdUp, isNumber: true, cell: (failure) => `${failure.holdUpMs ?? 0} ms` },
    { name: words.ranOn, isNumber: true, cell: (failure) => (num(failure.ranOnMs) > 0 ? `${count(num(failure.ranOnMs))} ms` : texts.figure.unknown) },
  ];
  return (
    <Card title={words.power}>
      <Loaded of={power} lines={2}>
        {(value) => (
          <>
            <p class="hint">{value.hasLine ? words.hasLine(value.isRealTime ?? false) : words.noLine}</p>
            {(value.failures?.length ?? 0) === 0 ? <Empty icon="power" title={words.noFailures}>{words.noFailuresWhy}</Empty> : <Table label={words.power} columns={columns} rows={[...(value.failures ?? [])].reverse()} keyOf={(failure) => failure.number ?? '0'} />}
          </>
        )}
      </Loaded>
    </Card>
  );
}

function milliseconds(us: string | undefined): string {
  return us === undefined ? texts.figure.unknown : `${(num(us) / 1000).toFixed(1)} ms`;
}

function ShutDownDialog({ name, onClose }: { name: string; onClose: () => void }) {
  const [how, setHow] = useState<'POWER_OFF' | 'RESTART'>('POWER_OFF');
  return (
    <Confirm title={words.shutDownTitle(name)} action={how === 'RESTART' ? words.restart : words.shutDown} isDangerous typed={name} run={() => call('Power/ShutDown', { how })} onClose={onClose}>
      <p>{words.shutDownWhat}</p>
      <Choice label={words.how} value={how} onChange={(value) => setHow(value === 'RESTART' ? 'RESTART' : 'POWER_OFF')} options={[['POWER_OFF', words.shutDown], ['RESTART', words.restart]]} />
    </Confirm>
  );
}
