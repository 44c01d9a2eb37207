import '@xterm/xterm/css/xterm.css';
import { FitAddon } from '@xterm/addon-fit';
import { WebLinksAddon } from '@xterm/addon-web-links';
import { Terminal } from '@xterm/xterm';
import { useEffect, useRef } from 'react';
import { text, useText } from '../../i18n/language.ts';
import { isRpcFault } from '../../rpc/fault.ts';
import { tokenValue, useTheme } from '../../ui/theme.ts';
import { TerminalSession } from './terminal-session.ts';
import { terminalTheme } from './terminal-theme.ts';

interface ScreenProps {
  readonly projectId: string;
  /** Attach to this one; undefined opens a new shell. */
  readonly terminalId: string | undefined;
  readonly onAttached: (terminalId: string) => void;
  readonly onEnded: () => void;
}

function makeTerminal(): Terminal {
  return new Terminal({
    fontFamily: tokenValue('--font-code'),
    fontSize: 13,
    lineHeight: 1.3,
    minimumContrastRatio: 4.5,
    scrollback: 10_000,
    cursorBlink: false,
    theme: terminalTheme(),
    screenReaderMode: true,
  });
}

/** Copy and paste as everywhere else; Ctrl C stays an interrupt while nothing is selected. */
function handleKey(terminal: Terminal, event: KeyboardEvent): boolean {
  if (event.type !== 'keydown') return true;
  const control = event.ctrlKey || event.metaKey;
  const key = event.key.toLowerCase();
  const copies = control && key === 'c' && (event.shiftKey || terminal.hasSelection());
  if (copies && terminal.hasSelection()) {
    void navigator.clipboard?.writeText(terminal.getSelection());
    terminal.clearSelection();
    event.preventDefault();
    return false;
  }
  // Ctrl M lets Tab leave, as in the editor.
  if (control && key === 'm') {
    const leave = document.querySelector<HTMLElement>('[data-region="bottom"] .bottom-head button');
    leave?.focus();
    event.preventDefault();
    return false;
  }
  return !(control && key === 'v') && event.key !== 'F6';
}

/** One xterm.js screen on one shell. */
export function TerminalScreen({ projectId, terminalId, onAttached, onEnded }: ScreenProps) {
  const t = useText('terminal');
  const theme = useTheme();
  const host = useRef<HTMLDivElement>(null);
  const screen = useRef<Terminal>(undefined);
  const handlers = useRef({ onAttached, onEnded });
  handlers.current = { onAttached, onEnded };
  const firstId = useRef(terminalId);

  useEffect(() => {
    if (host.current === null) return;
    const terminal = makeTerminal();
    screen.current = terminal;
    const fit = new FitAddon();
    terminal.loadAddon(fit);
    terminal.loadAddon(new WebLinksAddon((_event, uri) => window.open(uri, '_blank', 'noopener,noreferrer')));
    terminal.open(host.current);
    fit.fit();
    terminal.attachCustomKeyEventHandler((event) => handleKey(terminal, event));
    const session = new TerminalSession({
      projectId,
      terminalId: firstId.current,
      size: () => ({ columns: Math.max(2, terminal.cols), rows: Math.max(1, terminal.rows) }),
      write: (data) => terminal.write(data),
      onAttached: (id) => {
        handlers.current.onAttached(id);
        if (firstId.current === undefined) terminal.focus();
      },
      onEnded: (exitCode) => {
        terminal.write(`\r\n${text('terminal:ended', { code: exitCode ?? '–' })}\r\n`);
        handlers.current.onEnded();
      },
      onFault: (error) => {
        const known = isRpcFault(error) ? `${error.message} ${error.hint}` : String(error);
        terminal.write(`\r\n${known}\r\n`);
      },
    });
    terminal.onData((data) => session.type(data));
    terminal.onResize(({ cols, rows }) => session.resize({ columns: cols, rows }));
    let frame = 0;
    const resizing = new ResizeObserver(() => {
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(() => {
        if ((host.current?.clientHeight ?? 0) > 20) fit.fit();
      });
    });
    resizing.observe(host.current);
    return () => {
      cancelAnimationFrame(frame);
      session.leave();
      resizing.disconnect();
      terminal.dispose();
    };
  }, [projectId]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the colours are read from the page when the theme changes
  useEffect(() => {
    if (screen.current !== undefined) screen.current.options.theme = terminalTheme();
  }, [theme]);

  return <section ref={host} className="terminal-screen" aria-label={t('screen')} />;
}
