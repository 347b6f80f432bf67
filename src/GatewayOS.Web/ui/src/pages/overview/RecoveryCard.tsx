import { useMethod } from '../../api/resource';
import type { Overview } from '../../api/web';
import { Figure } from '../../design/Figure';
import { Badge } from '../../design/Status';
import { Card, Loaded } from '../../design/Surface';
import { useNow } from '../../design/useNow';
import { duration, relative } from '../../logic/format';
import { moment } from '../../logic/numbers';
import { recoverySteps, stepOf, toneOfRecovery } from '../../logic/recovery';
import { toneOfTunnel } from '../../logic/tunnel';
import { toneOfVault, vaultState } from '../../logic/vaults';
import { texts } from '../../texts';

const words = texts.overview;
const vaultsMs = 30_000;

/** What would be left were the appliance gone: how far up the scale, why, and what leads on; then the copies and the way to them. */
export function RecoveryCard({ value }: { value: Overview }) {
  const { level, reason, remedy } = value.recovery;
  const name = words.recoveryLevels[level] ?? texts.figure.unknown;
  const step = stepOf(level);
  return (
    <Card title={words.recovery} aside={<a href="#/cloud">{texts.nav.cloud}</a>}>
      <div class="array-line">
        <strong><Figure source={words.sources.recovery} atMs={value.atUnixMs}>{name}</Figure></strong>
        <Badge tone={toneOfRecovery(level)}>{step === null ? texts.figure.unknown : words.recoveryStep(step, recoverySteps.length)}</Badge>
      </div>
      <div class={`ladder tone-${toneOfRecovery(level)}`} aria-hidden="true">
        {recoverySteps.map((one, i) => <span key={one} class={step !== null && i < step ? 'is-reached' : ''} />)}
      </div>
      <p class="hint">{reason} {remedy}</p>
      {value.subsystems.vault === 'present' && <VaultLines />}
      <TunnelLine value={value} />
    </Card>
  );
}

function TunnelLine({ value }: { value: Overview }) {
  const now = useNow(5000);
  const { tunnel } = value;
  return tunnel === undefined ? <p class="hint">{words.noTunnel}</p> : (
    <div class="array-line">
      <strong>{texts.tunnel.title}</strong>
      <span class="hint">
        {tunnel.endpoint !== undefined && <code>{tunnel.endpoint}</code>}{' '}
        {tunnel.handshakeUnixMs === undefined
          ? tunnel.reason
          : <Figure source={texts.tunnel.sources.handshake} atMs={value.atUnixMs}>{words.tunnelHandshake(relative(tunnel.handshakeUnixMs, now))}</Figure>}
      </span>
      <Badge tone={toneOfTunnel(tunnel.state)}>{texts.tunnel.states[tunnel.state.toUpperCase()] ?? tunnel.state}</Badge>
    </div>
  );
}

function VaultLines() {
  const now = useNow(5000);
  const vaults = useMethod('Vaults/List', {}, ['jobs'], vaultsMs);
  return (
    <Loaded of={vaults} lines={1}>
      {(reply) => (reply.vaults ?? []).map((vault) => {
        const state = vaultState(vault, now);
        const complete = moment(vault.completeUntilUnixMs);
        return (
          <div class="array-line" key={vault.name}>
            <strong>{vault.name}</strong>
            <span class="hint"><Figure source={texts.cloud.sources.rpo} atMs={vaults.readAtMs}>{complete === null ? null : words.vaultBehind(duration(Math.max(now - complete, 0) / 1000))}</Figure></span>
            <Badge tone={toneOfVault(state)}>{texts.cloud.states[state]}</Badge>
          </div>
        );
      })}
    </Loaded>
  );
}
