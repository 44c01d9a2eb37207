import { useEffect } from 'react';
import { changeLayout, currentLayout } from '../ui/layout.ts';
import { focusRegion, rememberFocus } from './regions.ts';

/** The keys that work everywhere: commands, regions, and what opens and closes. */
export function useShellKeys(act: {
  readonly openPalette: () => void;
  readonly openSearch: () => void;
  /** Ctrl I: an agent is asked about what is selected. */
  readonly askAgent: () => void;
}): void {
  const { openPalette, openSearch, askAgent } = act;
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const control = event.ctrlKey || event.metaKey;
      const key = event.key.toLowerCase();
      if (control && !event.shiftKey && !event.altKey && key === 'k') openPalette();
      else if (control && !event.altKey && key === 'b')
        changeLayout({ sidebarOpen: !currentLayout().sidebarOpen });
      else if (control && !event.altKey && key === 'j')
        changeLayout({ bottomOpen: !currentLayout().bottomOpen });
      else if (control && event.shiftKey && !event.altKey && key === 'f') openSearch();
      else if (control && !event.shiftKey && !event.altKey && key === 'i') askAgent();
      else if (event.key === 'F6') focusRegion(event.shiftKey ? -1 : 1);
      else return;
      event.preventDefault();
      event.stopPropagation();
    };
    // In the capture phase: Monaco and the terminal would take these keys otherwise.
    addEventListener('keydown', onKey, true);
    addEventListener('focusin', rememberFocus);
    return () => {
      removeEventListener('keydown', onKey, true);
      removeEventListener('focusin', rememberFocus);
    };
  }, [openPalette, openSearch, askAgent]);
}
