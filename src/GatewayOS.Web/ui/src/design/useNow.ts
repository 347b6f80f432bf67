import { useEffect, useState } from 'preact/hooks';
import { applianceNow } from '../api/clock';

/** Now by the appliance's clock, anew every so often, so that ages go on. */
export function useNow(everyMs = 1000): number {
  const [now, setNow] = useState(applianceNow);
  useEffect(() => {
    const timer = setInterval(() => setNow(applianceNow()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}
