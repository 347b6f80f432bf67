import { useState } from 'preact/hooks';
import { ApiError, call } from '../../api/client';
import type { DiskInfo } from '../../api/types';
import { Button, Check } from '../../design/Controls';
import { Dialog } from '../../design/Dialog';
import { Figure } from '../../design/Figure';
import { Badge } from '../../design/Status';
import { Facts, Problem } from '../../design/Surface';
import { useAction } from '../../design/useAction';
import { bytes, count } from '../../logic/format';
import { moment, num } from '../../logic/numbers';
import { toneOf } from '../../logic/verdict';
import { useMay } from '../../shell/session';
import { texts } from '../../texts';
import { DiskTrend } from './DiskTrend';

const words = texts.storage;

/** What is known of a disk, and the way to replace it. */
export function DiskDialog({ disk, onClose }: { disk: DiskInfo; onClose: () => void }) {
  const mayRun = useMay('run');
  const [acceptsRisk, setAcceptsRisk] = useState(false);
  const [wasRefused, setRefused] = useState(false);
  const replace = useAction(async () => {
    try {
      await call('Raid/Replace', { disk: disk.serial || disk.device || '', acceptRisk: acceptsRisk });
      onClose();
    } catch (error) {
      setRefused(error instanceof ApiError && error.status === 409);
      throw error;
    }
  });
  const at = moment(disk.smartUnixMs);
  const smart = (value: string | number | undefined) => <Figure source={words.sources.smart} atMs={at}>{value ?? null}</Figure>;
  return (
    <Dialog title={disk.bay === undefined ? disk.device ?? '' : words.bay(disk.bay)} onClose={onClose}>
      <p><Badge tone={toneOf(disk.state)}>{words.diskStates[disk.state ?? ''] ?? disk.state}</Badge></p>
      {(disk.evidence ?? []).map((line) => <p key={line}>{line}</p>)}
      <Facts
        rows={[
          [words.model, disk.model ?? ''],
          [words.serial, <code>{disk.serial}</code>],
          [words.device, <code>{disk.device}</code>],
          [words.size, bytes(num(disk.sizeBytes))],
          [words.array, disk.array || words.noArray],
          [words.temperature, smart(disk.celsius === undefined ? undefined : `${Math.round(disk.celsius)} °C`)],
          [words.badSectors, smart(disk.badSectors === undefined ? undefined : count(num(disk.badSectors)))],
          [words.pendingSectors, smart(disk.pendingSectors === undefined ? undefined : count(num(disk.pendingSectors)))],
          [words.selfTest, smart(disk.selfTest || undefined)],
          [words.hours, smart(disk.poweredHours === undefined ? undefined : `${count(num(disk.poweredHours))} h`)],
        ]}
      />
      {disk.serial && <DiskTrend serial={disk.serial} />}
      {mayRun && disk.array && (
        <>
          <p class="hint">{words.replaceWhat}</p>
          {replace.error && <Problem error={replace.error} />}
          {wasRefused && <Check label={words.acceptRisk} checked={acceptsRisk} onChange={setAcceptsRisk} />}
          <div class="dialog-actions">
            <Button onClick={onClose}>{texts.actions.close}</Button>
            <Button kind="primary" isBusy={replace.isBusy} onClick={() => void replace.run()}>{words.replace}</Button>
          </div>
        </>
      )}
    </Dialog>
  );
}
