import { useState } from 'preact/hooks';
import { Button, Choice, submitting, TextField } from '../../src/design/Controls';
import { CopyText } from '../../src/design/CopyText';
import { Dialog } from '../../src/design/Dialog';
import { Icon } from '../../src/design/Icon';
import { Problem } from '../../src/design/Surface';
import { useAction } from '../../src/design/useAction';
import { dateTime } from '../../src/logic/format';
import { num } from '../../src/logic/numbers';
import { texts } from '../../src/texts';
import { fleet, useFleet } from '../api';
import { useIsProvider } from '../self';
import { words } from '../texts';
import '../../src/pages/nodes/nodes.css';

/** Makes a claim code, shows the command that uses it, and says when the appliance is there. */
export function ClaimDialog({ onClose }: { onClose: () => void }) {
  const isProvider = useIsProvider();
  const tenants = useFleet('ListTenants', {});
  const [tenant, setTenant] = useState('');
  const [name, setName] = useState('');
  const [site, setSite] = useState('');
  const [made, setMade] = useState<{ code: string; id: string; expiresMs: number } | null>(null);
  const chosen = tenant || tenants.value?.tenants?.[0]?.name || '';
  const work = useAction(async () => {
    const reply = await fleet('CreateClaim', { tenant: chosen, name, site });
    setMade({ code: reply.code ?? '', id: reply.claim?.id ?? '', expiresMs: num(reply.claim?.expiresUnixMs) });
  });
  return (
    <Dialog title={words.appliances.claimTitle} onClose={onClose}>
      {made === null ? (
        <form onSubmit={submitting(() => void work.run())}>
          <p>{words.appliances.claimLead}</p>
          {isProvider && <Choice label={words.tenant} value={chosen} onChange={setTenant} options={(tenants.value?.tenants ?? []).map((one) => [one.name ?? '', one.name ?? ''] as const)} />}
          <TextField label={words.site} hint={words.appliances.claimSiteHint} value={site} onInput={setSite} isFocused />
          <TextField label={words.appliances.claimName} hint={words.appliances.claimNameHint} value={name} onInput={setName} />
          {work.error && <Problem error={work.error} />}
          <div class="dialog-actions">
            <Button onClick={onClose}>{texts.actions.cancel}</Button>
            <Button submits kind="primary" isBusy={work.isBusy}>{words.appliances.makeClaim}</Button>
          </div>
        </form>
      ) : (
        <div class="stack">
          <p>{words.appliances.runThis}</p>
          <CopyText text={`gatewayctl fleet join ${location.hostname} --claim ${made.code}`} label={words.appliances.command} />
          <p class="hint">{words.appliances.once(dateTime(made.expiresMs))}</p>
          <Arrival claim={made.id} />
          <div class="dialog-actions"><Button kind="primary" onClick={onClose}>{texts.actions.close}</Button></div>
        </div>
      )}
    </Dialog>
  );
}

function Arrival({ claim }: { claim: string }) {
  const claims = useFleet('ListClaims', {}, 3000);
  const isUsed = (claims.value?.claims ?? []).some((one) => one.id === claim && one.usedBy);
  return <p class="arrival" role="status">{isUsed ? <><Icon name="check" /> {words.appliances.arrived}</> : <><span class="spinner" aria-hidden="true" /> {words.appliances.awaits}</>}</p>;
}
