import { useEffect, useState } from 'preact/hooks';

const key = 'gateway-theme';
const machine = matchMedia('(prefers-color-scheme: dark)');

function chosen(): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function isDarkNow(): boolean {
  const theme = chosen();
  return theme === null ? machine.matches : theme === 'dark';
}

/** Shows the theme that was chosen last, or the machine's. */
export function showTheme(): void {
  document.documentElement.dataset['theme'] = isDarkNow() ? 'dark' : 'light';
}

/** True while the page is dark, and how to change that. */
export function useTheme(): [isDark: boolean, toggle: () => void] {
  const [isDark, setDark] = useState(isDarkNow);
  useEffect(() => {
    const heard = () => {
      showTheme();
      setDark(isDarkNow());
    };
    machine.addEventListener('change', heard);
    return () => machine.removeEventListener('change', heard);
  }, []);
  const toggle = () => {
    try {
      localStorage.setItem(key, isDark ? 'light' : 'dark');
    } catch {
      // A browser that keeps nothing stays with the machine's theme.
    }

    showTheme();
    setDark(isDarkNow());
  };
  return [isDark, toggle];
}
