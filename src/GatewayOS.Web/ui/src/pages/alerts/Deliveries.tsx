import { useMethod } from '../../api/resource';
import { Loaded } from '../../design/Surface';
import { dateTime } from '../../logic/format';
import { moment } from '../../logic/numbers';
import { texts } from '../../texts';

const words = texts.alerts;

/** Who was told of an alert, and who could not be. */
export function Deliveries({ id }: { id: string }) {
  const shown = useMethod('Alerts/Show', { id }, ['alerts']);
  return (
    <Loaded of={shown} lines={1}>
      {(value) => ((value.deliveries?.length ?? 0) === 0 ? <p class="note">{words.nobodyTold}</p> : (
        <ul class="plain-list">
          {(value.deliveries ?? []).map((one) => {
            const delivered = moment(one.deliveredUnixMs);
            return <li key={one.receiver}><strong>{one.receiver}</strong> {delivered === null ? words.waits(one.attempts ?? 0, one.problem ?? '') : words.delivered(dateTime(delivered))}</li>;
          })}
        </ul>
      ))}
    </Loaded>
  );
}
