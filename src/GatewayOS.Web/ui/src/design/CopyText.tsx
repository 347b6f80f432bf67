import { useRef, useState } from 'preact/hooks';
import { texts } from '../texts';
import { Button } from './Controls';

/** Text to be taken elsewhere: a command, a token. Where the browser gives no clipboard it is selected instead. */
export function CopyText({ text, label }: { text: string; label: string }) {
  const [isCopied, setCopied] = useState(false);
  const shown = useRef<HTMLDivElement>(null);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
    } catch {
      if (shown.current !== null) {
        getSelection()?.selectAllChildren(shown.current);
      }
    }
  };
  return (
    <div class="copy">
      <div ref={shown} class="copy-text mono" role="textbox" aria-readonly aria-multiline aria-label={label} tabIndex={0}>{text}</div>
      <Button icon={isCopied ? 'check' : 'copy'} onClick={() => void copy()}>{isCopied ? texts.actions.copied : texts.actions.copy}</Button>
    </div>
  );
}
