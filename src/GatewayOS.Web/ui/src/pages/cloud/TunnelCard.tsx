import { useState } from 'preact/hooks';
import { call } from '../../api/client';
import { useMethod } from '../../api/resource';
import type { TunnelStatusMessage, TunnelWayMessage } from '../../api/types';
import { Button } from '../../design/Controls';
import { Confirm } from '../../design/Dialog';
import { Figure } from '../../design/Figure';
import { Badge } from '../../design/Status';
import { Card, Facts, Loaded, Problem } from '../../design/Surface';
import { toast } from '../../design/Toasts';
import { useAction } from '../../design/useAction';
import { useNow } from '../../design/useNow';
import { bytes, microseconds, relative } from '../../logic/format';
import { moment, num } from '../../logic/numbers';
import { toneOfTunnel } from '../../logic/tunnel';
import { useMay } from '../../shell/session';
import { texts } from '../../texts';
import { TunnelDialog } from './TunnelDialog';

const words = texts.tunnel;
const refreshMs = 5000;
const pings = 5;

/** The tunnel: how it is, why, and what can be done about it. */
export function TunnelCard() {
  const status = useMethod('Tunnel/GetStatus', {}, [], refreshMs);
  const [open, setOpen] = useState<'settings' | 'off' | 'key' | null>(null);
  const close = () => {
    setOpen(null);
    void status.reload();
  };
  return (
    <Card title={words.title} aside={status.value?.config && <Badge tone={toneOfTunnel(status.value.state)}>{words.states[status.value.state ?? ''] ?? texts.figure.unknown}</Badge>}>
      <Loaded of={status} lines={2}>
        {(value) => (
          <>
            {isConfigured(value) ? <TunnelFacts status={value} readAtMs={status.readAtMs} /> : <p class="hint">{words.none}</p>}
            <TunnelActions status={value} onOpen={setOpen} onChanged={close} />
            {open === 'settings' && <TunnelDialog config={value.config ?? ''} onClose={close} />}
          </>
        )}
      </Loaded>
      {open === 'off' && (
        <Confirm title={words.downTitle} action={words.down} isDangerous run={() => call('Tunnel/Switch', { to: 'OFF' })} onClose={close}>
          <p>{words.downWhat}</p>
        </Confirm>
      )}
      {open === 'key' && (
        <Confirm title={words.newKeyTitle} action={words.newKey} isDangerous run={() => call('Tunnel/GetKey', { anew: true })} onClose={close}>
          <p>{words.newKeyWhat}</p>
        </Confirm>
      )}
    </Card>
  );
}

// What is damaged is configured, too: its status says why.
function isConfigured(status: TunnelStatusMessage): boolean {
  return (status.config ?? '') !== '' || status.state === 'DOWN';
}

function TunnelFacts({ status, readAtMs }: { status: TunnelStatusMessage; readAtMs: number }) {
  const now = useNow(5000);
  const handshake = moment(status.handshakeUnixMs);
  const since = moment(status.sinceUnixMs);
  const ways = status.ways ?? [];
  const used = ways.find((way) => way.inUse);
  const isThere = (status.engine ?? '') !== '';
  return (
    <Facts
      rows={[
        [words.reason, status.reason],
        since !== null && [words.since, relative(since, now)],
        used !== undefined && [words.endpoint, <code>{wayText(used)}</code>],
        ways.length > 1 && [words.ways, <ul class="plain-list">{ways.map((way) => <li key={way.endpoint}><code>{way.endpoint}</code> {way.inUse ? words.inUse : way.problem}</li>)}</ul>],
        isThere && [words.handshake, <Figure source={words.sources.handshake} atMs={readAtMs}>{handshake === null ? words.noHandshake : relative(handshake, now)}</Figure>],
        (status.probe ?? '') !== '' && [words.probe, <><Figure source={words.sources.probe} atMs={readAtMs}>{status.probeUs === undefined ? null : microseconds(num(status.probeUs))}</Figure>{status.lossPercent !== undefined && <small> {words.loss(status.lossPercent)}</small>}</>],
        isThere && [words.traffic, <Figure source={words.sources.traffic} atMs={readAtMs}>{`${bytes(num(status.receivedBytes))}, ${bytes(num(status.sentBytes))}`}</Figure>],
        isThere && [words.mtu, words.mtuBytes(num(status.mtuBytes), status.mtuFound === true)],
        (status.addresses ?? []).length > 0 && [words.addresses, <code>{(status.addresses ?? []).join(', ')}</code>],
        isThere && [words.engine, `${status.engine} (${status.device})`],
        (status.publicKey ?? '') !== '' && [words.publicKey, <code class="wrap">{status.publicKey}</code>],
      ]}
    />
  );
}

function wayText(way: TunnelWayMessage): string {
  return way.address && way.address !== way.endpoint ? `${way.endpoint} (${way.address})` : way.endpoint ?? '';
}

function TunnelActions({ status, onOpen, onChanged }: { status: TunnelStatusMessage; onOpen: (what: 'settings' | 'off' | 'key') => void; onChanged: () => void }) {
  const mayRun = useMay('run');
  const mayAdminister = useMay('administer');
  const switchOn = useAction(async () => {
    await call('Tunnel/Switch', { to: 'ON' });
    onChanged();
  });
  const probe = useAction(async () => {
    const { target = '', roundTripUs = [], lost = 0 } = await call('Tunnel/Probe', { count: pings });
    toast(words.answered(roundTripUs.length, roundTripUs.length + lost, target, roundTripUs.length === 0 ? '' : microseconds(Math.max(...roundTripUs.map(num)))));
  });
  const hasConfig = (status.config ?? '') !== '';
  const isOn = (status.state ?? 'OFF') !== 'OFF';
  return (
    <>
      {switchOn.error && <Problem error={switchOn.error} />}
      {probe.error && <Problem error={probe.error} />}
      <div class="form-actions">
        {mayRun && isOn && <Button isBusy={probe.isBusy} onClick={() => void probe.run()}>{words.test}</Button>}
        {mayAdminister && hasConfig && !isOn && <Button kind="primary" isBusy={switchOn.isBusy} onClick={() => void switchOn.run()}>{words.up}</Button>}
        {mayAdminister && <Button onClick={() => onOpen('settings')}>{hasConfig ? words.change : words.set}</Button>}
        {mayAdminister && hasConfig && <Button kind="quiet" onClick={() => onOpen('key')}>{words.newKey}</Button>}
        {mayAdminister && isOn && <Button kind="quiet" onClick={() => onOpen('off')}>{words.down}</Button>}
      </div>
    </>
  );
}
