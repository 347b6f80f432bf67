import type { DiskInfo, RaidStatusReply } from '../../api/types';
import { Icon } from '../../design/Icon';
import { toneIcons } from '../../design/Status';
import { columnsOf, type Bay } from '../../logic/profile';
import { toneOf, type Tone } from '../../logic/verdict';
import { texts } from '../../texts';

const words = texts.storage;

/** The bays as they are on the appliance's front, with what each disk is and what its light shows. */
export function Front({ title, bays, status, onShow }: { title: string; bays: readonly Bay[]; status: RaidStatusReply; onShow: (disk: DiskInfo) => void }) {
  return (
    <div class="front" role="group" aria-label={words.frontOf(title)}>
      <div class="front-ear" aria-hidden="true" />
      <div class="front-bays" style={{ gridTemplateColumns: `repeat(${columnsOf(bays.length)}, minmax(0, 1fr))` }}>
        {bays.map((bay) => <BayOf key={bay.no} bay={bay} disk={status.disks?.find((disk) => disk.bay === bay.no)} light={status.lights?.find((light) => light.bay === bay.no)?.light ?? ''} isKnown={!status.problem} onShow={onShow} />)}
      </div>
      <div class="front-ear" aria-hidden="true" />
    </div>
  );
}

function BayOf({ bay, disk, light, isKnown, onShow }: { bay: Bay; disk: DiskInfo | undefined; light: string; isKnown: boolean; onShow: (disk: DiskInfo) => void }) {
  const tone: Tone = disk ? toneOf(disk.state) : isKnown ? 'quiet' : 'unknown';
  const state = disk ? (words.diskStates[disk.state ?? ''] ?? disk.state ?? '') : isKnown ? words.empty : texts.figure.unknown;
  const content = (
    <>
      <span class="bay-no">{bay.label}</span>
      <span class={`bay-light${light ? ` is-${light}` : ''}`} aria-hidden="true" />
      <span class="bay-model">{disk ? disk.model : ''}</span>
      <span class="bay-state"><Icon name={toneIcons[tone]} size={16} /> {state}{light && <span class="unseen">, {words.lights[light] ?? light}</span>}</span>
    </>
  );
  return disk ? <button type="button" class={`bay tone-${tone}`} onClick={() => onShow(disk)}>{content}</button> : <div class={`bay tone-${tone} is-empty`}>{content}</div>;
}
